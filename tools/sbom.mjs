#!/usr/bin/env node
// The bill of materials of a build, as CycloneDX 1.6 JSON: what the binary loads, down to the last library, and the
// programs and data it uses, by Debian package; and what builds the website and runs the tests, by npm lock file.
//
//   node tools/sbom.mjs BINARY >voiceai.cdx.json
//
// The same build gives the same bytes: the time is SOURCE_DATE_EPOCH, or that of the last commit.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
/** Used without being linked: a plugin, programs, data. */
const ALSO = ['libwebsockets-evlib-uv', 'espeak-ng', 'pocketsphinx-en-us', 'ca-certificates', 'tzdata'];
const LOCKS = ['website', 'tools/site', 'tests/e2e'];

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 26 });
const lines = (text) => text.split('\n').filter(Boolean);
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const byRef = (a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1);
const unique = (list) => [...new Set(list)].sort();

// ---- Debian ----

const system = Object.fromEntries(lines(readFileSync('/etc/os-release', 'utf8')).map((line) => line.replace(/"/g, '').split('=', 2)));

/** Every library the loader finds for a program: Map of soname to path. */
function loaded(binary) {
	const found = lines(run('ldd', binary));
	const missing = found.filter((line) => line.includes('not found'));
	if (missing.length) throw new Error(`${binary}: ${missing.join(', ').trim()}`);
	return new Map(found.map((line) => /^\s*(?:(\S+) => )?(\/\S+) \(0x/.exec(line)).filter(Boolean).map(([, name, path]) => [name ?? path.split('/').pop(), path]));
}

/** The sonames that each file itself asks for: Map of path to them. */
function needed(paths) {
	const asked = new Map();
	for (const line of lines(run('objdump', '-p', ...paths))) {
		const [, path, soname] = /^(\S.*):\s+file format|^\s+NEEDED\s+(\S+)/.exec(line) ?? [];
		if (path) asked.set(path, []);
		if (soname) [...asked.values()].at(-1).push(soname);
	}
	return asked;
}

/** The package that each file came with, as NAME or NAME:ARCHITECTURE: Map of path to it. */
function packagesOf(paths) {
	// Packages say /lib or /usr/lib for what is the same folder. dpkg-query fails when it does not know one of many.
	const names = (path) => [path, realpathSync(path)].flatMap((name) => [name, name.replace(/^\/usr\//, '/'), `/usr${name}`]);
	const { stdout } = spawnSync('dpkg-query', ['-S', ...unique(paths.flatMap(names))], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1 << 26 });
	const owners = new Map(lines(stdout).map((line) => line.split(': ')).map(([packages, path]) => [path, packages.split(',')[0]]));
	return new Map(paths.map((path) => {
		const owner = names(path).map((name) => owners.get(name)).find(Boolean);
		if (!owner) throw new Error(`${path}: came with no package`);
		return [path, owner];
	}));
}

/** Short names of licenses, where the copyright file is one that machines can read. */
function licensesOf(name) {
	const path = `/usr/share/doc/${name}/copyright`;
	const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
	if (!/^Format: https?:\/\/www\.debian\.org\/doc\/packaging-manuals\/copyright-format/m.test(text)) return [];
	return unique([...text.matchAll(/^License: *(\S.*)$/gm)].map(([, license]) => license.trim())).map((license) => ({ license: { name: license } }));
}

/** A component for each package: Map of its name to it. */
function debianComponents(ids) {
	const format = '${Package}\t${Version}\t${Architecture}\t${source:Package}\t${Maintainer}\t${Homepage}\n';
	return new Map(lines(run('dpkg-query', '-W', `-f=${format}`, ...ids)).map((line) => {
		const [name, version, architecture, source, maintainer, homepage] = line.split('\t');
		const purl = `pkg:deb/${system.ID}/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${system.ID}-${system.VERSION_ID}`;
		const licenses = licensesOf(name);
		return [name, {
			type: 'library', 'bom-ref': purl, supplier: { name: maintainer.replace(/ <.*/, '') }, name, version, scope: 'required', ...(licenses.length && { licenses }), purl,
			...(/^https?:/.test(homepage) && { externalReferences: [{ type: 'website', url: homepage }] }), properties: [{ name: 'voiceai:source-package', value: source }],
		}];
	}));
}

/** { components, dependencies } of the binary, whose own reference is `ref`. */
function debian(binary, ref) {
	const paths = loaded(binary);
	const owners = packagesOf([...paths.values()]);
	const components = debianComponents(unique([...owners.values(), ...ALSO]));
	const asked = needed([binary, ...paths.values()]);
	const refOf = (soname) => paths.has(soname) && components.get(owners.get(paths.get(soname)).split(':')[0])['bom-ref'];
	const edges = new Map([...components.values()].map(({ 'bom-ref': one }) => [one, []]));
	edges.set(ref, [...asked.get(binary).map(refOf), ...ALSO.map((name) => components.get(name)['bom-ref'])]);
	for (const [soname, path] of paths) edges.get(refOf(soname)).push(...asked.get(path).map(refOf));
	return { components: [...components.values()], dependencies: [...edges].map(([from, to]) => ({ ref: from, dependsOn: unique(to.filter((other) => other && other !== from)) })) };
}

// ---- npm ----

/** What lock files name; nothing of it is in the binary. */
function npm() {
	const components = new Map();
	for (const folder of LOCKS) {
		const path = join(root, folder, 'package-lock.json');
		if (!existsSync(path)) continue;
		for (const [place, { version, integrity, license, link }] of Object.entries(JSON.parse(readFileSync(path, 'utf8')).packages)) {
			if (!place || link) continue;
			const [group, name] = /(?:(@[^/]+)\/)?([^/]+)$/.exec(place).slice(1);
			const purl = `pkg:npm/${group ? `${encodeURIComponent(group)}/` : ''}${name}@${encodeURIComponent(version)}`;
			const [algorithm, digest] = /^(sha512|sha1)-(.+)$/.exec(integrity ?? '')?.slice(1) ?? [];
			const one = components.get(purl) ?? {
				type: 'library', 'bom-ref': purl, ...(group && { group }), name, version, scope: 'excluded',
				...(digest && { hashes: [{ alg: algorithm === 'sha512' ? 'SHA-512' : 'SHA-1', content: Buffer.from(digest, 'base64').toString('hex') }] }),
				...(license && { licenses: [{ license: { name: license } }] }), purl, properties: [],
			};
			if (!one.properties.some(({ value }) => value === folder)) one.properties.push({ name: 'voiceai:used-by', value: folder });
			components.set(purl, one);
		}
	}
	return [...components.values()];
}

// ---- all ----

const epoch = () => Number(process.env.SOURCE_DATE_EPOCH ?? run('git', '-C', root, 'log', '-1', '--format=%ct').trim());

function bill(binary) {
	const version = run(binary, 'version').trim().split(' ').pop();
	const ref = `pkg:generic/voiceai@${version}`;
	const { components, dependencies } = debian(binary, ref);
	const content = {
		metadata: {
			timestamp: new Date(epoch() * 1000).toISOString(),
			tools: { components: [{ type: 'application', name: 'tools/sbom.mjs', version }] },
			component: { type: 'application', 'bom-ref': ref, name: 'voiceai', version, hashes: [{ alg: 'SHA-256', content: sha256(readFileSync(binary)) }], purl: ref },
		},
		components: [...components, ...npm()].sort(byRef),
		dependencies: dependencies.sort((a, b) => (a.ref < b.ref ? -1 : 1)),
	};
	// A serial number that is the content's.
	const id = sha256(JSON.stringify(content));
	const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-8${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20, 32)}`;
	return { $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber: `urn:uuid:${uuid}`, version: 1, ...content };
}

if (process.argv.length !== 3) {
	console.error('usage: tools/sbom.mjs BINARY');
	process.exit(2);
}
try {
	process.stdout.write(`${JSON.stringify(bill(process.argv[2]), null, '\t')}\n`);
} catch (error) {
	console.error(`sbom: ${error.message}`);
	process.exit(1);
}

// Protects: what is released. The same build gives the same bytes; the archive runs where it is unpacked and holds what is
// committed, nothing else; its debug information leads from addresses to functions; the bill of materials is CycloneDX as
// its schema has it, and names what the loader loads and what the lock files lock.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, root } from './system.mjs';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const run = (command, args, options = {}) => execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26, ...options });
let work, dist, version, names;

/** Released into a folder of its own, under `umask`. */
function release(name, umask, more = {}) {
	run('bash', ['-c', `umask ${umask} && exec tools/release "$0" "$1"`, binary, join(work, name)], { env: { ...process.env, ...more } });
	return join(work, name);
}

before(() => {
	work = mkdtempSync(join(tmpdir(), 'voiceai-test-release-'));
	version = run(binary, ['version']).trim().split(' ')[1];
	dist = release('dist', '022');
	names = readdirSync(dist);
});
after(() => rmSync(work, { recursive: true, force: true }));

const ours = (end) => join(dist, names.find((name) => name.startsWith(`voiceai-${version}-linux-`) && name.endsWith(end) && !(end === '.tar.gz' && name.includes('-debug'))));

test('the same build gives the same bytes, whoever puts it together, and sums say so', () => {
	const again = release('again', '077', { TZ: 'Pacific/Auckland', LC_ALL: 'C.UTF-8' });
	assert.equal(readFileSync(join(again, 'SHA256SUMS'), 'utf8'), readFileSync(join(dist, 'SHA256SUMS'), 'utf8'));
	const checked = run('sha256sum', ['-c', 'SHA256SUMS'], { cwd: dist }).trim().split('\n');
	assert.deepEqual(checked, names.filter((name) => name !== 'SHA256SUMS').sort().map((name) => `${name}: OK`));
});

test('the archive runs where it is unpacked, and holds what is committed', () => {
	run('tar', ['-xzf', ours('.tar.gz'), '-C', work]);
	const folder = join(work, `voiceai-${version}`);
	assert.equal(run(join(folder, 'voiceai'), ['version'], { cwd: folder }), `voiceai ${version}\n`);
	const env = { PATH: process.env.PATH, DATA_DIR: join(work, 'data') };
	assert.match(run(join(folder, 'voiceai'), ['config'], { cwd: folder, env }), /^AGENTS_DIR=\.\/config\/agents$/m);
	const committed = run('git', ['ls-tree', '-r', '--name-only', 'HEAD', 'README.md', 'CHANGELOG.md', '.env.example', 'config', 'deploy', 'docs', 'sdk']).trim().split('\n');
	const listed = run('tar', ['-tzf', ours('.tar.gz')]).trim().split('\n').filter((name) => !name.endsWith('/')).map((name) => name.slice(`voiceai-${version}/`.length));
	assert.deepEqual(listed.sort(), [...committed, 'voiceai'].sort());
	const modes = run('tar', ['-tvzf', ours('.tar.gz')]).trim().split('\n').map((line) => line.split(/\s+/));
	for (const [mode, owner, , , , name] of modes) assert.ok(owner === '0/0' && /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x)$/.test(mode), `${name}: ${mode} ${owner}`);
	assert.equal(run('tar', ['-tzf', join(dist, `voiceai-${version}-source.tar.gz`)]).trim().split('\n').filter((name) => !name.endsWith('/')).length, run('git', ['ls-tree', '-r', '--name-only', 'HEAD']).trim().split('\n').length);
});

test('the debug information leads from an address to its function', () => {
	run('tar', ['-xzf', ours('-debug.tar.gz'), '-C', work]);
	const address = run('nm', [binary]).split('\n').find((line) => / T main$/.test(line)).split(' ')[0];
	assert.match(run('addr2line', ['-fe', join(work, 'voiceai.debug'), address]), /^main\n\S*src\/main\.c:/);
	const shipped = join(work, `voiceai-${version}`, 'voiceai');
	assert.match(run('objdump', ['-h', shipped]), /\.gnu_debuglink/);
	assert.throws(() => run('addr2line', ['-fe', shipped, address]).includes('main\n') || assert.fail('stripped'));
	const id = (path) => /Build ID: (\w+)/.exec(run('readelf', ['-n', path]))[1];
	assert.equal(id(shipped), id(join(work, 'voiceai.debug')));
});

test('the bill of materials is CycloneDX, and names what is loaded and what is locked', () => {
	const bill = JSON.parse(readFileSync(ours('.cdx.json'), 'utf8'));
	const schemas = join(require.resolve('@cyclonedx/cyclonedx-library/package.json'), '../res/schema');
	// They refer to each other by the names of their files.
	const schema = (name) => ({ ...JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8')), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
	const ajv = new (require('ajv'))({ strict: false, allErrors: true, schemas: [schema('spdx'), schema('jsf-0.82')] });
	require('ajv-formats')(ajv);
	ajv.addFormat('idn-email', true).addFormat('iri-reference', true);
	const validate = ajv.compile(schema('bom-1.6'));
	assert.ok(validate(bill), JSON.stringify(validate.errors, null, 1));
	assert.ok(!validate({ ...bill, components: [{ type: 'library' }] }), 'the schema is in force');

	const packages = new Map(bill.components.filter(({ purl }) => purl.startsWith('pkg:deb/debian/')).map((one) => [one.name, one]));
	const installed = run('dpkg-query', ['-W', '-f=${Package} ${Version}\n', ...packages.keys()]).trim().split('\n').map((line) => line.split(' '));
	for (const [name, at] of installed) if (packages.get(name).version !== at) assert.ok(installed.some(([other, also]) => other === name && also === packages.get(name).version), name);
	for (const name of ['libc6', 'libsqlite3-0', 'libcurl4', 'libssl3', 'libre0', 'libwebsockets-evlib-uv', 'pocketsphinx-en-us', 'espeak-ng']) assert.ok(packages.has(name), name);
	// From the binary one comes to each of them, and to nothing that is not there.
	const edges = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
	const seen = new Set([bill.metadata.component['bom-ref']]);
	for (const ref of seen) for (const other of edges.get(ref)) seen.add(other);
	assert.deepEqual([...seen].slice(1).sort(), [...packages.values()].map((one) => one['bom-ref']).sort());
	for (const folder of ['tools/site', 'tests/e2e']) {
		const locked = Object.entries(JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8')).packages).filter(([place]) => place);
		const named = bill.components.filter(({ properties }) => properties.some(({ value }) => value === folder));
		assert.deepEqual(new Set(named.map(({ group, name, version: at }) => `${group ? `${group}/` : ''}${name}@${at}`)), new Set(locked.map(([place, { version: at }]) => `${place.split('node_modules/').pop()}@${at}`)));
		assert.ok(named.every(({ scope }) => scope === 'excluded'));
	}
});

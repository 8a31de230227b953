// Protects: the Debian package of the built binary, without installing it. What it depends on is what the binary links,
// what is in it is where Debian wants it and readable by whom it should be, its scripts are scripts, its man page and its
// settings are those of the program, and a spoken call is placed out of the
// unpacked tree, in a folder where nothing of the checkout is. `make check-deploy` installs it in a clean Debian.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { binary, makeSettings, root } from './system.mjs';

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', cwd: root });
let folder, deb, tree, control;

before(() => {
	folder = mkdtempSync(join(tmpdir(), 'voiceai-deb-'));
	deb = run('nice', 'tools/deb', basename(dirname(binary)), join(folder, 'deb')).trim(); // others converse meanwhile
	tree = join(folder, 'tree');
	control = join(folder, 'control');
	run('dpkg-deb', '-x', deb, tree);
	run('dpkg-deb', '-e', deb, control);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('it depends on the package of every library that the binary links', () => {
	const depends = run('dpkg-deb', '-f', deb, 'Depends').split(',').map((one) => one.trim().split(' ')[0]);
	const needed = [...run('readelf', '-d', join(tree, 'usr/bin/voiceai')).matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1]);
	assert.ok(needed.length > 10);
	const owners = run('dpkg-query', '-S', ...needed.map((library) => `*/${library}`)).trim().split('\n').map((line) => line.split(/:\S* /));
	for (const library of needed) {
		const owner = owners.filter(([, path]) => path.endsWith(`/${library}`)).map(([name]) => name);
		assert.ok(depends.some((name) => owner.includes(name)), `${library} of ${owner} is depended upon: ${depends}`);
	}
	// What no linker knows of.
	for (const name of ['libwebsockets-evlib-uv', 'ca-certificates', 'tzdata', 'passwd']) assert.ok(depends.includes(name), name);
	assert.match(run('dpkg-deb', '-f', deb, 'Recommends'), /pocketsphinx-en-us, espeak-ng/);
});

test('everything is where it belongs, root\'s, and settings are not for everybody', () => {
	const lines = run('dpkg-deb', '-c', deb).trim().split('\n');
	const modes = new Map(lines.map((line) => [line.replace(/ -> .*/, '').split(/ +/).at(-1), line.split(' ')[0]]));
	for (const line of lines) assert.match(line.split(/ +/)[1], /^root\/root$/, line);
	assert.equal(modes.get('./usr/bin/voiceai'), '-rwxr-xr-x');
	assert.equal(modes.get('./etc/voiceai/voiceai.env'), '-rw-r-----');
	assert.ok(modes.has('./var/lib/voiceai/.env'));
	for (const name of readdirSync(join(root, 'deploy/systemd')).filter((name) => name !== 'README.md')) assert.equal(modes.get(`./usr/lib/systemd/system/${name}`), '-rw-r--r--', name);
	for (const kind of ['agents', 'flows', 'callee', 'speech'])
		for (const name of readdirSync(join(root, 'config', kind))) assert.ok(modes.has(`./usr/share/voiceai/config/${kind}/${name}`), name);
	for (const path of modes.keys()) assert.match(path, /^\.\/($|etc\/($|voiceai\/)|usr\/($|bin\/($|voiceai$)|lib\/($|systemd\/)|share\/($|voiceai\/|man\/|doc\/($|voiceai\/)|lintian\/))|var\/($|lib\/($|voiceai\/)))/);
	assert.equal(readFileSync(join(control, 'conffiles'), 'utf8'), '/etc/voiceai/voiceai.env\n');
	assert.match(run('readelf', '-S', join(tree, 'usr/bin/voiceai')), /^(?![\s\S]*\.debug_info)/, 'stripped');
});

test('its scripts are taken by the shell, and know every unit', () => {
	const units = readdirSync(join(tree, 'usr/lib/systemd/system'));
	for (const name of ['postinst', 'prerm', 'postrm']) run('sh', '-n', join(control, name));
	for (const unit of units) {
		assert.ok(readFileSync(join(control, 'postrm'), 'utf8').includes(unit), `postrm forgets ${unit}`);
		assert.ok(readFileSync(join(control, 'prerm'), 'utf8').includes(unit), `prerm leaves ${unit}`);
	}
});

test('man page and settings are those of the program', () => {
	const page = gunzipSync(readFileSync(join(tree, 'usr/share/man/man1/voiceai.1.gz'))).toString();
	const commands = [...run(binary, '--help').matchAll(/^ {2}([a-z]+) {2,}/gm)].map((match) => match[1]);
	assert.ok(commands.length > 10);
	for (const command of commands) assert.match(page, new RegExp(`^\\.B ${command}$`, 'm'));
	assert.ok(!page.includes('@COMMANDS@'));
	const known = new Set([...run(binary, 'config', '--env').matchAll(/^#?([A-Z0-9_]+)=/gm)].map((match) => match[1]));
	for (const [, name] of readFileSync(join(tree, 'etc/voiceai/voiceai.env'), 'utf8').matchAll(/^#?([A-Z0-9_]+)=/gm)) assert.ok(known.has(name), name);
	assert.equal(readFileSync(join(tree, 'usr/share/doc/voiceai/examples/env.example'), 'utf8'), readFileSync(join(root, '.env.example'), 'utf8'));
});

test('out of the unpacked tree a call is placed, spoken and understood', { timeout: 120000 }, async () => {
	const settings = await makeSettings({ CALLEE_SCRIPT: join(root, 'tests/data/callee/hang_up.json') });
	const elsewhere = join(folder, 'elsewhere');
	mkdirSync(elsewhere);
	const child = spawn(join(tree, 'usr/bin/voiceai'), ['up', '--demo', '--once'], { cwd: elsewhere, env: settings, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
	const code = await new Promise((done) => child.once('exit', done));
	rmSync(settings.HOME, { recursive: true, force: true });
	// The callee hangs up at once, so that the goal is missed: what counts is that both were heard.
	assert.equal(code, 1, output);
	assert.match(output, /^agent {3}Hello, this is the Oak Street dental practice/m);
	assert.match(output, /^caller {2}Goodbye$/m);
	assert.match(output, /call ended: COMPLETED/);
});

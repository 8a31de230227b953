// Protects: tools/site/upload.mjs, against vsftpd over TLS. A site arrives whole; what did not change is not sent again;
// pages take their places after all that they refer to, and what is stale goes last; an upload that is killed leaves the
// old site as it was, and another run completes it; a session that breaks is opened again; a dry run changes nothing;
// a server that is not the right one gets no password.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Ftp } from '../servers/ftp.mjs';
import { freeTcpPort, root, until } from './system.mjs';

const MANIFEST = '.site-manifest.json';
const FIRST = {
	'index.html': '<script src="/_next/app-1.js"></script>', 'about/index.html': '<a href="/">home</a>', 'old/gone.html': 'gone', 'sitemap.xml': '<urlset/>',
	'style.css': 'a{}', '_next/app-1.js': 'one', '.htaccess': 'Options -Indexes', 'name with spaces.txt': 'x', 'größe.txt': 'y',
};
const SECOND = {
	...FIRST, 'index.html': '<script src="/_next/app-2.js"></script><a href="/new/">', 'new/index.html': 'new', 'sitemap.xml': '<urlset>2</urlset>', 'style.css': 'b{}', '_next/app-2.js': 'two', '_next/media/a.bin': randomBytes(100000),
	'old/gone.html': null, '_next/app-1.js': null,
};
const THIRD = { ...SECOND, 'index.html': 'third', '_next/media/big.bin': randomBytes(1200000), 'new/index.html': null, '_next/app-2.js': null };
let ftp, work, site;

before(async () => {
	work = mkdtempSync(join(tmpdir(), 'voiceai-test-site-'));
	site = join(work, 'site');
	ftp = await Ftp.start({ port: await freeTcpPort() });
});
after(async () => {
	await ftp?.stop();
	rmSync(work, { recursive: true, force: true });
});

function build(files) {
	rmSync(site, { recursive: true, force: true });
	for (const [path, content] of Object.entries(files)) {
		if (content === null) continue;
		mkdirSync(dirname(join(site, path)), { recursive: true });
		writeFileSync(join(site, path), content);
	}
}

/** { code, output } of an upload; `during` is given its process. */
async function upload({ args = [], env = {}, during } = {}) {
	ftp.forget();
	const child = spawn('node', [join(root, 'tools/site/upload.mjs'), ...args, site], { env: { ...ftp.settings, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
	const exited = new Promise((done) => child.once('close', done));
	const late = setTimeout(() => child.kill('SIGKILL'), 40000);
	await during?.(child, () => output);
	const code = await exited;
	clearTimeout(late);
	return { code, output };
}

/** What lies on the server: path to content, the manifest left out. */
function served(folder = ftp.folder, below = '') {
	return Object.fromEntries(
		readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
			const path = below ? `${below}/${entry.name}` : entry.name;
			return entry.isDirectory() ? Object.entries(served(folder, path)) : path === MANIFEST ? [] : [[path, readFileSync(join(folder, path)).toString('latin1')]];
		}),
	);
}
const wanted = (files) => Object.fromEntries(Object.entries(files).filter(([, content]) => content !== null).map(([path, content]) => [path, Buffer.from(content).toString('latin1')]));
const isServed = (files) => assert.deepEqual(served(), wanted(files));
const given = (verb) => ftp.commands().filter((command) => command.startsWith(verb)).map((command) => command.slice(verb.length + 1).replace('/public_html/', ''));
const changing = () => ftp.commands().filter((command) => /^(STOR|DELE|RNTO|MKD|RMD|APPE)\b/.test(command));

test('a dry run says what it would do and changes nothing', async () => {
	build(FIRST);
	const { code, output } = await upload({ args: ['--dry-run'] });
	assert.equal(code, 0, output);
	assert.match(output, /^send   about\/index\.html \(20 B\)$/m);
	assert.match(output, /^dry run: 9 files to send \(\d+ B\), 0 to delete, 0 unchanged$/m);
	assert.deepEqual(changing(), []);
	assert.deepEqual(readdirSync(ftp.folder), []);
});

test('a site arrives whole, and a second time nothing is sent', async () => {
	assert.equal((await upload()).code, 0);
	isServed(FIRST);
	const { files } = JSON.parse(readFileSync(join(ftp.folder, MANIFEST), 'utf8'));
	assert.equal(files['style.css'].hash, createHash('sha256').update('a{}').digest('hex'));
	const { code, output } = await upload();
	assert.equal(code, 0, output);
	assert.match(output, /^0 files to send \(0 B\), 0 to delete, 9 unchanged$/m);
	assert.deepEqual(changing(), []);
});

test('only what changed is sent; pages are swapped in last, and what is stale goes after them', async () => {
	build(SECOND);
	// What was changed or lost on the server is sent again; files of others stay.
	writeFileSync(join(ftp.folder, 'name with spaces.txt'), 'somebody else wrote this');
	rmSync(join(ftp.folder, 'about/index.html'));
	writeFileSync(join(ftp.folder, 'theirs.html'), 'theirs');
	const { code, output } = await upload();
	assert.equal(code, 0, output);
	isServed({ ...SECOND, 'theirs.html': 'theirs' });
	rmSync(join(ftp.folder, 'theirs.html'));
	const isOurs = (path) => !path.startsWith(MANIFEST);
	const swapped = ['name with spaces.txt', 'style.css', 'new/index.html', 'about/index.html', 'index.html', 'sitemap.xml'];
	assert.deepEqual(given('RNTO').filter(isOurs), ['_next/app-2.js', '_next/media/a.bin', ...swapped]);
	assert.deepEqual(given('STOR').filter(isOurs), ['_next/app-2.js', '_next/media/a.bin', ...swapped].map((path) => `${path}.uploading`));
	assert.deepEqual(given('DELE'), ['_next/app-1.js', 'old/gone.html']);
	assert.deepEqual(given('RMD'), ['old']);
	const commands = ftp.commands();
	const at = (command) => commands.indexOf(command);
	for (const path of swapped) assert.ok(at(`STOR /public_html/${path}.uploading`) < at('RNTO /public_html/name with spaces.txt'), `${path} was there before anything was swapped`);
	assert.ok(at('DELE /public_html/_next/app-1.js') > at('RNTO /public_html/sitemap.xml'));
});

test('an upload that is killed leaves the old site, and the next goes on, even of another site and with sessions that break', async () => {
	await ftp.restart({ bytesPerSecond: 1000000 });
	build({ ...THIRD, '_next/app-0.js': 'of a build that never came to be' });
	const big = join(ftp.folder, '_next/media/big.bin.uploading');
	const inTheMiddle = () => existsSync(big) && statSync(big).size > 0;
	await upload({ during: async (child) => (await until('it is in the middle', inTheMiddle), child.kill('SIGKILL')) });
	const now = served();
	assert.ok(now['_next/app-0.js'] && now['_next/media/big.bin.uploading']);
	for (const [path, content] of Object.entries(wanted(SECOND))) assert.equal(now[path], content, path);
	rmSync(big);
	build(THIRD);
	const { code, output } = await upload({ during: () => until('it is in the middle', () => inTheMiddle() && ftp.hangUp()) });
	assert.equal(code, 0, output);
	assert.match(output, /^again  sending _next\/media\/big\.bin/m);
	isServed(THIRD);
});

test('what changes while it is sent, or a list of files that nobody can have meant, puts nothing in a wrong place', async () => {
	await ftp.restart({ bytesPerSecond: 500000 });
	build({ ...THIRD, 'style.css': 'c{}', '_next/one.bin': randomBytes(300000) });
	const one = join(ftp.folder, '_next/one.bin.uploading');
	const { code, output } = await upload({ during: async () => (await until('it is in the middle', () => existsSync(one)), writeFileSync(join(site, 'style.css'), 'half wri')) });
	assert.equal(code, 1);
	assert.match(output, /^upload: style\.css: what the server has is not what was sent \(8 bytes of 3\) \(the old site is in its place; run it again\)$/m);
	assert.equal(served()['style.css'], 'b{}', 'what readers get is whole');
	const manifest = join(ftp.folder, MANIFEST);
	const kept = readFileSync(manifest);
	writeFileSync(manifest, JSON.stringify({ version: 1, files: { '../private.txt': { hash: '0'.repeat(64), size: 1 } } }));
	const hostile = await upload({ args: ['--dry-run'] });
	assert.match(hostile.output, /^\.site-manifest\.json on the server cannot be read: everything is sent$/m);
	assert.match(hostile.output, /, 0 to delete, 0 unchanged$/m);
	writeFileSync(manifest, kept);
});

test('a deadline ends it, and says how things stand', async () => {
	await ftp.restart({ bytesPerSecond: 100000 });
	build({ ...SECOND, '_next/big-2.bin': randomBytes(1000000) });
	const { code, output } = await upload({ env: { FTP_DEADLINE_SECONDS: '1.5' } });
	await ftp.restart();
	assert.equal(code, 1);
	assert.match(output, /^upload: not within 1\.5 s \(the old site is in its place; run it again\)$/m);
});

test('pages are compared with what readers get', async () => {
	let lie = false;
	const web = createServer((req, res) => {
		const path = req.url.endsWith('/') ? `${req.url}index.html` : req.url;
		res.end(lie ? 'an old page' : readFileSync(join(ftp.folder, decodeURI(path))));
	});
	await new Promise((done) => web.listen(0, '127.0.0.1', done));
	const env = { SITE_URL: `http://127.0.0.1:${web.address().port}` };
	try {
		build({ ...SECOND, 'about/index.html': 'about', 'index.html': 'home' });
		const { code, output } = await upload({ env });
		assert.equal(code, 0, output);
		assert.match(output, /^\d pages at http:\S+ compared$/m);
		lie = true;
		build({ ...SECOND, 'about/index.html': 'about', 'index.html': 'another home' });
		const wrong = await upload({ env: { ...env, FTP_DEADLINE_SECONDS: '2.5' } });
		assert.equal(wrong.code, 1);
		assert.match(wrong.output, /the new site is in its place/);
	} finally {
		web.closeAllConnections();
		web.close();
	}
});

test('who is not the server, or has no password for it, is told so at once', async () => {
	for (const [env, says] of [
		[{ FTP_CA_FILE: join(ftp.home, 'other.crt') }, /^upload: reading \.site-manifest\.json: self.signed certificate/m],
		[{ FTP_HOST: '127.0.0.1' }, /^upload: reading \.site-manifest\.json: Hostname\/IP does not match certificate's altnames/m],
	]) {
		const { code, output } = await upload({ env });
		assert.equal(code, 1, output);
		assert.match(output, says);
		assert.deepEqual(ftp.commands().filter((command) => /^(USER|PASS)/.test(command)), []);
	}
	const wrong = await upload({ env: { FTP_PASSWORD: 'wrong-password' } });
	assert.equal(wrong.code, 1);
	assert.match(wrong.output, /530 Login incorrect/);
	assert.ok(!wrong.output.includes('wrong-password'));
	assert.equal(ftp.commands().filter((command) => /^PASS/.test(command)).length, 1, 'a wrong password is not tried again');
});

test('what cannot be meant is refused before anything is asked', async () => {
	for (const [env, says] of [[{ FTP_PASSWORD: '' }, 'FTP_PASSWORD: is not set'], [{ FTP_TIMEOUT_SECONDS: '-1' }, 'FTP_TIMEOUT_SECONDS: must be a number of seconds, not "-1"']]) {
		const { code, output } = await upload({ env });
		assert.equal(code, 2);
		assert.equal(output, `upload: ${says}\n`);
	}
	build({ 'readme.txt': 'x' });
	const { code, output } = await upload();
	assert.equal(code, 2);
	assert.match(output, /has no index\.html: is it the built site\?/);
	assert.deepEqual(ftp.commands(), []);
});

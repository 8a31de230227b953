// Protects: the units of deploy/systemd. systemd takes them and finds them well shut in, they run what the binary has and
// wait as long as it drains; and the binary serves on a socket that systemd holds: a request that comes while it is
// started again waits, and is answered.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, freeTcpPort, makeSettings, root, until } from './system.mjs';

const services = ['platform', 'carrier', 'engine'];
const source = join(root, 'deploy/systemd');
let folder;

const read = (name) => readFileSync(join(source, name), 'utf8');
const analyze = (...args) => {
	const { status, stdout, stderr, error } = spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_COLORS: '0' } });
	if (error) throw error;
	return { status, output: stdout + stderr };
};

before(() => {
	folder = mkdtempSync(join(tmpdir(), 'voiceai-units-'));
	cpSync(source, folder, { recursive: true });
	for (const name of services.map((service) => `voiceai-${service}.service`)) writeFileSync(join(folder, name), read(name).replaceAll('/usr/bin/voiceai', binary));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('systemd takes every unit without a word', () => {
	for (const name of readdirSync(source).filter((name) => name !== 'README.md'))
		assert.deepEqual(analyze('verify', '--man=no', join(folder, name)), { status: 0, output: '' }, name);
});

test('systemd finds every server well shut in', () => {
	for (const service of services) {
		// Tenths of its exposure level, of which 10 is the worst.
		const { status, output } = analyze('security', '--offline=true', '--threshold=15', join(folder, `voiceai-${service}.service`));
		assert.equal(status, 0, output);
	}
});

test('the servers are run alike, and stopped no sooner than they drain', () => {
	const shared = (name) => read(`voiceai-${name}.service`).match(/^# What the three[\s\S]+$/m)[0];
	for (const service of services) assert.equal(shared(service), shared('platform'), service);
	const { stdout } = spawnSync(binary, ['config', '--env'], { encoding: 'utf8', env: { DATA_DIR: join(folder, 'data') } });
	const most = (name) => Number(stdout.match(new RegExp(`# whole number \\d+\\.\\.(\\d+) s.*\\n#${name}=`))[1]);
	const wait = Number(read('voiceai-platform.service').match(/^TimeoutStopSec=(\d+)$/m)[1]);
	assert.ok(wait >= most('DRAIN_DELAY_SECONDS') + most('DRAIN_TIMEOUT_SECONDS'));
});

test('a server whose vendor has a key is skipped', () => {
	for (const [service, name] of [['carrier', 'TWILIO_ACCOUNT_SID'], ['engine', 'ULTRAVOX_API_KEY']]) {
		const [, script] = read(`voiceai-${service}.service`).match(/^ExecCondition=\/bin\/sh -c '(.+)'$/m);
		assert.equal(spawnSync('sh', ['-c', script], { env: {} }).status, 0);
		assert.equal(spawnSync('sh', ['-c', script], { env: { [name]: 'x' } }).status, 1);
	}
});

/** As systemd: opens the socket, and starts the binary with it as descriptor 3 at each line of its input. */
const holder = `
import os, socket, sys
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(('127.0.0.1', int(os.environ['PORT'])))
held.listen(64)
print('held', flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
        os.execv(sys.argv[1], [sys.argv[1], 'serve'])
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print('gone', flush=True)
`;

test('a request that comes while the platform is started again waits, and is answered', { timeout: 60000 }, async () => {
	const settings = await makeSettings({ PORT: String(await freeTcpPort()) });
	const systemd = spawn('python3', ['-c', holder, binary], { env: settings, stdio: ['pipe', 'pipe', 'pipe'] });
	let words = '', log = '';
	systemd.stdout.on('data', (data) => (words += data));
	systemd.stderr.on('data', (data) => (log += data));
	const health = () =>
		new Promise((done, failed) => {
			const req = request({ host: '127.0.0.1', port: settings.PORT, path: '/health', agent: false, timeout: 15000 }, (res) => done(res.resume().statusCode));
			req.on('error', failed).on('timeout', () => req.destroy(new Error('no answer'))).end();
		});
	const pids = () => [...words.matchAll(/^(\d+)$/gm)].map((match) => Number(match[1]));
	try {
		await until('the socket is there', () => words.includes('held'));
		const first = health(); // before there is a server at all
		systemd.stdin.write('\n');
		assert.equal(await first, 200);
		await until('it listens', () => log.includes('"listening"'));
		process.kill(pids()[0], 'SIGTERM');
		await until('the server is gone', () => words.includes('gone'));
		const meanwhile = health();
		systemd.stdin.write('\n');
		assert.equal(await meanwhile, 200);
		assert.equal(pids().length, 2);
	} catch (error) {
		throw new Error(`${error.message}\n${log}`);
	} finally {
		systemd.stdin.end();
		for (const pid of pids().slice(-1)) {
			try {
				process.kill(pid, 'SIGTERM');
			} catch {} // it ended by itself
		}
		await new Promise((done) => (systemd.exitCode === null ? systemd.once('exit', done) : done()));
		rmSync(settings.HOME, { recursive: true, force: true });
	}
});

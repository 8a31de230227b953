// Redis servers of a test's own: one, one behind Sentinels with a replica, or a cluster of three. On
// free ports of 127.0.0.1, with data folders under the system's temporary one, stopped by process id.
// As a program it prints URLs as VARIABLE=URL and an empty line, then serves until its standard input ends or it is told
// to stop:
//
//     node tests/servers/redis.mjs
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

const NODE_TIMEOUT_MS = 2000;
const running = new Set();
// A test that dies leaves nothing behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const freePort = () =>
	new Promise((done, fail) => {
		const server = createServer();
		server.once('error', fail);
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});

async function until(what, check, seconds = 20) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const value = check();
		if (value) return value;
		if (Date.now() > end) throw new Error(`Redis: ${what} did not happen in ${seconds} s`);
		await pause(50);
	}
}

/** One process. `settings`: lines of redis.conf. */
export class Redis {
	static async start(settings = {}, { sentinel = false } = {}) {
		const server = new Redis();
		server.folder = mkdtempSync(join(tmpdir(), 'voiceai-redis-'));
		server.port = await freePort();
		server.sentinel = sentinel;
		server.settings = { port: server.port, bind: '127.0.0.1', dir: server.folder, ...settings };
		if (!sentinel) Object.assign(server.settings, { save: '""', appendonly: 'no', ...settings });
		server.file = join(server.folder, 'redis.conf');
		const lines = Object.entries(server.settings).flatMap(([name, value]) => [value].flat().map((one) => `${name} ${one}`));
		writeFileSync(server.file, lines.join('\n') + '\n');
		await server.begin();
		return server;
	}

	/** Begin serving, after halt() again: on the same port, with what it has saved. */
	async begin() {
		this.log = '';
		this.child = spawn('redis-server', [this.file, ...(this.sentinel ? ['--sentinel'] : [])], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
		running.add(this.child);
		for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.log = (this.log + text).slice(-20000)));
		this.exited = new Promise((done) => this.child.once('exit', done)).then(() => running.delete(this.child));
		await until('the start', () => {
			if (this.child.exitCode !== null) throw new Error(`Redis did not start:\n${this.log}`);
			return this.run('PING') === 'PONG';
		});
	}

	/** What redis-cli prints. */
	run(...command) {
		const auth = this.settings.requirepass ? ['-a', this.settings.requirepass, '--no-auth-warning'] : [];
		return spawnSync('redis-cli', ['-p', String(this.port), ...auth, ...command], { encoding: 'utf8' }).stdout.trim();
	}

	get pid() {
		return this.child.pid;
	}

	get address() {
		return `127.0.0.1:${this.port}`;
	}

	get url() {
		const password = this.settings.requirepass;
		return `redis://${password ? `:${encodeURIComponent(password)}@` : ''}${this.address}`;
	}

	async halt(signal = 'SIGKILL') {
		if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
		await this.exited;
	}

	async stop() {
		await this.halt();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** A primary with one replica, watched by three Sentinels that agree by two. */
export class RedisSentinel {
	static async start() {
		const group = new RedisSentinel();
		group.primary = await Redis.start();
		group.replica = await Redis.start({ replicaof: `127.0.0.1 ${group.primary.port}` });
		await until('replication', () => /master_link_status:up/.test(group.replica.run('INFO', 'replication')));
		group.sentinels = await Promise.all(
			[0, 1, 2].map(() =>
				Redis.start(
					{
						'sentinel monitor': `main 127.0.0.1 ${group.primary.port} 2`,
						'sentinel down-after-milliseconds': 'main 1000',
						'sentinel failover-timeout': 'main 5000',
					},
					{ sentinel: true },
				),
			),
		);
		await until('the meeting of the Sentinels', () =>
			group.sentinels.every((one) => /num-other-sentinels\n2\n/.test(one.run('SENTINEL', 'MASTER', 'main') + '\n') && /num-slaves\n1\n/.test(one.run('SENTINEL', 'MASTER', 'main') + '\n')),
		);
		return group;
	}

	get url() {
		return `redis-sentinel://${this.sentinels.map((one) => one.address).join(',')}/main`;
	}

	async stop() {
		await Promise.all([...this.sentinels, this.primary, this.replica].map((one) => one.stop()));
	}
}

/** Three primaries that share the slots. */
export class RedisCluster {
	static async start() {
		const cluster = new RedisCluster();
		cluster.nodes = await Promise.all([0, 1, 2].map(() => RedisCluster.node()));
		const made = spawnSync('redis-cli', ['--cluster', 'create', ...cluster.nodes.map((one) => one.address), '--cluster-yes'], { encoding: 'utf8' });
		if (made.status !== 0) throw new Error(`Redis: no cluster:\n${made.stdout}${made.stderr}`);
		await cluster.settled();
		return cluster;
	}

	static async node() {
		return Redis.start({ 'cluster-enabled': 'yes', 'cluster-port': await freePort(), 'cluster-node-timeout': NODE_TIMEOUT_MS, 'cluster-config-file': 'nodes.conf' });
	}

	async settled() {
		await until('the cluster', () => this.nodes.every((one) => /cluster_state:ok/.test(one.run('CLUSTER', 'INFO'))));
	}

	get url() {
		return `redis-cluster://${this.nodes.map((one) => one.address).join(',')}`;
	}

	/** Move a slot, with what is in it, from one node to another. */
	moveSlot(slot, from, to) {
		const id = (node) => node.run('CLUSTER', 'MYID');
		to.run('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', id(from));
		from.run('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', id(to));
		return () => {
			for (const key of from.run('CLUSTER', 'GETKEYSINSLOT', String(slot), '100').split('\n').filter(Boolean))
				from.run('MIGRATE', '127.0.0.1', String(to.port), key, '0', '5000');
			for (const node of [to, from, ...this.nodes]) node.run('CLUSTER', 'SETSLOT', String(slot), 'NODE', id(to));
		};
	}

	async stop() {
		await Promise.all(this.nodes.map((one) => one.stop()));
	}
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	const servers = await Promise.all([Redis.start({ requirepass: 'p@ss:w/rd' }), RedisSentinel.start(), RedisCluster.start()]);
	const end = async () => {
		await Promise.all(servers.map((one) => one.stop()));
		process.exit(0);
	};
	process.once('SIGTERM', end);
	process.once('SIGINT', end);
	process.stdin.once('end', end).resume();
	console.log(`TEST_REDIS_URL=${servers[0].url}/3`);
	console.log(`TEST_REDIS_SENTINEL_URL=${servers[1].url}`);
	console.log(`TEST_REDIS_CLUSTER_URL=${servers[2].url}\n`);
}

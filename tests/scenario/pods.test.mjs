// Protects: several pods as one platform. Three of them behind nginx, on one PostgreSQL and one Redis, with two
// hundred calls in flight while pods, the database and Redis are killed in turn and started again: every call ends
// once, nothing that follows a call is lost, no slot of the tenant's limit leaks, and dashboards miss nothing.
// And: the limit of calls at once holds over pods, and a pod that is told to stop goes in good order.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { checkLiveEvent, checkWebhook } from '../e2e/platform_contract.mjs';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Nginx } from '../servers/nginx.mjs';
import { Postgres } from '../servers/postgres.mjs';
import { Redis } from '../servers/redis.mjs';
import { Process, freeTcpPort, isTerminal, makeSettings, until } from './system.mjs';

const CALLS = 200;
const AT_ONCE = 40;
let twilio, ultravox, openai, postgres, redis, nginx, receiver, settings;
const pods = [], dashboards = [];

/** One `voiceai serve`. */
class Pod {
	constructor(port) {
		this.port = port;
		this.past = '';
		this.restarts = 0;
	}

	launch() {
		this.past += this.process?.stderr ?? '';
		this.process = new Process({ ...settings, PORT: String(this.port) }, ['serve']);
	}

	logs() {
		return `--- pod ${this.port}\n${(this.past + this.process.stderr).slice(-6000)}`;
	}

	get url() {
		return `http://127.0.0.1:${this.port}`;
	}

	ready() {
		return until(`pod ${this.port} is ready`, async () => {
			// A pod that finds no database at its start ends, and its supervisor starts it again.
			if (!this.process.running && ++this.restarts < 20) this.launch();
			return (await fetch(`${this.url}/ready`)).status === 200;
		}, 60);
	}

	async crash() {
		this.process.kill('SIGKILL');
		await this.process.exited;
	}
}

/** Somebody's server for outgoing webhooks. */
class Receiver {
	ids = new Map(); // "TYPE CALL STATUS" -> ids of its events

	async listen() {
		this.server = createServer(async (req, res) => {
			const chunks = [];
			for await (const chunk of req) chunks.push(chunk);
			const event = JSON.parse(Buffer.concat(chunks));
			checkWebhook(event, req.headers);
			const what = `${event.type} ${event.call_id} ${event.data?.status ?? ''}`;
			if (!this.ids.has(what)) this.ids.set(what, new Set());
			this.ids.get(what).add(event.id);
			res.writeHead(200).end();
		});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		return this;
	}

	get url() {
		return `http://127.0.0.1:${this.server.address().port}/hook`;
	}

	close() {
		this.server.closeAllConnections();
		return new Promise((done) => this.server.close(done));
	}
}

/** A dashboard: comes back with the last number it saw, wherever nginx sends it. */
class Dashboard {
	ends = new Map(); // call -> terminal events seen
	seq = 0;
	closed = [];

	constructor(url = nginx.url) {
		this.url = url;
		this.running = this.run();
		dashboards.push(this);
	}

	async run() {
		while (!this.over) {
			await this.connect().catch(() => {});
			if (!this.over) await pause(100);
		}
	}

	connect() {
		return new Promise((done, fail) => {
			const req = request(`${this.url}/api/v1/live?since=${this.seq}`, {
				headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
			});
			req.once('error', fail);
			req.once('response', (res) => fail(new Error(`${res.statusCode}`)));
			req.once('upgrade', (res, socket, head) => {
				let data = head;
				this.socket = socket;
				const read = (more) => {
					data = Buffer.concat([data, more]);
					data = this.frames(data);
				};
				read(Buffer.alloc(0));
				socket.on('data', read);
				socket.on('error', () => {});
				socket.on('close', done);
			});
			req.end();
		});
	}

	/** Takes whole frames; answers what is left. */
	frames(data) {
		for (;;) {
			if (data.length < 2) return data;
			let [length, start] = [data[1] & 127, 2];
			if (length === 126 && data.length >= 4) [length, start] = [data.readUInt16BE(2), 4];
			else if (length === 127 && data.length >= 10) [length, start] = [Number(data.readBigUInt64BE(2)), 10];
			else if (length > 125) return data;
			if (data.length < start + length) return data;
			const [opcode, body] = [data[0] & 15, data.subarray(start, start + length)];
			if (opcode === 1) this.event(JSON.parse(body));
			if (opcode === 8) {
				this.closed.push(body.length >= 2 ? body.readUInt16BE(0) : 1005);
				this.socket.destroy();
			}
			data = data.subarray(start + length);
		}
	}

	event(event) {
		const { seq, type, call_id, data } = event;
		checkLiveEvent(event);
		if (seq <= this.seq) this.error ??= `${seq} came after ${this.seq}`;
		this.seq = seq;
		if (type === 'call.status' && isTerminal(data)) this.ends.set(call_id, (this.ends.get(call_id) ?? 0) + 1);
	}

	async stop() {
		this.over = true;
		this.socket?.destroy();
		await this.running;
	}
}

before(async () => {
	[twilio, ultravox, openai, postgres, redis, receiver] = await Promise.all([
		new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen(), Postgres.start(), Redis.start(), new Receiver().listen(),
	]);
	const ports = [await freeTcpPort(), await freeTcpPort(), await freeTcpPort()];
	nginx = await Nginx.start(ports);
	settings = await makeSettings({
		DATABASE_URL: postgres.createDatabase('pods'), REDIS_URL: redis.url, API_BASE_URL: nginx.url, LOG_LEVEL: 'WARNING',
		TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: '+15550100000',
		ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		DEFAULT_AGENT: 'assistant', RING_TIMEOUT_SECONDS: '20', RECORD_CALLS: 'false', MAX_CALLS_PER_TENANT: String(CALLS + 5),
		URL_ALLOW_PRIVATE: '127.0.0.1', WEBHOOK_TIMEOUT_SECONDS: '2', WEBHOOK_RETRY_SECONDS: '1', WEBHOOK_PAUSE_FAILURES: '1000',
	});
	// The first makes the keys that all of them use.
	for (const port of ports) {
		const pod = new Pod(port);
		pods.push(pod);
		pod.launch();
		await pod.ready();
	}
});
after(async () => {
	if (process.env.SHOW_LOGS) for (const pod of pods) console.error(pod.logs());
	await Promise.all(dashboards.map((dashboard) => dashboard.stop()));
	const ends = await Promise.all(pods.map((pod) => pod.process?.stop()));
	await Promise.all([nginx, redis, postgres].map((server) => server?.stop()));
	await Promise.all([twilio, ultravox, openai, receiver].map((server) => server?.close()));
	if (settings) rmSync(settings.HOME, { recursive: true, force: true });
	for (const end of ends) if (end) assert.equal(end.code, 0, 'a pod ends cleanly');
});

/** Ask until the answer says that it was done: what clients and vendors do. */
async function insist(what, ask, seconds = 45) {
	return until(what, async () => {
		const answer = await ask();
		if (answer.status >= 500 || answer.status === 429) throw new Error(`${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`);
		return answer;
	}, seconds);
}

async function api(method, path, body, headers = {}, base = nginx.url) {
	const response = await fetch(`${base}/api/v1${path}`, {
		method,
		headers: { 'Content-Type': 'application/json', ...headers },
		body: body === undefined ? undefined : JSON.stringify(body),
		signal: AbortSignal.timeout(10000),
	});
	const text = await response.text();
	return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
}

let next = 0;
async function initiate() {
	const headers = { 'Idempotency-Key': randomUUID() };
	const number = `+1555040${String(next++).padStart(4, '0')}`;
	const { status, body } = await insist('a call is taken', () => api('POST', '/calls/initiate', { phone_number: number }, headers));
	assert.equal(status, 201, JSON.stringify(body));
	return body.call_id;
}

/** From the request to the conversation. */
async function begin() {
	const id = await initiate();
	const call = await until('the carrier was asked', () => twilio.calls.find((one) => one.params?.get('Url').includes(`/${id}?`)), 60);
	const session = ultravox.of(id);
	await insist('ringing is heard', () => twilio.status(call, 'ringing'));
	const twiml = await insist('TwiML is given', () => twilio.connect(call));
	if (!twiml.body.includes('<Stream')) assert.fail(`${twiml.body} ${JSON.stringify((await api('GET', `/calls/${id}`)).body)} ${call.sid}`);
	await insist('the answer is heard', () => twilio.status(call, 'in-progress'));
	await insist('joining is heard', () => ultravox.joined(session));
	return { id, call, session };
}

async function end({ call, session }) {
	session.ended = new Date();
	session.endReason = 'hangup';
	session.messages = [{ role: 'MESSAGE_ROLE_AGENT', text: 'Hello?', medium: 'MESSAGE_MEDIUM_VOICE' }, { role: 'MESSAGE_ROLE_USER', text: 'Tomorrow at ten.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	await insist('the end is heard', () => twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' }));
	await insist('the end of the session is heard', () => ultravox.ended(session, 'hangup'));
}

/** Run `work` on every item, a few at once. */
async function each(items, work, atOnce = AT_ONCE) {
	const left = [...items.entries()], results = [];
	const run = async () => {
		for (let item; (item = left.shift()); ) results[item[0]] = await work(item[1]);
	};
	await Promise.all(Array.from({ length: atOnce }, run));
	return results;
}

const held = () => Number(redis.run('ZCARD', 'voiceai:lease:calls:default'));
const active = () => Number(postgres.query('pods', 'SELECT count(*) FROM call WHERE deadline_at > 0')[0][0]);

test('two hundred calls outlive pods, database and Redis', { timeout: 240000 }, async () => {
	const { status, body } = await insist('an endpoint is made', () => api('POST', '/webhooks', { url: receiver.url, events: ['*'] }));
	assert.equal(status, 201, JSON.stringify(body));

	const watching = [new Dashboard(), new Dashboard(), new Dashboard()];

	const disasters = (async () => {
		await pause(1500);
		for (const disaster of [
			async () => pods[0].crash(),
			async () => pods[0].launch(),
			async () => redis.halt('SIGKILL'),
			async () => (await pods[1].crash(), redis.begin()),
			async () => pods[1].launch(),
			async () => postgres.halt('SIGQUIT'),
			async () => postgres.begin(),
			async () => pods[2].crash(),
			async () => pods[2].launch(),
		]) {
			await disaster();
			await pause(1500);
		}
		await Promise.all(pods.map((pod) => pod.ready()));
	})();
	const calls = await each(Array.from({ length: CALLS }), begin);
	await disasters;
	assert.equal(new Set(calls.map(({ id }) => id)).size, CALLS);
	await each(calls, async ({ id }) => {
		const { body: call } = await insist('a call is read', () => api('GET', `/calls/${id}`));
		assert.equal(call.status, 'IN_PROGRESS', JSON.stringify(call));
	});
	await until('every call has its slot', () => held() === CALLS, 40);

	// The ends come while everything is killed once more.
	const again = (async () => {
		await pause(300);
		await redis.halt('SIGKILL');
		await pods[0].crash();
		await postgres.halt('SIGQUIT');
		await pause(500);
		await Promise.all([postgres.begin(), redis.begin()]);
		pods[0].launch();
		await pods[0].ready();
	})();
	await Promise.all([each(calls, end), again]);

	await until('no call is left', () => active() === 0, 60);
	await each(calls, async ({ id }) => {
		const { body: call } = await insist('a call is read', () => api('GET', `/calls/${id}`));
		assert.equal(call.status, 'COMPLETED', JSON.stringify(call));
		const { body: list } = await insist('its events are read', () => api('GET', `/calls/${id}/events`));
		assert.equal(list.events.filter((one) => one.type === 'call.status' && isTerminal(one.data)).length, 1, 'one end');
		/* Work that was tried while the database was away waits twice as long each time. */
		await until('the call is analysed', async () => {
			const { status: code, body: summary } = await api('GET', `/calls/${id}/summary`);
			return code === 200 && summary.status === 'completed';
		}, 120).catch((error) => {
			const jobs = postgres.query('pods', `SELECT kind, state, attempt, run_at / 1000000 - EXTRACT(epoch FROM now()), owner, last_error FROM job WHERE call_id = '${id}'`);
			throw new Error(`${error.message}: ${id}, jobs ${JSON.stringify(jobs)}`);
		});
	});
	await until('no slot has leaked', () => held() === 0, 60);
	assert.deepEqual(postgres.query('pods', `SELECT kind, last_error FROM job WHERE state = 'dead'`), [], 'no work was given up');
	await until('the world was told of every end', () => calls.every(({ id }) => receiver.ids.has(`call.status ${id} COMPLETED`)), 60);
	for (const [what, ids] of receiver.ids) if (/^call\.status .* COMPLETED$/.test(what)) assert.equal(ids.size, 1, `${what} has one id`);

	for (const dashboard of watching) {
		await until('a dashboard has seen every end', () => calls.every(({ id }) => dashboard.ends.has(id)), 30);
		await dashboard.stop();
		assert.equal(dashboard.error, undefined);
		for (const { id } of calls) assert.equal(dashboard.ends.get(id), 1, 'seen once');
	}
});

test('a tenant has no more calls at once than its limit, over all pods', { timeout: 120000 }, async () => {
	await until('nothing is held', () => held() === 0, 60);
	const most = Number(settings.MAX_CALLS_PER_TENANT);
	for (let i = 0; i < most - 3; i += 50) redis.run('ZADD', 'voiceai:lease:calls:default', ...Array.from({ length: Math.min(50, most - 3 - i) }, (_, j) => [String(Date.now() + 60000), `filler-${i + j}`]).flat());
	const answers = [];
	for (let i = 0; i < 5; i++) answers.push(await api('POST', '/calls/initiate', { phone_number: `+1555041${String(i).padStart(4, '0')}` }, {}, pods[i % 3].url));
	assert.deepEqual(answers.map(({ status }) => status), [201, 201, 201, 429, 429]);
	assert.equal(answers[4].body.error.code, 'too_many_calls');
	assert.ok(Number(answers[4].headers.get('retry-after')) > 0);
	const refused = await twilio.post(`${nginx.url}/api/v1/webhooks/twilio/voice`, twilio.voiceParams(twilio.inbound('+15550409999', '+15550100000'), 'ringing'));
	assert.match(refused.body, /<Reject reason="busy"\/>/);

	const first = answers[0].body.call_id;
	await insist('a call is ended', () => api('POST', `/calls/${first}/end`));
	await until('the carrier was asked', () => twilio.calls.find((one) => one.params?.get('Url').includes(`/${first}?`)));
	const call = twilio.calls.find((one) => one.params?.get('Url').includes(`/${first}?`));
	await insist('its end is heard', () => twilio.status(call, 'canceled'));
	await until('there is room again', async () => (await api('POST', '/calls/initiate', { phone_number: '+15550419999' })).status === 201);
});

test('a pod that is told to stop goes in good order', { timeout: 60000 }, async () => {
	const pod = pods[2];
	const dashboard = new Dashboard(pod.url);
	await until('it watches', () => dashboard.socket && dashboard.seq > 0);
	await pod.process.stop();
	assert.equal(pod.process.child.exitCode, 0);
	await until('it was told to come back', () => dashboard.closed.includes(1012), 5);
	await dashboard.stop();
	assert.equal((await insist('the others answer', () => api('GET', '/calls/active/list'))).status, 200);

	// One that is slow to go says so first.
	pod.process = new Process({ ...settings, PORT: String(pod.port), DRAIN_DELAY_SECONDS: '2' }, ['serve']);
	await pod.ready();
	pod.process.kill('SIGTERM');
	const answer = await until('it is not ready', async () => {
		const response = await fetch(`${pod.url}/ready`);
		return response.status === 503 && response.json();
	}, 2);
	assert.equal(answer.checks.drain, 'stopping');
	assert.equal((await fetch(`${pod.url}/api/v1/calls/active/list`)).status, 200, 'it still answers');
	assert.equal((await pod.process.end(10)).code, 0);
	pod.launch();
	await pod.ready();
});

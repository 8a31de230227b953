// Protects: pods are replaced one by one. One that runs goes on, with calls in flight, while a newer version's migrations
// add to the tables under it; one that starts on a schema newer than its own refuses, says why, and changes nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { sharedPostgres } from '../servers/postgres.mjs';
import { Process, System, isTerminal, until } from './system.mjs';

let postgres, twilio, ultravox, openai, system;
before(async () => {
	[postgres, twilio, ultravox, openai] = await Promise.all([sharedPostgres(), new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	system = await System.start(
		{
			DATABASE_URL: postgres.createDatabase(), DEFAULT_AGENT: 'assistant',
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`,
			OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		},
		['serve'],
	);
});
after(async () => {
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
	await postgres?.stop();
});

const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);

/** A call in which somebody talks. */
async function talk(number) {
	const { status, body } = await system.post('/calls/initiate', { phone_number: number });
	assert.equal(status, 201, JSON.stringify(body));
	const id = body.call_id;
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(id)));
	await system.call(id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(id);
	await twilio.connect(call);
	ok(await twilio.status(call, 'in-progress'));
	ok(await ultravox.joined(session));
	return { id, call, session };
}

async function hangUp({ id, call, session }) {
	session.messages = [{ role: 'MESSAGE_ROLE_USER', text: 'Tomorrow at ten.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	session.ended = new Date();
	session.endReason = 'hangup';
	ok(await twilio.status(call, 'completed', { CallDuration: '5' }));
	ok(await ultravox.ended(session, 'hangup'));
	await system.call(id, 'over', isTerminal);
	await until('it is analysed', async () => (await system.get(`/calls/${id}/summary`)).body.status === 'completed');
}

test('a pod that runs goes on while tables grow under it', { timeout: 60000 }, async () => {
	const before = await talk('+15550600001');
	const tables = ['tenant', 'call', 'call_event', 'transcript_turn', 'call_summary', 'recording', 'job', 'webhook_endpoint', 'webhook_delivery', 'call_cost', 'call_rollup_delta', 'call_payload', 'webhook_receipt'];
	system.sql(tables.map((table) => `ALTER TABLE ${table} ADD COLUMN newer BIGINT NOT NULL DEFAULT 7;`).join('\n'));
	system.sql('CREATE INDEX call_by_newer ON call (tenant_id, newer); CREATE TABLE newer (id TEXT PRIMARY KEY);');
	system.sql("INSERT INTO schema_migration (number, name, applied_at) VALUES (9999, 'newer', 0)");
	await hangUp(before);
	await hangUp(await talk('+15550600002'));
	for (const path of ['/calls/', '/calls/dashboard/analytics', '/analytics?tz=UTC', `/calls/${before.id}`, `/calls/${before.id}/events`])
		assert.equal((await system.get(path)).status, 200, path);
	assert.equal((await fetch(`${system.url('serve')}/ready`)).status, 200);
	assert.deepEqual(system.servers.serve.stderr.split('\n').filter((line) => /"event":"(statement_failed|job_failed)"/.test(line)), []);
});

test('a program that finds a newer schema does not start, and says so', async () => {
	await system.servers.serve.stop();
	const old = new Process(system.settings, ['serve']);
	assert.notEqual((await old.end()).code, 0);
	assert.match(old.stderr, /the database is at version 9999, this program knows \d+: start the newer program, or restore/);
	system.sql('DELETE FROM schema_migration WHERE number = 9999');
	system.launch('serve');
	await system.ready('serve');
});

// Protects: what operators see. /metrics has the specification's metrics by exactly their names and
// labels, promtool finds nothing wrong with it, a real Prometheus scrapes all three servers, and its
// queries give the figures of calls that were really made.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { Prometheus, promtool } from '../servers/prometheus.mjs';
import { System, isTerminal, until } from './system.mjs';

let system, twilio, ultravox, openai, prometheus;

before(async () => {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	// The carrier and the engine run beside it only to be scraped: the platform's vendors are stand-ins.
	system = await System.start({
		TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
		ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		DEFAULT_AGENT: 'assistant',
	});
	const target = (name) => new URL(system.url(name)).host;
	prometheus = await Prometheus.start({ platform: target('serve'), carrier: target('carrier'), engine: target('engine') });
});
after(async () => {
	await prometheus?.stop();
	await system?.stop();
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
});

async function oneCall() {
	const { body: record } = await system.post('/calls/initiate', { phone_number: '+15550200001' });
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(record.call_id)));
	await system.call(record.call_id, 'dialled', (c) => c.twilio_call_sid === call.sid);
	const session = ultravox.of(record.call_id);
	await twilio.status(call, 'ringing');
	await twilio.status(call, 'in-progress');
	await ultravox.joined(session);
	session.messages = [{ role: 'MESSAGE_ROLE_USER', text: 'Hello.', medium: 'MESSAGE_MEDIUM_VOICE' }];
	session.ended = new Date();
	session.endReason = 'hangup';
	await ultravox.ended(session, 'hangup');
	await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' });
	return system.call(record.call_id, 'over', isTerminal);
}

const metrics = async (name) => (await fetch(`${system.url(name)}/metrics`)).text();

/** The sum of the series of a query, once `accept` is true of it. */
const figure = (query, accept) =>
	until(query, async () => {
		const series = await prometheus.query(query);
		const sum = series.reduce((total, { value }) => total + value, 0);
		return series.length && accept(sum, series.length) && { sum, series };
	}, 60);

test('a call is seen in Prometheus by the names and labels of the specification', async () => {
	assert.equal((await oneCall()).status, 'COMPLETED');
	assert.equal((await fetch(`${system.api}/calls/no-such-call`)).status, 404);

	const { series } = await figure('call_total{status="completed"}', (sum) => sum === 1);
	const { __name__, job, instance, ...labels } = series.find(({ value }) => value === 1).metric;
	assert.deepEqual({ __name__, job, labels }, { __name__: 'call_total', job: 'platform', labels: { status: 'completed', direction: 'outbound' } });
	// Every way to end is there from the start, so that a rate sees the first of each.
	assert.equal((await prometheus.query('call_total{job="platform"}')).length, 8);

	await figure('call_duration_seconds_count', (sum) => sum === 1);
	assert.equal((await prometheus.query('call_duration_seconds_bucket{le="3600"}'))[0].value, 1);
	await figure('call_active_count{job="platform"}', (sum) => sum === 0);
	await figure('ultravox_session_duration_count', (sum) => sum === 1);
	const latency = await figure('api_request_duration_seconds_count{job="platform"}', (sum) => sum > 3);
	assert.deepEqual(Object.keys(latency.series[0].metric).sort(), ['__name__', 'instance', 'job']);
	const errors = await figure('api_error_total{job="platform"}', (sum) => sum >= 1);
	assert.ok(errors.series.some(({ metric }) => metric.endpoint === '/api/v1/calls/{call_id}'), JSON.stringify(errors.series));
});

test('what the specification does not name: queues, pools, vendors, the process', async () => {
	for (const query of ['up', 'voiceai_info', 'process_resident_memory_bytes', 'process_cpu_seconds_total', 'process_open_fds', 'event_loop_lag_seconds_count'])
		await figure(query, (sum, count) => sum > 0 && count === 3);
	const rss = (await prometheus.query('process_resident_memory_bytes{job="platform"}'))[0].value;
	assert.ok(rss > 5e6 && rss < 2e9, String(rss));
	const started = (await prometheus.query('time() - process_start_time_seconds{job="platform"}'))[0].value;
	assert.ok(started > 0 && started < 600, String(started));
	assert.ok((await prometheus.query('process_resident_memory_bytes / machine_memory_bytes'))[0].value < 1);
	for (const query of ['db_wait_seconds_count{kind="write"}', 'db_batch_duration_seconds_count', 'http_connections', 'http_response_total{class="2xx"}'])
		await figure(query, (sum) => sum > 0);
	await figure('sum(job_total{outcome="done"})', (sum) => sum >= 3);
	await figure('job_duration_seconds_count{kind="dial"}', (sum) => sum === 1);
	await figure('jobs_dead', (sum) => sum === 0);
	await figure('job_oldest_lease_seconds', (sum) => sum >= 0);
	for (const provider of ['twilio', 'ultravox', 'openai'])
		await figure(`provider_request_duration_seconds_count{provider="${provider}"}`, (sum) => sum >= 1);
});

test('failures show: a vendor that is down, a callback nobody signed', async () => {
	twilio.onCreate = (params, res) => res.writeHead(400).end('{"code": 21211, "message": "Invalid To"}');
	const { body } = await system.post('/calls/initiate', { phone_number: '+15550200002' });
	await system.call(body.call_id, 'failed', isTerminal);
	twilio.onCreate = null;
	await figure('provider_error_total{provider="twilio",reason="refused"}', (sum) => sum >= 1);
	await figure('call_total{status="failed",direction="outbound"}', (sum) => sum === 1);

	const url = `${system.api}/webhooks/twilio/status/${body.call_id}`;
	const forged = await fetch(url, { method: 'POST', headers: { 'X-Twilio-Signature': 'x' }, body: new URLSearchParams({ CallSid: 'CA1' }) });
	assert.equal(forged.status, 403);
	await figure('webhook_refused_total{source="twilio"}', (sum) => sum === 1);
	await figure('log_lines_total{level="warning",job="platform"}', (sum) => sum >= 1);
});

test('an open call is counted by its status until it is over', async () => {
	const { body } = await system.post('/calls/initiate', { phone_number: '+15550200003' });
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(body.call_id)));
	await system.call(body.call_id, 'dialled', (c) => c.twilio_call_sid);
	await twilio.status(call, 'ringing');
	await figure('call_active_count{job="platform"}', (sum) => sum === 1);
	await figure('calls_open{status="ringing"}', (sum) => sum === 1);
	await twilio.status(call, 'busy');
	await figure('call_active_count{job="platform"}', (sum) => sum === 0);
	await figure('calls_open', (sum) => sum === 0);
});

test('promtool has nothing to say, but for a name that the specification gives', async () => {
	for (const name of ['serve', 'carrier', 'engine']) {
		const { output } = promtool(['check', 'metrics'], await metrics(name));
		const complaints = output.split('\n').filter((line) => line && !line.startsWith('call_active_count '));
		assert.deepEqual(complaints, [], name);
	}
});

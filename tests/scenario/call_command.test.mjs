// Protects: `voiceai call` at a terminal. Whatever keeps a call from becoming a conversation is one clear line
// on stderr and exit code 1; the real phones are sipp's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sipp, speechFile } from './phone.mjs';
import { Process, System, freeTcpPort, freeUdpPort, isTerminal, until } from './system.mjs';

let system, phones;
before(async () => {
	const trunk = await freeUdpPort();
	system = await System.start({ SIP_TRUNK_URI: `sip:127.0.0.1:${trunk}`, RING_TIMEOUT_SECONDS: '6' });
	phones = await sipp('callees', { port: trunk, calls: 20, words: { talk_ms: 12000, audio_file: speechFile([4000, 'yes', 3000]) }, seconds: 170 });
});
after(async () => {
	await phones?.stop();
	await system?.stop();
});

async function call(args, settings = system.settings) {
	const process_ = new Process(settings, ['call', ...args]);
	const { code } = await process_.end(30);
	return { code, stdout: process_.stdout, stderr: process_.stderr };
}

/** Exactly one line on stderr that says `pattern`, exit code 1, and nothing of a conversation. */
function assertOneLine({ code, stdout, stderr }, pattern) {
	assert.equal(code, 1, stdout + stderr);
	assert.match(stderr, /^voiceai call: [^\n]+\n$/);
	assert.match(stderr, pattern);
	assert.doesNotMatch(stdout, /^(agent|caller|summary)/m);
}

test('the platform is not running', { timeout: 60000 }, async () => {
	const url = `http://127.0.0.1:${await freeTcpPort()}`;
	assertOneLine(await call(['+15550100123', '--url', url]), /does not answer.*is `voiceai up` running\?/);
});

for (const [what, args, pattern] of [
	['an unknown agent', ['+15550100120', '--agent', 'nobody'], /agent.*nobody|nobody.*agent/],
	['a bad number', ['12345'], /phone_number must be E\.164/],
	['a number with an escape sequence', ['+1555\x1b[31m'], /^voiceai call: [^\x1b]*phone_number[^\x1b]*$/m],
	['a busy line', ['+15550100126'], /the line is busy/],
	['nobody answering', ['+15550100128'], /nobody answered/],
	['a declined call', ['+15550100129'], /declined|busy/],
]) {
	test(`${what} is one line and exit code 1`, { timeout: 60000 }, async () => {
		assertOneLine(await call(args), pattern);
	});
}

for (const [args, pattern] of [
	[[], /which number\?/],
	[['--agent'], /unknown option or missing value/],
	[['+15550100123', '--max-duration', 'long'], /--max-duration takes seconds/],
	[['+15550100123', '--url', 'ftp://127.0.0.1'], /--url takes an http/],
]) {
	test(`wrong usage is exit code 2: ${args.join(' ')}`, { timeout: 60000 }, async () => {
		const { code, stderr } = await call(args);
		assert.equal(code, 2);
		assert.match(stderr, pattern);
		assert.equal(stderr.trim().split('\n').length, 1);
	});
}

test('Ctrl-C while it rings cancels the call', { timeout: 60000 }, async () => {
	const process_ = new Process(system.settings, ['call', '+15550100138']);
	await until('it rings', () => /^ringing/m.test(process_.stdout));
	const before_ = Date.now();
	process_.kill('SIGINT');
	const { code } = await process_.end(10);
	assert.equal(code, 1);
	assert.ok(Date.now() - before_ < 3500, `took ${Date.now() - before_} ms`);
	const { body } = await system.get('/calls/?limit=1');
	const ended = await system.call(body.calls[0].call_id, 'over', isTerminal, 10);
	assert.equal(ended.status, 'FAILED');
	assert.equal(ended.end_reason, 'canceled');
});

// What is heard on the carrier's calls: speech, files and keys of TwiML, keys of the phone, media
// streams both ways, and recordings.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { Carrier, twilio, until } from './carrier_harness.mjs';

let carrier;
before(async () => (carrier = await Carrier.start({ RECORD_CALLS: 'true' })));
after(async () => {
	assert.deepEqual(await carrier.stop(), { code: 0, signal: null });
});

/** A WAV file: `ms` of a square wave of `hz`. */
function wav({ rate = 8000, channels = 1, bits = 16, format = 1, ms = 500, hz = 400 }) {
	const frames = (rate * ms) / 1000;
	const data = Buffer.alloc((frames * channels * bits) / 8);
	for (let i = 0; i < frames * channels; i++) {
		const high = Math.floor((Math.floor(i / channels) * 2 * hz) / rate) % 2;
		if (bits === 16) data.writeInt16LE(high ? 8000 : -8000, i * 2);
		else data[i] = format === 7 ? (high ? 0x90 : 0x10) : high ? 0xa0 : 0x60;
	}
	const header = Buffer.alloc(44);
	header.write('RIFF');
	header.writeUInt32LE(36 + data.length, 4);
	header.write('WAVEfmt ', 8);
	header.writeUInt32LE(16, 16);
	header.writeUInt16LE(format, 20);
	header.writeUInt16LE(channels, 22);
	header.writeUInt32LE(rate, 24);
	header.writeUInt32LE((rate * channels * bits) / 8, 28);
	header.writeUInt16LE((channels * bits) / 8, 32);
	header.writeUInt16LE(bits, 34);
	header.write('data', 36);
	header.writeUInt32LE(data.length, 40);
	return Buffer.concat([header, data]);
}

/** Milliseconds of sound that a phone heard. */
const soundMs = (phone) => 20 * phone.heard.filter((frame) => frame.filter((byte) => (byte & 0x7f) < 0x60).length > 40).length;

/** A media stream server: remembers what it is told; `onMessage` may answer. */
async function streamServer(onMessage = () => {}) {
	const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
	await new Promise((done) => server.once('listening', done));
	const stream = { server, messages: [], url: `ws://127.0.0.1:${server.address().port}/media` };
	stream.named = (event) => stream.messages.filter((message) => message.event === event);
	stream.closed = new Promise((done) =>
		server.on('connection', (socket, request) => {
			stream.socket = socket;
			stream.request = request;
			stream.send = (message) => socket.send(JSON.stringify({ streamSid: stream.sid, ...message }));
			socket.on('message', (data, binary) => {
				assert.equal(binary, false);
				const message = JSON.parse(data);
				stream.messages.push(message);
				if (message.event === 'start') stream.sid = message.streamSid;
				onMessage(message, stream);
			});
			socket.once('close', (code) => done(code));
		}),
	);
	stream.stop = () => {
		for (const client of server.clients) client.terminate();
		server.close();
	};
	return stream;
}

test('Say speaks as often as its loop says', async () => {
	carrier.customer.pages['/voice'] = '<Response><Say loop="2" voice="alice">Hello, this is a test.</Say></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await carrier.ended(sid);
	assert.equal(await phone.end(), 0);
	assert.ok(soundMs(phone) > 1200, `${soundMs(phone)} ms of sound`);
});

for (const [what, file] of [
	['16-bit PCM at 8 kHz', wav({})],
	['stereo at 44.1 kHz', wav({ rate: 44100, channels: 2 })],
	['mu-law', wav({ format: 7, bits: 8 })],
])
	test(`Play plays a WAV file of ${what}`, async () => {
		carrier.customer.pages['/file.wav'] = { type: 'audio/wav', body: file };
		carrier.customer.pages['/voice'] = '<Response><Play>/file.wav</Play></Response>';
		const phone = await carrier.phone('answer');
		const { sid } = await carrier.create();
		await carrier.ended(sid);
		await phone.end();
		assert.ok(Math.abs(soundMs(phone) - 500) <= 60, `${soundMs(phone)} ms of sound`);
	});

test('a file that cannot be played is passed over', async () => {
	carrier.customer.pages['/voice'] = '<Response><Play>/nothing.wav</Play><Play digits="7"/></Response>';
	carrier.customer.pages['/nothing.wav'] = { type: 'audio/wav', body: 'RIFF' };
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	assert.equal((await carrier.ended(sid)).status, 'completed');
	await phone.end();
	assert.equal(phone.events.join(''), '7');
});

test('SendDigits are pressed after the answer', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="1"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create({ sendDigits: 'w12w3' });
	await carrier.ended(sid);
	await phone.end();
	assert.equal(phone.events.join(''), '123');
});

test('Gather: keys silence the prompt and go to the action', async () => {
	carrier.customer.pages['/voice'] =
		'<Response><Gather numDigits="4" action="/keys" timeout="5"><Say>Please enter a very long number, and take all the time in the world to do so, since nobody is waiting for you. Please enter a very long number.</Say></Gather></Response>';
	carrier.customer.pages['/keys'] = '<Response><Hangup/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await until('the prompt is heard', () => soundMs(phone) > 200);
	await phone.press('12');
	await pause(300);
	const before = soundMs(phone);
	await pause(500);
	assert.ok(soundMs(phone) - before < 100, 'the prompt went on');
	await phone.press('34');
	await carrier.ended(sid);
	await phone.end();
	const [keys] = carrier.customer.at('/keys');
	assert.equal(keys.params.Digits, '1234');
	assert.equal(keys.params.CallSid, sid);
});

test('Gather: the finish key ends it, and is not one of the digits', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] = '<Response><Gather action="/keys"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await phone.talking();
	await phone.press('90#');
	await carrier.ended(sid);
	await phone.end();
	const [keys] = carrier.customer.at('/keys');
	assert.equal(keys.params.Digits, '90');
	assert.equal(keys.params.FinishedOnKey, '#');
});

test('Gather without keys goes on with the next verb, or to the action when told so', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] =
		'<Response><Gather timeout="1" action="/keys"/><Gather timeout="0" actionOnEmptyResult="true" action="/empty"/></Response>';
	carrier.customer.pages['/empty'] = '<Response/>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await carrier.ended(sid);
	await phone.end();
	assert.equal(carrier.customer.at('/keys').length, 0);
	assert.equal(carrier.customer.at('/empty')[0].params.Digits, '');
});

test('a media stream: what the phone says, what the server says, marks, clear, keys, stop', async () => {
	carrier.customer.requests.length = 0;
	const stream = await streamServer();
	carrier.customer.pages['/voice'] =
		`<Response><Connect><Stream url="${stream.url}" name="echo" statusCallback="${carrier.customer.url('/stream')}">` +
		'<Parameter name="agent" value="Ann &amp; Bob"/><Parameter name="empty" value=""/></Stream></Connect></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await until('the stream starts', () => stream.named('start').length);

	assert.deepEqual(stream.messages[0], { event: 'connected', protocol: 'Call', version: '1.0.0' });
	const start = stream.messages[1];
	assert.match(start.streamSid, /^MZ[0-9a-f]{32}$/);
	assert.deepEqual(start, {
		event: 'start',
		sequenceNumber: '1',
		streamSid: start.streamSid,
		start: {
			accountSid: carrier.sid,
			streamSid: start.streamSid,
			callSid: sid,
			tracks: ['inbound'],
			mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
			customParameters: { agent: 'Ann & Bob', empty: '' },
		},
	});
	assert.ok(twilio.validateRequest(carrier.token, stream.request.headers['x-twilio-signature'], stream.url, {}));

	await phone.talking();
	await phone.speak(0x20, 400);
	await until('the server hears it', () =>
		stream.named('media').filter((m) => Buffer.from(m.media.payload, 'base64').every((byte) => byte === 0x20)).length >= 15);
	const media = stream.named('media');
	assert.deepEqual(media.slice(0, 3).map((m) => m.media.chunk), ['1', '2', '3']);
	assert.ok(media.every((m) => m.media.track === 'inbound' && typeof m.media.timestamp === 'string'));
	assert.ok(media.every((m) => Buffer.from(m.media.payload, 'base64').length === 160));
	const sequence = stream.messages.slice(1).map((m) => Number(m.sequenceNumber));
	assert.deepEqual(sequence, sequence.map((_, i) => i + 1));

	// 300 ms in one odd piece, then a mark that comes back once it was played.
	phone.heard.length = 0;
	const sent = Date.now();
	stream.send({ event: 'media', media: { payload: Buffer.alloc(2401, 0x30).toString('base64') } });
	stream.send({ event: 'mark', mark: { name: 'said' } });
	await until('the mark comes back', () => stream.named('mark').length);
	assert.ok(Date.now() - sent >= 250, `mark after ${Date.now() - sent} ms`);
	assert.equal(stream.named('mark')[0].mark.name, 'said');
	await until('the phone hears it', () => phone.heard.flatMap((frame) => [...frame]).filter((byte) => byte === 0x30).length >= 2400);

	// Ten seconds, cut off: the mark comes back at once and the phone goes quiet.
	stream.send({ event: 'media', media: { payload: Buffer.alloc(80000, 0x30).toString('base64') } });
	stream.send({ event: 'mark', mark: { name: 'never heard' } });
	await pause(300);
	stream.send({ event: 'clear' });
	await until('the mark comes back', () => stream.named('mark').length === 2, 1);
	await pause(200);
	phone.heard.length = 0;
	await pause(300);
	assert.ok(!phone.heardSound);
	stream.send({ event: 'mark', mark: { name: 'nothing queued' } });
	await until('the mark comes back', () => stream.named('mark').length === 3, 1);

	await phone.press('5#');
	await until('the keys arrive', () => stream.named('dtmf').length === 2);
	assert.deepEqual(stream.named('dtmf').map((m) => m.dtmf), [
		{ track: 'inbound_track', digit: '5' },
		{ track: 'inbound_track', digit: '#' },
	]);

	// Nonsense is reported, and harms nothing.
	stream.socket.send('nonsense');
	stream.socket.send(Buffer.from([1, 2, 3]), { binary: true });
	stream.send({ event: 'media', media: { payload: '***' } });
	stream.socket.send(JSON.stringify({ event: 'media', streamSid: 'MZ0', media: { payload: '' } }));
	stream.send({ event: 'unheard of' });

	await pause(100);
	await carrier.client.calls(sid).update({ status: 'completed' });
	assert.equal(await stream.closed, 1000);
	assert.deepEqual(stream.messages.at(-1).stop, { accountSid: carrier.sid, callSid: sid });
	assert.equal(await phone.end(), 0);
	await until('the end of the stream is reported', () => carrier.customer.at('/stream').length >= 3);
	const events = carrier.customer.at('/stream').map((r) => r.params);
	assert.deepEqual(events.map((e) => e.StreamEvent), ['stream-started', 'stream-error', 'stream-stopped']);
	assert.ok(events.every((e) => e.StreamSid === start.streamSid && e.StreamName === 'echo' && /^\d{4}-\d\d-\d\dT/.test(e.Timestamp)));
	assert.ok(carrier.customer.at('/stream').every((r) => r.valid));
	stream.stop();
});

test('<Start> copies both sides of a call while its verbs go on, until <Stop>', async () => {
	carrier.customer.requests.length = 0;
	const stream = await streamServer();
	carrier.customer.pages['/voice'] =
		`<Response><Start><Stream url="${stream.url}" name="copy" track="both_tracks" statusCallback="/stream"><Parameter name="for" value="training"/></Stream></Start>` +
		'<Gather numDigits="1" timeout="60" action="/stop"/></Response>';
	carrier.customer.pages['/stop'] = '<Response><Stop><Stream name="nobody"/></Stop><Stop><Stream name="copy"/></Stop><Play digits="7"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await until('the stream starts', () => stream.named('start').length);
	const { start } = stream.named('start')[0];
	assert.deepEqual([start.callSid, start.tracks, start.customParameters], [sid, ['inbound', 'outbound'], { for: 'training' }]);
	await phone.talking();
	await phone.speak(0x20, 200);
	await until('what the phone says is copied', () => stream.named('media').some(({ media }) => media.track === 'inbound' && Buffer.from(media.payload, 'base64').every((byte) => byte === 0x20)));
	assert.ok(stream.named('media').some(({ media }) => media.track === 'outbound'));
	await phone.press('1');
	assert.equal(await stream.closed, 1000);
	assert.equal(stream.messages.at(-1).event, 'stop');
	await carrier.ended(sid);
	await phone.end();
	assert.equal(phone.events.join(''), '7', 'the verbs after it');
	assert.equal(stream.named('dtmf').length, 0, 'keys are not told one way');
	await until('its end is reported', () => carrier.customer.at('/stream').length >= 2);
	assert.deepEqual(carrier.customer.at('/stream').map(({ params }) => [params.StreamEvent, params.StreamName]), [['stream-started', 'copy'], ['stream-stopped', 'copy']]);
	stream.stop();
});

test('a server that closes hands the call to the next verb; an action is asked', async () => {
	for (const action of ['', ' action="/after"']) {
		carrier.customer.requests.length = 0;
		const stream = await streamServer((message, { socket }) => message.event === 'start' && socket.close());
		carrier.customer.pages['/voice'] = `<Response><Connect${action}><Stream url="${stream.url}"/></Connect><Play digits="1"/></Response>`;
		carrier.customer.pages['/after'] = '<Response><Play digits="2"/></Response>';
		const phone = await carrier.phone('answer');
		const { sid } = await carrier.create();
		await carrier.ended(sid);
		await phone.end();
		assert.equal(phone.events.join(''), action ? '2' : '1');
		stream.stop();
	}
});

test('a stream that cannot be begun is reported, and the call goes on', async () => {
	const refused = new WebSocketServer({ port: 0, host: '127.0.0.1', verifyClient: () => false });
	await new Promise((done) => refused.once('listening', done));
	for (const [url, code] of [
		[`ws://127.0.0.1:${refused.address().port}/`, '31920'],
		['ws://127.0.0.1:1/', '31902'],
		['ws://192.0.2.1/', '31922'],
		['https://127.0.0.1/', '31922'],
	]) {
		carrier.customer.requests.length = 0;
		carrier.customer.pages['/voice'] =
			`<Response><Connect><Stream url="${url}" statusCallback="${carrier.customer.url('/stream')}"/></Connect><Play digits="1"/></Response>`;
		const phone = await carrier.phone('answer');
		const { sid } = await carrier.create();
		await carrier.ended(sid);
		await phone.end();
		assert.equal(phone.events.join(''), '1');
		await until('the error is reported', () => carrier.customer.at('/stream').length);
		const [{ params }] = carrier.customer.at('/stream');
		assert.equal(params.StreamEvent, 'stream-error');
		assert.ok(params.StreamError.startsWith(code), params.StreamError);
	}
	refused.close();
});

test('a phone that falls silent is heard as silence', async () => {
	const stream = await streamServer();
	carrier.customer.pages['/voice'] = `<Response><Connect><Stream url="${stream.url}"/></Connect></Response>`;
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create();
	await until('the stream starts', () => stream.named('start').length);
	await pause(1000);
	const count = stream.named('media').length;
	assert.ok(count >= 40 && count <= 60, `${count} frames in a second`);
	await carrier.client.calls(sid).update({ status: 'completed' });
	await phone.end();
	stream.stop();
});

test('a unidirectional stream copies both tracks while the call goes on, until it is stopped', async () => {
	carrier.customer.pages['/tone.wav'] = { type: 'audio/wav', body: wav({ ms: 8000 }) };
	carrier.customer.pages['/voice'] = '<Response><Play>/tone.wav</Play></Response>';
	const [phone, copy] = [await carrier.phone('answer'), await streamServer()];
	const { sid } = await carrier.create();
	await phone.talking();
	const { client } = carrier;
	const stream = await client.calls(sid).streams.create({ url: `${copy.url}/token?dropped=1`, track: 'both_tracks', name: 'copy', 'parameter1.name': 'a', 'parameter1.value': 'b' });
	assert.deepEqual([stream.status, stream.callSid, stream.name], ['in-progress', sid, 'copy']);
	const speaking = phone.speak(0x2a, 1500);
	const loud = (track) => copy.named('media').some(({ media }) => media.track === track && Buffer.from(media.payload, 'base64').some((byte) => (byte & 0x7f) < 0x40));
	// The file was queued as a whole before the stream began.
	await until('both tracks are heard', () => loud('inbound') && loud('outbound'));
	await speaking;
	assert.equal(copy.request.url, '/media/token');
	const [start] = copy.named('start');
	assert.deepEqual(start.start.tracks, ['inbound', 'outbound']);
	assert.deepEqual(start.start.customParameters, { a: 'b' });
	assert.equal(start.start.callSid, sid);
	assert.equal((await client.calls(sid).streams('copy').update({ status: 'stopped' })).status, 'stopped');
	assert.equal(await copy.closed, 1000);
	assert.equal(copy.named('stop').length, 1);
	assert.equal((await client.calls(sid).fetch()).status, 'in-progress');
	await assert.rejects(client.calls(sid).streams('copy').update({ status: 'stopped' }), { code: 20404 });
	await client.calls(sid).update({ status: 'completed' });
	await carrier.ended(sid);
	await assert.rejects(client.calls(sid).streams.create({ url: copy.url }), { code: 21220 });
	await phone.end();
	copy.stop();
});

test('a call is recorded, one side a channel, and reported', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/file.wav'] = { type: 'audio/wav', body: wav({ ms: 1000 }) };
	carrier.customer.pages['/voice'] = '<Response><Pause length="1"/><Play>/file.wav</Play><Pause length="1"/></Response>';
	const phone = await carrier.phone('answer');
	phone.echo = true;
	const { sid } = await carrier.create({
		record: true,
		recordingChannels: 'dual',
		recordingStatusCallback: carrier.customer.url('/recording'),
		recordingStatusCallbackEvent: ['in-progress completed'],
		trim: 'do-not-trim',
	});
	const call = await carrier.ended(sid);
	await phone.end();
	await until('the recording is reported', () => carrier.customer.at('/recording').length === 2);
	const [begun, done] = carrier.customer.at('/recording').map((r) => r.params);
	assert.equal(begun.RecordingStatus, 'in-progress');
	assert.equal(done.RecordingStatus, 'completed');
	assert.equal(done.CallSid, sid);
	assert.equal(done.RecordingChannels, '2');
	assert.equal(done.RecordingDuration, call.duration);
	const completed = (await carrier.statuses(sid, 4)).at(-1);
	assert.equal(completed.RecordingSid, done.RecordingSid);
	assert.equal(completed.RecordingUrl, done.RecordingUrl);

	const [recording] = await carrier.client.calls(sid).recordings.list();
	assert.equal(recording.sid, done.RecordingSid);
	assert.equal(recording.status, 'completed');
	assert.equal((await carrier.client.recordings(recording.sid).fetch()).channels, 2);
	assert.equal((await carrier.client.recordings.list({ callSid: sid })).length, 1);

	const audio = Buffer.from(await (await fetch(`${done.RecordingUrl}.wav?RequestedChannels=2`, { headers: carrier.authorization })).arrayBuffer());
	assert.equal(audio.toString('latin1', 0, 4), 'RIFF');
	assert.equal(audio.readUInt16LE(22), 2);
	assert.equal(audio.readUInt32LE(40), audio.length - 44);
	const frames = (audio.length - 44) / 4;
	assert.ok(Math.abs(frames / 8000 - 3) < 0.4, `${frames / 8000} s`);
	const loud = (channel) => {
		const at = [];
		for (let i = 0; i < frames; i++) if (Math.abs(audio.readInt16LE(44 + 4 * i + 2 * channel)) > 4000) at.push(i);
		return { from: at[0] / 8000, to: at.at(-1) / 8000 };
	};
	const [heard, played] = [loud(0), loud(1)];
	assert.ok(Math.abs(played.to - played.from - 1) < 0.1, JSON.stringify(played));
	// The echo comes back later than what was played, by the way there and back.
	assert.ok(heard.from > played.from && heard.from < played.from + 0.4, JSON.stringify({ heard, played }));

	const mono = await fetch(`${done.RecordingUrl}.wav?RequestedChannels=1`, { headers: carrier.authorization });
	assert.equal(Buffer.from(await mono.arrayBuffer()).readUInt16LE(22), 1);
	assert.equal((await fetch(`${done.RecordingUrl}.wav`)).status, 401);
	assert.equal((await fetch(`${done.RecordingUrl}.mp3`, { headers: carrier.authorization })).status, 404);
	assert.equal(await carrier.client.recordings(recording.sid).remove(), true);
	assert.equal((await fetch(`${done.RecordingUrl}.wav`, { headers: carrier.authorization })).status, 404);
});

test('inbound calls are recorded when the account says so', async () => {
	carrier.customer.pages['/voice'] = '<Response><Pause length="1"/></Response>';
	const caller = await carrier.caller('call');
	assert.equal(await caller.end(), 0);
	const { CallSid } = carrier.customer.at('/voice').at(-1).params;
	await until('it is there', async () => (await carrier.client.calls(CallSid).recordings.list())[0]?.status === 'completed');
});

test('metrics count the calls and callbacks', async () => {
	const text = await (await fetch(`${carrier.url}/metrics`)).text();
	assert.match(text, /^carrier_call_total\{status="completed"\} \d+/m);
	assert.match(text, /^carrier_callback_total\{outcome="delivered"\} \d+/m);
	assert.match(text, /^carrier_media_streams 0$/m);
});

test('a crash: finished calls are still there, lost ones end and say so, recordings are readable', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] = '<Response><Pause length="60"/></Response>';
	const phone = await carrier.phone('answer_then_bye', { TALK_MS: 20000 });
	const { sid } = await carrier.create({ record: true, recordingChannels: 'dual', recordingStatusCallback: carrier.customer.url('/recording') });
	await phone.talking();
	await pause(2500);
	carrier.system.servers.carrier.kill('SIGKILL');
	await carrier.system.servers.carrier.exited;
	carrier.system.launch('carrier');
	await carrier.system.ready('carrier');

	const call = await carrier.client.calls(sid).fetch();
	assert.equal(call.status, 'completed');
	assert.ok(Number(call.duration) >= 1 && Number(call.duration) <= 3, call.duration);
	const statuses = await carrier.statuses(sid, 4);
	assert.deepEqual(statuses.map((s) => s.SequenceNumber), ['0', '1', '2', '3']);
	assert.equal(statuses[3].CallStatus, 'completed');
	await until('the recording is reported', () => carrier.customer.at('/recording').length === 1);
	const { RecordingUrl } = carrier.customer.at('/recording')[0].params;
	const audio = Buffer.from(await (await fetch(`${RecordingUrl}.wav`, { headers: carrier.authorization })).arrayBuffer());
	assert.equal(audio.readUInt32LE(40), audio.length - 44);
	await pause(300);
	assert.equal(carrier.customer.at('/status').filter((r) => r.params.CallSid === sid && r.params.CallStatus === 'completed').length, 1);
	assert.ok((await carrier.client.calls.list()).length > 5);
	phone.child.kill('SIGKILL');
	await phone.end();
});

// Recordings made while a call is live: started, paused, stopped and deleted through the vendor's
// client, one at a time, told of as they should be; what the account records is recorded once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Carrier, until } from './carrier_harness.mjs';

let carrier;
before(async () => (carrier = await Carrier.start({ RECORD_CALLS: 'true' })));
after(async () => {
	assert.deepEqual(await carrier.stop(), { code: 0, signal: null });
});

const failsWith = (promise, code, status = 400) =>
	assert.rejects(promise, (error) => {
		assert.equal(error.code, code, error.message);
		assert.equal(error.status, status);
		return true;
	});

/** A call that is talked on, and its phone. */
async function talk(more = {}) {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] = '<Response><Pause length="60"/></Response>';
	const phone = await carrier.phone('answer');
	const { sid } = await carrier.create(more);
	await phone.talking();
	return { sid, phone, call: carrier.client.calls(sid) };
}

async function hangUp({ call, phone }) {
	await call.update({ status: 'completed' });
	assert.equal(await phone.end(), 0);
}

const reports = () => carrier.customer.at('/recording').map((r) => r.params);

/** The callback of a finished recording. */
async function reported(count = 1) {
	await until('the recording is reported', () => reports().length >= count);
	return reports();
}

/** Samples of one channel, and how long the recording is. */
async function audioOf(url) {
	const response = await fetch(`${url}.wav`, { headers: carrier.authorization });
	assert.equal(response.status, 200);
	const file = Buffer.from(await response.arrayBuffer());
	const channels = file.readUInt16LE(22);
	assert.equal(file.readUInt32LE(40), file.length - 44);
	const frames = (file.length - 44) / 2 / channels;
	return {
		channels,
		seconds: frames / 8000,
		loud: (channel) => {
			let count = 0;
			for (let i = 0; i < frames; i++) if (Math.abs(file.readInt16LE(44 + 2 * (channels * i + channel))) > 4000) count++;
			return count / 8000;
		},
	};
}

test('a live call is recorded from the request on', async () => {
	const talk1 = await talk();
	await pause(600);
	const recording = await talk1.call.recordings.create({
		recordingStatusCallback: carrier.customer.url('/recording'),
		recordingStatusCallbackEvent: ['in-progress completed absent'],
		recordingChannels: 'dual',
	});
	assert.match(recording.sid, /^RE[0-9a-f]{32}$/);
	assert.equal(recording.status, 'in-progress');
	assert.equal(recording.channels, 2);
	assert.equal(recording.source, 'StartCallRecordingAPI');
	assert.equal(recording.callSid, talk1.sid);
	assert.equal(recording.duration, null);
	await failsWith(talk1.call.recordings.create(), 20001);
	await failsWith(carrier.client.recordings(recording.sid).remove(), 21220);
	await talk1.phone.speak(0x20, 1000);
	await hangUp(talk1);
	const [begun, done] = await reported(2);
	assert.equal(begun.RecordingStatus, 'in-progress');
	assert.equal(done.RecordingStatus, 'completed');
	assert.equal(done.RecordingSid, recording.sid);
	assert.equal(done.RecordingSource, 'StartCallRecordingAPI');
	assert.equal(done.RecordingTrack, 'both');
	assert.equal(done.CallStatus, undefined);
	const audio = await audioOf(done.RecordingUrl);
	assert.equal(audio.channels, 2);
	assert.ok(audio.seconds > 0.9 && audio.seconds < 1.6, `${audio.seconds} s`);
	assert.equal(Number(done.RecordingDuration), Math.round(audio.seconds));
	assert.ok(audio.loud(0) > 0.8 && audio.loud(1) === 0);
	// It belongs to the request, not to the call's own end.
	assert.equal((await carrier.statuses(talk1.sid, 4)).at(-1).RecordingSid, undefined);
	assert.ok(carrier.customer.requests.every((r) => r.valid));
	assert.equal(await carrier.client.recordings(recording.sid).remove(), true);
	await failsWith(carrier.client.recordings(recording.sid).fetch(), 20404, 404);
	assert.deepEqual(await talk1.call.recordings.list(), []);
});

for (const [behaviour, least, most] of [['skip', 0.7, 1.5], ['silence', 1.7, 2.6]])
	test(`a paused recording, ${behaviour}: nothing of the pause is heard`, async () => {
		const live = await talk();
		await live.call.recordings.create({
			recordingStatusCallback: carrier.customer.url('/recording'),
			recordingTrack: 'inbound',
		});
		const current = live.call.recordings('Twilio.CURRENT');
		await live.phone.speak(0x20, 400);
		assert.equal((await current.update({ status: 'paused', pauseBehavior: behaviour })).status, 'paused');
		assert.equal((await current.update({ status: 'paused' })).status, 'paused');
		await live.phone.speak(0x20, 1000);
		assert.equal((await current.update({ status: 'in-progress' })).status, 'in-progress');
		await live.phone.speak(0x20, 400);
		const { sid, status, track } = await current.update({ status: 'stopped' });
		assert.equal(status, 'stopped');
		assert.equal(track, 'inbound');
		await failsWith(current.update({ status: 'paused' }), 20404, 404);
		await failsWith(live.call.recordings(sid).update({ status: 'in-progress' }), 21220);
		const [done] = await reported();
		assert.equal(done.RecordingSid, sid);
		assert.equal(done.RecordingTrack, 'inbound');
		const audio = await audioOf(done.RecordingUrl);
		assert.ok(audio.seconds > least && audio.seconds < most, `${audio.seconds} s`);
		assert.ok(audio.loud(0) > 0.55 && audio.loud(0) < 1.1, `${audio.loud(0)} s of sound`);
		// The call goes on, and may be recorded anew.
		const second = await live.call.recordings.create();
		assert.notEqual(second.sid, sid);
		await hangUp(live);
		await until('both are there', async () => {
			const all = await live.call.recordings.list({ pageSize: 1 });
			return all.length === 2 && all.every((one) => one.status === 'completed');
		});
	});

test('a recording can be made of what we play alone', async () => {
	const live = await talk();
	live.phone.echo = true;
	await live.call.recordings.create({ recordingTrack: 'outbound', recordingChannels: 'dual', recordingStatusCallback: carrier.customer.url('/recording') });
	await live.call.update({ twiml: '<Response><Say>Hello, hello, hello, this is the carrier that speaks.</Say><Pause length="1"/></Response>' });
	await carrier.ended(live.sid);
	await live.phone.end();
	const [done] = await reported();
	const audio = await audioOf(done.RecordingUrl);
	assert.ok(audio.loud(1) > 0.1);
	assert.equal(audio.loud(0), 0);
});

test('trim-silence cuts both ends, and what is all silence is absent', async () => {
	const live = await talk();
	await live.call.recordings.create({ trim: 'trim-silence', recordingStatusCallback: carrier.customer.url('/recording') });
	await pause(1000);
	await live.phone.speak(0x20, 500);
	await pause(1000);
	await live.call.recordings('Twilio.CURRENT').update({ status: 'stopped' });
	const [done] = await reported();
	const audio = await audioOf(done.RecordingUrl);
	assert.ok(audio.seconds > 0.45 && audio.seconds < 2, `${audio.seconds} s`);
	assert.ok(audio.loud(0) > 0.4);

	carrier.customer.requests.length = 0;
	const silent = await live.call.recordings.create({
		trim: 'trim-silence',
		recordingStatusCallback: carrier.customer.url('/recording'),
		recordingStatusCallbackEvent: ['completed absent'],
	});
	await pause(400);
	await hangUp(live);
	const [absent] = await reported();
	assert.equal(absent.RecordingSid, silent.sid);
	assert.equal(absent.RecordingStatus, 'absent');
	assert.equal(absent.RecordingDuration, '0');
	assert.equal((await fetch(`${absent.RecordingUrl}.wav`, { headers: carrier.authorization })).status, 404);
});

test('bad requests are refused with the parameter named', async () => {
	const live = await talk();
	const { recordings } = live.call;
	await assert.rejects(recordings.create({ recordingChannels: 'three' }), /RecordingChannels must be one of mono\|dual/);
	await assert.rejects(recordings.create({ recordingTrack: 'left' }), /RecordingTrack/);
	await assert.rejects(recordings.create({ trim: 'yes' }), /Trim/);
	await assert.rejects(recordings.create({ recordingStatusCallback: 'nowhere' }), /RecordingStatusCallback is not a valid URL/);
	await assert.rejects(recordings.create({ recordingStatusCallbackEvent: ['begun'] }), /begun/);
	await failsWith(carrier.client.calls('CA' + '0'.repeat(32)).recordings.create(), 20404, 404);
	const { sid } = await recordings.create();
	await assert.rejects(recordings(sid).update({ status: 'deleted' }), /Status must be one of/);
	await assert.rejects(recordings(sid).update({ status: 'paused', pauseBehavior: 'hum' }), /PauseBehavior/);
	const other = carrier.client.calls('CA' + '1'.repeat(32)).recordings(sid);
	await failsWith(other.update({ status: 'stopped' }), 20404, 404);
	await hangUp(live);
	await failsWith(recordings.create(), 21220);
});

test('an inbound call that the account records is recorded once, whoever asks for it', async () => {
	carrier.customer.requests.length = 0;
	carrier.customer.pages['/voice'] = '<Response><Pause length="2"/></Response>';
	const caller = await carrier.caller('call');
	await caller.talking();
	const { CallSid: sid } = carrier.customer.at('/voice')[0].params;
	const [byAccount] = await carrier.client.calls(sid).recordings.list();
	assert.equal(byAccount.status, 'in-progress');
	const asked = await carrier.client.calls(sid).recordings.create({
		recordingChannels: 'dual',
		recordingStatusCallback: carrier.customer.url('/recording'),
		recordingStatusCallbackEvent: ['completed absent'],
	});
	assert.equal(asked.sid, byAccount.sid);
	assert.equal(asked.source, 'StartCallRecordingAPI');
	await failsWith(carrier.client.calls(sid).recordings.create(), 20001);
	assert.equal(await caller.end(), 0);
	const [done] = await reported();
	assert.equal(done.RecordingSid, asked.sid);
	const audio = await audioOf(done.RecordingUrl);
	assert.ok(audio.channels === 2 && audio.seconds > 1.7, `${audio.seconds} s`);
	const [status] = await carrier.statuses(sid, 1);
	assert.equal(status.RecordingSid, asked.sid);
	await pause(300);
	assert.equal((await carrier.client.recordings.list({ callSid: sid })).length, 1);
	assert.equal(reports().length, 1);
});

test('a crash while paused: the recording is what was written, and is reported', async () => {
	const live = await talk();
	await live.call.recordings.create({ recordingStatusCallback: carrier.customer.url('/recording') });
	await live.phone.speak(0x20, 1600);
	await live.call.recordings('Twilio.CURRENT').update({ status: 'paused', pauseBehavior: 'skip' });
	await pause(300);
	carrier.system.servers.carrier.kill('SIGKILL');
	await carrier.system.servers.carrier.exited;
	carrier.system.launch('carrier');
	await carrier.system.ready('carrier');
	const [done] = await reported();
	assert.equal(done.RecordingStatus, 'completed');
	assert.equal(done.RecordingSource, 'StartCallRecordingAPI');
	const [recording] = await live.call.recordings.list();
	assert.equal(recording.status, 'completed');
	const audio = await audioOf(done.RecordingUrl);
	assert.ok(audio.seconds > 1.3 && audio.seconds < 2.3, `${audio.seconds} s`);
	live.phone.child.kill('SIGKILL');
	await live.phone.end();
});

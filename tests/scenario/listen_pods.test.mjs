// Protects: a listener at one pod hears the call although the carrier's stream arrives at another: it is passed on
// through Redis, with a token that works once, and ends when the listener goes; so is a browser's call, without a carrier.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Postgres } from '../servers/postgres.mjs';
import { Redis } from '../servers/redis.mjs';
import { listen, talk } from './browser.mjs';
import { baresip, speechWav } from './phone.mjs';
import { Process, System, freeTcpPort, until } from './system.mjs';

let postgres, redis, system, other, port, phone, id;
before(async () => {
	postgres = await Postgres.start();
	redis = await Redis.start();
	system = await System.start({ DATABASE_URL: postgres.createDatabase(), REDIS_URL: redis.url });
	port = await freeTcpPort();
	other = new Process({ ...system.settings, PORT: String(port), API_BASE_URL: system.url('serve') }, ['serve']);
	await until('the other pod is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status === 200);
	phone = await baresip({ user: '+15550170005', microphone: speechWav([2000, 'Good morning to you all, this is a test of listening in.', 60000]) });
	phone.command('dial', `sip:+15550100000@127.0.0.1:${system.settings.SIP_PORT}`);
	await phone.event('CALL_ESTABLISHED');
	id = await until('the call goes on', async () => (await system.get('/calls/?direction=INBOUND&status=IN_PROGRESS')).body.calls?.[0]?.call_id);
});
after(async () => {
	await phone?.stop();
	await other?.stop();
	await system?.stop();
	await redis?.stop();
	await postgres?.stop();
});

test('what arrives at one pod is heard at another', { timeout: 60000 }, async () => {
	const listener = listen(`http://127.0.0.1:${port}/api/v1`, id);
	await until('it is heard', () => listener.frames > 20 && Math.max(...listener.peaks) > 2000, 30).catch((error) => assert.fail(`${error.message} ${listener.frames} ${listener.peaks} ${listener.code}\n${other.stderr.slice(-3000)}\n${system.logs()}`));
	listener.socket.close();
	await until('the carrier stops copying', () => /"event":"stream_over"/.test(system.servers.carrier.stderr));
});

test('a call from a browser at one pod is heard at another, until it ends', { timeout: 60000 }, async () => {
	const page = talk(system.api, 'appointment');
	const call = (await until('the agent is there', () => page.header)).call_id;
	await until('the call goes on', async () => (await system.get(`/calls/${call}`)).body.status === 'IN_PROGRESS');
	const listener = listen(`http://127.0.0.1:${port}/api/v1`, call);
	page.say('Good morning to you all.');
	await until('it is heard', () => Math.max(...listener.peaks) > 2000).catch((error) => assert.fail(`${error.message} ${listener.frames} ${listener.peaks} ${listener.code}\n${other.stderr.slice(-3000)}`));
	page.socket.close();
	await until('listening ends', () => listener.code !== null);
	assert.equal(listener.code, 1000);
});

// Protects: the voices of the engine are listed, and each can be heard before an agent gets it; also where the vendor
// keeps the sound elsewhere, which is not told our key.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Ultravox } from '../mock/vendors.mjs';
import { System } from './system.mjs';

let system;
before(async () => {
	system = await System.start({}, ['engine', 'serve']);
});
after(() => system?.stop());

test('voices are listed, and heard by name or id', async () => {
	const { status, body } = await system.get('/voices?language=en');
	assert.equal(status, 200);
	assert.ok(body.voices.length > 1);
	const [voice] = body.voices;
	assert.match(voice.language, /^en/);
	for (const name of [voice.name, voice.voice_id]) {
		const preview = await fetch(`${system.api}/voices/${encodeURIComponent(name)}/preview`);
		assert.equal(preview.status, 200);
		assert.match(preview.headers.get('content-type'), /^audio\/(x-)?wav/);
		const wav = Buffer.from(await preview.arrayBuffer());
		assert.equal(wav.toString('latin1', 0, 4), 'RIFF');
		assert.ok(wav.length > 8000, `${wav.length} bytes`);
	}
});

test('a voice that is not there cannot be heard', async () => {
	const { status, body } = await system.get('/voices/nobody/preview');
	assert.deepEqual([status, body.error.code], [404, 'voice_not_found']);
});

test('without the engine there is nothing to hear', async () => {
	await system.servers.engine.stop();
	const { status, body } = await system.get('/voices');
	assert.deepEqual([status, body.error.code], [502, 'engine_error']);
});

test('where the vendor says that the sound is elsewhere, it is got there, without our key', async (t) => {
	const ultravox = await new Ultravox().listen();
	const asked = [];
	const elsewhere = createServer((request, response) => {
		asked.push(request.headers);
		response.setHeader('Content-Type', 'audio/mpeg');
		response.end('ID3 sound');
	});
	await new Promise((done) => elsewhere.listen(0, '127.0.0.1', done));
	const other = await System.start({ ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, URL_ALLOW_PRIVATE: '127.0.0.0/8' }, ['serve']);
	t.after(async () => {
		await other.stop();
		elsewhere.close();
		await ultravox.close();
	});
	ultravox.voices = [{ voiceId: '87691b77-0174-4808-b73c-30000b334e14', name: 'Emily-English', primaryLanguage: 'en-US', provider: 'Eleven Labs' }];
	ultravox.previewAt = `http://127.0.0.1:${elsewhere.address().port}/emily.mp3?signature=abc`;
	assert.deepEqual((await other.get('/voices')).body.voices.map(({ name, language }) => [name, language]), [['Emily-English', 'en-US']]);
	const preview = await fetch(`${other.api}/voices/Emily-English/preview`);
	assert.deepEqual([preview.status, preview.headers.get('content-type'), await preview.text()], [200, 'audio/mpeg', 'ID3 sound']);
	assert.equal(asked.length, 1);
	assert.ok(!Object.values(asked[0]).some((value) => String(value).includes(ultravox.key)));
	ultravox.previewAt = 'ftp://127.0.0.1/emily.mp3';
	assert.equal((await other.get('/voices/Emily-English/preview')).status, 502);
});

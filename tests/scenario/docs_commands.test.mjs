// Protects: the commands of the documents. Each is typed as it stands, page by page, into a shell beside a server
// whose vendors are stand-ins; only addresses and placeholders are replaced. One that cannot be run says so on its
// own line (`# needs ...`, docs/README.md); nothing else is left out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { OpenAI, Twilio, Ultravox } from '../mock/vendors.mjs';
import { sharedPostgres } from '../servers/postgres.mjs';
import { Desk, blocks, commands, documents, read } from './docs.mjs';
import { System, isTerminal, root, until } from './system.mjs';

/** Pages whose commands are typed by another test. */
const elsewhere = { 'docs/quickstart.md': 'tests/scenario/quickstart.test.mjs' };

const LIVE = '+15550109999'; // a call to it goes on until it is ended
const PASSWORD = 'correct horse battery staple';
let twilio, ultravox, openai, receiver, postgres, system, signed, desk, replaced;

/** What a phone and an engine do with a call of ours: a short conversation that reaches its goal. */
async function talk(call) {
	const [, id] = call.params.get('Url').match(/\/connect\/([^?]+)/);
	await until('the call has its session', () => ultravox.of(id));
	const session = ultravox.of(id);
	for (const status of ['initiated', 'ringing']) await twilio.status(call, status);
	await twilio.connect(call);
	await twilio.status(call, 'in-progress');
	await ultravox.joined(session);
	const data = await ultravox.dial(session);
	data.send({ type: 'call_started', callId: session.callId });
	for (const [ordinal, role, text] of [[0, 'agent', 'Good day.'], [1, 'user', 'Hello.'], [2, 'agent', 'Goodbye.']]) {
		data.send({ type: 'transcript', role, medium: 'voice', text, final: true, ordinal });
		session.messages.push({ role: `MESSAGE_ROLE_${role.toUpperCase()}`, text, medium: 'MESSAGE_MEDIUM_VOICE' });
	}
	if (call.to === LIVE) return;
	data.send({ type: 'outcome', outcome: { goal_reached: true, slots: {}, state: 'done' } });
	await system.call(id, 'told its outcome', ({ outcome }) => outcome);
	Object.assign(session, { ended: new Date(), endReason: 'hangup' });
	await twilio.recording(call);
	await twilio.status(call, 'completed', { CallDuration: '5', Duration: '1' });
	await ultravox.ended(session, 'hangup');
}

const talks = [];

async function startVendors() {
	[twilio, ultravox, openai] = await Promise.all([new Twilio().listen(), new Ultravox().listen(), new OpenAI().listen()]);
	twilio.onCreate = (params, res, make) => {
		const call = make();
		twilio.json(res, 201, twilio.view(call));
		talks.push(talk(call));
	};
	receiver = createServer((req, res) => req.resume().on('end', () => res.writeHead(204).end()));
	await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
	return {
		TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url,
		ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`, OPENAI_API_KEY: openai.key, OPENAI_API_URL: `${openai.url}/v1`,
		URL_ALLOW_PRIVATE: '127.0.0.1',
	};
}

/** A call that is over and has everything a call can have. */
async function finishedCall() {
	const { body } = await system.post('/calls/initiate', { phone_number: '+15550100123', agent: 'survey' });
	await system.call(body.call_id, 'over, summarised, recorded', (call) => isTerminal(call) && call.summary?.status === 'completed' && call.recording?.status === 'available');
	return body.call_id;
}

async function liveCall() {
	const { body } = await system.post('/calls/initiate', { phone_number: LIVE, agent: 'survey' });
	await system.call(body.call_id, 'live', (call) => call.status === 'IN_PROGRESS');
	return body.call_id;
}

/** The first owner of the server where everybody signs in. */
async function owner() {
	const link = await until('the link is printed', () => signed.servers.serve.stderr.match(/#invite=([0-9a-f]{48})/)?.[1]);
	const { status, body } = await signed.post('/auth/accept', { token: link, email: 'ada@example.com', name: 'Ada', password: PASSWORD });
	assert.equal(status, 200, JSON.stringify(body));
}

before(async () => {
	const vendors = await startVendors();
	desk = new Desk();
	[system, signed, postgres] = await Promise.all([
		System.start({ ...vendors, FLOWS_DIR: join(desk.folder, 'config/flows') }, ['serve']),
		System.start({ ...vendors, AUTH: 'on' }, ['serve']),
		sharedPostgres(),
	]);
	desk.beside(system);
	const [finished, live] = await Promise.all([finishedCall(), liveCall(), owner()]);
	const database = postgres.createDatabase();
	replaced = (page) => [
		['http://127.0.0.1:8000', `http://127.0.0.1:${system.settings.PORT}`],
		['https://voice.example.com', `http://127.0.0.1:${signed.settings.PORT}`],
		['https://example.com/hook', `http://127.0.0.1:${receiver.address().port}/hook`],
		['postgresql://voiceai:secret@db.example.com/voiceai', database],
		['voiceai_restored', `${database.split('/').at(-1)}_restored`],
		['CALL_ID', page === 'docs/control.md' ? live : finished],
		['PASSWORD', PASSWORD],
	];
}, { timeout: 60000 });
after(async () => {
	await Promise.all(talks);
	await Promise.all([system?.stop(), signed?.stop()]);
	await Promise.all([twilio, ultravox, openai].map((mock) => mock?.close()));
	receiver?.close();
	await postgres?.stop();
	desk?.close();
});

test('the blocks of commands are marked as such', () => {
	const programs = /^(?:\w+=\S* )*(?:sudo )?(?:voiceai|build\/\S+|tests\/\S+|tools\/\S+|curl|make|cmake|ninja|node|npm|npx|python3|git|apt|apt-get|dpkg|systemctl|journalctl|runuser|docker|kubectl|helm|psql|pg_\w+|tar|cp|mkdir|openssl|nginx|cloudflared|echo|cat|cd|ssh) \S/m;
	for (const path of documents)
		for (const { language, text, line } of blocks(read(path))) {
			assert.notEqual(language, '', `${path}:${line - 1}: the fence does not say what it holds: sh, json, text ...`);
			if (language === null || language === 'text') assert.doesNotMatch(text, programs, `${path}:${line}: commands stand between \`\`\`sh and \`\`\``);
			if (language === 'bash' || language === 'shell' || language === 'console') assert.fail(`${path}:${line}: commands stand between \`\`\`sh and \`\`\``);
		}
});

test('what is typed elsewhere is', () => {
	for (const [page, path] of Object.entries(elsewhere)) assert.ok(readFileSync(join(root, path), 'utf8').includes(`commands('${page}')`), page);
});

test('programs and files that marked commands name are there', () => {
	const targets = new Map(); // of make: the first place that names one
	for (const path of documents) {
		const found = blocks(read(path)).filter(({ language }) => language === 'sh');
		const { status, stderr } = spawnSync('bash', ['-n'], { input: found.map(({ text }) => text).join('\n'), encoding: 'utf8' });
		assert.equal(status, 0, `${path}: no shell takes it: ${stderr}`);
		for (const { text, line } of found) {
			for (const [, target] of text.matchAll(/^(?:\w+=\S* )*make ([a-z][\w-]*)/gm)) if (!targets.has(target)) targets.set(target, `${path}:${line}`);
			for (const [file] of text.matchAll(/(?<![\w./-])(?:(?:tests|tools|config|sdk)\/[\w./-]*\w|deploy\/[\w./-]*\.\w+)/g))
				if (!text.includes(`> ${file}`)) assert.ok([root, join(root, dirname(path))].some((folder) => existsSync(join(folder, file))), `${path}:${line}: there is no ${file}`);
		}
	}
	for (const [target, place] of targets) assert.equal(spawnSync('make', ['-n', '-C', root, target]).status, 0, `${place}: make ${target}`);
});

test('what is typed leaves the machine alone', () => {
	for (const path of documents)
		for (const { text, line } of commands(path)) assert.doesNotMatch(text, /(?<![\w.])\/(?:bin|boot|etc|home|lib|opt|root|run|sbin|srv|usr|var)\//, `${path}:${line}: mark it`);
});

for (const path of documents.filter((one) => !elsewhere[one] && commands(one).length))
	test(`the commands of ${path}`, { timeout: 60000 }, async () => {
		let text = '';
		for (const block of commands(path)) text += `at=${block.line}\n${block.text}\n`;
		for (const [what, by] of replaced(path)) text = text.replaceAll(what, by);
		await desk.type(text);
	});

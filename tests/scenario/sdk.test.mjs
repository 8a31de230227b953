// Protects sdk/js and sdk/python: their types are those of the contract, what their READMEs show runs against the real
// server with a real call, lists go through all pages, requests are sent again when the server asks for it and only
// then, a watcher misses nothing when the server is killed, and webhooks that are not ours are refused.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ApiError, Client, LiveError, verifyWebhook } from '../../sdk/js/index.js';
import { operations } from '../../sdk/js/operations.js';
import { System, freeTcpPort, root, until } from './system.mjs';
import { answerPhone } from '../e2e/dashboard_harness.mjs';

const e2e = createRequire(join(root, 'tests/e2e/'));
const WebSocket = e2e('ws');
let system, folder;

before(async () => {
	system = await System.start({ URL_ALLOW_PRIVATE: '127.0.0.1', DEFAULT_AGENT: 'appointment' });
	folder = mkdtempSync(join(tmpdir(), 'voiceai-sdk-'));
	mkdirSync(join(folder, 'node_modules'));
	symlinkSync(join(root, 'sdk/js'), join(folder, 'node_modules/voiceai'));
	/* Node 20 has no WebSocket of its own. */
	writeFileSync(join(folder, 'websocket.mjs'), `import WebSocket from ${JSON.stringify(pathToFileURL(e2e.resolve('ws')).href)};\nglobalThis.WebSocket ??= WebSocket;\n`);
	for (const [language, name] of [['js', 'js'], ['python', 'py']])
		[...readFileSync(join(root, `sdk/${language}/README.md`), 'utf8').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))]
			.forEach(([, code], i) => writeFileSync(join(folder, `example${i}.${name === 'js' ? 'mjs' : 'py'}`), code));
});
after(async () => {
	await system?.stop();
	rmSync(folder, { recursive: true, force: true });
});

const url = () => system.url('serve');
const client = (more = {}) => new Client({ url: url(), WebSocket, ...more });

/** One of the READMEs' examples, or a script: `output` collects what it prints. */
function run(language, file, args = [], env = {}) {
	const [program, first] = language === 'js' ? [process.execPath, ['--import', pathToFileURL(join(folder, 'websocket.mjs')).href]] : ['python3', ['-u']];
	const child = spawn(program, [...first, join(folder, file), ...args], {
		cwd: folder, env: { PATH: process.env.PATH, PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1', VOICEAI_URL: url(), ...env },
	});
	const self = { child, output: '' };
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (self.output += data));
	self.exited = new Promise((done) => child.once('exit', done));
	return self;
}

function script(name, text) {
	writeFileSync(join(folder, name), text);
	return name;
}

test('types and operations are those of the contract', () => {
	execFileSync(process.execPath, [join(root, 'tools/sdk_types.mjs'), '--check'], { stdio: 'inherit' });
	execFileSync('python3', ['-c', `
import typing
import voiceai.contract as contract
for value in list(vars(contract).values()):
    if typing.is_typeddict(value):
        typing.get_type_hints(value, vars(contract))
for value in vars(contract.Operations).values():
    if callable(value):
        typing.get_type_hints(value, vars(contract))
`], { env: { PATH: process.env.PATH, PYTHONPATH: join(root, 'sdk/python'), PYTHONDONTWRITEBYTECODE: '1' }, stdio: 'inherit' });
});

test('TypeScript takes the example, and refuses what the contract does not know', () => {
	const check = join(folder, 'types');
	mkdirSync(check);
	cpSync(join(folder, 'example0.mjs'), join(check, 'good.mts'));
	writeFileSync(join(check, 'bad.mts'), `import { Client } from 'voiceai';
const client = new Client();
await client.initiateCall({ phone_number: 1 });
await client.initiateCall({ agent: 'x' });
await client.getCall({ call_id: 'x', more: 1 });
(await client.getCall({ call_id: 'x' })).nothing;
for await (const event of client.watch()) if (event.type === 'counters') event.data.text;
`);
	writeFileSync(join(check, 'tsconfig.json'), JSON.stringify({ compilerOptions: {
		strict: true, noEmit: true, module: 'nodenext', target: 'es2022', lib: ['es2023', 'dom', 'dom.asynciterable'], types: ['node'],
		typeRoots: [join(root, 'tests/e2e/node_modules/@types')], preserveSymlinks: true } }));
	const tsc = e2e.resolve('typescript/bin/tsc');
	let said = '';
	try {
		execFileSync(process.execPath, [tsc, '-p', check, '--pretty', 'false'], { encoding: 'utf8' });
	} catch (error) {
		said = error.stdout;
	}
	assert.deepEqual([...said.matchAll(/^(?:.*\/)?(\w+)\.mts\((\d+),/gm)].map(([, file, line]) => `${file} ${line}`), ['bad 3', 'bad 4', 'bad 5', 'bad 6', 'bad 7'], said);
});

test('pyright takes the library and the example, and refuses what the contract does not know', () => {
	const check = join(folder, 'python-types');
	mkdirSync(check);
	cpSync(join(root, 'sdk/python/voiceai'), join(check, 'voiceai'), { recursive: true });
	for (const i of [0, 1]) cpSync(join(folder, `example${i}.py`), join(check, `good${i}.py`));
	writeFileSync(join(check, 'bad.py'), `from voiceai import Client
client = Client()
client.initiate_call(phone_number=1)
client.initiate_call(agent="x")
client.get_call(call_id="x", more=1)
client.get_call(call_id="x")["nothing"]
`);
	writeFileSync(join(check, 'pyrightconfig.json'), '{"pythonVersion": "3.11"}');
	let said = '{}';
	try {
		execFileSync(process.execPath, [join(root, 'tests/e2e/node_modules/pyright/index.js'), '--outputjson', '-p', check], { encoding: 'utf8' });
	} catch (error) {
		said = error.stdout;
	}
	const { generalDiagnostics = [] } = JSON.parse(said);
	assert.deepEqual(generalDiagnostics.map(({ file, range }) => `${basename(file)} ${range.start.line + 1}`), ['bad.py 3', 'bad.py 4', 'bad.py 5', 'bad.py 6'], said);
});

test('what the READMEs show: a call is placed, read as it is spoken, and counted', { timeout: 240000 }, async () => {
	const phones = await Promise.all([answerPhone(system), answerPhone(system)]);
	const runs = [run('js', 'example0.mjs', [phones[0].uri]), run('python', 'example0.py', [phones[1].uri])];
	for (const one of runs) {
		assert.equal(await one.exited, 0, one.output);
		for (const said of [/^-- RINGING$/m, /^agent: \w/m, /^user: \w/m, /^-- COMPLETED$/m, /^== \w/m, /^[12] completed today$/m]) assert.match(one.output, said);
	}
	await Promise.all(phones.map((phone) => phone.stop()));
});

test('a list goes through all pages', async () => {
	for (const name of ['one', 'two', 'three']) await client().createAgent({ name, config: { model: 'm' } });
	const all = (await client().listAgents({ limit: 200 })).agents.map((agent) => agent.name);
	assert.ok(all.length > 3);
	const paged = [];
	for await (const agent of client().allAgents({ limit: 2 })) paged.push(agent.name);
	assert.deepEqual(paged, all);
	const python = run('python', script('list.py', 'import os\nfrom voiceai import Client\nprint(*[a["name"] for a in Client(os.environ["VOICEAI_URL"]).all_agents(limit=2)])\n'));
	assert.equal(await python.exited, 0, python.output);
	assert.deepEqual(python.output.trim().split(' '), all);
});

test('an error has the status, code and field of the answer', async () => {
	await assert.rejects(client().initiateCall({ phone_number: '12' }), (error) => error instanceof ApiError && error.status === 400 && error.code === 'invalid_field' && error.field === 'phone_number');
	const python = run('python', script('error.py', 'import os\nfrom voiceai import ApiError, Client\ntry:\n    Client(os.environ["VOICEAI_URL"]).initiate_call(phone_number="12")\nexcept ApiError as e:\n    print(e.status, e.code, e.field)\n'));
	await python.exited;
	assert.equal(python.output.trim(), '400 invalid_field phone_number');
});

/** A server that answers what it is told, in turn, and remembers what it was asked. */
async function stub(t, answers) {
	const asked = [];
	const server = createServer((req, res) => {
		asked.push({ method: req.method, url: req.url, key: req.headers['idempotency-key'], authorization: req.headers.authorization });
		const [status, headers = {}] = answers.shift() ?? [200];
		if (status === 0) return req.socket.destroy();
		return res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(status < 300 ? {} : { error: { code: 'overloaded', message: 'x' } }));
	});
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	t.after(() => server.close());
	return { asked, url: `http://127.0.0.1:${server.address().port}` };
}

const again = { 'Retry-After': '0' };

for (const language of ['js', 'python']) {
	const [initiate, end] = language === 'js'
		? ["await client.initiateCall({ phone_number: '+15550100123' });", "await client.endCall({ call_id: 'a b' });"]
		: ['client.initiate_call(phone_number="+15550100123")', 'client.end_call(call_id="a b")'];
	const ask = async (at, line) => {
		const file = language === 'js'
			? script('ask.mjs', `import { Client } from 'voiceai';\nconst client = new Client({ url: ${JSON.stringify(at)}, token: () => 'secret' });\n${line}\n`)
			: script('ask.py', `from voiceai import Client\nclient = Client(${JSON.stringify(at)}, lambda: "secret")\n${line}\n`);
		const one = run(language, file);
		return { code: await one.exited, output: one.output };
	};

	test(`${language}: what is refused for now is sent again, with the same key`, async (t) => {
		const server = await stub(t, [[429, again], [0], [503, again], [201]]);
		const { code, output } = await ask(server.url, initiate);
		assert.equal(code, 0, output);
		assert.equal(server.asked.length, 4);
		assert.ok(server.asked[0].key);
		assert.equal(new Set(server.asked.map(({ key }) => key)).size, 1);
		assert.equal(server.asked[0].authorization, 'Bearer secret');
	});

	test(`${language}: what may have been done is not sent again`, async (t) => {
		for (const answer of [[0], [500], [429]]) {
			const server = await stub(t, [answer, [200], [200]]);
			assert.notEqual((await ask(server.url, end)).code, 0);
			assert.deepEqual(server.asked.map(({ url: target }) => target), ['/api/v1/calls/a%20b/end']);
		}
	});
}

test('a watcher misses nothing when the server is killed, and nothing comes twice', { timeout: 60000 }, async () => {
	const seen = { js: [], python: [] };
	const abort = new AbortController();
	let refused = 0;
	const asking = (...args) => fetch(...args).catch((error) => {
		refused++;
		throw error;
	});
	const watching = (async () => {
		for await (const event of client({ fetch: asking }).watch({ since: 0, signal: abort.signal })) if (event.type === 'call.created') seen.js.push(event.call_id);
	})();
	const python = run('python', script('watch.py', 'import os\nfrom voiceai import Client\nfor e in Client(os.environ["VOICEAI_URL"], retries=20).watch(since=0):\n    if e["type"] == "call.created":\n        print(e["call_id"])\n'));
	const both = async (id) => {
		await until('both have seen it', () => {
			seen.python = python.output.trim().split('\n');
			return Object.values(seen).every((ids) => ids.includes(id));
		});
	};
	const place = () => client().initiateCall({ phone_number: '+15550100123', scheduled_at: new Date(Date.now() + 86400000).toISOString() });
	await both((await place()).call_id);
	system.servers.serve.kill('SIGKILL');
	await system.servers.serve.exited;
	await until('a watcher has asked in vain', () => refused > 0);
	system.launch('serve');
	await system.ready('serve');
	await both((await place()).call_id);
	for (const ids of Object.values(seen)) assert.equal(new Set(ids).size, ids.length);
	assert.deepEqual(seen.js, seen.python);
	abort.abort();
	await watching;
	python.child.kill();
	await python.exited;
});

test('a number that was never given out ends the watching', async () => {
	await assert.rejects(async () => { for await (const event of client().watch({ since: 9007199254740991 })) assert.fail(event); }, (error) => error instanceof LiveError && error.code === 4010);
});

test('receivers of webhooks as the READMEs show them take what is ours and refuse what is not', { timeout: 60000 }, async () => {
	for (const [language, file] of [['js', 'example1.mjs'], ['python', 'example1.py']]) {
		const port = await freeTcpPort();
		const hook = await client().createWebhook({ url: `http://127.0.0.1:${port}/hook`, events: ['call.created'] });
		const receiver = run(language, file, [], { PORT: String(port), WEBHOOK_SECRET: hook.secret });
		await until('it listens', () => fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(({ status }) => status === 400));
		const { event_id: id } = await client().testWebhook({ webhook_id: hook.id });
		await until('it was taken', () => receiver.output.includes(`${id} webhook.test`));
		await client().deleteWebhook({ webhook_id: hook.id });
		receiver.child.kill();
		await receiver.exited;
	}
	await assert.rejects(verifyWebhook({}, '{}', 'x'), /not signed/);
});

test('there is a method for every operation', () => {
	for (const name of Object.keys(operations)) assert.equal(typeof Client.prototype[name], 'function', name);
});

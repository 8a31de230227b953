// Protects: deploy/docker, as far as it can be without a container engine. The Dockerfile and its ignore file, the Compose
// files by their schema, against the settings of the binary and against the files that they mount; what Prometheus and
// nginx read there; and `voiceai health`, which is the health check. `make check-deploy` builds and runs the images.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { need } from '../deploy/judges.mjs';
import { promtool } from '../servers/prometheus.mjs';
import { System, binary, root } from './system.mjs';

const folder = join(root, 'deploy/docker');
const read = (name) => readFileSync(join(folder, name), 'utf8');
const dockerfile = read('Dockerfile');
const settings = new Set([...execFileSync(binary, ['config', '--env'], { encoding: 'utf8' }).matchAll(/^#?([A-Z0-9_]+)=/gm)].map((match) => match[1]));
const servers = ['api', 'carrier', 'engine', 'callee'];
let compose, sip, scratch;

/** A Compose file with its anchors merged; what it resets is null. */
async function parse(name) {
	const tag = { tag: '!reset', resolve: () => null };
	return (await need('yaml')).parse(read(name), { merge: true, customTags: [tag, { ...tag, collection: 'seq' }] });
}

before(async () => {
	scratch = mkdtempSync(join(tmpdir(), 'voiceai-docker-'));
	[compose, sip] = [await parse('compose.yaml'), await parse('compose.sip.yaml')];
}, { timeout: 240000 });
after(() => rmSync(scratch, { recursive: true, force: true }));

test('the linter finds nothing in the Dockerfile', async () => {
	const { run } = await need('dockerfilelint/lib/index.js');
	// It knows no --mount, and takes the `&&` behind one for a new command.
	const found = run(scratch, dockerfile.replace(/^RUN --mount=\S+ /gm, 'RUN '));
	// A stage has no tag, and the linter knows neither a range of ports nor a check that is told in brackets.
	const known = { 'Base Image Missing Tag': /^FROM platform /, 'Invalid Port Exposed': /^EXPOSE /, 'Invalid Argument Format': /^HEALTHCHECK / };
	assert.deepEqual(found.filter(({ title, line }) => !known[title]?.test(dockerfile.split('\n')[line - 1])), []);
	assert.ok(run(scratch, 'FROM debian\nRUN apt-get install curl\n').length > 2, 'and it can find something');
});

test('images are pinned, small, somebody\'s and checked', () => {
	const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
	assert.deepEqual(stages.map((stage) => stage.match(/^FROM (\S+) AS (\S+)/).slice(1)), [['debian:12-slim', 'build'], ['debian:12-slim', 'platform'], ['platform', 'voiceai']]);
	for (const stage of stages.slice(1)) {
		assert.match([...stage.matchAll(/^USER (.+)$/gm)].at(-1)[1], /^[1-9]\d*:[1-9]\d*$/, 'a number, which Kubernetes can tell from root');
		for (const install of stage.match(/apt-get install[^\n]*/g)) assert.match(install, /--no-install-recommends/);
		assert.ok(stage.includes('rm -rf /var/lib/apt/lists/*'));
	}
	assert.match(stages[1], /^HEALTHCHECK .*CMD \["voiceai", "health"\]$/m);
	assert.match(stages[1], /^ENTRYPOINT \["voiceai"\]$/m);
	const [, uid] = stages[1].match(/--uid (\d+)/);
	for (const [, user] of dockerfile.matchAll(/^USER (\d+):/gm)) assert.equal(user, uid);
	for (const [, name, value] of stages[1].matchAll(/([A-Z_]+)=(\S+)/g)) assert.ok(settings.has(name), `${name}=${value}`);
});

test('what an image must not hold is not sent to the build, and what it is made of is', () => {
	const ignored = read('Dockerfile.dockerignore').split('\n').filter((line) => line && !line.startsWith('#'));
	for (const name of ['.git', '.env', '**/.env', '**/*.pem', 'data', 'build']) assert.ok(ignored.includes(name), name);
	const needed = ['CMakeLists.txt', 'CMakePresets.json', 'Makefile', 'config', 'dashboard', 'src', 'tools/deb', 'sdk/openapi.yaml', 'deploy/debian', 'deploy/systemd', 'deploy/nginx'];
	for (const name of needed) {
		assert.ok(existsSync(join(root, name)), name);
		assert.ok(!ignored.some((pattern) => name === pattern || name.startsWith(`${pattern}/`)), `${name} is ignored`);
	}
});

test('the Compose files are what their schema says', async () => {
	const { Ajv } = await need('ajv');
	const { $schema, ...schema } = JSON.parse(readFileSync(join(root, 'tests/deploy/node_modules/dclint/schemas/compose.schema.json'), 'utf8'));
	const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
	const validate = ajv.compile(schema);
	const { api, ...others } = sip.services;
	const { networks, ports, ...rest } = api; // reset: nothing is left of them
	assert.deepEqual([networks, ports], [null, []]);
	for (const one of [compose, { services: { api: rest, ...others } }]) assert.ok(validate(one), JSON.stringify(validate.errors, null, 1));
	assert.ok(!validate({ services: { api: { imagee: 'x' } } }), 'the schema knows a typo');
});

test('servers are given settings, and stages that there are', () => {
	for (const name of servers) {
		for (const one of [compose.services[name], sip.services[name] ?? {}]) for (const setting of Object.keys(one.environment ?? {})) assert.ok(settings.has(setting), `${name}: ${setting}`);
		const { build } = compose.services[name];
		assert.ok(existsSync(join(folder, build.context, build.dockerfile)));
		assert.match(dockerfile, new RegExp(`^FROM \\S+ AS ${build.target}$`, 'm'));
	}
	// What is taken from .env: settings, and what README.md explains.
	const text = read('compose.yaml') + read('compose.sip.yaml');
	for (const [, name] of text.matchAll(/\$\{(\w+)/g)) assert.ok(settings.has(name) || read('README.md').includes(name) || ['VOICEAI_TAG', 'GRAFANA_PASSWORD'].includes(name), name);
	for (const name of ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_PHONE_NUMBER', 'ULTRAVOX_API_KEY', 'OPENAI_API_KEY', 'API_BASE_URL']) assert.equal(compose.services.api.environment[name], `\${${name}:-}`);
	const { environment, stop_grace_period } = compose.services.api;
	assert.ok(parseInt(stop_grace_period) > environment.DRAIN_DELAY_SECONDS + environment.DRAIN_TIMEOUT_SECONDS);
});

test('servers are well shut in, and only nginx and phones are let in from outside', () => {
	for (const name of servers) {
		const { read_only, cap_drop, security_opt, volumes } = compose.services[name];
		assert.deepEqual([read_only, cap_drop, security_opt], [true, ['ALL'], ['no-new-privileges:true']], name);
		assert.deepEqual(volumes, ['data:/var/lib/voiceai'], name);
	}
	for (const [name, { ports = [] }] of Object.entries(compose.services))
		for (const port of ports) if (name !== 'nginx' && !port.endsWith('/udp')) assert.match(port, /^127\.0\.0\.1:/, `${name}: ${port}`);
	assert.equal(compose.services.redis.ports ?? compose.services.postgres.ports, undefined);
	for (const [name, { ports = [] }] of Object.entries(sip.services)) for (const port of ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
});

test('what is optional is a profile, and everything that is named is there', () => {
	const profiles = Object.fromEntries(Object.entries(compose.services).map(([name, service]) => [name, service.profiles ?? []]));
	assert.deepEqual(profiles, { api: [], redis: [], postgres: [], carrier: ['carrier'], engine: ['engine'], callee: ['callee'], nginx: ['nginx'], prometheus: ['prometheus', 'grafana'], grafana: ['grafana'] });
	for (const [name, { image, volumes = [], secrets = [], depends_on = {} }] of Object.entries(compose.services)) {
		assert.match(image, /:/, `${name} has a version`);
		for (const volume of volumes) {
			const [from] = volume.split(':');
			if (/^\.\.?\//.test(from)) assert.ok(existsSync(resolve(folder, from)), `${name} mounts ${from}`);
			else if (!from.startsWith('$')) assert.ok(from in compose.volumes, `${name}: volume ${from}`);
		}
		for (const secret of secrets) assert.ok(secret in compose.secrets, secret);
		for (const other of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)) assert.ok(other in compose.services, other);
	}
});

test('nginx finds the API, which trusts it', () => {
	const [, address, port] = read('nginx_upstream.conf').match(/server (\S+):(\d+) /);
	assert.equal(compose.services.api.networks.default.ipv4_address, address);
	assert.equal(port, '8000');
	assert.ok(compose.services.api.environment.TRUSTED_PROXIES.includes(`-${compose.services.nginx.networks.default.ipv4_address}}`));
	const mounted = compose.services.nginx.volumes.map((volume) => volume.split(':')[1]);
	for (const [, path] of readFileSync(join(root, 'deploy/nginx/voiceai.conf'), 'utf8').matchAll(/include (\S+);/g)) assert.ok(mounted.includes(path), path);
});

test('Prometheus takes its configuration, with the jobs that alerts and dashboard want', async () => {
	writeFileSync(join(scratch, 'token'), 'x');
	writeFileSync(join(scratch, 'prometheus.yml'), read('prometheus.yml').replace('/run/secrets/metrics_token', join(scratch, 'token')));
	writeFileSync(join(scratch, 'alerts.yml'), readFileSync(join(root, 'deploy/prometheus/alerts.yml')));
	const { code, output } = promtool(['check', 'config', join(scratch, 'prometheus.yml')]);
	assert.equal(code, 0, output);
	const { scrape_configs } = (await need('yaml')).parse(read('prometheus.yml'));
	assert.deepEqual(scrape_configs.map((job) => job.job_name), ['platform', 'carrier', 'engine']);
	assert.deepEqual(compose.services.prometheus.secrets, ['metrics_token']);
	const source = (await need('yaml')).parse(read('grafana/datasources/prometheus.yaml')).datasources[0];
	assert.deepEqual([source.type, source.url, source.isDefault], ['prometheus', 'http://prometheus:9090', true]);
});

test('voiceai health says how a server is', async () => {
	const system = await System.start({ BIND_ADDRESS: '0.0.0.0' }, ['serve', 'carrier']);
	const health = (...args) => spawnSync(binary, ['health', ...args], { encoding: 'utf8', cwd: scratch, env: system.settings });
	try {
		assert.deepEqual([health().status, JSON.parse(health().stdout).service], [0, 'platform']);
		assert.deepEqual([health('carrier').status, JSON.parse(health('--ready', 'carrier').stdout).status], [0, 'ok']);
		const away = health('engine');
		assert.deepEqual([away.status, away.stderr], [1, 'voiceai health: engine: Connection refused\n']);
		assert.equal(health('nobody').status, 2);
		await system.servers.serve.stop();
		assert.equal(health().status, 1);
	} finally {
		await system.stop();
	}
});

// Protects: the manifests of deploy/k8s. Every overlay is put together by the real kubectl and each object judged by the
// schemas of Kubernetes; settings are taken by the binary, what selects finds what it means, pods are well shut in and
// get the time to drain, and the autoscaler has the triggers of the specification.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { judge, kustomize, need } from '../deploy/judges.mjs';
import { binary, makeSettings, root } from './system.mjs';

const folder = join(root, 'deploy/k8s');
const read = (path) => readFileSync(join(folder, path), 'utf8');
const names = readdirSync(join(folder, 'overlays'));
const overlays = {};

const pick = (objects, kind, name) => objects.filter((one) => one.kind === kind && (!name || one.metadata.name === name));
const workloads = (objects) => objects.filter(({ spec }) => spec?.template?.spec?.containers);
const ours = (objects) => workloads(objects).filter(({ spec }) => spec.template.metadata.labels['app.kubernetes.io/part-of'] === 'voiceai');
const selects = (selector, labels) => Object.entries(selector).every(([key, value]) => labels[key] === value);
/** What a voiceai pod of an overlay has in its environment, but for secrets. */
const settingsOf = (objects) => pick(objects, 'ConfigMap')[0].data;

before(async () => {
	for (const name of names) overlays[name] = await kustomize(join(folder, 'overlays', name));
}, { timeout: 240000 });

test('every overlay is put together, and every object is one that Kubernetes takes', { timeout: 240000 }, async () => {
	assert.deepEqual(names.sort(), ['embedded', 'trial', 'vendors']);
	assert.deepEqual(await judge(Object.values(overlays).flat()), []);
	// A judge that finds nothing has to be one that can.
	const [odd, typo] = [1, 2].map(() => structuredClone(pick(overlays.vendors, 'Deployment')[0]));
	odd.spec.template.spec.containers[0].image = 3;
	typo.spec.template.spec.containers[0].readinesProbe = {};
	assert.match((await judge([odd, typo])).join('\n'), /image must be string[^]*readinesProbe/);
});

test('the binary takes the settings of every overlay', async () => {
	const known = new Set([...execFileSync(binary, ['config', '--env'], { encoding: 'utf8' }).matchAll(/^#?([A-Z0-9_]+)=/gm)].map((match) => match[1]));
	const secrets = [...read('secret.env.example').matchAll(/^([A-Z0-9_]+)=/gm)].map((match) => match[1]);
	const { HOME, PATH } = await makeSettings();
	for (const name of secrets) assert.ok(known.has(name), `${name} of secret.env.example is a setting`);
	for (const [name, objects] of Object.entries(overlays)) {
		const settings = settingsOf(objects);
		for (const setting of Object.keys(settings)) {
			assert.ok(known.has(setting), `${name}: ${setting} is a setting`);
			assert.ok(!secrets.includes(setting) || name === 'trial', `${name}: ${setting} belongs into the Secret`);
		}
		const { status, stderr } = spawnSync(binary, ['config'], { encoding: 'utf8', env: { ...settings, PATH, HOME, DATA_DIR: join(HOME, 'data') } });
		assert.equal(status, 0, `${name}: ${stderr}`);
	}
});

test('nothing secret is in the manifests: pods refer to it', () => {
	for (const [name, objects] of Object.entries(overlays)) {
		assert.deepEqual(pick(objects, 'Secret'), [], name);
		for (const { metadata, spec } of ours(objects))
			for (const { envFrom } of spec.template.spec.containers) assert.deepEqual(envFrom.find((from) => from.secretRef)?.secretRef, { name: 'voiceai' }, metadata.name);
	}
});

test('a pod is given longer than it drains', () => {
	for (const objects of Object.values(overlays)) {
		const { DRAIN_DELAY_SECONDS, DRAIN_TIMEOUT_SECONDS } = settingsOf(objects);
		const [{ spec }] = pick(objects, 'Deployment', 'voiceai-platform');
		assert.ok(spec.template.spec.terminationGracePeriodSeconds >= Number(DRAIN_DELAY_SECONDS) + Number(DRAIN_TIMEOUT_SECONDS) + 5);
		// Nobody notices sooner that a pod is not ready.
		const { periodSeconds, failureThreshold } = spec.template.spec.containers[0].readinessProbe;
		assert.ok(Number(DRAIN_DELAY_SECONDS) > periodSeconds * failureThreshold);
		assert.equal(spec.strategy.rollingUpdate.maxUnavailable, 0);
	}
});

test('probes ask what there is, on the ports that the servers have', () => {
	const contract = readFileSync(join(root, 'sdk/openapi.yaml'), 'utf8');
	const ports = { platform: 'PORT', carrier: 'CARRIER_PORT', engine: 'ENGINE_PORT' };
	const defaults = execFileSync(binary, ['config', '--env'], { encoding: 'utf8' });
	const seen = new Set();
	for (const { spec } of ours(Object.values(overlays).flat())) {
		for (const { name, ports: open, livenessProbe, readinessProbe, startupProbe } of spec.template.spec.containers.filter((one) => one.name in ports)) {
			const port = name === 'platform' ? 'http' : name;
			assert.equal(open.find((one) => one.name === port).containerPort, Number(defaults.match(new RegExp(`^#${ports[name]}=(\\d+)`, 'm'))[1]));
			assert.deepEqual([startupProbe, livenessProbe, readinessProbe].map((probe) => probe.httpGet), ['/health', '/health', '/ready'].map((path) => ({ path, port })));
			seen.add(name);
		}
	}
	assert.deepEqual([...seen].sort(), Object.keys(ports).sort());
	for (const path of ['/health:', '/ready:']) assert.ok(contract.includes(`\n  ${path}`));
});

test('pods are well shut in, as the user of the image', () => {
	const [, uid] = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8').match(/--uid (\d+)/);
	for (const { metadata, spec } of ours(Object.values(overlays).flat())) {
		const pod = spec.template.spec;
		assert.equal(pod.automountServiceAccountToken, false, metadata.name);
		assert.deepEqual([pod.securityContext.runAsNonRoot, pod.securityContext.runAsUser, pod.securityContext.seccompProfile.type], [true, Number(uid), 'RuntimeDefault'], metadata.name);
		for (const { securityContext, resources, volumeMounts } of pod.containers) {
			assert.deepEqual(securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, metadata.name);
			assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory, metadata.name);
			const volumes = [...pod.volumes, ...(spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata)].map((volume) => volume.name);
			for (const mount of volumeMounts) assert.ok(volumes.includes(mount.name), `${metadata.name} mounts ${mount.name}`);
		}
	}
});

test('the autoscaler has the triggers of the specification', () => {
	for (const name of ['vendors', 'embedded']) {
		const [{ spec }] = pick(overlays[name], 'HorizontalPodAutoscaler');
		const [{ spec: deployment }] = pick(overlays[name], 'Deployment', spec.scaleTargetRef.name);
		assert.equal(deployment.replicas, undefined, 'an apply does not undo what the autoscaler did');
		const targets = spec.metrics.map((metric) => [metric.resource?.name ?? metric.pods.metric.name, metric.resource?.target.averageUtilization ?? Number(metric.pods.target.averageValue)]);
		assert.deepEqual(targets, [['cpu', 70], ['memory', 80], ['pod_active_calls', 100]]);
		assert.equal(spec.behavior.scaleUp.stabilizationWindowSeconds, 300, 'for five minutes');
		const { requests, limits } = deployment.template.spec.containers[0].resources;
		assert.equal(requests.memory, limits.memory, 'a share of the request is a share of what there is');
		assert.ok(spec.minReplicas >= 2);
		assert.ok(Number(settingsOf(overlays[name]).OVERLOAD_CALLS) > 100, 'calls are refused only beyond that');
	}
	assert.match(readFileSync(join(root, 'src/core/metric_table.h'), 'utf8'), /"pod_active_calls", METRIC_GAUGE/);
	assert.deepEqual(pick(overlays.trial, 'HorizontalPodAutoscaler'), []);
});

test('the adapter makes that figure known', async () => {
	const { rules } = (await need('yaml')).parse(read('prometheus_adapter.yaml'));
	assert.match(rules.custom[0].seriesQuery, /^pod_active_calls\{/);
	assert.equal(rules.custom[0].name.as, 'pod_active_calls');
});

test('what selects pods finds some', () => {
	for (const [overlay, objects] of Object.entries(overlays)) {
		const pods = workloads(objects).map(({ spec }) => spec.template.metadata.labels);
		const found = (selector) => pods.filter((labels) => selects(selector, labels)).length;
		for (const { spec, metadata } of pick(objects, 'Service')) assert.equal(found(spec.selector), 1, `${overlay}: service ${metadata.name}`);
		for (const { spec } of pick(objects, 'PodDisruptionBudget')) assert.equal(found(spec.selector.matchLabels), 1, overlay);
		for (const { spec, metadata } of pick(objects, 'NetworkPolicy')) assert.ok(found(spec.podSelector.matchLabels) > 0, `${overlay}: policy ${metadata.name}`);
		for (const { spec } of workloads(objects)) assert.ok(selects(spec.selector.matchLabels, spec.template.metadata.labels));
		const [{ metadata: map }] = pick(objects, 'ConfigMap');
		for (const { spec } of ours(objects)) for (const { envFrom } of spec.template.spec.containers) assert.equal(envFrom[0].configMapRef.name, map.name);
	}
});

test('everything of voiceai is closed but for what is opened, and the cloud\'s metadata stays closed', () => {
	for (const objects of Object.values(overlays)) {
		const [closed] = pick(objects, 'NetworkPolicy', 'voiceai-closed');
		assert.deepEqual(closed.spec, { podSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'voiceai' } }, policyTypes: ['Ingress', 'Egress'] });
		for (const { spec, metadata } of pick(objects, 'NetworkPolicy'))
			for (const { ipBlock } of (spec.egress ?? []).flatMap((rule) => rule.to ?? [])) {
				if (ipBlock?.cidr === '0.0.0.0/0') assert.ok(ipBlock.except.includes('169.254.0.0/16'), metadata.name);
			}
	}
});

test('with the component, platform, carrier and engine meet, by the same secrets', () => {
	for (const name of ['embedded', 'trial']) {
		const settings = settingsOf(overlays[name]);
		const [service] = pick(overlays[name], 'Service', 'voiceai-media');
		for (const [setting, port] of [['TWILIO_API_URL', 8100], ['ULTRAVOX_API_URL', 8200]]) {
			assert.ok(settings[setting].startsWith(`http://voiceai-media:${port}`), setting);
			assert.ok(service.spec.ports.some((one) => one.port === port));
		}
		const servers = ours(overlays[name]);
		assert.deepEqual(servers.map((one) => one.metadata.name).sort(), ['voiceai-media', 'voiceai-platform']);
		for (const { spec, metadata } of servers) {
			assert.equal(spec.template.spec.volumes.find((volume) => volume.name === 'embedded').secret.secretName, 'voiceai-embedded', metadata.name);
			for (const { name: container, volumeMounts } of spec.template.spec.containers)
				assert.equal(volumeMounts.some((mount) => mount.mountPath === '/var/lib/voiceai/secrets.env'), container !== 'callee', container);
		}
		// The carrier sends sound over loopback or with TLS, and in no other way: one pod, or wss.
		const [{ spec: media }] = pick(overlays[name], 'StatefulSet', 'voiceai-media');
		assert.deepEqual(media.template.spec.containers.map((one) => one.name).slice(0, 2), ['carrier', 'engine']);
		assert.equal(settings.ENGINE_PUBLIC_URL, 'http://127.0.0.1:8200');
		assert.equal(media.template.spec.hostNetwork, name === 'embedded' ? true : undefined);
		if (name === 'embedded') assert.match(settings.API_BASE_URL, /^https:/);
	}
});

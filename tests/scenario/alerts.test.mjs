// Protects: alert rules and dashboard. Every rule fires on figures that are not fine and stays quiet on
// those that are, every query is one Prometheus takes, every metric in them is one we have, and every
// alert has its section in the runbook.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { join } from 'node:path';
import { Prometheus, promtool } from '../servers/prometheus.mjs';
import { root } from './system.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');
const rules = 'deploy/prometheus/alerts.yml';
const alerts = [...read(rules).matchAll(/^ +- alert: (\w+)$/gm)].map((match) => match[1]);

/** Every name a query may use, from the one table there is. */
const names = new Set(['up', 'ALERTS']);
for (const [, name, type] of read('src/core/metric_table.h').matchAll(/^METRIC\(\w+, "(\w+)", METRIC_(\w+)/gm))
	for (const suffix of type.endsWith('HISTOGRAM') ? ['_bucket', '_sum', '_count'] : ['']) names.add(name + suffix);

const words = new Set(
	`sum max min avg count by rate increase delta changes time topk histogram_quantile le and or unless on for
	job instance status direction class source error kind state provider reason endpoint stage level service version outcome op lane`.split(/\s+/),
);

/** The names in a query that are none of ours. */
const strangers = (query) =>
	(query.replace(/"[^"]*"/g, '').replace(/\[[^\]]*\]/g, '').match(/[a-zA-Z_][a-zA-Z0-9_]*/g) ?? []).filter((word) => !words.has(word) && !names.has(word));

test('promtool takes the rules, and their tests pass', () => {
	assert.deepEqual(promtool(['check', 'rules', join(root, rules)]).code, 0);
	const { code, output } = promtool(['test', 'rules', join(root, 'deploy/prometheus/alerts_test.yml')]);
	assert.equal(code, 0, output);
});

test('every alert is tried, with figures that are fine and with those that are not', () => {
	assert.ok(alerts.length > 20);
	assert.equal(new Set(alerts).size, alerts.length);
	const tests = read('deploy/prometheus/alerts_test.yml');
	for (const alert of alerts) for (const what of ['fine', 'not fine']) assert.ok(tests.includes(`- name: ${alert}, ${what}\n`), `${alert}, ${what}`);
});

test('every alert has its section in the runbook, and every section its alert', () => {
	const runbook = read('docs/runbook.md');
	const sections = [...runbook.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
	assert.deepEqual([...sections].sort(), [...alerts].sort());
	for (const alert of alerts) assert.ok(read(rules).includes(`runbook: docs/runbook.md#${alert.toLowerCase()}\n`), alert);
	for (const [, anchor] of runbook.matchAll(/\]\(#(\w+)\)/g)) assert.match(runbook.toLowerCase(), new RegExp(`^##+ ${anchor}$`, 'm'));
});

test('the metrics of rules and dashboard are ours, and Prometheus takes their queries', async () => {
	const panels = JSON.parse(read('deploy/grafana/voiceai.json')).panels;
	const queries = panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ what: panel.title, expr })));
	assert.ok(queries.length > 40);
	assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
	const prometheus = await Prometheus.start({ nobody: '127.0.0.1:1' }, { rules: [join(root, rules)] });
	try {
		const { groups } = await prometheus.api('rules');
		for (const rule of groups.flatMap((group) => group.rules)) queries.push({ what: rule.name, expr: rule.query });
		for (const { what, expr } of queries) {
			assert.deepEqual(strangers(expr.replaceAll('$__rate_interval', '5m')), [], `${what}: ${expr}`);
			await prometheus.query(expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'));
		}
		assert.deepEqual(groups.flatMap((group) => group.rules.map(({ name }) => name)).sort(), [...alerts].sort());
	} finally {
		await prometheus.stop();
	}
});

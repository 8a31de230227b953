// Protects: .github/workflows. They are what GitHub takes (its schema, in @action-validator/core), what they run is there,
// and they may do no more than they need: rights given one by one, actions of one version, no text from outside in a script.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, root } from './system.mjs';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const { validateWorkflow } = require('@action-validator/core');
const { parse } = require('yaml');

const folder = join(root, '.github/workflows');
const texts = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
const workflows = [...texts].map(([name, text]) => ({ name, workflow: parse(text) }));
const jobs = workflows.flatMap(({ name, workflow }) => Object.entries(workflow.jobs).map(([id, job]) => ({ at: `${name}: ${id}`, workflow, job })));
const steps = jobs.flatMap(({ at, job }) => job.steps.map((step, i) => ({ at: `${at}: step ${i + 1}`, job, step })));
const scripts = steps.filter(({ step }) => step.run);

test('they are what GitHub takes', () => {
	assert.deepEqual([...texts.keys()].sort(), ['fuzz.yml', 'release.yml', 'test.yml', 'website.yml']);
	for (const [name, text] of texts) {
		assert.deepEqual(validateWorkflow(text).errors, [], name);
		assert.notDeepEqual(validateWorkflow(text.replace('runs-on:', 'runs_on:')).errors, [], 'the schema is in force');
	}
});

test('the verbs, tools and tests that they run are there', () => {
	const verbs = new Set([...readFileSync(join(root, 'Makefile'), 'utf8').matchAll(/^([a-z]+):/gm)].map(([, verb]) => verb));
	const run = scripts.flatMap(({ step }) => [...step.run.matchAll(/(?:^|&& *|; *)make +([a-z]+)(?= +[A-Z]| *$)/gm)].map(([, verb]) => verb));
	assert.ok(run.length >= 5);
	for (const { at, step } of scripts) {
		for (const [, verb] of step.run.matchAll(/(?:^|&& *)make +([a-z_]+)/gm)) assert.ok(verbs.has(verb), `${at}: make ${verb}`);
		for (const [path] of step.run.matchAll(/(?<![\w/.])(tools|tests)\/[\w./-]+/g)) assert.ok(existsSync(join(root, path)), `${at}: ${path}`);
	}
	for (const verb of ['test', 'check', 'fuzz', 'website', 'release']) assert.ok(run.includes(verb), `something runs make ${verb}`);
});

test('folders that start them are there', () => {
	const paths = workflows.flatMap(({ workflow }) => Object.values(workflow.on).flatMap((event) => event?.paths ?? []));
	for (const path of paths) assert.ok(existsSync(join(root, path.replace(/\/\*\*$/, ''))), path);
});

test('they may do no more than they need, and end', () => {
	for (const { name, workflow } of workflows) assert.deepEqual(workflow.permissions, { contents: 'read' }, name);
	assert.deepEqual(jobs.filter(({ job }) => job.permissions).map(({ at, job }) => [at, job.permissions]), [['release.yml: publish', { contents: 'write' }]]);
	for (const { at, job } of jobs) assert.ok(job['timeout-minutes'] > 0 && job['timeout-minutes'] <= 360, `${at} ends`);
	for (const { at, step } of steps) {
		if (step.uses) assert.match(step.uses, /^actions\/[\w-]+@v\d+\.\d+\.\d+$/, at);
		if (step.uses?.startsWith('actions/checkout@')) assert.equal(step.with['persist-credentials'], false, at);
		assert.ok(!/\$\{\{/.test(step.run ?? ''), `${at}: what comes from outside goes into env, not into a script`);
		assert.ok(!/\bnpm (install|i)\b/.test(step.run ?? ''), `${at}: npm ci keeps to the lock file`);
	}
	// Secrets are for the one step that uploads, in an environment that can ask for approval.
	const secret = steps.filter(({ step }) => JSON.stringify(step).includes('secrets.'));
	assert.deepEqual(secret.map(({ at, job }) => [at, job.environment]), [['website.yml: upload: step 4', 'website']]);
	assert.ok(workflows.every(({ workflow }) => !('pull_request_target' in workflow.on)));
});

test('what is uploaded was built and tested before it, from develop or by hand', () => {
	const { workflow } = workflows.find(({ name }) => name === 'website.yml');
	assert.deepEqual([workflow.on.push.branches, Object.keys(workflow.on)], [['develop'], ['push', 'workflow_dispatch']]);
	assert.equal(workflow.jobs.upload.needs, 'build');
	assert.equal(workflow.concurrency['cancel-in-progress'], false, 'an upload is not cut short by the next');
	const upload = workflow.jobs.upload.steps.at(-1);
	const known = readFileSync(join(root, 'tools/site/upload.mjs'), 'utf8');
	for (const name of Object.keys(upload.env).filter((one) => one !== 'DRY_RUN')) assert.ok(known.includes(`env.${name}`), name);
});

test('notes of a release are what the changelog says of its version', () => {
	const version = execFileSync(binary, ['version'], { encoding: 'utf8' }).trim().split(' ')[1];
	const notes = execFileSync('tools/release_notes', [version], { cwd: root, encoding: 'utf8' });
	assert.match(notes, /^\S/);
	assert.ok(!/^## /m.test(notes));
	assert.throws(() => execFileSync('tools/release_notes', ['9.9.9'], { cwd: root, stdio: 'pipe' }), /says nothing of 9\.9\.9/);
});

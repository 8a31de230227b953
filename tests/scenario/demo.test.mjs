// Protects: the first call. A fresh voiceai calls a phone that speaks; every word crosses SIP/RTP as
// sound; the appointment is booked, summarised and recorded, and everything ends in time.
import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Process, makeSettings } from './system.mjs';

test('the demo call books an appointment', { timeout: 180000 }, async () => {
	const settings = await makeSettings();
	const demo = new Process(settings, ['up', '--demo', '--once']);
	const { code } = await demo.end(170);

	assert.equal(code, 0, demo.stdout + demo.stderr);
	assert.match(demo.stdout, /^agent {3}\S/m);
	assert.match(demo.stdout, /^caller {2}\S/m);
	assert.match(demo.stdout, /goal reached: yes/);
	assert.match(demo.stdout, /^summary/m);
	assert.match(demo.stdout, /times per turn/);
	const recording = demo.stdout.match(/recording: (.+)/);
	assert.ok(recording && existsSync(recording[1]), demo.stdout);
	rmSync(settings.HOME, { recursive: true, force: true });
});

test('Ctrl-C ends everything within three seconds', { timeout: 60000 }, async () => {
	const settings = await makeSettings();
	const demo = new Process(settings, ['up', '--demo']);
	await new Promise((done) => {
		demo.child.stdout.on('data', () => /^agent/m.test(demo.stdout) && done());
		demo.exited.then(done);
	});
	const before = Date.now();
	demo.kill('SIGINT');
	const { code } = await demo.end(10);
	assert.ok(Date.now() - before < 3000, `took ${Date.now() - before} ms`);
	assert.equal(code, 0);
	rmSync(settings.HOME, { recursive: true, force: true });
});

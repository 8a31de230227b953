// Protects the operations that no other scenario asks for, as somebody who has signed in uses them through sdk/js: what
// they answer is compared with the contract (system.mjs), and every operation that answers at all has been asked once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiError, Client } from '../../sdk/js/index.js';
import { Twilio, Ultravox } from '../mock/vendors.mjs';
import { System, isTerminal, until } from './system.mjs';

const password = 'correct horse battery staple';
let system, twilio, ultravox, owner;

const client = (token = null) => new Client({ url: system.url('serve'), token });
const wordOf = (text) => text.match(/#invite=([0-9a-f]{48})/)?.[1];
const refused = (status, code) => (error) => error instanceof ApiError && error.status === status && error.code === code;

before(async () => {
	[twilio, ultravox] = await Promise.all([new Twilio().listen(), new Ultravox().listen()]);
	system = await System.start(
		{
			AUTH: 'on', RATE_LIMITS: 'off', DEFAULT_AGENT: 'assistant', RECORD_CALLS: 'true',
			TWILIO_ACCOUNT_SID: twilio.sid, TWILIO_AUTH_TOKEN: twilio.token, TWILIO_API_URL: twilio.url, TWILIO_PHONE_NUMBER: '+15550100000',
			ULTRAVOX_API_KEY: ultravox.key, ULTRAVOX_API_URL: `${ultravox.url}/api`,
		},
		['serve'],
	);
	const word = await until('the link is printed', () => wordOf(system.servers.serve.stderr));
	assert.equal((await client().viewInvitation({ token: word })).role, 'owner');
	owner = client((await client().acceptInvitation({ token: word, email: 'owner@example.com', name: 'Ada', password })).access_token);
});
after(async () => {
	await system?.stop();
	await Promise.all([twilio, ultravox].map((mock) => mock?.close()));
});

/** Somebody who was invited: {id, email, tokens, client}. */
async function member(email, role) {
	const { link } = await owner.inviteUser({ email, role });
	const tokens = await client().acceptInvitation({ token: wordOf(link), email, name: 'Somebody', password });
	return { id: tokens.user.id, email, tokens, client: client(tokens.access_token) };
}

const ok = (response) => assert.ok(response.status >= 200 && response.status < 300, `${response.status} ${response.body}`);

/** A call that was recorded and is over. */
async function recordedCall() {
	const { call_id: id } = await owner.initiateCall({ phone_number: '+15550400001' });
	const call = await until('the carrier was asked', () => twilio.calls.find((c) => c.params?.get('Url').includes(id)));
	await until('it is dialled', async () => (await owner.getCall({ call_id: id })).twilio_call_sid === call.sid);
	ok(await twilio.status(call, 'in-progress'));
	ok(await twilio.recording(call));
	ok(await twilio.status(call, 'completed', { CallDuration: '5' }));
	await until('it is over and recorded', async () => {
		const now = await owner.getCall({ call_id: id });
		return isTerminal(now) && now.recording?.status === 'available';
	});
	return id;
}

test('a recorded call: note, payloads, sound, link, file, figures, analysis', async () => {
	const id = await recordedCall();
	const note = await owner.addNote({ call_id: id, text: 'Wants to be called after six.' });
	assert.equal(note.author.name, 'Ada');
	assert.deepEqual((await owner.listNotes({ call_id: id })).notes, [note]);
	assert.ok((await owner.listPayloads({ call_id: id })).payloads.some(({ source, kind }) => source === 'twilio' && kind === 'status'));
	const sound = Buffer.from(await (await owner.getRecording({ call_id: id })).arrayBuffer());
	assert.equal(sound.toString('latin1', 0, 4), 'RIFF');
	const link = await owner.linkRecording({ call_id: id, expires_in: 60 });
	const followed = await client().followRecordingLink({ token: link.url.split('/').at(-1) });
	assert.equal((await followed.arrayBuffer()).byteLength, sound.length);
	await assert.rejects(client().followRecordingLink({ token: 'x' }), refused(403, 'invalid_signature'));
	const shared = await owner.linkCall({ call_id: id, expires_in: 60 });
	const seen = await client().followCallLink({ token: shared.url.split('/').at(-1) });
	assert.equal(seen.status, 'COMPLETED');
	assert.ok(seen.recording.url.startsWith('/api/v1/recordings/'));
	await assert.rejects(client().followCallLink({ token: link.url.split('/').at(-1) }), refused(403, 'invalid_signature'), 'one to a recording opens no more');
	assert.match(await (await owner.exportCalls({ limit: 10 })).text(), new RegExp(`^call_id,[^]*${id},COMPLETED,OUTBOUND`));
	assert.ok((await owner.getPeriodAnalytics({ tz: 'Europe/Berlin' })).current.totals.calls >= 1);
	assert.ok((await owner.getAnalytics()).total_calls >= 1);
	assert.equal((await owner.analyzeCall({ call_id: id })).status, 'pending');
	assert.ok((await owner.listCallEvents({ call_id: id, limit: 1000 })).events.some(({ type }) => type === 'call.note'));
});

test('a call in which nobody spoke has no summary, says why, and is no failure', async () => {
	const id = await recordedCall();
	await until('its analysis is over', async () => (await owner.getSummary({ call_id: id })).error === 'nothing was said');
	assert.deepEqual((await owner.listJobs({ state: 'dead' })).jobs, []);
});

test('a job that failed is listed, and brought back alone or with its kind', async () => {
	const now = Date.now() * 1000;
	const call = await recordedCall();
	for (const id of [1, 2])
		system.sql(`INSERT INTO job (id, tenant_id, kind, call_id, payload, state, attempt, max_attempts, run_at, last_error, created_at, updated_at) VALUES ('01941f29-7c00-7aaa-8000-00000000000${id}', 'default', 'analyse', '${call}', '{}', 'dead', 5, 5, 0, 'nobody answered', ${now}, ${now})`);
	const { jobs } = await owner.listJobs({ state: 'dead', kind: 'analyse' });
	assert.deepEqual(jobs.map((job) => job.last_error), ['nobody answered', 'nobody answered']);
	assert.equal((await owner.replayJob({ job_id: jobs[0].id })).replayed, 1);
	assert.ok((await owner.replayJobs({ kind: 'analyse' })).replayed >= 1);
	assert.equal((await owner.replayJobs({ kind: 'nothing' })).replayed, 0);
	await assert.rejects(owner.replayJob({ job_id: '01941f29-7c00-7aaa-8000-000000000009' }), refused(404, 'job_not_found'));
});

test('a member is named, promoted, deactivated and taken out, but not the last owner', async () => {
	const somebody = await member('grace@example.com', 'viewer');
	await somebody.client.renameMe({ name: 'Grace' });
	assert.equal((await owner.getUser({ user_id: somebody.id })).name, 'Grace');
	assert.equal((await owner.changeUser({ user_id: somebody.id, role: 'operator' })).role, 'operator');
	assert.equal((await owner.changeUser({ user_id: somebody.id, status: 'deactivated' })).status, 'deactivated');
	await owner.removeUser({ user_id: somebody.id });
	await assert.rejects(owner.getUser({ user_id: somebody.id }), refused(404, 'user_not_found'));
	const { user } = await owner.getMe();
	await assert.rejects(owner.removeUser({ user_id: user.id }), refused(409, 'last_owner'));
	const names = [];
	for await (const one of owner.allUsers({ limit: 1 })) names.push(one.email);
	assert.deepEqual(names, ['owner@example.com']);
});

test('an invitation is withdrawn', async () => {
	const { id, link } = await owner.inviteUser({ email: 'late@example.com', role: 'viewer' });
	assert.deepEqual((await owner.listInvitations()).invitations.map((one) => one.id), [id]);
	await owner.withdrawInvitation({ invitation_id: id });
	await assert.rejects(client().viewInvitation({ token: wordOf(link) }), refused(404, 'invitation_not_found'));
});

test('sign-ins: one is ended, a new password ends the others, a refresh token works once', async () => {
	const { email, tokens, client: self } = await member('lin@example.com', 'admin');
	const other = await client().signIn({ email, password });
	const { sign_ins: list } = await self.listSignIns();
	await self.endSignIn({ sign_in_id: list.find((one) => !one.current).id });
	await assert.rejects(client(other.access_token).getMe(), refused(401, 'unauthenticated'));
	await assert.rejects(self.endSignIn({ sign_in_id: '01941f29-7c00-7aaa-8000-000000000001' }), refused(404, 'sign_in_not_found'));
	await assert.rejects(self.changePassword({ current_password: 'wrong', new_password: 'staple in the barn' }), refused(401, 'invalid_credentials'));
	await self.changePassword({ current_password: password, new_password: 'staple in the barn' });
	const again = await client().refresh({ refresh_token: tokens.refresh_token });
	await assert.rejects(client().refresh({ refresh_token: tokens.refresh_token }), refused(401, 'signed_out'));
	await client().signOut({ refresh_token: again.refresh_token });
});

test('a key is made, seen and revoked', async () => {
	const { id, key } = await owner.createKey({ name: 'crm', scopes: ['calls:read'], expires_in_days: 1 });
	assert.equal((await client(key).listCalls({ limit: 1 })).calls.length, 1);
	assert.deepEqual((await owner.getKey({ key_id: id })).scopes, ['calls:read']);
	await owner.revokeKey({ key_id: id });
	await assert.rejects(owner.getKey({ key_id: '01941f29-7c00-7aaa-8000-000000000001' }), refused(404, 'api_key_not_found'));
});

test('a tenant is made, renamed and suspended, and its owner goes from one to the other', async () => {
	const { id, invitation } = await owner.createTenant({ name: 'Acme', owner_email: 'owner@example.com' });
	const there = await client().acceptInvitation({ token: wordOf(invitation.link), email: 'owner@example.com', password });
	assert.equal(there.tenant.id, id);
	await client(there.access_token).changeTenant({ tenant_id: id, settings: { brand: { name: 'Acme' } } });
	assert.equal((await owner.getTenant({ tenant_id: id })).settings.brand.name, 'Acme');
	assert.deepEqual(await client().getBrand({ tenant: id }), { name: 'Acme' });
	assert.deepEqual(await client().getBrand(), {}, 'of several tenants none is named');
	const back = await client(there.access_token).switchTenant({ tenant_id: 'default' });
	assert.equal(back.tenant.id, 'default');
	owner = client(back.access_token);
	await assert.rejects(owner.switchTenant({ tenant_id: 'nowhere' }), refused(404, 'tenant_not_found'));
	await owner.changeTenant({ tenant_id: id, status: 'suspended' });
	assert.equal((await owner.listTenants()).tenants.find((one) => one.id === id).status, 'suspended');
	assert.ok((await owner.listAudit({ action: 'tenant.create' })).entries.length > 0);
});

test('health and readiness are told to everybody', async () => {
	assert.equal((await client().getHealth()).status, 'ok');
	assert.equal((await client().getReady()).status, 'ok');
});

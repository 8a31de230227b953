/* The dashboard: who is there, the frame around the pages, and which page an address is. */
import * as api from './core/api.js';
import {h} from './core/dom.js';
import * as live from './core/live.js';
import * as router from './core/router.js';
import * as session from './core/session.js';
import {language, t} from './core/texts.js';
import {applyBrand} from './core/brand.js';
import {askToSignIn, invitationWord} from './pages/sign_in.js';
import {makeShell} from './pages/shell.js';
import {failed, loading} from './ui/state.js';

/* A page, and what one must be permitted to see it. */
const routes = [
	{path: '/', permission: 'live:read', title: 'live.title', page: () => import('./pages/live.js')},
	{path: '/live', permission: 'live:read', title: 'live.title', page: () => import('./pages/live.js')},
	{path: '/calls', permission: 'calls:read', title: 'calls.title', page: () => import('./pages/calls.js')},
	{path: '/calls/:id', permission: 'calls:read', title: 'call.title', page: () => import('./pages/call.js')},
	{path: '/new', permission: 'calls:write', title: 'new.title', page: () => import('./pages/new_call.js')},
	{path: '/talk', permission: 'calls:write', title: 'talk.title', page: () => import('./pages/talk.js')},
	{path: '/analytics', permission: 'analytics:read', title: 'analytics.title', page: () => import('./pages/analytics.js')},
	{path: '/agents', permission: 'agents:read', title: 'agents.title', page: () => import('./pages/agents.js')},
	{path: '/agents/:name', permission: 'agents:read', title: 'agents.title', page: () => import('./pages/agent.js')},
	{path: '/numbers', permission: 'numbers:read', title: 'numbers.title', page: () => import('./pages/numbers.js')},
	{path: '/leads', permission: 'leads:read', title: 'leads.title', page: () => import('./pages/leads.js')},
	{path: '/webhooks', permission: 'webhooks:read', title: 'webhooks.title', page: () => import('./pages/webhooks.js')},
	{path: '/webhooks/:id', permission: 'webhooks:read', title: 'webhooks.title', page: () => import('./pages/webhook.js')},
	{path: '/keys', permission: 'keys:read', title: 'keys.title', page: () => import('./pages/keys.js')},
	{path: '/users', permission: 'users:read', title: 'users.title', page: () => import('./pages/users.js')},
	{path: '/audit', permission: 'audit:read', title: 'audit.title', page: () => import('./pages/audit.js')},
	{path: '/jobs', permission: 'jobs:read', title: 'jobs.title', page: () => import('./pages/jobs.js')},
	{path: '/settings', permission: 'tenants:read', title: 'settings.title', page: () => import('./pages/settings.js')},
	{path: '/tenants', permission: 'tenants:write', title: 'tenants.title', page: () => import('./pages/tenants.js')},
	{path: '/account', permission: 'profile', title: 'account.title', page: () => import('./pages/account.js')},
];

document.documentElement.lang = language;

let shell = null;

async function show(route, context) {
	const {main} = shell;
	shell.select(location.pathname);
	document.title = [route && t(route.title), shell.product()].filter(Boolean).join(' · ');
	const put = (element) => {
		if (context.signal.aborted)
			return;
		main.replaceChildren(element);
		if (context.isNew) {
			main.querySelector('h1')?.focus({preventScroll: true});
			scrollTo(0, 0);
		}
	};
	if (!route)
		return put(h('div.page', {}, h('h1', {tabindex: '-1'}, t('missing.title')), h('p.soft', {}, t('missing.text')), h('a.button', {href: '/'}, t('missing.back'))));
	if (!session.may(route.permission))
		return put(h('div.page', {}, h('h1', {tabindex: '-1'}, t('forbidden.title')), h('p.soft', {}, t('forbidden.text'))));
	const wait = setTimeout(() => put(h('div.page', {}, loading())), 150);
	try {
		const {default: page} = await route.page();
		const element = await page(context);
		clearTimeout(wait);
		put(element);
	} catch (error) {
		clearTimeout(wait);
		console.warn(error);
		put(h('div.page', {}, failed(error, () => router.reopen())));
	}
}

/* Somebody is there: at once in single-user mode, else by the cookie, else by signing in. */
async function enter() {
	const word = invitationWord();
	if (word)
		await askToSignIn(word);
	else
		await session.resume();
	api.onSignedOut(() => askToSignIn());
	await session.load();
}

async function start() {
	try {
		await enter();
	} catch (error) {
		document.body.replaceChildren(h('main.alone', {}, failed(error, () => location.reload())));
		return;
	}
	await applyBrand();
	shell = makeShell(routes);
	document.body.prepend(shell.element);
	router.start(routes, show);
	live.start();
}

await start();
navigator.serviceWorker?.register('/sw.js').catch(() => {});

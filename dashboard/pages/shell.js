/* The frame around every page: where one can go, who one is, and whether the live connection is there. */
import {brand, logo} from '../core/brand.js';
import {h} from '../core/dom.js';
import {watchState} from '../core/live.js';
import {isSignedIn, may, signOut, switchTenant, viewer} from '../core/session.js';
import {t} from '../core/texts.js';
import {icon} from '../ui/icon.js';
import {toast, toastError} from '../ui/toast.js';

const groups = [
	['nav.calls', ['/live', '/calls', '/leads', '/new', '/talk', '/analytics']],
	['nav.build', ['/agents', '/numbers', '/webhooks', '/keys']],
	['nav.workspace', ['/users', '/audit', '/jobs', '/settings', '/tenants']],
];

const themes = ['auto', 'light', 'dark'];
const themeKey = 'voiceai-theme';

function setTheme(theme) {
	if (theme === 'auto')
		delete document.documentElement.dataset.theme;
	else
		document.documentElement.dataset.theme = theme;
}

setTheme(localStorage.getItem(themeKey) ?? 'auto');

function themeButton() {
	const text = h('span');
	const current = () => localStorage.getItem(themeKey) ?? 'auto';
	const show = () => { text.textContent = t(`theme.${current()}`); };
	show();
	return h('button.quiet', {type: 'button', onclick: () => {
		const next = themes[(themes.indexOf(current()) + 1) % themes.length];
		localStorage.setItem(themeKey, next);
		setTheme(next);
		show();
	}}, icon('theme'), text);
}

function tenantSwitch() {
	const {tenants, tenant_id: current} = viewer();
	if (!isSignedIn() || tenants.length < 2)
		return tenants.find(({id}) => id === current) && h('p.tenant', {}, tenants.find(({id}) => id === current).name);
	return h('label.tenant', {}, h('span.away', {}, t('nav.tenant')),
		h('select', {onchange: (event) => switchTenant(event.target.value).catch(toastError)},
			tenants.map(({id, name}) => h('option', {value: id, selected: id === current}, name))));
}

function connection() {
	const text = h('span');
	const box = h('p.connection', {id: 'connection', role: 'status'}, h('span.dot', {'aria-hidden': 'true'}), text);
	let wasLost = false;
	watchState((state) => {
		box.dataset.state = state;
		text.textContent = t(`connection.${state}`);
		if (state === 'live' && wasLost)
			toast(t('connection.back'));
		wasLost = state === 'lost' || (wasLost && state !== 'live');
	});
	return box;
}

const home = () => h('a.brand', {href: '/live'}, h('img', {src: logo(), alt: '', width: '24', height: '24'}), brand().name);

export function makeShell(routes) {
	const links = [];
	const item = (path) => {
		const route = routes.find((one) => one.path === path);
		if (!route || !may(route.permission))
			return null;
		const link = h('a.nav-link', {href: path}, icon(path.slice(1)), t(`nav.${path.slice(1)}`));
		links.push(link);
		return h('li', {}, link);
	};
	const nav = h('nav', {'aria-label': t('nav.label'), id: 'nav'}, groups.map(([title, paths]) => {
		const items = paths.map(item).filter(Boolean);
		return items.length > 0 && h('div', {}, h('h2.nav-title', {}, t(title)), h('ul', {}, items));
	}));
	const reference = h('a.nav-link', {href: '/docs', target: '_blank', rel: 'noopener'}, icon('reference'), t('nav.docs'));
	const user = viewer().user;
	const account = h('a.nav-link', {href: '/account'}, icon('account'), user?.name || user?.email || t('nav.account'));
	links.push(account);
	const toggle = h('button.quiet.icon-only.menu', {type: 'button', 'aria-label': t('nav.menu'), 'aria-expanded': 'false', 'aria-controls': 'side'}, icon('menu'));
	const side = h('aside.side', {id: 'side', 'aria-label': t('nav.side')}, h('div.side-top', {}, home(), tenantSwitch()), nav,
		h('div.side-foot', {}, reference, isSignedIn() && account, themeButton(),
			isSignedIn() && h('button.quiet', {type: 'button', onclick: () => signOut().catch(toastError)}, icon('out'), t('nav.signOut'))));
	const main = h('main', {id: 'main', tabindex: '-1'});
	const element = h('div.shell', {},
		h('button.skip', {type: 'button', onclick: () => main.focus()}, t('nav.skip')),
		h('header.top', {}, toggle, h('span.top-brand', {}, home()), connection()), side, h('div.shade', {onclick: () => open(false)}), main);
	const open = (isOpen) => {
		element.classList.toggle('open', isOpen);
		toggle.setAttribute('aria-expanded', String(isOpen));
		if (isOpen)
			links[0]?.focus();
	};
	toggle.addEventListener('click', () => open(!element.classList.contains('open')));
	element.addEventListener('keydown', (event) => {
		if (event.key !== 'Escape' || !element.classList.contains('open'))
			return;
		open(false);
		toggle.focus();
	});
	return {
		element, main,
		product: () => brand().name,
		select(path) {
			open(false);
			for (const link of links) {
				const at = link.getAttribute('href');
				const isHere = path === at || path.startsWith(`${at}/`) || (path === '/' && at === '/live');
				if (isHere)
					link.setAttribute('aria-current', 'page');
				else
					link.removeAttribute('aria-current');
			}
		},
	};
}

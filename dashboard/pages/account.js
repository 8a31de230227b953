/* The viewer's own account: name, password, and where they are signed in. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {isSignedIn, load, viewer} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {confirm} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {facts, page, panel} from '../ui/page.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';

function profile() {
	const {user} = viewer();
	return form({
		action: t('save'),
		fields: [{name: 'name', label: t('user.name'), value: user?.name ?? '', autocomplete: 'name', required: true}],
		submit: async (values) => {
			await api.patch('/auth/me', values);
			await load();
			toast(t('saved'));
		},
	});
}

function password() {
	return form({
		clears: true,
		action: t('account.change'),
		fields: [{name: 'current_password', label: t('account.current'), type: 'password', required: true, autocomplete: 'current-password'},
			{name: 'new_password', label: t('account.new'), type: 'password', required: true, autocomplete: 'new-password', hint: t('signIn.passwordHint')}],
		submit: async (values) => {
			await api.post('/auth/password', values);
			toast(t('account.changed'));
		},
	});
}

function signIns(signal) {
	const list = table({
		label: t('account.signIns'), signal,
		columns: [
			{title: t('account.browser'), cell: (row) => h('span', {}, row.agent ?? '–', row.current && h('strong', {}, ` · ${t('account.here')}`))},
			{title: t('account.address'), priority: 2, cell: (row) => h('span.nowrap', {}, row.remote ?? '')},
			{title: t('account.since'), priority: 2, cell: (row) => h('span.nowrap', {}, when(row.created_at))},
			{title: '', align: 'end', cell: (row) => !row.current && h('button', {type: 'button', onclick: async () => {
				if (!await confirm(t('account.endTitle'), t('account.endText'), t('account.end')))
					return;
				await api.remove(`/auth/sign-ins/${row.id}`).catch(toastError);
				list.reload();
			}}, t('account.end'))},
		],
		load: async () => ({rows: (await api.get('/auth/sign-ins', {}, signal)).sign_ins, next: null}),
	});
	return list;
}

function forDevelopers() {
	return panel(t('account.api'), {className: 'narrow'}, h('p.soft', {}, t('account.apiText')),
		h('div.actions', {}, h('a.button', {href: '/docs'}, t('account.docs')), h('a.button', {href: '/redoc'}, t('account.redoc')), h('a.button', {href: '/openapi.json'}, t('account.contract'))));
}

export default function account({signal}) {
	const {role, user, tenants, tenant_id: tenant} = viewer();
	return page(t('account.title'), {}, panel(t('account.you'), {className: 'narrow'},
		facts([[t('user.email'), user?.email], [t('user.role'), name('role', role)], [t('user.tenant'), tenants.find(({id}) => id === tenant)?.name]]), isSignedIn() && profile()),
	isSignedIn() && panel(t('account.password'), {className: 'narrow'}, password()),
	isSignedIn() && panel(t('account.signIns'), {}, signIns(signal)), forDevelopers());
}

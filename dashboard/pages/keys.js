/* API keys: who made them, what they may do, when they were used last. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {may, viewer} from '../core/session.js';
import {t} from '../core/texts.js';
import {confirm, dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';
import {showSecret} from './secret.js';

const usual = ['calls:read', 'calls:write', 'live:read', 'agents:read'];

function stateOf(key) {
	if (key.revoked_at)
		return h('span.badge', {'data-tone': 'bad'}, t('key.revoked'));
	if (key.expires_at && Date.parse(key.expires_at) < Date.now())
		return h('span.badge', {}, t('key.expired'));
	return h('span.badge', {'data-tone': 'good'}, t('key.active'));
}

export default function keys({signal}) {
	const add = () => dialog(t('key.add'), (close) => {
		const boxes = h('div.checks', {}, viewer().permissions.map((scope) => h('label', {}, h('input', {type: 'checkbox', value: scope, checked: usual.includes(scope)}), scope)));
		return form({action: t('key.make'), cancel: () => close(), fields: [
			{name: 'name', label: t('key.name'), required: true, hint: t('key.nameHint')},
			{name: 'scopes', label: t('key.scopes'), control: boxes, read: () => [...boxes.querySelectorAll('input:checked')].map(({value}) => value)},
			{name: 'expires_in_days', label: t('key.days'), type: 'number', min: 1, max: 3650, value: 90},
		], submit: async (values) => {
			const {key} = await api.post('/keys', {...values, expires_in_days: Number(values.expires_in_days)});
			close();
			await showSecret(t('key.title'), t('key.text'), key);
			list.reload();
		}});
	});
	const revoke = async (key) => {
		if (!await confirm(t('key.revokeTitle', {name: key.name}), t('key.revokeText'), t('key.revoke')))
			return;
		try {
			await api.remove(`/keys/${key.id}`);
			toast(t('key.isRevoked'));
		} catch (error) {
			toastError(error);
		}
		list.reload();
	};
	const list = table({label: t('keys.title'), signal, empty: empty(t('keys.none'), t('keys.noneText')),
		columns: [
			{title: t('key.name'), cell: (key) => h('span', {}, h('strong', {}, key.name), ' ', h('code.soft', {}, `vai_${key.prefix}_…`))},
			{title: t('key.scopes'), plain: true, priority: 3, cell: (key) => h('span.cut', {title: key.scopes.join(', ')}, key.scopes.join(', '))},
			{title: t('call.status'), plain: true, cell: stateOf},
			{title: t('key.lastUsed'), priority: 2, align: 'end', cell: (key) => h('span.nowrap', {}, key.last_used_at ? when(key.last_used_at) : t('key.never'))},
			{title: t('key.expires'), priority: 3, align: 'end', cell: (key) => h('span.nowrap', {}, when(key.expires_at))},
			may('keys:write') && {title: '', align: 'end', cell: (key) => !key.revoked_at && h('button.danger', {type: 'button', onclick: () => revoke(key)}, t('key.revoke'))},
		].filter(Boolean),
		load: async (cursor) => {
			const answer = await api.get('/keys', {limit: 50, cursor}, signal);
			return {rows: answer.keys, next: answer.next_cursor};
		}});
	return page(t('keys.title'), {lead: t('keys.lead'), actions: may('keys:write') && h('button.primary', {type: 'button', onclick: add}, icon('plus'), t('key.add'))}, list);
}

/* Every tenant of the installation: for the owners of the first one, who run it. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {may, viewer} from '../core/session.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toastError} from '../ui/toast.js';
import {showSecret} from './secret.js';

export default function tenants({signal}) {
	const mine = viewer().tenant_id;
	const mayWrite = may('tenants:write');
	const add = () => dialog(t('tenant.add'), (close) => form({action: t('tenant.make'), cancel: () => close(),
		fields: [{name: 'name', label: t('tenant.name'), required: true}, {name: 'owner_email', label: t('tenant.owner'), type: 'email', required: true}],
		submit: async (values) => {
			const {invitation} = await api.post('/tenants', values);
			close();
			list.reload();
			await showSecret(t('user.linkTitle'), t('user.linkText', {email: values.owner_email}), invitation.link);
		}}));
	const setStatus = async (tenant, status) => {
		if (status === 'suspended' && !await confirm(t('tenant.suspendTitle', {name: tenant.name}), t('tenant.suspendText'), t('tenant.suspend')))
			return;
		await api.patch(`/tenants/${tenant.id}`, {status}).catch(toastError);
		list.reload();
	};
	const list = table({label: t('tenants.title'), signal, empty: empty(t('state.none')),
		columns: [
			{title: t('tenant.name'), cell: (tenant) => h('strong', {}, tenant.name)},
			{title: t('call.status'), cell: (tenant) => badge('tenantState', tenant.status)},
			{title: t('tenant.since'), priority: 2, align: 'end', cell: (tenant) => h('span.nowrap', {}, when(tenant.created_at))},
			mayWrite && {title: '', align: 'end', cell: (tenant) => tenant.id !== mine && (tenant.status === 'active'
				? h('button.danger', {type: 'button', onclick: () => setStatus(tenant, 'suspended')}, t('tenant.suspend'))
				: h('button', {type: 'button', onclick: () => setStatus(tenant, 'active')}, t('tenant.resume')))},
		].filter(Boolean),
		load: async (cursor) => {
			const answer = await api.get('/tenants', {limit: 50, cursor}, signal);
			return {rows: answer.tenants, next: answer.next_cursor};
		}});
	return page(t('tenants.title'), {lead: t('tenants.lead'), actions: mayWrite && mine === 'default' && h('button.primary', {type: 'button', onclick: add}, icon('plus'), t('tenant.add'))}, list);
}

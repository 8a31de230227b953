/* Where events go: the endpoints of outgoing webhooks. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {navigate} from '../core/router.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {dialog} from '../ui/dialog.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {endpointForm} from './webhook_form.js';
import {showSecret} from './secret.js';

const columns = [
	{title: t('webhook.url'), grows: true, cell: (row) => h('span.cut.wide-cut', {title: row.url}, row.url)},
	{title: t('webhook.events'), priority: 2, cell: (row) => h('span.cut', {title: row.events.join(', ')}, row.events.includes('*') ? t('webhook.all') : row.events.join(', '))},
	{title: t('call.status'), plain: true, cell: (row) => badge('webhookState', row.state)},
	{title: t('webhook.lastSuccess'), priority: 3, align: 'end', cell: (row) => h('span.nowrap', {}, when(row.last_success_at))},
];

export default function webhooks({signal}) {
	const add = () => dialog(t('webhook.add'), (close) => endpointForm({}, {action: t('webhook.add'), cancel: () => close(), submit: async (values) => {
		const made = await api.post('/webhooks', values);
		close();
		await showSecret(t('webhook.secretTitle'), t('webhook.secretText'), made.secret);
		navigate(`/webhooks/${made.id}`);
	}}));
	return page(t('webhooks.title'), {lead: t('webhooks.lead'), actions: may('webhooks:write') && h('button.primary', {type: 'button', onclick: add}, icon('plus'), t('webhook.add'))},
		table({label: t('webhooks.title'), columns, signal, href: (row) => `/webhooks/${row.id}`, empty: empty(t('webhooks.none'), t('webhooks.noneText')),
			load: async () => ({rows: (await api.get('/webhooks', {}, signal)).webhooks, next: null})}));
}

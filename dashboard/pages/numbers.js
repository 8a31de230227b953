/* Our phone numbers: which agent answers each, and whether the carrier knows where to turn. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {phone} from '../core/format.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';

const path = (row) => `/numbers/${encodeURIComponent(row.number)}`;

async function agentOptions() {
	const agents = await api.all('/agents', 'agents');
	return [['', t('number.noAgent')], ...agents.filter((agent) => agent.source === 'built_in' || agent.published_version).map(({name}) => [name, name])];
}

export default function numbers({signal}) {
	const mayWrite = may('numbers:write');
	const edit = async (row) => {
		const options = await agentOptions();
		await dialog(phone(row.number), (close) => form({action: t('save'), cancel: () => close(),
			fields: [{name: 'label', label: t('number.label'), value: row.label ?? '', optional: true}, {name: 'agent', label: t('number.agent'), type: 'select', options, value: row.agent ?? ''}],
			submit: async ({label, agent}) => {
				await api.patch(path(row), {label: label || null, agent: agent || null});
				close();
				list.reload();
				toast(t('saved'), {undo: () => api.patch(path(row), {label: row.label, agent: row.agent}).then(() => list.reload(), toastError)});
			}}));
	};
	const add = async () => {
		const options = await agentOptions();
		await dialog(t('number.add'), (close) => form({action: t('number.add'), cancel: () => close(),
			fields: [{name: 'number', label: t('call.number'), type: 'tel', required: true, placeholder: '+15550100123', hint: t('number.e164')},
				{name: 'label', label: t('number.label'), optional: true}, {name: 'agent', label: t('number.agent'), type: 'select', options}],
			submit: async ({number, label, agent}) => {
				await api.post('/numbers', {number: number.replaceAll(/[\s().-]/g, ''), ...(label ? {label} : {}), ...(agent ? {agent} : {})});
				close();
				list.reload();
			}}));
	};
	const importAll = () => dialog(t('number.import'), (close) => form({action: t('number.import'), cancel: () => close(),
		fields: [{name: 'webhooks', label: t('number.importWebhooks'), type: 'checkbox', value: true}],
		submit: async ({webhooks}) => {
			const {imported, skipped} = await api.post('/numbers/import', {webhooks});
			close();
			list.reload();
			toast(t('number.imported', {count: imported.length, skipped: skipped.length}));
		}}));
	const point = async (row) => {
		try {
			await api.post(`${path(row)}/webhooks`);
			toast(t('number.pointing'));
			list.reload();
		} catch (error) {
			toastError(error);
		}
	};
	const release = async (row) => {
		if (!await confirm(t('number.releaseTitle', {number: phone(row.number)}), t('number.releaseText'), t('number.release')))
			return;
		await api.remove(path(row)).catch(toastError);
		list.reload();
	};
	const list = table({label: t('numbers.title'), signal, empty: empty(t('numbers.none'), t('numbers.noneText')),
		columns: [
			{title: t('call.number'), cell: (row) => h('span.number', {}, phone(row.number))},
			{title: t('number.label'), priority: 2, cell: (row) => row.label ?? ''},
			{title: t('number.agent'), cell: (row) => (row.agent ? h('a', {href: `/agents/${encodeURIComponent(row.agent)}`}, row.agent) : h('span.soft', {}, t('number.noAgent')))},
			{title: t('number.webhooks'), priority: 2, cell: (row) => h('span', {title: row.webhooks.detail}, badge('webhooks', row.webhooks.state))},
			mayWrite && {title: '', align: 'end', cell: (row) => h('div.actions', {}, h('button', {type: 'button', onclick: () => edit(row)}, t('edit')),
				h('button.priority-3', {type: 'button', onclick: () => point(row)}, t('number.point')), h('button.danger.priority-2', {type: 'button', onclick: () => release(row)}, t('number.release')))},
		].filter(Boolean),
		load: async (cursor) => {
			const answer = await api.get('/numbers', {limit: 50, cursor}, signal);
			return {rows: answer.numbers, next: answer.next_cursor};
		}});
	return page(t('numbers.title'), {lead: t('numbers.lead'), actions: mayWrite && [h('button', {type: 'button', onclick: importAll}, icon('download'), t('number.import')),
		h('button.primary', {type: 'button', onclick: add}, icon('plus'), t('number.add'))]}, list);
}

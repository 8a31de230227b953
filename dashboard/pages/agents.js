/* Who speaks on calls: the built-in agents and one's own. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {navigate} from '../core/router.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';

const columns = [
	{title: t('agent.name'), cell: (agent) => agent.name},
	{title: t('agent.description'), plain: true, grows: true, priority: 2, cell: (agent) => h('p.gist', {}, agent.description ?? '')},
	{title: t('agent.speaksBy'), priority: 3, cell: (agent) => (agent.flow ? t('agent.flowNamed', {flow: agent.flow}) : agent.model ?? '–')},
	{title: t('agent.state'), plain: true, cell: (agent) => h('span.actions', {}, agent.source === 'built_in' ? h('span.badge', {}, t('agent.builtIn'))
		: agent.published_version ? h('span.badge', {'data-tone': 'good'}, t('agent.version', {version: agent.published_version})) : h('span.badge', {'data-tone': 'warn'}, t('agent.unpublished')),
	agent.has_draft && h('span.badge', {'data-tone': 'warn'}, t('agent.draft')))},
	{title: t('agent.changed'), priority: 3, align: 'end', cell: (agent) => h('span.nowrap', {}, agent.updated_at ? when(agent.updated_at) : '')},
];

const add = () => dialog(t('agent.new'), (close) => form({
	action: t('agent.create'), cancel: () => close(),
	fields: [{name: 'name', label: t('agent.name'), required: true, hint: t('agent.nameHint')},
		{name: 'description', label: t('agent.description'), optional: true}],
	submit: async ({name: wanted, description}) => {
		await api.post('/agents', {name: wanted, config: description ? {description} : {}});
		close();
		navigate(`/agents/${encodeURIComponent(wanted)}`);
	},
}));

export default function agents({signal}) {
	return page(t('agents.title'), {lead: t('agents.lead'),
		actions: may('agents:write') && h('button.primary', {type: 'button', onclick: add}, icon('plus'), t('agent.new'))},
	table({label: t('agents.title'), columns, signal, href: (agent) => `/agents/${encodeURIComponent(agent.name)}`, empty: empty(t('agents.none')),
		load: async (cursor) => {
			const answer = await api.get('/agents', {limit: 50, cursor}, signal);
			return {rows: answer.agents, next: answer.next_cursor};
		}}));
}

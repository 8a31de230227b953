/* One agent: its configuration as a draft, what a publication would change, its versions, its flow. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {navigate} from '../core/router.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {confirm, dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page, tabs} from '../ui/page.js';
import {empty, place} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';
import {flowGraph} from './flow_graph.js';
import {voiceField} from './voice_field.js';

const json = (value) => (value === undefined || value === null ? '' : JSON.stringify(value, null, 2));

function parse(text, field) {
	if (!text.trim())
		return null;
	try {
		return JSON.parse(text);
	} catch (error) {
		throw new api.ApiError({field, code: 'invalid_json', message: t('agent.notJson', {reason: error.message})});
	}
}

/** The form's values as a configuration; what was left empty is left out, what the form does not know stays. */
function toConfig(values, before) {
	const config = {
		description: values.description, flow: values.flow, model: values.model, voice: values.voice, language: values.language,
		system_prompt: values.system_prompt, first_message: values.first_message,
		temperature: values.temperature === '' ? null : Number(values.temperature),
		max_duration_seconds: values.max_duration_seconds === '' ? null : Number(values.max_duration_seconds),
		recording: {yes: true, no: false}[values.recording] ?? null,
		variables: parse(values.variables, 'config.variables'), tools: parse(values.tools, 'config.tools'), retry: parse(values.retry, 'config.retry'),
	};
	return Object.fromEntries(Object.entries({...before, ...config}).filter(([, value]) => value !== null && value !== ''));
}

/* The API names fields of the configuration "config.voice"; the form calls them "voice". */
async function named(change) {
	try {
		return await change();
	} catch (error) {
		if (error.field?.startsWith('config.'))
			error.field = error.field.slice('config.'.length);
		throw error;
	}
}

function fieldsOf(config, readonly, signal) {
	const field = (name, more = {}) => ({name, label: t(`agent.${name}`), value: config[name] ?? '', readonly, ...more});
	return [
		field('description', {wide: true}),
		field('flow', {hint: t('agent.flowHint')}), field('model', {hint: t('agent.modelHint')}),
		voiceField({value: config.voice ?? '', readonly, signal}), field('language', {placeholder: 'en-US'}),
		field('system_prompt', {type: 'textarea', rows: 10, wide: true, hint: t('agent.promptHint')}),
		field('first_message', {type: 'textarea', rows: 2, wide: true}),
		field('temperature', {type: 'number', min: 0, max: 1, step: 0.1}),
		field('max_duration_seconds', {type: 'number', min: 10, max: 14400}),
		field('recording', {type: 'select', disabled: readonly, value: {true: 'yes', false: 'no'}[config.recording] ?? '', options: [['', t('agent.recordingStandard')], ['yes', t('yes')], ['no', t('no')]]}),
		field('variables', {type: 'textarea', rows: 4, wide: true, spellcheck: 'false', value: json(config.variables), hint: t('agent.variablesHint')}),
		field('tools', {type: 'textarea', rows: 4, wide: true, spellcheck: 'false', value: json(config.tools), hint: t('agent.toolsHint')}),
		field('retry', {type: 'textarea', rows: 3, wide: true, spellcheck: 'false', value: json(config.retry), hint: t('agent.retryHint')}),
	];
}

const shown = (value) => (value === undefined ? h('span.soft', {}, t('diff.nothing')) : h('pre', {}, typeof value === 'string' ? value : JSON.stringify(value, null, 2)));

/** What differs between two configurations, pointer by pointer. */
function diffOf({changes}) {
	if (!changes.length)
		return empty(t('diff.none'));
	return h('ul.diff', {}, changes.map(({op, path, from, to}) => h('li', {'data-op': op}, h('p', {}, h('code', {}, path.slice(1).replaceAll('/', ' › ')), ' ', h('span.badge', {'data-tone': {add: 'good', remove: 'bad'}[op] ?? 'warn'}, t(`diff.${op}`))),
		h('div.diff-sides', {}, op !== 'add' && h('div.diff-old', {}, shown(from)), op !== 'remove' && h('div.diff-new', {}, shown(to))))));
}

const path = (agent) => `/agents/${encodeURIComponent(agent.name)}`;

function diffDialog(agent, from, to) {
	return dialog(t('diff.title', {from: t(/^\d+$/.test(from) ? 'agent.version' : `diff.side.${from}`, {version: from}), to: t(/^\d+$/.test(to) ? 'agent.version' : `diff.side.${to}`, {version: to})}),
		() => place(async () => diffOf(await api.get(`${path(agent)}/diff`, {from, to}))), {wide: true});
}

function publishDialog(agent) {
	return dialog(t('agent.publishTitle', {name: agent.name}), (close) => [
		h('p.soft', {}, t('agent.publishText')),
		agent.published && place(async () => diffOf(await api.get(`${path(agent)}/diff`, {from: 'published', to: 'draft'}))),
		form({action: t('agent.publish'), cancel: () => close(), fields: [{name: 'note', label: t('agent.note'), optional: true, hint: t('agent.noteHint')}],
			submit: async ({note}) => {
				await api.post(`${path(agent)}/publish`, {...(note ? {note} : {}), revision: agent.revision});
				close(true);
			}}),
	], {wide: true});
}

class AgentPage {
	constructor(name, signal) {
		Object.assign(this, {name, signal});
		this.box = place(() => this.draw(), signal);
	}

	get isOwn() {
		return this.agent.source === 'stored';
	}

	async draw() {
		this.agent = await api.get(`/agents/${encodeURIComponent(this.name)}`, {}, this.signal);
		const {agent} = this;
		const config = agent.draft?.config ?? agent.published?.config ?? {};
		return page(agent.name, {
			back: h('a.back', {href: '/agents'}, t('agents.title')),
			lead: [this.isOwn ? (agent.published ? t('agent.version', {version: agent.published.version}) : t('agent.unpublished')) : t('agent.builtInLead'), agent.draft ? ` · ${t('agent.hasDraft')}` : ''].join(''),
			actions: this.actions(config),
		}, tabs(t('agent.parts'), [
			{id: 'config', title: t('agent.config'), content: () => this.config(config)},
			this.isOwn && {id: 'versions', title: t('agent.versions'), content: () => this.versions()},
			config.flow && {id: 'flow', title: t('agent.flow'), content: () => place(async () => flowGraph(await api.get(`/flows/${encodeURIComponent(config.flow)}`, {}, this.signal)), this.signal)},
		].filter(Boolean)));
	}

	actions(config) {
		const {agent} = this;
		const callable = !this.isOwn || agent.published;
		if (!may('agents:write'))
			return callable && this.tryIt();
		return [
			callable && this.tryIt(),
			!this.isOwn && h('button', {type: 'button', onclick: () => this.adopt(config)}, icon('copy'), t('agent.adopt')),
			agent.draft && agent.published && h('button', {type: 'button', onclick: () => diffDialog(agent, 'published', 'draft')}, t('agent.compare')),
			agent.draft && agent.published && h('button', {type: 'button', onclick: () => this.dropDraft()}, t('agent.drop')),
			this.isOwn && h('button.danger', {type: 'button', onclick: () => this.remove()}, t('agent.delete')),
			agent.draft && h('button.primary', {type: 'button', onclick: async () => { if (await publishDialog(agent)) this.done(t('agent.published')); }}, t('agent.publish')),
		];
	}

	tryIt() {
		return may('calls:write') && h('a.button', {href: `/talk?agent=${encodeURIComponent(this.agent.name)}`}, icon('talk'), t('agent.try'));
	}

	config(config) {
		const editable = this.isOwn && may('agents:write');
		const element = form({columns: true, fields: fieldsOf(config, !editable, this.signal), action: t('agent.save'),
			submit: (values) => named(async () => {
				this.agent = await api.put(path(this.agent), {config: toConfig(values, config), revision: this.agent.revision});
				this.done(t('agent.saved'));
			})});
		if (!editable)
			element.querySelector('.actions').remove();
		return h('div.panel', {}, element);
	}

	versions() {
		const {agent} = this;
		return table({label: t('agent.versions'), signal: this.signal, empty: empty(t('agent.noVersions')),
			columns: [
				{title: t('agent.versionTitle'), cell: (row) => h('span.actions', {}, t('agent.version', {version: row.version}), row.published && h('span.badge', {'data-tone': 'good'}, t('agent.current')))},
				{title: t('agent.note'), grows: true, priority: 2, cell: (row) => [row.note ?? '', row.restored_from ? h('span.soft', {}, ` ${t('agent.restored', {version: row.restored_from})}`) : '']},
				{title: t('agent.when'), priority: 2, cell: (row) => h('span.nowrap', {}, when(row.published_at))},
				{title: '', align: 'end', cell: (row) => h('div.actions', {}, row.version > 1 && h('button', {type: 'button', onclick: () => diffDialog(agent, String(row.version - 1), String(row.version))}, t('agent.changes')),
					!row.published && may('agents:write') && h('button', {type: 'button', onclick: () => this.rollBack(row.version)}, t('agent.rollBack')))},
			],
			load: async (cursor) => {
				const answer = await api.get(`${path(agent)}/versions`, {cursor}, this.signal);
				return {rows: answer.versions, next: answer.next_cursor};
			}});
	}

	done(text, more) {
		toast(text, more);
		this.box.reload();
	}

	async rollBack(version) {
		const before = this.agent.published.version;
		if (!await confirm(t('agent.rollBackTitle', {version}), t('agent.rollBackText'), t('agent.rollBack'), {danger: false}))
			return;
		const publishAgain = (number) => api.post(`${path(this.agent)}/rollback`, {version: number});
		try {
			await publishAgain(version);
			this.done(t('agent.rolledBack', {version}), {undo: () => publishAgain(before).then(() => this.box.reload(), toastError)});
		} catch (error) {
			toastError(error);
		}
	}

	async dropDraft() {
		const {config} = this.agent.draft;
		try {
			await api.remove(`${path(this.agent)}/draft`);
			this.done(t('agent.dropped'), {undo: () => api.put(path(this.agent), {config}).then(() => this.box.reload(), toastError)});
		} catch (error) {
			toastError(error);
		}
	}

	async adopt(config) {
		const {numbers, ...own} = config;	/* which numbers a file answers is not an agent's to say */
		try {
			await api.post('/agents', {name: this.agent.name, config: own});
			this.done(t('agent.adopted'));
		} catch (error) {
			toastError(error);
		}
	}

	async remove() {
		if (!await confirm(t('agent.deleteTitle', {name: this.agent.name}), t('agent.deleteText'), t('agent.delete')))
			return;
		try {
			await api.remove(path(this.agent));
			toast(t('agent.deleted'));
			navigate('/agents');
		} catch (error) {
			toastError(error);
		}
	}
}

export default function agent({params, signal}) {
	return new AgentPage(params.name, signal).box;
}

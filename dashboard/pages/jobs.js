/* Work that is parked because it failed too often, and bringing it back; the filters are the address. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {when} from '../core/format.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm} from '../ui/dialog.js';
import {page} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';

const states = ['dead', 'ready', 'running'];

export default function jobs({query, signal, setQuery, onQuery}) {
	let now = query;
	const state = () => now.get('state') ?? 'dead';
	const kind = () => now.get('kind') ?? '';
	const mayReplay = may('jobs:write');

	const replay = async (path, body) => {
		try {
			const {replayed: count} = await api.post(path, body);
			toast(t('jobs.replayed', {count}));
		} catch (error) {
			toastError(error);
		}
		list.reload();
	};
	const replayAll = async () => await confirm(t('jobs.replayTitle'), t('jobs.replayText'), t('jobs.replay')) && replay('/jobs/replay', {kind: kind()});
	const all = h('button', {type: 'button', onclick: replayAll});
	const showAll = () => {
		all.hidden = !mayReplay || state() !== 'dead' || !kind();
		all.textContent = t('jobs.replayAll', {kind: kind()});
	};

	const stateBox = h('select', {id: newId('state'), name: 'state'}, states.map((one) => h('option', {value: one, selected: one === state()}, t(`jobState.${one}`))));
	const kindBox = h('input', {id: newId('kind'), name: 'kind', type: 'search', autocomplete: 'off', maxlength: 64, value: kind()});
	const bar = h('form.filters.few', {role: 'search', 'aria-label': t('calls.filters'), onsubmit: (event) => event.preventDefault(), onchange: (event) => setQuery({[event.target.name]: event.target.value})},
		[[stateBox, 'jobs.state'], [kindBox, 'jobs.kind']].map(([box, key]) => h('div.filter', {}, h('label', {for: box.id}, t(key)), box)));

	const none = h('div');
	const showNone = () => none.replaceChildren(state() === 'dead' && !kind() ? empty(t('jobs.none'), t('jobs.noneText')) : empty(t('jobs.noneOther')));
	const list = table({label: t('jobs.title'), signal, empty: none,
		columns: [
			{title: t('jobs.kind'), cell: (job) => h('strong', {}, job.kind)},
			{title: t('jobs.state'), plain: true, priority: 2, cell: (job) => badge('jobState', job.state)},
			{title: t('jobs.reason'), grows: true, cell: (job) => h('span', {}, job.last_error ?? '')},
			{title: t('jobs.tries'), priority: 3, align: 'end', cell: (job) => String(job.attempt)},
			{title: t('jobs.call'), priority: 2, cell: (job) => job.call_id && h('a', {href: `/calls/${job.call_id}`}, t('jobs.open'))},
			{title: t('call.time'), priority: 2, align: 'end', cell: (job) => h('span.nowrap', {}, when(job.updated_at ?? job.created_at))},
			mayReplay && {title: '', align: 'end', cell: (job) => job.state === 'dead' && h('button', {type: 'button', onclick: () => replay(`/jobs/${job.id}/replay`)}, t('jobs.replay'))},
		].filter(Boolean),
		load: async (cursor) => {
			const answer = await api.get('/jobs', {state: state(), kind: kind(), limit: 50, cursor}, signal);
			return {rows: answer.jobs, next: answer.next_cursor};
		}});
	onQuery((fresh) => {
		now = fresh;
		showAll();
		showNone();
		list.reload();
	});
	showAll();
	showNone();
	return page(t('jobs.title'), {lead: t('jobs.lead'), actions: all}, bar, list);
}

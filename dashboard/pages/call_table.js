/* A table of calls, as the history and others show it. */
import * as api from '../core/api.js';
import {seconds} from '../core/calls.js';
import {h} from '../core/dom.js';
import {duration, phone, when} from '../core/format.js';
import {name, t} from '../core/texts.js';
import {subscribe} from '../core/live.js';
import {direction, sentiment, status} from '../ui/badge.js';
import {table} from '../ui/table.js';

const gist = (call) => call.summary?.summary ?? [name('reason', call.end_reason), call.end_detail].filter(Boolean).join('. ');

export const callColumns = [
	{title: t('call.number'), cell: (call) => h('span.who', {}, direction(call.direction), h('span.number.cut', {title: call.phone_number}, phone(call.phone_number)))},
	{title: t('call.status'), plain: true, cell: status},
	{title: t('call.sentiment'), plain: true, priority: 2, cell: (call) => sentiment(call.summary?.sentiment)},
	{title: t('call.gist'), plain: true, priority: 2, grows: true, cell: (call) => h('p.gist', {}, gist(call))},
	{title: t('call.agent'), plain: true, priority: 3, cell: (call) => h('span.cut', {}, call.agent ?? '')},
	{title: t('call.length'), plain: true, priority: 3, align: 'end', cell: (call) => h('span.clock', {}, call.started_at ? duration(seconds(call)) : '–')},
	{title: t('call.time'), plain: true, align: 'end', priority: 2, cell: (call) => h('time.nowrap', {datetime: call.created_at}, when(call.scheduled_at ?? call.created_at))},
];

/** query: of GET /calls; a function when it changes. onlyFirst: no further pages. */
export function callTable({signal, label, query, onlyFirst = false, empty, foot}) {
	const list = table({label, columns: callColumns, signal, empty, foot, href: (call) => `/calls/${call.call_id}`, key: (call) => call.call_id,
		load: async (cursor) => {
			const page = await api.get('/calls/', {...(typeof query === 'function' ? query() : query), cursor}, signal);
			return {rows: page.calls, next: onlyFirst ? null : page.next_cursor};
		}});
	/* A list somebody reads is not moved under their eyes: only rows that are there change. */
	const stop = subscribe(async ({type, call_id: id}) => {
		if ((type !== 'call.status' && type !== 'call.summary') || !list.has(id))
			return;
		const fresh = await api.get(`/calls/${id}`, {}, signal).catch(() => null);
		if (fresh)
			list.upsert(fresh);
	});
	signal.addEventListener('abort', stop);
	return list;
}

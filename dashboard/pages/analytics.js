/* What calls came to in a period, in the viewer's zone or another, beside the period before. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {change, dayStart, dayText, duration, milliseconds, money, number, percent, phone, zone} from '../core/format.js';
import {may} from '../core/session.js';
import {language, name, t} from '../core/texts.js';
import {bars, columns} from '../ui/chart.js';
import {page, panel} from '../ui/page.js';
import {empty, place} from '../ui/state.js';
import {worstCalls} from './worst_calls.js';

/* How many days, up to how many days ago. */
const periods = {today: [1, 0], yesterday: [1, 1], week: [7, 0], month: [30, 0], quarter: [90, 0]};
const standard = 'week';
const phases = ['end_of_speech', 'recognised', 'answer', 'first_audio'];
/* Each with its classes: on a phone two are enough. */
const quantiles = [['p50_ms', 'end'], ['p90_ms', 'end.priority-2'], ['p95_ms', 'end'], ['p99_ms', 'end.priority-2']];

const zones = Intl.supportedValuesOf?.('timeZone') ?? [];

/** from and to of the address, both days included; the API's `to` is the day after. */
function rangeOf(query) {
	const today = new Date();
	const back = (days) => dayText(new Date(today.getFullYear(), today.getMonth(), today.getDate() - days));
	return {from: query.get('from') ?? back(periods[standard][0] - 1), to: query.get('to') ?? back(0), tz: query.get('tz') ?? zone};
}

function rangeOfPeriod([days, ago]) {
	const today = new Date();
	const back = (count) => dayText(new Date(today.getFullYear(), today.getMonth(), today.getDate() - count));
	return {from: back(ago + days - 1), to: back(ago)};
}

function tile(label, value, now, before, {lessIsBetter = false, format = change} = {}) {
	const share = before ? (now - before) / before : null;
	const tone = !share ? null : (share > 0) === !lessIsBetter ? 'good' : 'bad';
	return h('div.tile', {}, h('dt', {}, label), h('dd', {}, value, h('p.change', {'data-tone': tone}, share === null ? t('analytics.noBefore') : t('analytics.before', {change: format(share)}))));
}

function tiles({current, previous}) {
	const [now, before] = [current.totals, previous.totals];
	return h('dl.tiles', {},
		tile(t('tile.total'), number(now.calls), now.calls, before.calls),
		tile(t('tile.success'), percent(now.success_rate), now.success_rate, before.success_rate),
		tile(t('tile.length'), duration(now.average_duration_seconds), now.average_duration_seconds, before.average_duration_seconds),
		tile(t('analytics.cost'), money(current.cost.total_micros, current.cost.currency), current.cost.total_micros, previous.cost.total_micros, {lessIsBetter: true}),
		h('div.tile', {}, h('dt', {}, t('tile.active')), h('dd', {}, number(now.active_calls))));
}

function overTime({current, previous, tz}) {
	const short = new Intl.DateTimeFormat(language, {timeZone: tz, day: 'numeric', month: 'short'});
	const hour = new Intl.DateTimeFormat(language, {timeZone: tz, hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
	const byHour = current.by_hour.length > 0;
	const list = byHour ? current.by_hour : current.by_day;
	const old = byHour ? previous.by_hour : previous.by_day;
	const rows = list.map((row, i) => {
		const at = new Date(row.from);
		return {name: byHour ? `${short.format(at)}, ${hour.format(at)}` : short.format(at), short: byHour ? hour.format(at) : short.format(at), before: old[i]?.calls,
			values: {completed: row.completed_calls, other: row.calls - row.completed_calls, cost: row.cost_micros}};
	});
	return {calls: columns({label: t('analytics.volume'), rows, before: t('analytics.previous'),
		series: [{key: 'completed', name: t('analytics.completed')}, {key: 'other', name: t('analytics.other')}]}),
	cost: columns({label: t('analytics.costOverTime'), rows: rows.map((row) => ({...row, before: undefined})), format: (micros) => money(micros, current.cost.currency),
		series: [{key: 'cost', name: t('analytics.cost')}]}), byHour};
}

function hoursOfDay({by_hour_of_day: hours}) {
	return columns({label: t('analytics.hours'), series: [{key: 'completed', name: t('analytics.completed')}, {key: 'other', name: t('analytics.other')}],
		rows: hours.map(({hour, calls, completed_calls: completed}) => ({name: `${String(hour).padStart(2, '0')}:00`, short: String(hour).padStart(2, '0'), values: {completed, other: calls - completed}}))});
}

function sentimentOf({sentiment}) {
	const total = Object.values(sentiment).reduce((sum, value) => sum + value, 0);
	if (!total)
		return empty(t('analytics.noSentiment'));
	return bars({label: t('analytics.sentiment'), head: t('call.sentiment'), share: 1, format: percent,
		rows: [['positive', 'good'], ['neutral', 'plain'], ['negative', 'bad']].map(([key, tone]) => ({name: name('sentiment', key), value: (sentiment[key] ?? 0) / total, tone}))});
}

const countsOf = (label, head, rows, text) => (rows.length ? bars({label, head, rows: rows.slice(0, 12).map((row) => ({name: text(row), value: row.calls}))}) : empty(t('analytics.noCalls')));

function latencyOf({latency}, previous) {
	if (!latency.first_audio?.turns)
		return empty(t('waterfall.none'), t('analytics.noLatency'));
	return h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': t('analytics.latency')}, h('table', {}, h('caption.away', {}, t('analytics.latency')),
		h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('analytics.until')), quantiles.map(([key, kind]) => h(`th.${kind}`, {scope: 'col'}, t(`analytics.${key}`))),
			h('th.end.priority-2', {scope: 'col'}, t('analytics.p50before')))),
		h('tbody', {}, phases.map((phase) => h('tr', {}, h('th', {scope: 'row'}, t(`waterfall.${phase}`)), quantiles.map(([key, kind]) => h(`td.nowrap.${kind}`, {}, milliseconds(latency[phase]?.[key]))),
			h('td.end.priority-2', {}, milliseconds(previous.latency[phase]?.p50_ms)))))));
}

function costOf({cost}) {
	const parts = ['telephony', 'voice_ai', 'analysis', 'infrastructure'].map((key) => ({name: t(`cost.${key}`), value: cost[key]?.micros ?? cost[key] ?? 0}));
	return bars({label: t('cost.title'), head: t('cost.title'), rows: parts, format: (micros) => money(micros, cost.currency)});
}

async function draw(query, signal) {
	const {from, to, tz} = rangeOf(query);
	const end = dayText(dayStart(to, 1));
	const figures = await api.get('/analytics', {from, to: end, tz}, signal);
	const {current, previous} = figures;
	const {calls, cost, byHour} = overTime(figures);
	return [tiles(figures),
		may('calls:read') && panel(t('worst.title'), {actions: h('a', {href: `/calls?${new URLSearchParams({sentiment: 'negative', from, to})}`}, t('worst.all'))}, worstCalls({from: current.from, to: current.to, signal})),
		panel(t(byHour ? 'analytics.perHour' : 'analytics.perDay'), {}, calls),
		h('div.grid', {},
			panel(t('analytics.sentiment'), {}, sentimentOf(current)),
			panel(t('analytics.outcomes'), {}, countsOf(t('tile.total'), t('analytics.outcomes'), current.by_outcome, (row) => name('reason', row.outcome))),
			panel(t('analytics.agents'), {}, countsOf(t('tile.total'), t('call.agent'), current.by_agent, (row) => row.agent ?? t('analytics.none'))),
			panel(t('analytics.numbers'), {}, countsOf(t('tile.total'), t('call.number'), current.by_number, (row) => (row.number ? phone(row.number) : t('analytics.none'))))),
		panel(t('analytics.latency'), {}, latencyOf(current, previous)),
		h('div.grid', {}, panel(t('analytics.hours'), {}, hoursOfDay(current)), panel(t('cost.title'), {}, costOf(current), h('h3', {}, t('analytics.costOverTime')), cost))];
}

export default function analytics({query, signal, setQuery, onQuery}) {
	let now = query;
	const control = (key, type) => h('input', {type, name: key, id: newId(key), required: true});
	const from = control('from', 'date'), to = control('to', 'date');
	const tz = h('select', {name: 'tz', id: newId('tz')}, [...new Set([zone, 'UTC', ...zones])].map((one) => h('option', {value: one}, one.replaceAll('_', ' '))));
	const chips = h('div.chips', {role: 'group', 'aria-label': t('calls.period')}, Object.entries(periods).map(([key, period]) =>
		h('button.chip', {type: 'button', 'data-period': key, onclick: () => setQuery(rangeOfPeriod(period))}, t(`analytics.period.${key}`))));
	const bar = h('form.filters', {'aria-label': t('calls.period'), onsubmit: (event) => event.preventDefault(), onchange: (event) => event.target.value && setQuery({[event.target.name]: event.target.value})},
		[[t('calls.from'), from], [t('calls.to'), to], [t('analytics.zone'), tz]].map(([label, input]) => h('div.filter', {}, h('label', {for: input.id}, label), input)));
	const show = () => {
		const range = rangeOf(now);
		[from.value, to.value, tz.value] = [range.from, range.to, range.tz];
		for (const chip of chips.children) {
			const wanted = rangeOfPeriod(periods[chip.dataset.period]);
			chip.setAttribute('aria-pressed', String(wanted.from === range.from && wanted.to === range.to));
		}
	};
	const body = place(() => draw(now, signal), signal, {lines: 8});
	body.classList.add('stack');
	onQuery((fresh) => {
		now = fresh;
		show();
		body.reload();
	});
	show();
	return page(t('analytics.title'), {lead: t('analytics.lead')}, h('div.chip-row.flat', {}, chips, bar), body);
}

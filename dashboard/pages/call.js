/* One call: while it is spoken, and what is left of it. */
import * as api from '../core/api.js';
import {change, isOver, seconds} from '../core/calls.js';
import {h} from '../core/dom.js';
import {bytes, duration, full, money, phone, precise, when} from '../core/format.js';
import {follow} from '../core/live.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {direction, sentiment, status} from '../ui/badge.js';
import {confirm} from '../ui/dialog.js';
import {icon} from '../ui/icon.js';
import {facts, page, panel, tabs} from '../ui/page.js';
import {player, wholeBytes} from '../ui/player.js';
import {empty, failed, loading, place} from '../ui/state.js';
import {summary} from '../ui/summary.js';
import {toast, toastError} from '../ui/toast.js';
import {Transcript} from '../ui/transcript.js';
import {waterfall} from '../ui/waterfall.js';
import {feelings} from './call_feelings.js';
import {control} from './call_control.js';
import {listenButton} from './listen.js';
import {Notes} from './call_notes.js';
import {share} from './share.js';
import {trouble} from './call_trouble.js';

const eventPage = 1000;

/** What was said and when, all of it: events page by their number. */
async function loadEvents(id, signal) {
	const found = [];
	for (let since = 0; ;) {
		const {events} = await api.get(`/calls/${id}/events`, {since, limit: eventPage}, signal);
		found.push(...events);
		if (events.length < eventPage)
			return found;
		since = events[events.length - 1].seq;
	}
}

function outcomeOf(call) {
	if (!call.outcome || typeof call.outcome !== 'object')
		return null;
	const {goal_reached: reached, slots, hand_over: handOver, reason} = call.outcome;
	return facts([[t('outcome.goal'), typeof reached === 'boolean' ? t(reached ? 'outcome.reached' : 'outcome.missed') : null],
		[t('outcome.reason'), reason && name('outcome', reason)], [t('outcome.handOver'), handOver ? t('yes') : null],
		...Object.entries(slots ?? {}).map(([key, value]) => [key.replaceAll('_', ' '), String(value)])]);
}

function costOf({cost}) {
	if (!cost)
		return null;
	return facts([...['telephony', 'voice_ai', 'analysis', 'infrastructure'].map((part) => [t(`cost.${part}`), cost[part] && money(cost[part].micros, cost.currency)]),
		[t('cost.total'), h('strong', {}, money(cost.total_micros, cost.currency))]]);
}

function detailsOf(call) {
	return facts([
		[t('call.from'), call.from_number && phone(call.from_number)], [t('call.agent'), call.agent && h('a', {href: `/agents/${encodeURIComponent(call.agent)}`},
			call.agent_version ? t('call.agentVersion', {agent: call.agent, version: call.agent_version}) : call.agent)],
		[t('call.scheduled'), call.scheduled_at && full(call.scheduled_at)], [t('call.created'), full(call.created_at)],
		[t('call.started'), call.started_at && full(call.started_at)], [t('call.ended'), call.ended_at && full(call.ended_at)],
		[t('call.reason'), [name('reason', call.end_reason), call.end_detail].filter(Boolean).join('. ')],
		[t('call.answeredBy'), call.answered_by && name('answered', call.answered_by)],
		[t('call.model'), call.model], [t('call.voice'), call.voice], [t('call.language'), call.language],
		[t('call.attempt'), call.attempt > 1 ? String(call.attempt) : null],
		[t('call.retryOf'), call.retry_of && h('a', {href: `/calls/${call.retry_of}`}, t('call.first'))],
		[t('call.recording'), call.recording && `${name('recording', call.recording.status)}${call.recording.size_bytes ? `, ${bytes(call.recording.size_bytes)}` : ''}`],
		[t('call.id'), h('code', {}, call.call_id)],
	]);
}

function eventRow({type, at, data}) {
	const what = {
		'call.status': () => `${name('status', data.status)}${data.event ? ` · ${name('event', data.event)}` : ''}`,
		'transcript.final': () => `${name('speaker', data.speaker)}: ${data.text}`,
		'call.note': () => data.text, 'call.instruction': () => data.text,
		'call.summary': () => name('state', data.status), 'call.recording': () => name('state', data.status),
	}[type]?.() ?? '';
	return h('details.event', {}, h('summary', {}, h('span.clock', {}, precise(at)), h('span.event-type', {}, name('eventType', type)), h('span.soft', {}, what)),
		h('pre', {tabindex: '0'}, JSON.stringify(data, null, 2)));
}

/** What the vendors sent about it, as it came. */
function payloads(id, signal) {
	return place(async () => {
		const answer = await api.get(`/calls/${id}/payloads`, {}, signal);
		if (!answer.payloads.length)
			return empty(t('payloads.none'), t('payloads.noneText'));
		return h('div.events', {}, answer.payloads.map((one) => h('details.event', {}, h('summary', {}, h('span.clock', {}, precise(one.received_at)),
			h('span.event-type', {}, `${one.source} ${one.kind}`), h('span.soft', {}, bytes(one.size_bytes))), h('pre', {tabindex: '0'}, readableBody(one)))));
	}, signal);
}

function readableBody({content_type: type, body}) {
	try {
		if (type.includes('json'))
			return JSON.stringify(JSON.parse(body), null, 2);
		return type.includes('form') ? [...new URLSearchParams(body)].map(([key, value]) => `${key}: ${value}`).join('\n') : body;
	} catch {
		return body;	/* cut off, perhaps */
	}
}

class CallPage {
	constructor(id, {signal, query, setQuery}) {
		Object.assign(this, {id, signal, query, setQuery});
		this.call = {call_id: id};
		this.events = [];
		this.head = h('div.call-head');
		this.actions = h('div.actions');
		this.heading = h('h1', {tabindex: '-1'}, t('call.title'));
		this.lead = h('p.lead');
		this.summary = h('div');
		this.trouble = h('div.first');
		this.outcome = h('div');
		this.cost = h('div');
		this.details = h('div');
		this.recording = h('div');
		this.control = h('div');
		this.feelings = h('div');
		this.notes = new Notes(id, signal);
		this.clock = h('span.clock');
		this.body = h('div', {}, loading(6));
		this.element = h('div.page.call-page', {'data-call-id': id}, h('a.back', {href: '/calls'}, t('call.back')),
			h('header.page-head', {}, h('div', {}, this.heading, this.lead, this.head), this.actions), this.body);
	}

	/* ---- what is there ---- */

	async load() {
		const [call, events] = await Promise.all([api.get(`/calls/${this.id}`, {}, this.signal), loadEvents(this.id, this.signal)]);
		const {transcript, ...rest} = call;
		this.call = rest;
		this.events = events;
		this.makeTranscript(transcript);
		this.drawBody();
		this.drawCall();
		document.title = `${phone(rest.phone_number)} · ${document.title.split(' · ').pop()}`;
	}

	makeTranscript(turns) {
		this.transcript = new Transcript({label: t('transcript.title'), startedAt: this.call.started_at,
			onSeek: (at) => this.player?.seek(Math.max(0, at ?? 0))});
		this.transcript.fill(turns);
		for (const {type, data} of this.events)
			if (type === 'turn.timing')
				this.transcript.setTiming(data);
		this.transcript.follows = !isOver(this.call);
	}

	timings() {
		const byTurn = new Map();
		for (const {type, data} of this.events)
			if (type === 'turn.timing')
				byTurn.set(data.ordinal, data);
		return [...byTurn.values()].sort((a, b) => a.ordinal - b.ordinal);
	}

	drawBody() {
		this.tabs = tabs(t('call.parts'), [
			{id: 'transcript', title: t('transcript.title'), content: () => this.transcript.element},
			{id: 'timings', title: t('waterfall.title'), content: () => (this.timingBox = h('div', {}, waterfall(this.timings())))},
			{id: 'events', title: t('events.title'), content: () => (this.eventBox = h('div.events', {}, this.events.map(eventRow)))},
			{id: 'raw', title: t('raw.title'), content: () => this.drawRaw()},
			may('payloads:read') && {id: 'payloads', title: t('payloads.title'), content: () => payloads(this.id, this.signal)},
		].filter(Boolean), {selected: this.query.get('tab') ?? 'transcript', onselect: (id) => this.setQuery({tab: id === 'transcript' ? null : id})});
		this.body.replaceChildren(h('div.split', {},
			h('div.split-main', {}, this.recording, this.control, this.tabs),
			h('aside.split-side', {'aria-label': t('call.about')},
				panel(t('summary.title'), {className: 'first'}, this.summary), this.trouble, this.feelings, this.outcome, this.notes.element, this.cost, panel(t('call.details'), {}, this.details))));
	}

	drawRaw() {
		return this.rawBox = h('pre.raw', {tabindex: '0', role: 'region', 'aria-label': t('raw.title')}, JSON.stringify(this.call, null, 2));
	}

	/* ---- what changes ---- */

	drawCall() {
		const {call} = this;
		this.element.dataset.status = call.status;
		this.heading.replaceChildren(phone(call.phone_number));
		this.lead.replaceChildren(direction(call.direction), name('direction', call.direction), call.agent ? ` · ${call.agent}` : '', ` · ${when(call.created_at)}`);
		this.drawTime();
		this.head.replaceChildren(...[status(call), sentiment(call.summary?.sentiment), this.clock,
			isOver(call) && h('span.soft', {}, [name('reason', call.end_reason), call.end_detail].filter(Boolean).join('. '))].filter(Boolean));
		this.drawActions();
		this.summary.replaceChildren(...[summary(call)].flat(2).filter(Boolean));
		this.drawPart(this.trouble, t('trouble.title'), trouble(call, this.events, (at) => this.goTo(at)));
		this.drawPart(this.outcome, t('outcome.title'), outcomeOf(call));
		this.drawPart(this.cost, t('cost.title'), costOf(call));
		this.details.replaceChildren(detailsOf(call));
		this.drawRecording();
		this.drawControl();
		this.drawPart(this.feelings, t('feelings.title'), feelings(this.events, this.call));
		if (this.rawBox)
			this.rawBox.textContent = JSON.stringify(call, null, 2);
	}

	drawPart(box, title, content) {
		box.replaceChildren(...(content ? [panel(title, {}, content)] : []));
	}

	drawTime() {
		this.clock.textContent = this.call.started_at || !isOver(this.call) ? duration(seconds(this.call)) : '';
	}

	drawActions() {
		const {call} = this;
		const over = isOver(call);
		const hasRecording = call.recording?.status === 'available' && may('recordings:read');
		const focused = this.actions.contains(document.activeElement);
		this.actions.replaceChildren(...[
			may('calls:write') && !over && h('button.danger', {type: 'button', onclick: (event) => this.end(event.currentTarget)}, icon('hangUp'),
				t(call.status === 'PENDING' ? 'call.cancel' : 'call.end')),
			may('calls:write') && over && call.started_at && h('button', {type: 'button', onclick: (event) => this.analyse(event.currentTarget)}, icon('refresh'), t('call.analyse')),
			may('recordings:read') && h('button', {type: 'button', onclick: () => share(call)}, icon('link'), t('call.share')),
			hasRecording && h('button', {type: 'button', onclick: () => this.download()}, icon('download'), t('call.download')),
			may('calls:write') && over && h('a.button', {href: `/new?${new URLSearchParams({number: call.direction === 'INBOUND' ? call.from_number ?? '' : call.phone_number ?? '',
				agent: call.agent ?? ''})}`}, icon('new'), t('call.again')),
		].filter(Boolean));
		if (focused)
			this.actions.querySelector('button,a')?.focus();
	}

	/* Kept while the call goes on: what somebody is writing is not taken from them. */
	drawControl() {
		const wanted = this.call.status === 'IN_PROGRESS' && may('calls:write');
		if (wanted && !this.control.firstChild)
			this.control.append(control(this.id, may('calls:listen') ? listenButton(this.id, this.signal) : null));
		else if (!wanted)
			this.control.replaceChildren();
	}

	drawRecording() {
		const {recording} = this.call;
		if (this.player || recording?.status !== 'available' || !may('recordings:read')) {
			if (!this.player && recording?.status === 'failed')
				this.recording.replaceChildren(h('p.soft', {}, t('player.failed', {reason: recording.error ?? ''})));
			return;
		}
		this.player = player({signal: this.signal, length: recording.duration_seconds || this.call.duration_seconds,
			load: () => this.loadRecording(), onTime: (at) => this.transcript.mark(at)});
		this.recording.replaceChildren(this.player);
	}

	/* A player cannot show who it plays for: a link says it. */
	async link({download = false, seconds = 3600} = {}) {
		const {url} = await api.post(`/calls/${this.id}/recording/link`, {expires_in: seconds, download});
		const {pathname, search} = new URL(url, location.href);
		return pathname + search;
	}

	async loadRecording() {
		if (this.call.recording.size_bytes > wholeBytes)
			return {url: await this.link()};
		const response = await api.request('GET', `/calls/${this.id}/recording`, {signal: this.signal});
		return {blob: await response.blob()};
	}

	apply(event) {
		if (event.call_id !== this.id)
			return;
		const {type, data} = event;
		if (type === 'transcript.partial')
			return void this.transcript?.set(data, false);
		/* One that was loaded with the others may be newer than the call that was loaded beside them. */
		if (!this.events.some((one) => one.seq === event.seq)) {
			this.events.push(event);
			this.eventBox?.append(eventRow(event));
		}
		if (type === 'transcript.final') {
			this.transcript?.set(data, true);
			this.drawPart(this.feelings, t('feelings.title'), feelings(this.events, this.call));
		} else if (type === 'call.note') {
			this.notes.add(data);
		} else if (type === 'turn.timing') {
			this.transcript?.setTiming(data);
			this.timingBox?.replaceChildren(waterfall(this.timings()));
		} else if (change(this.call, event)) {
			if (this.transcript)
				this.transcript.startedAt = this.call.started_at;
			this.drawCall();
			if (type === 'call.summary' && data.status !== 'pending')
				this.refresh();
		}
	}

	/* Cost and recording are worked out after the end: what no event carries is read once more. */
	async refresh() {
		const known = this.events.length;
		const {transcript, ...call} = await api.get(`/calls/${this.id}`, {}, this.signal).catch(() => ({}));
		if (!call.call_id)
			return;
		this.call = call;
		this.events.slice(known).forEach((event) => change(call, event));
		this.drawCall();
	}

	/* ---- what one can do ---- */

	/** Where it was said, and what was heard then. */
	goTo(at) {
		this.tabs.select('transcript');
		this.transcript.mark(at);
		this.player?.seek(at);
	}

	async end(button) {
		const pending = this.call.status === 'PENDING';
		if (!await confirm(t(pending ? 'call.cancelTitle' : 'call.endTitle'), t(pending ? 'call.cancelText' : 'call.endText'), t(pending ? 'call.cancel' : 'call.end')))
			return;
		button.disabled = true;
		try {
			await api.post(`/calls/${this.id}/end`);
		} catch (error) {
			button.disabled = false;
			toastError(error);
		}
	}

	async analyse(button) {
		button.disabled = true;
		try {
			await api.post(`/calls/${this.id}/analyze`);
			toast(t('call.analysing'));
		} catch (error) {
			toastError(error);
		}
		button.disabled = false;
	}

	async download() {
		try {
			h('a', {href: await this.link({download: true, seconds: 60}), download: `${this.id}.wav`}).click();
		} catch (error) {
			toastError(error);
		}
	}
}

export default function call({params, signal, query, setQuery}) {
	const one = new CallPage(params.id, {signal, query, setQuery});
	const stop = follow({
		load: () => one.load(),
		apply: (event) => one.apply(event),
		failed: (error) => error.name === 'AbortError' || one.body.replaceChildren(failed(error)),
	});
	const timer = setInterval(() => !isOver(one.call) && one.call.created_at && one.drawTime(), 1000);
	signal.addEventListener('abort', () => {
		stop();
		clearInterval(timer);
	});
	return one.element;
}

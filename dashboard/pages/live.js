/*
 * The calls in progress, a card each. Events come faster than a screen is drawn: they change the
 * model, and once a frame the cards in sight that changed are drawn.
 */
import * as api from '../core/api.js';
import {change, feelingWord, isOver, seconds} from '../core/calls.js';
import {h} from '../core/dom.js';
import {duration, number, percent, phone} from '../core/format.js';
import {follow} from '../core/live.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {badge, direction} from '../ui/badge.js';
import {icon} from '../ui/icon.js';
import {page, panel} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {callTable} from './call_table.js';

const lingerMs = 20000;	/* an ended call stays in sight for that long */

class Card {
	constructor(call) {
		this.call = call;
		this.feelings = new Map();
		this.state = h('span.badge');
		this.time = h('span.clock');
		this.number = h('a.card-title', {href: `/calls/${call.call_id}`});
		this.agent = h('span.soft');
		this.who = h('span.turn-who');
		this.words = h('span');
		this.last = h('p.last-words', {}, this.who, ' ', this.words);
		this.feeling = h('span.feeling', {hidden: true});
		this.element = h('article.card', {'data-call-id': call.call_id},
			h('div.card-head', {}, this.state, this.feeling, this.time), h('div.card-name', {}, direction(call.direction), this.number), this.agent, this.last);
		this.inSight = true;
		this.dirty = true;
	}

	/** The mean of what the caller's turns felt so far. */
	feel({ordinal, sentiment}) {
		this.feelings.set(ordinal, sentiment);
		const all = [...this.feelings.values()];
		this.call.feeling = all.reduce((sum, value) => sum + value, 0) / all.length;
	}

	draw() {
		const {call} = this;
		this.dirty = false;
		if (this.state.dataset.value !== call.status) {
			const fresh = badge('status', call.status);
			this.state.replaceWith(fresh);
			this.state = fresh;
		}
		this.element.dataset.status = call.status;
		this.number.textContent = phone(call.phone_number);
		this.agent.textContent = call.agent ?? '';
		this.who.textContent = call.last ? name('speaker', call.last.speaker) : '';
		this.words.textContent = isOver(call) ? name('reason', call.end_reason) : call.last?.text ?? t('live.silent');
		this.last.dataset.speaker = call.last?.speaker ?? '';
		if (isOver(call))
			this.who.textContent = t('live.ended');
		this.drawFeeling();
		this.drawTime();
	}

	drawFeeling() {
		const score = this.call.feeling;
		this.feeling.hidden = typeof score !== 'number';
		if (this.feeling.hidden)
			return;
		const word = feelingWord(score);
		if (this.feeling.dataset.value === word)
			return;
		this.feeling.dataset.value = word;
		this.feeling.replaceChildren(badge('sentiment', word));
	}

	drawTime() {
		this.time.textContent = duration(seconds(this.call));
	}
}

function tile(id, label) {
	const value = h('dd', {id}, '–');
	return {value, element: h('div.tile', {}, h('dt', {}, label), value)};
}

export default function live({signal}) {
	const cards = new Map();	/* call_id -> Card */
	const grid = h('div.cards', {id: 'active'});
	const none = h('div', {id: 'active-none', hidden: true}, empty(t('live.none'), t('live.noneText'),
		may('calls:write') && h('a.button.primary', {href: '/new'}, t('nav.new'))));
	const tiles = {active: tile('figure-active', t('tile.active')), total: tile('figure-total', t('tile.total')),
		success: tile('figure-success', t('tile.success')), length: tile('figure-duration', t('tile.length'))};
	const recent = callTable({signal, label: t('live.recent'), query: {limit: 8}, onlyFirst: true});
	let frame = 0;

	const sight = new IntersectionObserver((entries) => {
		for (const {target, isIntersecting} of entries) {
			const card = cards.get(target.dataset.callId);
			if (!card)
				continue;
			card.inSight = isIntersecting;
			if (isIntersecting && card.dirty)
				card.draw();
		}
	}, {rootMargin: '200px'});

	const drawAll = () => {
		frame = 0;
		for (const card of cards.values())
			if (card.dirty && card.inSight)
				card.draw();
	};
	const mark = (card) => {
		card.dirty = true;
		frame ||= requestAnimationFrame(drawAll);
	};
	const countCards = () => { none.hidden = cards.size > 0; };
	const put = (fresh) => {
		let card = cards.get(fresh.call_id);
		if (!card) {
			card = new Card(fresh);
			cards.set(fresh.call_id, card);
			grid.prepend(card.element);
			sight.observe(card.element);
			countCards();
		}
		mark(card);
		return card;
	};
	const drop = (card) => {
		cards.delete(card.call.call_id);
		sight.unobserve(card.element);
		card.element.remove();
		countCards();
	};

	const refreshFigures = (() => {
		let timer = null;
		const ask = async () => {
			timer = null;
			const figures = await api.get('/calls/dashboard/analytics', {}, signal).catch(() => null);
			if (!figures)
				return;	/* the next end of a call tries again */
			tiles.active.value.textContent = number(figures.active_calls);
			tiles.total.value.textContent = number(figures.total_calls);
			const isAnyOver = figures.total_calls > figures.active_calls;
			tiles.success.value.textContent = percent(isAnyOver ? figures.success_rate : null);
			tiles.length.value.textContent = duration(isAnyOver ? figures.average_duration_seconds : null);
		};
		return () => { timer ??= setTimeout(ask, 200); };
	})();

	const apply = (event) => {
		if (event.type === 'counters') {
			tiles.active.value.textContent = number(event.data.active_calls);
			return;
		}
		if (!event.call_id)
			return;
		let card = cards.get(event.call_id);
		if (!card && (event.type === 'call.created' || event.type === 'call.status') && !isOver(event.data) && !isLater(event.data))
			card = put({...event.data});
		if (event.type === 'call.summary' || (event.type === 'call.status' && isOver(event.data)))
			refreshFigures();
		if (event.type === 'call.created')
			reloadRecent();
		if (!card)
			return;
		const wasOver = isOver(card.call);
		change(card.call, event);
		if (event.type === 'transcript.partial' || event.type === 'transcript.final') {
			if (!(card.call.last?.ordinal > event.data.ordinal))
				card.call.last = event.data;
			if (typeof event.data.sentiment === 'number')
				card.feel(event.data);
		}
		if (isOver(card.call) && !wasOver)
			card.overAt = Date.now();
		mark(card);
	};
	/* Many calls may begin at once: the list is read once for all of them. */
	let reloading = null;
	const reloadRecent = () => { reloading ??= setTimeout(() => { reloading = null; recent.reload(); }, 1000); };
	const isLater = (call) => call.scheduled_at && Date.parse(call.scheduled_at) > Date.now();
	const load = async () => {
		const {calls} = await api.get('/calls/active/list', {}, signal);
		for (const card of [...cards.values()])
			if (!calls.some((call) => call.call_id === card.call.call_id) && !card.overAt)
				drop(card);
		for (const call of calls.reverse())
			Object.assign(put(call).call, call);
		countCards();
		refreshFigures();
		await Promise.all(calls.slice(0, 30).map(lastWords));
	};
	/* The list does not hold what was said: without this a card is silent until the next word. */
	const lastWords = async (call) => {
		const {transcript} = await api.get(`/calls/${call.call_id}/transcript`, {}, signal).catch(() => ({transcript: []}));
		const card = cards.get(call.call_id);
		const last = transcript[transcript.length - 1];
		if (!card || !last || card.call.last?.ordinal >= last.ordinal)
			return;
		card.call.last = last;
		mark(card);
	};
	const stop = follow({load, apply, failed: (error) => { none.hidden = false; none.replaceChildren(empty(t('state.failed'), error.message)); }});
	const clock = setInterval(() => {
		for (const card of [...cards.values()]) {
			if (card.overAt && Date.now() - card.overAt >= lingerMs)
				drop(card);
			else if (card.inSight)
				card.drawTime();
		}
	}, 1000);
	signal.addEventListener('abort', () => {
		stop();
		clearInterval(clock);
		clearTimeout(reloading);
		sight.disconnect();
		cancelAnimationFrame(frame);
	});

	return page(t('live.title'), {
		actions: may('calls:write') && h('a.button.primary', {href: '/new'}, icon('plus'), t('nav.new')),
	}, may('analytics:read') && h('dl.tiles', {}, Object.values(tiles).map(({element}) => element)),
	h('section', {'aria-label': t('live.cards')}, grid, none),
	panel(t('live.recent'), {actions: h('a', {href: '/calls'}, t('live.all'))}, recent));
}

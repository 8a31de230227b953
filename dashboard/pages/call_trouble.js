/* What went wrong in a call, and the moments it went wrong at; nothing where nothing did. */
import {isOver} from '../core/calls.js';
import {h} from '../core/dom.js';
import {duration, milliseconds} from '../core/format.js';
import {name, t} from '../core/texts.js';

const mostMoments = 3;
const unhappy = -0.1, slowMs = 3000;
const wentAsItShould = new Set(['caller_hangup', 'agent_hangup', 'ended_by_api', 'canceled']);

/* The last word on each turn. */
function lastOf(events, type) {
	const found = new Map();
	for (const event of events)
		if (event.type === type)
			found.set(event.data.ordinal, event.data);
	return [...found.values()];
}

function momentsOf(call, events) {
	const secondsOf = (turn) => (Date.parse(turn.timestamp) - Date.parse(call.started_at)) / 1000;
	const turns = lastOf(events, 'transcript.final');
	const worst = turns.filter(({sentiment}) => sentiment < unhappy).sort((a, b) => a.sentiment - b.sentiment).slice(0, mostMoments)
		.map((turn) => ({at: secondsOf(turn), text: turn.text}));
	const [slowest] = lastOf(events, 'turn.timing').filter(({first_audio_ms: ms}) => ms > slowMs).sort((a, b) => b.first_audio_ms - a.first_audio_ms);
	const before = slowest && turns.find(({ordinal}) => ordinal === slowest.ordinal);
	if (before)
		worst.push({at: secondsOf(before), text: t('trouble.slow', {time: milliseconds(slowest.first_audio_ms)})});
	return worst.sort((a, b) => a.at - b.at);
}

function reasonsOf({end_reason: reason, end_detail: detail, outcome}) {
	return [reason && !wentAsItShould.has(reason) && [name('reason', reason), detail].filter(Boolean).join('. '),
		outcome?.goal_reached === false && t('trouble.goal'), outcome?.hand_over && t('trouble.handOver')].filter(Boolean);
}

/** onMoment(seconds): somebody wants to be there. */
export function trouble(call, events, onMoment) {
	if (!isOver(call))
		return null;
	const reasons = reasonsOf(call), moments = momentsOf(call, events);
	if (!reasons.length && !moments.length)
		return null;
	return [reasons.length > 0 && h('ul', {}, reasons.map((reason) => h('li', {}, reason))),
		moments.length > 0 && h('ol.moments', {'aria-label': t('trouble.moments')}, moments.map(({at, text}) =>
			h('li', {}, h('button.moment', {type: 'button', onclick: () => onMoment(at)}, h('span.clock', {}, duration(at)), h('span', {}, text)))))];
}

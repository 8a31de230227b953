/* Where the time went between a caller's last word and the agent's first, turn by turn. */
import {h, svg} from '../core/dom.js';
import {milliseconds} from '../core/format.js';
import {t} from '../core/texts.js';
import {empty} from './state.js';

/* What the engine measures counts from the end of speech: each part ends where the next begins. */
const phases = ['end_of_speech', 'recognised', 'answer', 'first_audio'];

function parts(timing) {
	let from = 0;
	return phases.map((phase) => {
		const to = Math.max(from, timing[`${phase}_ms`] ?? from);
		const part = {phase, from, length: to - from};
		from = to;
		return part;
	});
}

function bar(all, longest) {
	return svg('svg.waterfall-bar', {viewBox: '0 0 1000 10', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
		all.map(({phase, from, length}) => svg(`rect.phase-${phase}`, {x: from / longest * 1000, width: Math.max(0, length / longest * 1000), y: 0, height: 10})));
}

/** timings: the data of turn.timing events. */
export function waterfall(timings) {
	if (!timings.length)
		return empty(t('waterfall.none'), t('waterfall.noneText'));
	const longest = Math.max(1, ...timings.map((timing) => timing.first_audio_ms ?? timing.answer_ms ?? 0));
	return h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': t('waterfall.title')},
		h('ul.legend', {}, phases.map((phase) => h('li', {}, h(`span.swatch.phase-${phase}`), t(`waterfall.${phase}`)))),
		h('table.waterfall', {}, h('caption.away', {}, t('waterfall.title')),
			h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, t('waterfall.turn')), h('th.bar-cell', {scope: 'col'}, t('waterfall.timeline')),
				phases.map((phase) => h('th.end.priority-2', {scope: 'col'}, t(`waterfall.${phase}`))), h('th.end', {scope: 'col'}, t('waterfall.total')))),
			h('tbody', {}, timings.map((timing) => {
				const all = parts(timing);
				return h('tr', {}, h('td', {}, String(timing.ordinal + 1)), h('td.bar-cell', {}, bar(all, longest)),
					all.map(({length}) => h('td.end.priority-2', {}, milliseconds(length))),
					h('td.end', {}, h('strong', {}, milliseconds(timing.first_audio_ms))));
			}))));
}

/* How the caller felt, turn by turn: up is good, down is not; the line is the mean so far. */
import {feelingWord} from '../core/calls.js';
import {h, svg} from '../core/dom.js';
import {duration} from '../core/format.js';
import {t} from '../core/texts.js';
import {sentiment} from '../ui/badge.js';

const [width, middle, reach] = [100, 20, 18];

/** events: of the call; null when no turn says what it felt like. */
export function feelings(events, call) {
	const byTurn = new Map();
	for (const {type, data} of events)
		if (type === 'transcript.final' && typeof data.sentiment === 'number')
			byTurn.set(data.ordinal, data);
	const turns = [...byTurn.values()].sort((a, b) => a.ordinal - b.ordinal);
	if (!turns.length)
		return null;
	if (turns.every((turn) => feelingWord(turn.sentiment) === 'neutral'))
		return h('p.soft', {}, t('feelings.nothing'));
	const step = width / turns.length;
	let sum = 0;
	const means = turns.map((turn, i) => (sum += turn.sentiment) / (i + 1));
	const at = (turn) => duration((Date.parse(turn.timestamp) - Date.parse(call.started_at)) / 1000);
	return h('figure.feelings', {},
		svg('svg', {viewBox: `0 0 ${width} ${2 * middle}`, preserveAspectRatio: 'none', 'aria-hidden': 'true'},
			svg('line.grid', {x1: 0, x2: width, y1: middle, y2: middle}),
			turns.map((turn, i) => svg('g', {}, svg('title', {}, `${at(turn)} ${turn.text}`), svg(`rect.feeling-${feelingWord(turn.sentiment)}`, {x: i * step + step * 0.15, width: step * 0.7,
				y: turn.sentiment > 0 ? middle - turn.sentiment * reach : middle - 0.5, height: Math.max(1, Math.abs(turn.sentiment) * reach)}))),
			svg('polyline.mean', {points: means.map((mean, i) => `${(i + 0.5) * step},${middle - mean * reach}`).join(' ')})),
		h('details.chart-table', {}, h('summary', {}, t('chart.table')), h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': t('feelings.picture')},
			h('table', {}, h('caption.away', {}, t('feelings.picture')), h('thead', {}, h('tr', {}, ['feelings.turn', 'feelings.words', 'feelings.score'].map((key) => h('th', {scope: 'col'}, t(key))))),
				h('tbody', {}, turns.map((turn) => h('tr', {}, h('th.clock', {scope: 'row'}, at(turn)), h('td', {}, turn.text), h('td', {}, sentiment(feelingWord(turn.sentiment))))))))));
}

/*
 * Charts: small pictures of numbers, with the numbers in a table behind each. A picture is for the
 * eyes only; who does not see it has the table.
 */
import {h, svg} from '../core/dom.js';
import {number} from '../core/format.js';
import {t} from '../core/texts.js';

const height = 100;
const mostLabels = 8;

/** The least round number that is not below value. */
function ceiling(value) {
	if (value <= 4)
		return Math.max(1, Math.ceil(value));
	const step = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 2.5, 4, 5, 10].map((times) => times * step).find((round) => round >= value && Number.isInteger(round / 2)) ?? 10 * step;
}

function behind(label, head, rows) {
	return h('details.chart-table', {}, h('summary', {}, t('chart.table')),
		h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': label}, h('table', {}, h('caption.away', {}, label),
			h('thead', {}, h('tr', {}, head.map((title, i) => h(i ? 'th.end' : 'th', {scope: 'col'}, title)))),
			h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell, i) => (i ? h('td.end', {}, cell) : h('th', {scope: 'row'}, cell)))))))));
}

/**
 * Columns over time. rows: [{name, values: {key: number}, before}]; series: [{key, name}], laid upon each other;
 * before, where given, is what it was in the period before, drawn as a line.
 */
export function columns({label, rows, series, format = number, before}) {
	const total = (row) => series.reduce((sum, {key}) => sum + (row.values[key] ?? 0), 0);
	const top = ceiling(Math.max(0, ...rows.map(total), ...(before ? rows.map((row) => row.before ?? 0) : [])));
	const width = 100 / Math.max(1, rows.length);
	const drawn = rows.map((row, i) => {
		let y = height;
		return svg('g.column', {}, svg('title', {}, `${row.name}: ${series.map(({key, name}) => `${name} ${format(row.values[key] ?? 0)}`).join(', ')}`),
			svg('rect.hit', {x: i * width, y: 0, width, height}),
			series.map(({key}) => {
				const size = (row.values[key] ?? 0) / top * height;
				y -= size;
				return svg(`rect.series-${key}`, {x: i * width + width * 0.12, y, width: width * 0.76, height: size});
			}));
	});
	const line = before && rows.some((row) => row.before) && svg('polyline.before', {
		points: rows.map((row, i) => `${(i + 0.5) * width},${height - (row.before ?? 0) / top * height}`).join(' ')});
	const every = Math.ceil(rows.length / mostLabels);
	return h('figure.chart', {},
		h('ul.legend', {}, series.length + (line ? 1 : 0) > 1 && [...series.map(({key, name}) => h('li', {}, h(`span.swatch.series-${key}`), name)),
			line && h('li', {}, h('span.swatch.line'), before)]),
		h('div.chart-body', {'aria-hidden': 'true'}, h('div.chart-scale', {}, [top, top / 2, 0].map((value) => h('span', {}, format(value)))),
			svg('svg', {viewBox: `0 0 100 ${height}`, preserveAspectRatio: 'none'},
				[0, 0.5, 1].map((share) => svg('line.grid', {x1: 0, x2: 100, y1: share * height, y2: share * height})), drawn, line),
			h('div.chart-names', {}, rows.filter((_, i) => i % every === 0).map((row) => h('span', {}, row.short ?? row.name)))),
		behind(label, [t('chart.when'), ...series.map(({name}) => name), line && before].filter(Boolean),
			rows.map((row) => [row.name, ...series.map(({key}) => format(row.values[key] ?? 0)), line && format(row.before ?? 0)].filter((cell) => cell !== false && cell !== undefined && cell !== null))));
}

/** Bars side by side, each a row of a table: [{name, value, note, tone}]. */
export function bars({label, rows, head, format = number, share = null}) {
	const top = Math.max(1, ...rows.map(({value}) => value));
	return h('table.bars', {}, h('caption.away', {}, label),
		h('thead.away', {}, h('tr', {}, [head, t('chart.share'), label].map((title) => h('th', {scope: 'col'}, title)))),
		h('tbody', {}, rows.map(({name, value, tone}) => h('tr', {}, h('th', {scope: 'row'}, name),
			h('td.bar-cell', {}, svg('svg.bar', {viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
				svg('rect.track-line', {width: 100, height: 10}), svg(`rect.tone-${tone ?? 'accent'}`, {width: value / (share ?? top) * 100, height: 10}))),
			h('td.end', {}, format(value))))));
}

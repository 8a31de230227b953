/*
 * A flow as a graph: its states in layers from the start, an arrow for every way from one to another. Ways
 * back run lightly at the sides; the ways of a state stand out where it is pointed at.
 */
import {h, svg} from '../core/dom.js';
import {t} from '../core/texts.js';
import {empty} from '../ui/state.js';

const [boxWidth, boxHeight, gapX, gapY] = [168, 58, 28, 72];
const [margin, laneWidth, radius] = [28, 7, 8];	/* beside the boxes, where ways back run */
const lineLength = 22;

const asList = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** Every way out of a state: [{to, by}]; by says what leads there. */
function waysOf(state) {
	const ways = [];
	const add = (to, by) => to && ways.push({to, by});
	for (const answer of asList(state.hear))
		if (typeof answer === 'object')
			add(answer.to, asList(answer.hear)[0]);
	for (const rule of asList(state.next)) {
		if (typeof rule === 'string')
			add(rule, null);
		else
			add(rule.to, rule.if && Object.entries(rule.if).map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`).join(', '));
	}
	return ways;
}

/** How far each state is from the start; those nothing names by `to` (operator, goodbye) come last. */
function layersOf(flow) {
	const depth = new Map([[flow.start, 0]]);
	const queue = [flow.start];
	while (queue.length) {
		const at = queue.shift();
		for (const {to} of waysOf(flow.states[at] ?? {}))
			if (!depth.has(to) && flow.states[to]) {
				depth.set(to, depth.get(at) + 1);
				queue.push(to);
			}
	}
	const deepest = Math.max(...depth.values());
	const layers = Array.from({length: deepest + 1}, () => []);
	for (const [name, at] of depth)
		layers[at].push(name);
	const rest = Object.keys(flow.states).filter((name) => !depth.has(name));
	return rest.length ? [...layers, rest] : layers;
}

const shorten = (text) => (text.length > lineLength ? `${text.slice(0, lineLength - 1)}…` : text);

function kindOf(flow, name) {
	const state = flow.states[name];
	if (state.end)
		return state.end.goal_reached ? 'goal' : 'end';
	return name === flow.start ? 'start' : state.hear || state.anything ? 'listens' : 'goes-on';
}

/** Each layer in the order of what leads to it, so that few ways cross. */
function sortLayers(flow, layers) {
	const place = new Map();
	for (const layer of layers) {
		const middle = new Map(layer.map((name) => {
			const before = [...place].filter(([from]) => waysOf(flow.states[from]).some(({to}) => to === name)).map(([, at]) => at);
			return [name, before.length ? before.reduce((sum, at) => sum + at, 0) / before.length : 0];
		}));
		layer.sort((a, b) => middle.get(a) - middle.get(b));
		layer.forEach((name, i) => place.set(name, i - (layer.length - 1) / 2));
	}
}

/** A line through points, its corners rounded. */
function rounded(points) {
	let path = `M${points[0].join(' ')}`;
	for (let i = 1; i < points.length - 1; i++) {
		const [x, y] = points[i];
		const towards = ([to, at]) => {
			const length = Math.hypot(to - x, at - y) || 1, step = Math.min(radius, length / 2);
			return `${x + (to - x) / length * step} ${y + (at - y) / length * step}`;
		};
		path += `L${towards(points[i - 1])}Q${x} ${y} ${towards(points[i + 1])}`;
	}
	return `${path}L${points.at(-1).join(' ')}`;
}

/** A way down to the next layer. */
function wayDown(from, end) {
	const [x1, y1, x2, y2] = [from.x + boxWidth / 2, from.y + boxHeight, end.x + boxWidth / 2, end.y - 4];
	return `M${x1} ${y1}C${x1} ${y1 + gapY / 2} ${x2} ${y2 - gapY / 2} ${x2} ${y2}`;
}

/** A way back, or across: out below, along the nearer side of the rows between, and in from above; boxes are not crossed. */
function wayBack(from, end, lanes, width, between) {
	const side = from.x + end.x + boxWidth < width ? 'left' : 'right';
	const lane = lanes[side]++;
	const shift = 16 + (lane % 6) * 7, gap = 12 + (lane % 6) * 4;
	const edges = between.map(({x}) => x);
	const x = side === 'left' ? Math.min(...edges) - 14 - lane * laneWidth : Math.max(...edges) + boxWidth + 14 + lane * laneWidth;
	const [x1, x2] = side === 'left' ? [from.x + shift, end.x + shift] : [from.x + boxWidth - shift, end.x + boxWidth - shift];
	const [below, above] = [from.y + boxHeight + gap, end.y - gap];
	return rounded([[x1, from.y + boxHeight], [x1, below], [x, below], [x, above], [x2, above], [x2, end.y - 4]]);
}

/* A state that is pointed at, or was chosen, shows its own ways and what they lead to. */
function chooseOn(picture, states, ways) {
	let kept = null;
	const show = (name) => {
		picture.classList.toggle('chosen', name !== null);
		const near = new Set([name]);
		for (const {from, to, element} of ways) {
			const isLit = from === name || to === name;
			element.classList.toggle('lit', isLit);
			if (isLit)
				near.add(from).add(to);
		}
		for (const [one, element] of states)
			element.classList.toggle('lit', near.has(one));
	};
	for (const [name, element] of states) {
		element.addEventListener('pointerenter', () => show(name));
		element.addEventListener('pointerleave', () => show(kept));
		element.addEventListener('click', () => show(kept = kept === name ? null : name));
	}
}

function draw(flow) {
	const layers = layersOf(flow);
	sortLayers(flow, layers);
	const widest = Math.max(...layers.map((layer) => layer.length));
	const width = widest * (boxWidth + gapX) - gapX + 2 * margin, height = layers.length * (boxHeight + gapY) + 24;
	const at = new Map();
	layers.forEach((layer, y) => layer.forEach((name, x) => at.set(name, {
		x: (width - layer.length * (boxWidth + gapX) + gapX) / 2 + x * (boxWidth + gapX), y: gapY / 2 + y * (boxHeight + gapY)})));
	const lanes = {left: 0, right: 0};
	const ways = [...at].flatMap(([name, from]) => [...new Map(waysOf(flow.states[name]).map((way) => [way.to, way])).values()].filter(({to}) => at.has(to) && to !== name).map(({to, by}) => {
		const end = at.get(to);
		const down = end.y > from.y;
		const element = svg(down ? 'path.flow-way' : 'path.flow-way.flow-back', {d: down ? wayDown(from, end) : wayBack(from, end, lanes, width, [...at.values()].filter(({y}) => y >= end.y && y <= from.y)), 'marker-end': 'url(#arrow)'},
			svg('title', {}, `${name} → ${to}${by ? ` (${by})` : ''}`));
		return {from: name, to, down, element};
	}));
	const states = [...at].map(([name, {x, y}]) => [name, svg(`g.flow-state.${kindOf(flow, name)}`, {transform: `translate(${x} ${y})`},
		svg('title', {}, asList(flow.states[name].say)[0] ?? name), svg('rect', {width: boxWidth, height: boxHeight, rx: 8}),
		svg('text.flow-name', {x: 12, y: 23}, shorten(name.replaceAll('_', ' '))), svg('text.flow-say', {x: 12, y: 43}, shorten(asList(flow.states[name].say)[0] ?? t(`flow.${kindOf(flow, name)}`))))]);
	const [left, right] = [Math.max(0, lanes.left * laneWidth + 20 - margin), Math.max(0, lanes.right * laneWidth + 20 - margin)];
	const picture = svg('svg.flow', {width: width + left + right, height, viewBox: `${-left} 0 ${width + left + right} ${height}`, 'aria-hidden': 'true'},
		svg('defs', {}, svg('marker', {id: 'arrow', viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse'}, svg('path', {d: 'M0 0l8 4-8 4z'}))),
		ways.sort((a, b) => a.down - b.down).map(({element}) => element), states.map(([, element]) => element));
	chooseOn(picture, states, ways);
	return picture;
}

/** The same in words, for who does not see it. */
function inWords(flow) {
	return h('details.chart-table', {}, h('summary', {}, t('flow.words')), h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': t('flow.words')}, h('table', {}, h('caption.away', {}, t('flow.words')),
		h('thead', {}, h('tr', {}, ['flow.state', 'flow.says', 'flow.leads'].map((key) => h('th', {scope: 'col'}, t(key))))),
		h('tbody', {}, Object.entries(flow.states).map(([name, state]) => h('tr', {}, h('th', {scope: 'row'}, name), h('td', {}, asList(state.say)[0] ?? ''),
			h('td', {}, waysOf(state).map(({to, by}) => h('p', {}, to, by && h('span.soft', {}, ` · ${by}`))))))))));
}

export function flowGraph(flow) {
	if (!flow?.states?.[flow.start])
		return empty(t('flow.none'));
	const picture = h('div.flow-scroll', {tabindex: '0', role: 'group', 'aria-label': t('flow.picture')}, draw(flow));
	new ResizeObserver(() => { picture.scrollLeft = (picture.scrollWidth - picture.clientWidth) / 2; }).observe(picture);	/* the start is in the middle */
	return h('div.panel.stack', {}, flow.description && h('p.soft', {}, flow.description), picture, inWords(flow));
}

/* The little Markdown that descriptions in the contract use: paragraphs, tables, `code`, **strong**. Text stays text. */
import {h} from '../core/dom.js';

export function inline(text) {
	return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
		if (part.startsWith('`'))
			return h('code', null, part.slice(1, -1));
		return part.startsWith('**') ? h('strong', null, part.slice(2, -2)) : part;
	});
}

const cells = (line) => line.trim().replace(/^\||\|$/g, '').split('|').map((cell) => inline(cell.trim()));

function table(lines) {
	const [head, , ...rows] = lines;
	return h('div.table-scroll', {tabindex: '0', role: 'group', 'aria-label': 'Table'}, h('table', null,
		h('thead', null, h('tr', null, cells(head).map((cell) => h('th', {scope: 'col'}, cell)))),
		h('tbody', null, rows.map((row) => h('tr', null, cells(row).map((cell) => h('td', null, cell)))))));
}

export function markdown(text) {
	return (text ?? '').trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
		const lines = block.split('\n');
		return lines[0].trim().startsWith('|') ? table(lines) : h('p', null, inline(block.replaceAll('\n', ' ')));
	});
}

/*
 * A table of what the API lists, page by page of its keyset cursor.
 *
 *	table({label, columns: [{title, cell, priority, align, plain}], load, href, empty})
 *
 * load(cursor) gives {rows, next}. Columns of priority 3 go away on narrow screens; on a phone rows are
 * cards that have them all, each under its title unless it is the first or plain, which explains
 * itself. href(row) makes the first cell a link, and the whole row follows it.
 */
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';
import {toastError} from './toast.js';
import {empty, failed, loading} from './state.js';

const classOf = (column) => [column.align === 'end' && 'end', column.priority && `priority-${column.priority}`, column.grows && 'grows'].filter(Boolean).join(' ') || null;

function drawRow(columns, row, href) {
	const cells = columns.map((column, i) => {
		const content = column.cell(row);
		return h('td', {class: classOf(column), 'data-title': i === 0 || column.plain ? null : column.title || null}, i === 0 && href ? h('a.row-link', {href: href(row)}, content) : content);
	});
	return h(href ? 'tr.linked' : 'tr', {}, cells);
}

export function table({label, columns, load, href, empty: none, signal, key, foot}) {
	const body = h('tbody');
	const grid = h('table', {}, h('caption.away', {}, label),
		h('thead', {}, h('tr', {}, columns.map((column) =>
			h('th', {scope: 'col', class: classOf(column)}, column.title || h('span.away', {}, column.label ?? t('table.actions')))))), body);
	const more = h('button', {type: 'button', hidden: true}, t('table.more'));
	const box = h('div.table', {}, loading(6));
	let next = null;
	let run = 0;

	const draw = (rows) => {
		for (const row of rows) {
			const element = drawRow(columns, row, href);
			if (key)
				element.dataset.key = key(row);
			body.append(element);
		}
	};
	const begin = async () => {
		const mine = ++run;
		try {
			const page = await load(null);
			if (mine !== run || signal?.aborted)
				return;
			body.replaceChildren();
			draw(page.rows);
			next = page.next;
			more.hidden = !next;
			box.replaceChildren(...(page.rows.length || next
				? [h('div.table-scroll', {}, grid), h('div.table-foot', {}, more, foot)] : [none ?? empty(t('state.none'))]));
		} catch (error) {
			if (mine === run && !signal?.aborted)
				box.replaceChildren(failed(error, () => { box.replaceChildren(loading(6)); begin(); }));
		}
	};
	more.addEventListener('click', async () => {
		const mine = run;
		more.disabled = true;
		try {
			const page = await load(next);
			if (mine !== run)
				return;
			draw(page.rows);
			next = page.next;
			more.hidden = !next;
		} catch (error) {
			toastError(error);
		}
		more.disabled = false;
	});
	box.reload = begin;
	/** Put a row in the place of the one with its key, or first. */
	box.upsert = (row) => {
		const old = [...body.children].find((one) => one.dataset.key === key(row));
		const fresh = drawRow(columns, row, href);
		fresh.dataset.key = key(row);
		if (old)
			old.replaceWith(fresh);
		else if (body.isConnected)
			body.prepend(fresh);
		else
			begin();
	};
	box.has = (value) => [...body.children].some((one) => one.dataset.key === value);
	begin();
	return box;
}

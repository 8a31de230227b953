/* The frame of a page: its heading with what can be done there, and parts under it. */
import {h, newId} from '../core/dom.js';

export function page(title, {actions = [], lead = null, back = null} = {}, ...children) {
	return h('div.page', {}, back,
		h('header.page-head', {}, h('div', {}, h('h1', {tabindex: '-1'}, title), lead && h('p.lead', {}, lead)),
			h('div.actions', {}, actions)),
		children);
}

export function panel(title, {actions = [], className = ''} = {}, ...children) {
	const id = newId('panel');
	return h('section.panel', {class: `panel ${className}`.trim(), 'aria-labelledby': id},
		h('div.panel-head', {}, h('h2', {id}, title), h('div.actions', {}, actions)), children);
}

/** Pairs of a name and a value. Those without a value are left out. */
export function facts(pairs) {
	return h('dl.facts', {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
		.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

export function copyButton(text, label, done) {
	return h('button', {type: 'button', onclick: async () => { await navigator.clipboard.writeText(text()); done?.(); }}, label);
}

/** Tabs: [{id, title, content()}]. The content is made when it is first shown. */
export function tabs(label, entries, {selected = entries[0].id, onselect} = {}) {
	const made = new Map();
	const id = newId('tab');
	const body = h('div.tab-body', {role: 'tabpanel', id: `${id}-panel`, tabindex: '0'});
	const buttons = entries.map((entry) => h('button.tab', {type: 'button', role: 'tab', id: `${id}-${entry.id}`, 'aria-controls': `${id}-panel`,
		onclick: () => select(entry.id)}, entry.title));
	const select = (wanted, silent) => {
		const entry = entries.find((one) => one.id === wanted) ?? entries[0];
		entries.forEach((one, i) => {
			buttons[i].setAttribute('aria-selected', String(one === entry));
			buttons[i].tabIndex = one === entry ? 0 : -1;
		});
		if (!made.has(entry.id))
			made.set(entry.id, entry.content());
		body.replaceChildren(made.get(entry.id));
		body.setAttribute('aria-labelledby', `${id}-${entry.id}`);
		if (!silent)
			onselect?.(entry.id);
	};
	const list = h('div.tabs', {role: 'tablist', 'aria-label': label, onkeydown: (event) => {
		const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
		if (!step)
			return;
		const at = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
		buttons[at].focus();
		select(entries[at].id);
	}}, buttons);
	select(selected, true);
	const box = h('div.tabbed', {}, list, body);
	box.select = select;
	return box;
}

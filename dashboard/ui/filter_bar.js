/* The filters of a list, which are in the address; and its rows as a file, by the same filters. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {dayStart, dayText} from '../core/format.js';
import {t} from '../core/texts.js';
import {icon} from './icon.js';
import {toast, toastError} from './toast.js';

const typingMs = 300;

/** A control under its label. */
export function field(label, control) {
	control.id = newId('filter');
	return h('div.filter', {}, h('label', {for: control.id}, label), control);
}

/** A select: `none` or one of `values`, each shown as `text(value)`. */
export const choice = (key, none, values, text) => h('select', {name: key}, h('option', {value: ''}, none),
	values.map((value) => h('option', {value}, text(value))));

/** What was typed as a number, as E.164. */
export function numberOf(text) {
	const number = text?.replaceAll(/[^+\d]/g, '');
	return number && (number.startsWith('+') ? number : `+${number}`);
}

/** The days from and to of the address, as times. */
export const period = (query) => ({
	from: query.get('from') && dayStart(query.get('from')).toISOString(),
	to: query.get('to') && dayStart(query.get('to'), 1).toISOString(),
});

/**
 * A bar of `children` in which `controls` ({name: control}) lie: what is typed goes into the address once there was a
 * pause, what is chosen at once. `show(query)` fills the controls.
 */
export function filterBar({controls, setQuery, signal}, ...children) {
	let typing = null;
	const bar = h('form.filters', {role: 'search', 'aria-label': t('calls.filters'), onsubmit: (event) => event.preventDefault()}, ...children);
	bar.addEventListener('input', (event) => {
		clearTimeout(typing);
		const set = () => setQuery({[event.target.name]: event.target.value});
		typing = setTimeout(set, event.target.matches('select,[type=date]') ? 0 : typingMs);
	});
	signal.addEventListener('abort', () => clearTimeout(typing));
	bar.show = (query) => {
		for (const [key, control] of Object.entries(controls))
			if (control !== document.activeElement || !control.value)
				control.value = query.get(key) ?? '';
	};
	return bar;
}

/** A button that saves what `path` answers to `query()` as a file called `name` and the day. */
export function exportButton({path, name, query, signal}) {
	const save = async (event) => {
		const button = event.currentTarget;
		button.disabled = true;
		try {
			const response = await api.request('GET', path, {query: query(), signal});
			const url = URL.createObjectURL(await response.blob());
			h('a', {href: url, download: `${name}-${dayText(new Date())}.csv`}).click();
			URL.revokeObjectURL(url);
			toast(t('calls.exported'));
		} catch (error) {
			toastError(error);
		}
		button.disabled = false;
	};
	return h('button', {type: 'button', onclick: save}, icon('download'), t('calls.export'));
}

/* What is shown in place of content: it is coming, there is none, or it could not be had. */
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';
import {icon} from './icon.js';

export function loading(lines = 4) {
	return h('div.loading', {role: 'status', 'aria-label': t('state.loading')},
		Array.from({length: lines}, () => h('div.skeleton')));
}

export function empty(title, text, action) {
	return h('div.empty', {}, icon('quiet'), h('p.empty-title', {}, title), text && h('p.soft', {}, text), action);
}

export function failed(error, retry) {
	return h('div.empty.failed', {role: 'alert'}, icon('alert'),
		h('p.empty-title', {}, t('state.failed')), h('p.soft', {}, error.message),
		retry && h('button', {type: 'button', onclick: retry}, t('state.retry')));
}

/**
 * A place for what load() gives, with the states before it. signal ends it. Gives the place;
 * place.reload() loads again, leaving what is there until it comes.
 */
export function place(load, signal, {lines} = {}) {
	const box = h('div.place', {}, loading(lines));
	const begin = async () => {
		try {
			const content = await load();
			if (!signal?.aborted)
				box.replaceChildren(...[content].flat().filter(Boolean));
		} catch (error) {
			if (!signal?.aborted && error.name !== 'AbortError')
				box.replaceChildren(failed(error, () => { box.replaceChildren(loading(lines)); begin(); }));
		}
	};
	box.reload = begin;
	begin();
	return box;
}

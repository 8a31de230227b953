/* Dialogs: the browser's own, so that focus stays inside and comes back, and Escape closes. */
import {h, newId} from '../core/dom.js';
import {t} from '../core/texts.js';
import {icon} from './icon.js';

/**
 * content(close) gives what is inside. Resolves with what close() was given, or null when the viewer
 * went away from it.
 */
export function dialog(title, content, {wide = false} = {}) {
	return new Promise((resolve) => {
		let result = null;
		const id = newId('dialog');
		const close = (value = null) => { result = value; box.close(); };
		const box = h(wide ? 'dialog.wide' : 'dialog', {'aria-labelledby': id, onclick: (event) => event.target === box && close()},
			h('div.dialog-body', {},
				h('div.dialog-head', {}, h('h2', {id}, title),
					h('button.quiet.icon-only', {type: 'button', 'aria-label': t('dialog.close'), onclick: () => close()}, icon('close'))),
				content(close)));
		box.addEventListener('close', () => { box.remove(); resolve(result); });
		document.body.append(box);
		box.showModal();
	});
}

/** Ask before what cannot be undone. Resolves with whether to do it. */
export async function confirm(title, text, action, {danger = true} = {}) {
	return await dialog(title, (close) => [
		h('p', {}, text),
		h('div.actions', {},
			h('button', {type: 'button', onclick: () => close(false)}, t('dialog.cancel')),
			h(danger ? 'button.danger' : 'button.primary', {type: 'button', onclick: () => close(true)}, action)),
	]) === true;
}

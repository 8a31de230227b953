/* A short word that something was done, with a way back where there is one. */
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';

const stayMs = 6000;
const most = 2;

const region = h('div.toasts', {role: 'status', 'aria-live': 'polite'});
document.body.append(region);

/* Above an open dialog there is only what is inside it. */
function host() {
	const dialogs = document.querySelectorAll('dialog[open]');
	return dialogs[dialogs.length - 1] ?? document.body;
}

function show(kind, text, undo) {
	const close = () => box.remove();
	const box = h(`div.toast.${kind}`, {}, h('span', {}, text),
		undo && h('button.link', {type: 'button', onclick: () => { close(); undo(); }}, t('toast.undo')));
	let timer = setTimeout(close, stayMs);
	const hold = () => clearTimeout(timer);
	const release = () => { hold(); timer = setTimeout(close, stayMs); };
	box.addEventListener('pointerenter', hold);
	box.addEventListener('pointerleave', release);
	box.addEventListener('focusin', hold);
	box.addEventListener('focusout', release);
	if (region.parentNode !== host())
		host().append(region);
	region.append(box);
	while (region.children.length > most)
		region.firstChild.remove();
}

/** undo, where given, is called when the viewer wants it back. */
export const toast = (text, {undo} = {}) => show('done', text, undo);
export const toastError = (error) => show('error', error.message);

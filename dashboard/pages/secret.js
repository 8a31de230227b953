/* A secret that is shown this once. */
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';
import {dialog} from '../ui/dialog.js';
import {toast} from '../ui/toast.js';

export function showSecret(title, text, secret) {
	return dialog(title, (close) => [
		h('p', {}, text),
		h('div.copy-row', {}, h('input.secret', {readonly: true, value: secret, 'aria-label': title, onfocus: (event) => event.target.select()}),
			h('button', {type: 'button', onclick: async () => { await navigator.clipboard.writeText(secret); toast(t('copied')); }}, t('copy'))),
		h('div.actions', {}, h('button.primary', {type: 'button', onclick: () => close(true)}, t('secret.kept'))),
	]);
}

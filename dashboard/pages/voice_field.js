/* The choice of a voice, with those there are, and a button to hear one. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {t} from '../core/texts.js';
import {icon} from '../ui/icon.js';
import {toastError} from '../ui/toast.js';

/** Gives a field for a form: {name, label, control, read, ...}. */
export function voiceField({value = '', hint, readonly = false, signal}) {
	const list = h('datalist', {id: newId('voices')});
	const input = h('input', {name: 'voice', list: list.id, autocomplete: 'off', 'aria-label': t('call.voice'), value, readonly});
	const sound = new Audio();
	const hear = h('button', {type: 'button', onclick: async () => {
		hear.disabled = true;
		try {
			const response = await api.request('GET', `/voices/${encodeURIComponent(input.value.trim())}/preview`, {signal});
			URL.revokeObjectURL(sound.src);
			sound.src = URL.createObjectURL(await response.blob());
			await sound.play();
		} catch (error) {
			toastError(error);
		}
		show();
	}}, icon('play'), t('voice.hear'));
	const show = () => { hear.disabled = !input.value.trim(); };
	input.addEventListener('input', show);
	show();
	/* Asked for when somebody is about to choose. Any name may be typed, so that it does no harm when there is no list. */
	input.addEventListener('focus', () => api.get('/voices', {}, signal).then(({voices}) => list.append(...voices.map(({name, description, language}) =>
		h('option', {value: name}, [description, language].filter(Boolean).join(' · '))))).catch(() => {}), {once: true});
	signal.addEventListener('abort', () => sound.pause());
	return {name: 'voice', label: t('call.voice'), optional: true, hint, control: h('div.copy-row', {}, input, hear, list), read: () => input.value.trim()};
}

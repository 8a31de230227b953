/* Taking a hand in a live call: the agent says what it is given, or heeds what it is told. */
import * as api from '../core/api.js';
import {h, newId} from '../core/dom.js';
import {t} from '../core/texts.js';
import {panel} from '../ui/page.js';
import {toast} from '../ui/toast.js';

const ways = ['say', 'instruct'];

/** more: what else can be done, beside the title. */
export function control(callId, more) {
	let way = ways[0];
	const id = newId('control');
	const hint = h('p.hint', {id: `${id}-hint`});
	const problem = h('p.field-error', {role: 'alert', hidden: true});
	const text = h('input', {name: 'text', 'aria-label': t('control.text'), 'aria-describedby': `${id}-hint`, maxlength: '2000', autocomplete: 'off', required: true});
	const soon = h('input', {type: 'checkbox'});
	const soonLine = h('label.check-line', {}, soon, t('control.soon'));
	const choices = h('div.chips', {role: 'group', 'aria-label': t('control.title')}, ways.map((one) =>
		h('button.chip', {type: 'button', 'data-way': one, onclick: () => choose(one)}, t(`control.${one}`))));
	const send = h('button.primary', {}, t('control.send'));
	const choose = (one) => {
		way = one;
		for (const chip of choices.children)
			chip.setAttribute('aria-pressed', String(chip.dataset.way === way));
		hint.textContent = t(`control.${way}Hint`);
		soonLine.hidden = way !== 'say';
	};
	choose(way);
	const form = h('form.control', {onsubmit: async (event) => {
		event.preventDefault();
		if (!text.value.trim())
			return;
		send.disabled = true;
		problem.hidden = true;
		const sent = text.value;
		try {
			await api.post(`/calls/${callId}/${way}`, {text: sent.trim(), ...(way === 'say' ? {when: soon.checked ? 'soon' : 'now'} : {})});
			if (text.value === sent)
				text.value = '';
			toast(t(way === 'say' ? 'control.said' : 'control.told'));
		} catch (error) {
			problem.textContent = error.message;
			problem.hidden = false;
		}
		send.disabled = false;
		/* Unless somebody writes elsewhere by now. */
		if (document.activeElement === document.body || form.contains(document.activeElement))
			text.focus();
	}}, choices, h('div.copy-row', {}, text, send), hint, soonLine, problem);
	return panel(t('control.title'), {actions: more}, form);
}

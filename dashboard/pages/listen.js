/* Listening in on a live call: a button, and how loud each side is. */
import {openAudio} from '../core/audio.js';
import {h} from '../core/dom.js';
import {hasText, t} from '../core/texts.js';
import {icon} from '../ui/icon.js';
import {meter} from '../ui/meter.js';
import {toast} from '../ui/toast.js';

export function listenButton(callId, signal) {
	const text = h('span', {}, t('listen.start'));
	const meters = ['user', 'agent'].map((speaker) => meter(t(`speaker.${speaker}`)));
	const levels = h('span.meters', {hidden: true}, meters);
	let audio = null;
	const show = (isOn) => {
		text.textContent = t(isOn ? 'listen.stop' : 'listen.start');
		button.setAttribute('aria-pressed', String(isOn));
		levels.hidden = !isOn;
	};
	const stop = () => {
		audio?.close();
		audio = null;
		show(false);
	};
	const start = async () => {
		button.disabled = true;
		audio = await openAudio({path: `/calls/${callId}/listen`, waitSeconds: 0.6, hello: () => show(true),
			loud: (channels) => channels.forEach((level, i) => meters[i]?.show(level)),
			ended: (code) => {
				audio = null;
				show(false);
				if (code !== 1000)
					toast(t(hasText(`listen.${code}`) ? `listen.${code}` : 'listen.lost'));
			}}).catch(() => null);
		button.disabled = false;
	};
	const button = h('button', {type: 'button', 'aria-pressed': 'false', onclick: () => (audio ? stop() : start())}, icon('ear'), text);
	signal.addEventListener('abort', stop);
	return h('div.actions.listen', {}, button, levels);
}

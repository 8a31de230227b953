/* Talking to an agent from the browser: a call like any other, with this microphone for a telephone. */
import * as api from '../core/api.js';
import {openAudio} from '../core/audio.js';
import {h, newId} from '../core/dom.js';
import {duration} from '../core/format.js';
import {subscribe} from '../core/live.js';
import {hasText, t} from '../core/texts.js';
import {icon} from '../ui/icon.js';
import {meter} from '../ui/meter.js';
import {page} from '../ui/page.js';
import {Transcript} from '../ui/transcript.js';

const microphoneWanted = {audio: {echoCancellation: true, noiseSuppression: true, autoGainControl: true}};

export default async function talk({query, signal}) {
	const {agents} = await api.get('/agents', {limit: 200}, signal);
	const callable = agents.filter((agent) => agent.source === 'built_in' || agent.published_version);
	const id = newId('agent');
	const agent = h('select', {id}, h('option', {value: ''}, t('new.standardAgent')), callable.map(({name}) => h('option', {value: name, selected: name === query.get('agent')}, name)));
	const state = h('p.talk-state', {role: 'status'}, t('talk.idle'));
	const clock = h('span.clock');
	const level = meter(t('speaker.agent'));
	const start = h('button.primary', {type: 'button'}, icon('talk'), t('talk.start'));
	const stop = h('button.danger', {type: 'button', hidden: true}, icon('hangUp'), t('talk.stop'));
	const mute = h('button', {type: 'button', hidden: true, 'aria-pressed': 'false'}, t('talk.mute'));
	const words = h('div');
	const after = h('p', {hidden: true});
	const problem = h('p.form-error', {role: 'alert', hidden: true});
	let audio = null, call = null, began = 0, timer = null;

	const complain = (text) => {
		problem.textContent = text;
		problem.hidden = !text;
	};
	const showState = (name) => {
		state.dataset.state = name;
		state.textContent = t(`talk.${name}`);
	};
	const begun = ({call_id: callId}) => {
		call = {id: callId, transcript: new Transcript({label: t('transcript.title'), startedAt: new Date().toISOString()})};
		words.replaceChildren(call.transcript.element);
		began = Date.now();
		timer = setInterval(() => { clock.textContent = duration((Date.now() - began) / 1000); }, 500);
		mute.hidden = false;
		stop.focus();
		showState('listening');
	};
	const over = (code) => {
		clearInterval(timer);
		audio = null;
		start.hidden = agent.disabled = false;
		start.disabled = agent.disabled = false;
		stop.hidden = mute.hidden = true;
		mute.setAttribute('aria-pressed', 'false');
		level.show(0);
		showState('idle');
		if (code !== 1000)
			complain(t(hasText(`talk.${code}`) ? `talk.${code}` : 'talk.lost'));
		if (call) {
			after.replaceChildren(h('a', {href: `/calls/${call.id}`}, t('talk.open')));
			after.hidden = false;
		}
	};
	start.addEventListener('click', async () => {
		complain('');
		after.hidden = true;
		call = null;
		start.disabled = agent.disabled = true;
		let microphone = null;
		try {
			microphone = await navigator.mediaDevices.getUserMedia(microphoneWanted);
		} catch {
			start.disabled = agent.disabled = false;
			complain(t('talk.noMicrophone'));
			return;
		}
		showState('connecting');
		start.hidden = true;
		stop.hidden = false;
		try {
			audio = await openAudio({path: '/talk', query: {agent: agent.value}, microphone, waitSeconds: 2, hello: begun, loud: ([value]) => level.show(value), ended: over,
				told: (message) => message.type === 'state' && hasText(`talk.${message.state}`) && showState(message.state)});
		} catch (error) {
			microphone.getTracks().forEach((track) => track.stop());
			over(1000);
			complain(error.message);
		}
	});
	stop.addEventListener('click', () => audio?.close());
	mute.addEventListener('click', () => {
		const isMuted = mute.getAttribute('aria-pressed') !== 'true';
		mute.setAttribute('aria-pressed', String(isMuted));
		audio?.mute(isMuted);
	});
	const unsubscribe = subscribe(({type, call_id: callId, data}) => {
		if (callId !== call?.id)
			return;
		if (type === 'transcript.partial' || type === 'transcript.final')
			call.transcript.set(data, type === 'transcript.final');
		else if (type === 'turn.timing')
			call.transcript.setTiming(data);
	});
	signal.addEventListener('abort', () => {
		unsubscribe();
		clearInterval(timer);
		audio?.close();
	});
	return page(t('talk.title'), {lead: t('talk.lead')}, h('section.panel.talk', {'aria-label': t('talk.title')},
		problem, h('div.talk-row', {}, h('div.field', {}, h('label', {for: id}, t('call.agent')), agent), start, mute, stop),
		h('div.talk-line', {}, state, clock, level), words, after));
}

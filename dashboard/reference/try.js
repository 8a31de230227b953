/* The form of one operation: its parameters and body, the line for a shell, and what came back. */
import {h} from '../core/dom.js';
import {boundsOf, contentOf, curlOf, requestOf, resolve} from './contract.js';
import {code, field, pretty} from './parts.js';
import {open, send, shownCredential} from './sending.js';

const MAX_SHOWN = 200000;

function parameterField(parameter, changed) {
	const schema = resolve(parameter.schema);
	const input = schema.enum
		? h('select', {onchange: changed}, h('option', {value: ''}, ''), schema.enum.map((one) => h('option', {value: one}, one)))
		: h('input', {type: 'text', autocomplete: 'off', spellcheck: 'false', required: parameter.required, oninput: changed, placeholder: schema.default ?? '', value: parameter.example ?? ''});
	const bounds = schema.enum ? '' : boundsOf(schema);
	const hint = [parameter.description, bounds && `${bounds[0].toUpperCase()}${bounds.slice(1)}.`].filter(Boolean).join(' ');
	return {name: parameter.name, input, element: field(parameter.required ? `${parameter.name} (required)` : parameter.name, input, hint.replaceAll('`', ''))};
}

async function shown(response) {
	const type = response.headers.get('content-type') ?? '';
	if (type.startsWith('audio/'))
		return h('audio', {controls: true, src: URL.createObjectURL(await response.blob()), 'aria-label': 'The recording'});
	const text = await response.text();
	if (!text)
		return h('p.soft', null, 'No body.');
	const whole = type.startsWith('application/json') ? pretty(JSON.parse(text)) : text;
	return code(whole.length > MAX_SHOWN ? `${whole.slice(0, MAX_SHOWN)}\n...` : whole, 'Body');
}

async function answer(response, ms) {
	const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
	return [h('p.status', {'data-status': String(response.status)[0]}, h('strong', null, `${response.status} ${response.statusText}`.trim()), h('span.soft', null, ` ${ms} ms`)),
		await shown(response), h('details', null, h('summary', null, 'Headers'), code(headers, 'Headers'))];
}

/* The live socket: events are shown until it is closed. */
async function watch(url, out, button) {
	const {socket, response} = await open(url);
	if (!socket) {
		out.replaceChildren(...await answer(response, 0));
		return;
	}
	const log = h('ol.events', {'aria-label': 'Events'});
	const state = h('p.status', null, 'Connecting');
	out.replaceChildren(state, log);
	button.textContent = 'Close';
	button.onclick = (event) => { event.preventDefault(); socket.close(); };
	socket.addEventListener('open', () => { state.textContent = 'Open. What happens is shown here.'; });
	socket.addEventListener('message', ({data}) => {
		log.prepend(h('li', null, h('code', null, data)));
		if (log.childElementCount > 200)
			log.lastElementChild.remove();
	});
	socket.addEventListener('close', ({code: number, reason}) => {
		state.textContent = `Closed: ${number} ${reason}`;
		button.textContent = 'Connect';
		button.onclick = null;
	});
}

export function tryForm(one) {
	const content = one.body && contentOf(one.body);
	const takesJson = content?.type === 'application/json';
	const isSocket = Boolean(one.operation['x-websocket']);
	const shell = h('div.shell');
	const out = h('div.out', {role: 'status'});
	const button = h('button.primary', {type: 'submit'}, isSocket ? 'Connect' : 'Send');
	const body = takesJson && h('textarea', {rows: String(Math.max(3, pretty(content.examples[0].value).split('\n').length)), spellcheck: 'false', value: pretty(content.examples[0].value), oninput: () => draw()});
	const fields = one.parameters.filter((parameter) => parameter.name !== 'Range').map((parameter) => parameterField(parameter, () => draw()));
	const values = () => Object.fromEntries(fields.map(({name, input}) => [name, input.value.trim()]));
	const sent = () => (takesJson && body.value.trim() ? body.value : null);

	function draw() {
		shell.replaceChildren(isSocket ? '' : code(curlOf(one, {values: values(), body: sent(), credential: shownCredential()}), 'In a shell'));
	}

	async function submit(event) {
		event.preventDefault();
		const {url, headers} = requestOf(one, values());
		const text = sent();
		if (text !== null)
			headers['content-type'] = 'application/json';
		button.disabled = true;
		try {
			const began = performance.now();
			if (isSocket) {
				await watch(url, out, button);
			} else {
				const response = await send(url, {method: one.method.toUpperCase(), headers, body: text ?? undefined});
				out.replaceChildren(...await answer(response, Math.round(performance.now() - began)));
			}
		} catch (error) {
			out.replaceChildren(h('p.status', {'data-status': '5'}, `It could not be sent: ${error.message}`));
		}
		button.disabled = false;
		draw();
	}

	draw();
	return h('form.try', {onsubmit: submit, 'aria-label': one.operation.summary}, fields.map(({element}) => element),
		takesJson && field(one.body.required ? 'Body (required)' : 'Body', body), h('div.actions', null, button), shell, out);
}

/*
 * The page of the platform: who is on the line and what is said there, as it is said, and what became
 * of the calls before. One live socket (docs/live.md) changes a model; the model is drawn. What comes
 * from calls is text, never markup.
 */
const api = '/api/v1';
const lingerMs = 20000;	/* an ended call stays in sight for that long */

const calls = new Map();	/* call_id -> call, with turns and card */
let lastSeq = null;
let loaded = false;	/* the lists are here: from now on the socket is enough */
let nextCursor = null;
let waiting = null;	/* events that came while the lists were being loaded */
let retryMs = 500;

/* ---- small things ---- */

const $ = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false)
			continue;
		element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

async function get(path) {
	const response = await fetch(api + path, {headers: {accept: 'application/json'}});
	if (!response.ok)
		throw new Error(`${path}: ${response.status}`);
	return response.json();
}

async function post(path, body) {
	const response = await fetch(api + path, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify(body),
	});
	const answer = await response.json().catch(() => ({}));
	if (!response.ok)
		throw new Error(answer.error?.message ?? `The server answered ${response.status}.`);
	return answer;
}

function length(seconds) {
	if (seconds === null || seconds === undefined || Number.isNaN(seconds))
		return '';
	const whole = Math.max(0, Math.round(seconds));
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

const isOver = (call) => ['COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY'].includes(call.status);
const words = (name) => (name ?? '').toLowerCase().replaceAll('_', ' ');

/* ---- the model ---- */

function callOf(id) {
	if (!calls.has(id))
		calls.set(id, {call_id: id, turns: new Map(), status: 'PENDING'});
	return calls.get(id);
}

function setTurn(call, turn, final) {
	const known = call.turns.get(turn.ordinal);
	if (known?.final && !final)
		return;
	call.turns.set(turn.ordinal, {...known, ...turn, final});
}

function apply(event) {
	if (lastSeq !== null && event.seq <= lastSeq)
		return;
	lastSeq = event.seq;
	if (!event.call_id)
		return applyCounters(event);
	const call = callOf(event.call_id);
	switch (event.type) {
	case 'call.created':
	case 'call.updated':
	case 'call.status': {
		const wasOver = isOver(call);
		Object.assign(call, event.data);
		if (isOver(call) && !wasOver) {
			call.overAt = Date.now();
			refreshFigures();
		}
		break;
	}
	case 'transcript.partial':
		setTurn(call, event.data, false);
		break;
	case 'transcript.final':
		setTurn(call, event.data, true);
		break;
	case 'turn.timing':
		call.turns.set(event.data.ordinal,
			{...call.turns.get(event.data.ordinal), ordinal: event.data.ordinal, timing: event.data});
		break;
	case 'call.summary':
		call.summary = event.data;
		refreshFigures();
		break;
	case 'call.recording':
		call.recording = {...event.data,
			url: event.data.status === 'available' ? `${api}/calls/${call.call_id}/recording` : null};
		break;
	}
	draw(call);
}

function applyCounters(event) {
	if (event.type === 'counters')
		$('figure-active').textContent = event.data.active_calls;
}

/* ---- drawing ---- */

function drawTurn(turn) {
	const seconds = turn.timing?.first_audio_ms / 1000;
	const notes = [];
	if (typeof turn.confidence === 'number')
		notes.push(`sure ${Math.round(turn.confidence * 100)} %`);
	if (!Number.isNaN(seconds))
		notes.push(`answer after ${seconds.toFixed(2)} s`);
	return make('div', {class: turn.final ? 'turn' : 'turn partial', 'data-speaker': turn.speaker},
		turn.text, notes.length ? make('small', {}, notes.join(' · ')) : null);
}

function drawTurns(call, live) {
	const box = make('div', {class: 'turns', role: live ? 'log' : null, tabindex: '0',
		'aria-label': `Transcript of the call with ${call.phone_number ?? ''}`});
	const turns = [...call.turns.values()].filter((turn) => turn.text);
	turns.sort((a, b) => a.ordinal - b.ordinal);
	box.append(...turns.map(drawTurn));
	return box;
}

function drawStatus(call) {
	return make('span', {class: 'status', 'data-status': call.status}, words(call.status));
}

function drawList(title, items) {
	if (!items?.length)
		return [];
	return [make('h3', {}, title), make('ul', {}, ...items.map((item) => make('li', {}, item)))];
}

function drawSummary(summary) {
	if (!summary)
		return [];
	if (summary.status === 'failed')
		return [make('p', {class: 'none'}, `No summary: ${summary.error ?? 'the analysis failed'}`)];
	if (!summary.summary)
		return [];
	return [make('h3', {}, `Summary (${[summary.sentiment, summary.analyser].filter(Boolean).join(', ')})`),
		make('p', {}, summary.summary),
		...drawList('Key points', summary.key_points),
		...drawList('To do', summary.action_items),
		...drawList('Highlights', summary.highlights)];
}

function ended(call) {
	const reason = words(call.end_reason);
	return [reason && `ended: ${reason}`, call.end_detail].filter(Boolean).join('. ');
}

function timeOf(call) {
	if (isOver(call))
		return length(call.duration_seconds);
	const since = Date.parse(call.started_at ?? call.created_at);
	return length((Date.now() - since) / 1000);
}

async function endCall(call, button) {
	button.disabled = true;
	try {
		await post(`/calls/${call.call_id}/end`, {});
	} catch (error) {
		button.disabled = false;
		$('call-result').textContent = error.message;
	}
}

function drawActive(call) {
	const clock = make('span', {class: 'time'}, timeOf(call));
	const button = make('button', {type: 'button', hidden: isOver(call)}, 'End');
	const turns = drawTurns(call, true);
	const atEnd = !call.scroller || call.scroller.scrollHeight - call.scroller.scrollTop - call.scroller.clientHeight < 40;
	const top = call.scroller?.scrollTop ?? 0;
	const hadFocus = call.card?.contains(document.activeElement) ? document.activeElement.tagName : null;
	const card = make('article', {class: 'call', 'data-call-id': call.call_id},
		make('div', {class: 'head'}, drawStatus(call),
			make('span', {class: 'number'}, call.phone_number ?? ''),
			make('span', {}, [words(call.direction), call.agent].filter(Boolean).join(' · ')),
			clock, button),
		make('div', {class: 'body'}, turns,
			isOver(call) ? make('p', {class: 'none'}, ended(call)) : null,
			...drawSummary(call.summary)));
	button.addEventListener('click', () => endCall(call, button));
	call.clock = clock;
	call.scroller = turns;
	if (call.card)
		call.card.replaceWith(card);
	else
		$('active').prepend(card);
	call.card = card;
	turns.scrollTop = atEnd ? turns.scrollHeight : top;
	if (hadFocus === 'BUTTON')
		button.focus();
	else if (hadFocus)
		turns.focus();
}

async function loadDetails(call, body) {
	try {
		const full = await get(`/calls/${call.call_id}`);
		take(full);
		body.replaceChildren(...drawDetails(callOf(call.call_id)));
	} catch (error) {
		body.replaceChildren(make('p', {class: 'none'}, `Could not be loaded (${error.message}).`));
	}
}

function drawDetails(call) {
	const parts = [make('p', {class: 'none'}, ended(call)), ...drawSummary(call.summary)];
	if (call.outcome)
		parts.push(make('h3', {}, 'Outcome'), make('p', {}, JSON.stringify(call.outcome)));
	parts.push(make('h3', {}, 'Transcript'),
		call.turns.size ? drawTurns(call, false) : make('p', {class: 'none'}, 'Nothing was said.'));
	if (call.recording?.url)
		parts.push(make('audio', {controls: true, preload: 'none', src: call.recording.url,
			'aria-label': 'Recording of the call'}));
	parts.push(make('p', {class: 'time'}, call.call_id));
	return parts;
}

function drawHistory(call) {
	const gist = call.summary?.summary ?? ended(call);
	const head = make('summary', {}, drawStatus(call),
		make('span', {class: 'number'}, call.phone_number ?? ''),
		make('span', {}, [words(call.direction), call.agent, call.summary?.sentiment].filter(Boolean).join(' · ')),
		make('span', {class: 'time'}, `${new Date(call.created_at).toLocaleString()}  ${timeOf(call)}`),
		make('span', {class: 'gist'}, gist));
	if (call.row) {
		call.row.querySelector('summary').replaceChildren(...head.childNodes);
		if (call.row.open)
			call.row.querySelector('.body').replaceChildren(...drawDetails(call));
		return;
	}
	const body = make('div', {class: 'body'});
	call.row = make('details', {class: 'call', 'data-call-id': call.call_id}, head, body);
	call.row.addEventListener('toggle', () => call.row.open && loadDetails(call, body));
	const after = [...$('history').children].find((row) =>
		(calls.get(row.dataset.callId)?.created_at ?? '') < call.created_at);
	$('history').insertBefore(call.row, after ?? null);
}

function draw(call) {
	const lingers = call.overAt && Date.now() - call.overAt < lingerMs;
	if (!call.created_at)
		return;
	if (!isOver(call) || lingers) {
		drawActive(call);
	} else if (call.card) {
		call.card.remove();
		call.card = null;
	}
	if (isOver(call))
		drawHistory(call);
	drawNone();
}

function drawNone() {
	$('active-none').hidden = $('active').childElementCount > 0;
	$('history-none').hidden = $('history').childElementCount > 0 || nextCursor !== null;
}

setInterval(() => {
	for (const call of calls.values()) {
		if (!call.card)
			continue;
		if (call.overAt && Date.now() - call.overAt >= lingerMs)
			draw(call);
		else
			call.clock.textContent = timeOf(call);
	}
}, 1000);

/* ---- lists ---- */

/* A call as the API tells it: what the socket said later stays. */
function take(fresh) {
	const {transcript, ...rest} = fresh;
	const call = callOf(fresh.call_id);
	Object.assign(call, rest);
	for (const turn of transcript ?? [])
		setTurn(call, turn, true);
	return call;
}

async function loadHistory() {
	const page = await get(`/calls/?limit=50${nextCursor ? `&cursor=${encodeURIComponent(nextCursor)}` : ''}`);
	nextCursor = page.next_cursor;
	page.calls.map(take).forEach(draw);
	$('more').hidden = nextCursor === null;
	drawNone();
}

async function loadActive() {
	const {calls: active} = await get('/calls/active/list');
	for (const call of active.map(take)) {
		const {transcript} = await get(`/calls/${call.call_id}/transcript`);
		take({call_id: call.call_id, transcript});
		draw(call);
	}
}

let figuresTimer = null;
function refreshFigures() {
	figuresTimer ??= setTimeout(async () => {
		figuresTimer = null;
		try {
			const figures = await get('/calls/dashboard/analytics');
			$('figure-active').textContent = figures.active_calls;
			$('figure-total').textContent = figures.total_calls;
			$('figure-success').textContent = `${Math.round(figures.success_rate * 100)} %`;
			$('figure-duration').textContent = length(figures.average_duration_seconds);
		} catch {
			/* the next end of a call tries again */
		}
	}, 200);
}

/* ---- the socket ---- */

function say(state, text) {
	$('connection').dataset.state = state;
	$('connection').textContent = text;
}

function forget() {
	calls.clear();
	$('active').replaceChildren();
	$('history').replaceChildren();
	lastSeq = null;
	loaded = false;
	nextCursor = null;
}

/* First the socket, then the lists: so nothing falls between them. */
async function load() {
	waiting = [];
	try {
		await Promise.all([loadActive(), loadHistory()]);
		refreshFigures();
		loaded = true;
	} finally {
		const events = waiting;
		waiting = null;
		events.forEach(apply);
	}
}

function connect() {
	const resume = loaded && lastSeq !== null;
	const url = new URL(`${api}/live`, location.href);
	url.protocol = url.protocol.replace('http', 'ws');
	if (resume)
		url.searchParams.set('since', lastSeq);
	const socket = new WebSocket(url);
	let settled = null;
	socket.addEventListener('open', async () => {
		settled = setTimeout(() => { retryMs = 500; }, 5000);
		say('live', 'live');
		if (loaded)
			return;
		forget();
		try {
			await load();
		} catch {
			socket.close();
		}
	});
	socket.addEventListener('message', (message) => {
		const event = JSON.parse(message.data);
		if (waiting)
			waiting.push(event);
		else
			apply(event);
	});
	socket.addEventListener('close', (close) => {
		clearTimeout(settled);
		if (close.code === 4010)
			forget();
		say('lost', `not connected, trying again in ${Math.ceil(retryMs / 1000)} s`);
		setTimeout(connect, retryMs * (0.75 + Math.random() / 2));
		retryMs = Math.min(2 * retryMs, 15000);
	});
}

/* ---- forms ---- */

$('more').addEventListener('click', () => loadHistory().catch(() => say('lost', 'the list could not be loaded')));

$('call-form').addEventListener('submit', async (event) => {
	event.preventDefault();
	const form = new FormData(event.target);
	const body = {phone_number: form.get('phone_number').replace(/[ ().-]/g, '')};
	if (form.get('agent'))
		body.agent = form.get('agent');
	$('call-result').textContent = '';
	try {
		await post('/calls/initiate', body);
	} catch (error) {
		$('call-result').textContent = error.message;
	}
});

connect();

/*
 * The live events (docs/live.md): one socket for the whole dashboard. Lost, it is opened again and
 * resumed after the last event seen, so that none is missed and none comes twice.
 */
import {socketUrl} from './api.js';

const handlers = new Set();
const resets = new Set();
const watchers = new Set();

let socket = null;
let state = 'connecting';	/* connecting, live, lost */
let lastSeq = null;
let retryMs = 500;
let retryTimer = null;
let opened = null;
const firstOpen = new Promise((resolve) => { opened = resolve; });

function setState(next) {
	state = next;
	for (const watch of watchers)
		watch(state);
}

/** Told the state now and whenever it changes. Returns how to end that; so do the others. */
export function watchState(watch) {
	watchers.add(watch);
	watch(state);
	return () => watchers.delete(watch);
}

export function subscribe(handler) {
	handlers.add(handler);
	return () => handlers.delete(handler);
}

function onMessage(message) {
	const event = JSON.parse(message.data);
	if (lastSeq !== null && event.seq <= lastSeq)
		return;
	lastSeq = event.seq;
	for (const handler of handlers)
		handler(event);
}

function lost(code) {
	socket = null;
	if (code === 4010)
		lastSeq = null;
	setState('lost');
	clearTimeout(retryTimer);
	retryTimer = setTimeout(connect, retryMs * (0.75 + Math.random() / 2));
	retryMs = Math.min(2 * retryMs, 15000);
}

async function connect() {
	const resumes = lastSeq !== null;
	const mine = socket = {close() {}};	/* until there is an address; another attempt takes its place */
	const url = await socketUrl('/live', {since: lastSeq}).catch(() => null);
	if (socket !== mine)
		return;
	if (!url) {
		lost();
		return;
	}
	const opening = socket = new WebSocket(url);
	const ifCurrent = (handler) => (event) => { socket === opening && handler(event); };
	socket.addEventListener('open', ifCurrent(() => {
		retryMs = 500;
		setState('live');
		opened(true);
		if (!resumes)
			for (const reset of resets)
				reset();
	}));
	socket.addEventListener('message', ifCurrent(onMessage));
	socket.addEventListener('close', ifCurrent(({code}) => lost(code)));
}

export function start() {
	/* Without a network a socket may look open for minutes. */
	addEventListener('offline', () => {
		socket?.close();
		lost();
	});
	addEventListener('online', () => {
		clearTimeout(retryTimer);
		connect();
	});
	connect();
}

/**
 * A list or record together with what happens to it: load() brings it, apply(event) changes it, and
 * nothing falls between them. Loaded again when events were missed for good. Events are complete
 * states, so that one which the list knew already does no harm.
 */
export function follow({load, apply, failed = () => {}}) {
	let waiting = null;
	let run = 0;
	const begin = async () => {
		const mine = ++run;
		const events = waiting = [];
		try {
			await load();
		} catch (error) {
			if (mine === run)
				failed(error);
		}
		if (mine !== run)
			return;
		waiting = null;
		events.forEach(apply);
	};
	const unsubscribe = subscribe((event) => (waiting ? waiting.push(event) : apply(event)));
	const patience = new Promise((resolve) => { setTimeout(resolve, 1000); });
	let stopped = false;
	waiting = [];
	Promise.race([firstOpen, patience]).then(() => {
		if (stopped)
			return;
		resets.add(begin);
		begin();
	});
	return () => {
		stopped = true;
		run++;
		unsubscribe();
		resets.delete(begin);
	};
}

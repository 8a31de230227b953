/* One call, for whoever has a link to it: to read and to listen, and nowhere to go from there. */
import * as api from '../core/api.js';
import {brand, logo, show as showBrand} from '../core/brand.js';
import {isOver} from '../core/calls.js';
import {h} from '../core/dom.js';
import {duration, full, phone, when} from '../core/format.js';
import {language, name, t} from '../core/texts.js';
import {direction, sentiment, status} from '../ui/badge.js';
import {facts, panel} from '../ui/page.js';
import {player, wholeBytes} from '../ui/player.js';
import {failed, loading} from '../ui/state.js';
import {summary} from '../ui/summary.js';
import {Transcript} from '../ui/transcript.js';

const [token] = location.pathname.split('/').slice(-1);
const signal = new AbortController().signal;	/* the page is there until it is closed */

/* Of an address that is no number nothing is left once it is masked. */
const numberOf = ({phone_number: number}) => (number?.startsWith('+') ? phone(number) : t('call.title'));

function playerOf({recording, duration_seconds: length}, transcript) {
	const path = `/recordings/${token}`;
	return player({signal, length: recording.duration_seconds || length, onTime: (at) => transcript.mark(at),
		load: async () => (recording.size_bytes > wholeBytes ? {url: recording.url} : {blob: await (await api.publicRequest('GET', path)).blob()})});
}

function pageOf(call) {
	const sound = {};
	const transcript = new Transcript({label: t('transcript.title'), startedAt: call.started_at,
		onSeek: call.recording && ((at) => sound.player.seek(Math.max(0, at ?? 0)))});
	transcript.fill(call.transcript);
	sound.player = call.recording && playerOf(call, transcript);
	return h('div.page.call-page', {'data-status': call.status},
		h('header.page-head', {}, h('div', {}, h('h1', {}, numberOf(call)),
			h('p.lead', {}, direction(call.direction), name('direction', call.direction), ` · ${when(call.created_at)}`),
			h('div.call-head', {}, status(call), sentiment(call.summary?.sentiment), h('span.clock', {}, isOver(call) ? duration(call.duration_seconds) : '')))),
		h('div.split', {}, h('div.split-main', {}, sound.player, h('div.panel', {}, h('div.panel-head', {}, h('h2', {}, t('transcript.title'))), transcript.element)),
			h('aside.split-side', {'aria-label': t('call.about')}, panel(t('summary.title'), {className: 'first'}, summary(call)),
				panel(t('call.details'), {}, facts([[t('call.from'), call.from_number && phone(call.from_number)], [t('call.started'), call.started_at && full(call.started_at)],
					[t('call.ended'), call.ended_at && full(call.ended_at)]])))));
}

function frame(content, until) {
	return h('div.shared', {}, h('header.shared-top', {}, h('p.brand', {}, h('img', {src: logo(), alt: '', width: '24', height: '24'}), brand().name),
		until && h('p.soft', {}, t('shared.until', {time: full(until)}))), h('main', {}, content));
}

async function start() {
	document.documentElement.lang = language;
	document.body.replaceChildren(h('main', {}, h('div.page', {}, loading(6))));
	try {
		const call = await (await api.publicRequest('GET', `/shared/${token}`)).json();
		showBrand(call.brand);
		document.title = `${numberOf(call)} · ${brand().name}`;
		document.body.replaceChildren(frame(pageOf(call), call.expires_at));
	} catch (error) {
		const isOff = [403, 404, 410].includes(error.status);
		document.title = t('shared.off');
		document.body.replaceChildren(frame(h('div.page', {}, isOff ? [h('h1', {}, t('shared.off')), h('p.soft', {}, t('shared.offText'))] : failed(error, () => start()))));
	}
}

await start();

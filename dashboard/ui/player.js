/*
 * Plays a recording: one wave for each side of the call, and a playhead that others can follow and
 * move. The file is fetched once, for ears and eyes both; a big one is played from a link, without wave.
 */
import {h, svg} from '../core/dom.js';
import {duration} from '../core/format.js';
import {t} from '../core/texts.js';
import {peaks} from '../core/wav.js';
import {icon} from './icon.js';

const parts = 400;
const stepSeconds = 5;
const speeds = [1, 1.25, 1.5, 2];

/** A bigger recording is played from a link, as it comes. */
export const wholeBytes = 12e6;

function wavePath(values, middle, height) {
	let path = '';
	const loudest = Math.max(0.05, ...values);
	for (let i = 0; i < values.length; i++) {
		const size = Math.max(0.6, values[i] / loudest * height);
		path += `M${i + 0.5} ${(middle - size).toFixed(1)}v${(2 * size).toFixed(1)}`;
	}
	return svg('path', {d: path});
}

/**
 * load() gives {blob} or {url}; onTime(seconds) is told where the playhead is. The element has
 * seek(seconds), which also begins to play.
 */
export function player({load, length, onTime, signal}) {
	const audio = h('audio', {preload: 'metadata'});
	const toggle = h('button.icon-only.play', {type: 'button', 'aria-label': t('player.play'), disabled: true}, icon('play'));
	const clock = h('span.clock', {}, `0:00 / ${duration(length)}`);
	const speed = h('select.speed', {'aria-label': t('player.speed')}, speeds.map((value) => h('option', {value}, `${value}×`)));
	const head = svg('line.playhead', {x1: 0, x2: 0, y1: 0, y2: 64});
	const wave = svg('svg.wave', {viewBox: `0 0 ${parts} 64`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}, head);
	const track = h('div.track', {role: 'slider', tabindex: '0', 'aria-label': t('player.position'), 'aria-valuemin': '0', 'aria-valuenow': '0',
		'aria-valuemax': String(Math.round(length ?? 0)), 'aria-valuetext': duration(0)}, wave);
	const problem = h('p.field-error', {role: 'alert', hidden: true});
	const element = h('div.player', {'data-state': 'loading'}, audio, toggle, track, h('div.player-side', {}, clock, speed), problem);

	const total = () => (Number.isFinite(audio.duration) ? audio.duration : length) || 0;
	const show = () => {
		const at = audio.currentTime;
		clock.textContent = `${duration(Math.floor(at))} / ${duration(total())}`;
		head.setAttribute('x1', String(total() ? at / total() * parts : 0));
		head.setAttribute('x2', head.getAttribute('x1'));
		track.setAttribute('aria-valuenow', String(Math.round(at)));
		track.setAttribute('aria-valuemax', String(Math.round(total())));
		track.setAttribute('aria-valuetext', duration(at));
	};
	const moveTo = (seconds) => {
		audio.currentTime = Math.min(Math.max(0, seconds), total());
		show();
		onTime?.(audio.currentTime);
	};
	const begin = () => audio.play().catch((error) => {
		if (error.name === 'AbortError')
			return;
		problem.textContent = error.message;
		problem.hidden = false;
	});
	toggle.addEventListener('click', () => (audio.paused ? begin() : audio.pause()));
	speed.addEventListener('change', () => { audio.playbackRate = Number(speed.value); });
	const point = (event) => {
		const box = track.getBoundingClientRect();
		moveTo((event.clientX - box.left) / box.width * total());
	};
	track.addEventListener('pointerdown', (event) => {
		track.setPointerCapture(event.pointerId);
		point(event);
	});
	track.addEventListener('pointermove', (event) => track.hasPointerCapture(event.pointerId) && point(event));
	track.addEventListener('keydown', (event) => {
		const to = {ArrowRight: audio.currentTime + stepSeconds, ArrowUp: audio.currentTime + stepSeconds, ArrowLeft: audio.currentTime - stepSeconds,
			ArrowDown: audio.currentTime - stepSeconds, Home: 0, End: total()}[event.key];
		if (event.key === ' ')
			toggle.click();
		else if (to === undefined)
			return;
		else
			moveTo(to);
		event.preventDefault();
	});
	const playing = (isPlaying) => {
		toggle.replaceChildren(icon(isPlaying ? 'pause' : 'play'));
		toggle.setAttribute('aria-label', t(isPlaying ? 'player.pause' : 'player.play'));
	};
	audio.addEventListener('play', () => playing(true));
	audio.addEventListener('pause', () => playing(false));
	audio.addEventListener('loadedmetadata', show);
	audio.addEventListener('timeupdate', () => { show(); onTime?.(audio.currentTime); });

	(async () => {
		try {
			const {blob, url} = await load();
			if (signal.aborted)
				return;
			audio.src = url ?? URL.createObjectURL(blob);
			toggle.disabled = false;
			element.dataset.state = 'ready';
			const shape = blob && peaks(await blob.arrayBuffer(), parts);
			const [first, second] = shape?.channels ?? [];
			if (second)
				wave.prepend(svg('g.wave-user', {}, wavePath(first, 16, 14)), svg('g.wave-agent', {}, wavePath(second, 48, 14)));
			else if (first)
				wave.prepend(svg('g.wave-agent', {}, wavePath(first, 32, 28)));
		} catch (error) {
			problem.textContent = error.message;
			problem.hidden = false;
			element.dataset.state = 'failed';
		}
	})();
	signal.addEventListener('abort', () => {
		audio.pause();
		if (audio.src.startsWith('blob:'))
			URL.revokeObjectURL(audio.src);
	});
	element.seek = (seconds) => { moveTo(seconds); begin(); };
	return element;
}

'use client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { clock } from '@/lib/format';
import { Turn } from './turn';
import { Wave } from './wave';

/* The turn that is being spoken at that time, or the last one that was. */
const turnAt = (turns, seconds) => turns.findLastIndex(({ start }) => start <= seconds + 0.05);

/** A recorded call: its sound, and its words as they are spoken. */
export function DemoCall({ demo, src }) {
	const { turns, peaks, seconds } = demo;
	const audio = useRef(null), clip = useRef(null), slider = useRef(null), list = useRef(null);
	const [playing, setPlaying] = useState(false);
	const [at, setAt] = useState(null); // seconds; null until it was played

	const follow = useCallback(() => {
		const time = audio.current.currentTime;
		clip.current.setAttribute('width', String(time / seconds * peaks.caller.length));
		slider.current.value = String(time);
		setAt(time);
	}, [peaks, seconds]);

	/* Between the browser's own four reports a second. */
	useEffect(() => {
		if (!playing) return undefined;
		let frame = requestAnimationFrame(function next() {
			follow();
			frame = requestAnimationFrame(next);
		});
		return () => cancelAnimationFrame(frame);
	}, [playing, follow]);

	const current = at === null ? -1 : turnAt(turns, at);
	useEffect(() => {
		const box = list.current, row = box?.children[current];
		if (!row) return;
		const [outer, inner] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
		if (inner.bottom > outer.bottom - 24 || inner.top < outer.top) box.scrollTop += inner.top - outer.top - outer.height / 3;
	}, [current]);

	const toggle = () => (audio.current.paused ? audio.current.play() : audio.current.pause());
	const moveTo = (time) => {
		audio.current.currentTime = time;
		follow();
	};
	const playFrom = (time) => {
		moveTo(Math.max(0, time - 0.15));
		audio.current.play();
	};

	return (
		<div>
			<audio ref={audio} src={src} preload="none" onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} onEnded={follow} onSeeked={follow} />
			<div className="scripted flex items-center gap-4 border-b border-line px-5 py-4 sm:gap-5">
				<button type="button" onClick={toggle} aria-label={playing ? 'Pause the call' : 'Play the call'}
					className="grid size-13 shrink-0 place-items-center rounded-full bg-accent text-on-accent transition-transform hover:scale-105">
					<svg viewBox="0 0 20 20" className="size-6" fill="currentColor" aria-hidden="true">
						{playing ? <path d="M5.5 4h3v12h-3zM11.5 4h3v12h-3z" /> : <path d="M6.5 3.8v12.4L16.2 10z" />}
					</svg>
				</button>
				<div className="relative min-w-0 grow rounded-md outline-offset-4 outline-accent has-[:focus-visible]:outline-2">
					<Wave peaks={peaks} clipRef={clip} />
					<input ref={slider} type="range" min="0" max={seconds} step="0.1" defaultValue="0" onChange={(event) => moveTo(Number(event.target.value))}
						aria-label="Position in the call" aria-valuetext={`${clock(at ?? 0)} of ${clock(seconds)}`} className="absolute inset-0 h-full w-full cursor-pointer opacity-0" />
				</div>
				<div className="hidden w-24 shrink-0 text-right text-sm text-soft tabular-nums sm:block" aria-hidden="true">{clock(at ?? 0)} / {clock(seconds)}</div>
			</div>
			<noscript><audio controls preload="none" src={src} className="w-full p-4" /></noscript>
			<ol ref={list} tabIndex={0} aria-label="Transcript of the call" className="relative max-h-[25rem] overflow-y-auto p-2">
				{turns.map((turn, i) => (
					<Turn key={turn.start} turn={turn} onPlay={() => playFrom(turn.start)} said={current === i ? Math.min(1, (at - turn.start) / (turn.end - turn.start)) : null} />
				))}
			</ol>
		</div>
	);
}

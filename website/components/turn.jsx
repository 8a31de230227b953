import { clock } from '@/lib/format';

/** What one side said; `said` is the part that has been spoken, null while it is not this one's turn. */
export function Turn({ turn, said, onPlay }) {
	const agent = turn.speaker === 'agent';
	const words = turn.text.split(' ');
	const spoken = said === null ? words.length : Math.ceil(said * words.length);
	const notes = [turn.confidence !== null && `recognised with ${(turn.confidence * 100).toFixed(turn.confidence < 0.995 ? 0 : 1)} %`, turn.first_audio_ms !== null && `answered after ${turn.first_audio_ms} ms`].filter(Boolean);
	return (
		<li aria-current={said === null ? undefined : 'true'} className="grid grid-cols-[4.25rem_1fr] gap-x-3 rounded-lg px-3 py-2.5 aria-[current]:bg-wash sm:grid-cols-[5.5rem_1fr]">
			<button type="button" onClick={onPlay} className="group -m-1 flex flex-col items-start justify-start rounded p-1 text-left text-sm leading-5">
				<span className={`font-semibold ${agent ? 'text-accent' : ''}`}>{agent ? 'Agent' : 'Caller'}</span>
				<span className="text-xs text-soft tabular-nums group-hover:underline"><span className="away">, play from </span>{clock(turn.start)}</span>
			</button>
			<div>
				<p className="leading-snug">
					{words.slice(0, spoken).join(' ')}{spoken < words.length && <span className="text-soft"> {words.slice(spoken).join(' ')}</span>}
				</p>
				{notes.length > 0 && <p className="mt-0.5 text-xs text-soft">{notes.join(' · ')}</p>}
			</div>
		</li>
	);
}

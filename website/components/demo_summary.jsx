import { median, money } from '@/lib/format';

/** What came of the demo call, as the embedded analyser wrote it down. */
export function DemoSummary({ demo }) {
	const { summary, outcome, turns } = demo;
	const { day, time, name } = outcome.slots;
	const answers = turns.map(({ first_audio_ms: ms }) => ms).filter((ms) => ms !== null);
	const facts = [
		['Goal reached', outcome.goal_reached ? 'yes' : 'no'],
		['Booked', `${day}, ${time}`],
		['Name', name],
		['Median answer', `${median(answers)} ms`],
		['Cost', money(demo.cost_micros / 1e6, 3)],
	];
	return (
		<div className="space-y-5 p-5 sm:p-6">
			<div className="flex items-center justify-between gap-3">
				<h3 className="font-semibold tracking-normal">Summary</h3>
				<span className="rounded-full bg-good-wash px-2.5 text-xs leading-6 font-semibold text-good capitalize">{summary.sentiment}</span>
			</div>
			<p className="text-[.9375rem] leading-relaxed">{summary.text}</p>
			<dl className="divide-y divide-line border-y border-line text-sm">
				{facts.map(([term, value]) => (
					<div key={term} className="flex justify-between gap-4 py-2"><dt className="text-soft">{term}</dt><dd className="font-medium tabular-nums">{value}</dd></div>
				))}
			</dl>
			<div>
				<h4 className="text-sm font-semibold">To do</h4>
				<ul className="mt-1 space-y-1 text-sm">{summary.action_items.map((item) => <li key={item}>{item}</li>)}</ul>
			</div>
		</div>
	);
}

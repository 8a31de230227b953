import Link from 'next/link';
import demo from '@/content/demo.json';
import { Command } from '@/components/command';
import { DemoCall } from '@/components/demo_call';
import { DemoSummary } from '@/components/demo_summary';
import { SectionHead } from '@/components/heading';
import { date } from '@/lib/format';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = { ...describe(pages.home), title: { absolute: `voiceai: ${pages.home.title}` } };

const parts = [
	{ title: 'Carrier', vendor: 'Twilio', key: 'TWILIO_ACCOUNT_SID', text: 'Twilio’s API on one side, SIP and RTP on the other. Any softphone reaches it; a SIP trunk leads to the telephone network.' },
	{ title: 'Voice engine', vendor: 'Ultravox', key: 'ULTRAVOX_API_KEY', text: 'Hears, knows when it is its turn, answers and speaks; falls silent when the caller talks over it. By a written flow, or with a language model.' },
	{ title: 'Analyser', vendor: 'OpenAI', key: 'OPENAI_API_KEY', text: 'Summary, key points, things to do and sentiment of every call, from its transcript.' },
];

const sights = [
	['Live', 'Every call and every word on the dashboard, as it is spoken.'],
	['A hand in the call', 'Listen in, let the agent say a sentence, or tell it something the caller does not hear.'],
	['Afterwards', 'Recording in two channels, transcript in step with it, summary, sentiment over the call, cost.'],
	['For others', 'A link that expires, a CSV file, signed webhooks, an API with clients for JavaScript and Python.'],
];

const figures = [
	['415 ms', 'from the end of the caller’s speech to the agent’s first sound', 'median of 24 turns, 8 calls at once'],
	['0.15 %', 'of a processor core for a bridged G.711 call', 'carrier, 40 calls at once'],
	['24.6 MB', 'memory of the platform when idle', 'release build, SQLite'],
	['0', 'calls lost when a process is killed under load', 'asserted by a test of the suite'],
];

export default function Home() {
	return (
		<>
			<section className="frame grid items-end gap-x-16 gap-y-8 pt-14 pb-12 md:pt-20 lg:grid-cols-[1.5fr_1fr]">
				<div>
					<h1 className="max-w-3xl text-[2.6rem] leading-[1.06] font-[660] sm:text-6xl">Phone calls held by an AI agent, on your own machine</h1>
					<p className="mt-6 max-w-2xl text-lg leading-relaxed text-soft">
						voiceai places and answers calls, holds the conversation, shows the transcript as it is spoken and sums up every call. Telephony, voice engine and
						analysis are built in; a key switches each of them to Twilio, Ultravox or OpenAI.
					</p>
				</div>
				<div className="space-y-4 lg:pb-1">
					<Command label="The command that starts it">make run</Command>
					<p className="text-[.9375rem] text-soft">One command on Debian 12: builds it, starts it, and places the call below. No account, no key.</p>
					<div className="flex flex-wrap gap-3">
						<Link href="/self-hosting/" className="button primary">Run it yourself</Link>
						<Link href="/how-it-works/" className="button">How it works</Link>
					</div>
				</div>
			</section>

			<section aria-labelledby="call" className="frame">
				<div className="panel overflow-hidden shadow-[0_1px_2px_rgb(0_0_0/.04),0_12px_40px_rgb(0_0_0/.07)]">
					<div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1 border-b border-line px-5 py-3.5">
						<h2 id="call" className="font-semibold tracking-normal">A call to book an appointment</h2>
						<p className="text-sm text-soft">Recorded by {demo.version} on {date(demo.recorded_at)}, {Math.round(demo.seconds)} seconds, uncut</p>
					</div>
					<div className="grid lg:grid-cols-[1.75fr_1fr]">
						<DemoCall demo={demo} src="/demo.mp3" />
						<div className="border-t border-line lg:border-t-0 lg:border-l"><DemoSummary demo={demo} /></div>
					</div>
				</div>
				<p className="mt-4 max-w-3xl text-sm text-soft">
					Both sides are the product: the agent follows <Link href="/docs/flows/" className="link">a written flow</Link>, the caller is the phone it brings along for trying things out. Every word was synthesised, sent as
					telephone audio over SIP and RTP, and recognised from audio, on one machine without a network. The text is what was recognised.
				</p>
			</section>

			<section className="frame pt-24">
				<SectionHead title="Complete by itself, at home with vendors">
					The parts meet on the vendors’ own APIs. Setting a key hands that one part to the vendor; nothing else changes.
				</SectionHead>
				<ul className="mt-9 grid gap-5 md:grid-cols-3">
					{parts.map(({ title, vendor, key, text }) => (
						<li key={title} className="panel flex flex-col p-6">
							<h3 className="text-lg font-semibold">{title}</h3>
							<p className="mt-2 grow text-[.9375rem] text-soft">{text}</p>
							<p className="mt-5 border-t border-line pt-4 text-sm"><code className="font-mono text-[.8125rem] text-accent">{key}</code><br /><span className="text-soft">makes it {vendor}</span></p>
						</li>
					))}
				</ul>
			</section>

			<section className="frame grid items-center gap-x-14 gap-y-9 pt-24 lg:grid-cols-[1fr_1.6fr]">
				<div>
					<SectionHead title="See it while it is spoken" />
					<dl className="mt-6 space-y-5">
						{sights.map(([term, text]) => (
							<div key={term} className="border-l-2 border-line pl-4"><dt className="font-semibold">{term}</dt><dd className="mt-0.5 text-[.9375rem] text-soft">{text}</dd></div>
						))}
					</dl>
				</div>
				<picture>
					<source media="(prefers-color-scheme: dark)" srcSet="/dashboard-dark.webp" />
					<img src="/dashboard-light.webp" width="1920" height="1200" loading="lazy" decoding="async" alt="The dashboard’s page of the demo call: player with the waves of both sides, transcript with recognition and response times, summary"
						className="w-full rounded-[.625rem] border border-line shadow-[0_12px_40px_rgb(0_0_0/.08)]" />
				</picture>
			</section>

			<section className="frame pt-24">
				<SectionHead title="Measured">
					On two virtual cores. What was promised, what was seen and what is not met yet stands in <Link href="/docs/budgets/" className="link">budgets</Link>.
				</SectionHead>
				<dl className="mt-9 grid gap-x-8 gap-y-8 sm:grid-cols-2 lg:grid-cols-4">
					{figures.map(([figure, what, how]) => (
						<div key={figure} className="flex flex-col border-t border-line pt-4">
							<dt className="order-2 mt-2"><span className="block text-[.9375rem]">{what}</span><span className="mt-1 block text-sm text-soft">{how}</span></dt>
							<dd className="order-1 text-4xl font-[640] tracking-tight tabular-nums">{figure}</dd>
						</div>
					))}
				</dl>
			</section>

			<section className="frame pt-24">
				<div className="panel flex flex-wrap items-center justify-between gap-6 p-7 md:p-9">
					<div className="max-w-xl">
						<h2 className="text-2xl font-[640]">An agent of your own in ten minutes</h2>
						<p className="mt-2 text-soft">Write down a conversation, give it a number, call it. Most of the time is waiting for the build.</p>
					</div>
					<div className="flex flex-wrap gap-3">
						<Link href="/docs/quickstart/" className="button primary">Quick start</Link>
						<Link href="/contact/" className="button">Ask something</Link>
					</div>
				</div>
			</section>
		</>
	);
}

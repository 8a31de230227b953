import Link from 'next/link';
import { Calculator } from '@/components/calculator';
import { PageHead, SectionHead } from '@/components/heading';
import { assumed, callCost, rates, standard, sum, volumes } from '@/lib/costs';
import { money } from '@/lib/format';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.pricing, image: 'pricing' });

const parts = callCost({ ...assumed, rate: standard });
const each = sum(parts);

const assumptions = [
	['Length of a call', `${assumed.minutes} minutes. Telephony counts each started minute, voice each started tenth of one, as the platform does.`],
	['Tokens of an analysis', `${assumed.tokens.toLocaleString('en-US')}: the model’s ${money(parts.analysis, 3)} a call, at its price of a token. A transcript of three minutes has far fewer; with what your calls have, this part nearly disappears.`],
	['Volume', `Discounts the model takes for granted: ${volumes.slice(1).map(([calls, percent]) => `${percent} % at ${calls.toLocaleString('en-US')} calls a month`).join(', ')}. They are yours to negotiate.`],
	['Embedded parts', 'Cost nothing by themselves; a SIP trunk has a price of its own, which you can enter as telephony.'],
	['Infrastructure', 'The machine, by call. A small one that is rarely used costs more of it, a busy one less.'],
];

export default function Pricing() {
	return (
		<>
			<PageHead title="What a call costs">voiceai bills nobody. What is left are the vendors you choose and the machine it runs on: an estimate, with everything it assumes.</PageHead>
			<div className="frame"><Calculator /></div>
			<section className="frame grid grid-cols-[minmax(0,1fr)] gap-x-14 gap-y-10 pt-20 lg:grid-cols-2">
				<div>
					<SectionHead title="The model, with every vendor" />
					<div className="panel mt-6 overflow-x-auto" tabIndex={0} role="region" aria-label="Cost by volume">
						<table className="w-full text-left text-[.9375rem] tabular-nums">
							<thead className="text-sm text-soft"><tr><th scope="col" className="px-4 py-3 sm:px-5 font-medium">Calls a month</th><th scope="col" className="px-4 py-3 sm:px-5 text-right font-medium">A call</th><th scope="col" className="px-4 py-3 sm:px-5 text-right font-medium">A month</th></tr></thead>
							<tbody>
								{volumes.map(([calls, percent]) => (
									<tr key={calls} className="border-t border-line">
										<th scope="row" className="px-4 py-3 sm:px-5 font-medium">{calls.toLocaleString('en-US')}</th>
										<td className="px-4 py-3 sm:px-5 text-right">{money(each * (1 - percent / 100), 3)}</td>
										<td className="px-4 py-3 sm:px-5 text-right">{money(each * (1 - percent / 100) * calls, 0)}</td>
									</tr>
								))}
							</tbody>
						</table>
					</div>
					<div className="panel mt-5 overflow-x-auto" tabIndex={0} role="region" aria-label="Cost by part">
						<table className="w-full text-left text-[.9375rem] tabular-nums">
							<thead className="text-sm text-soft"><tr><th scope="col" className="px-4 py-3 sm:px-5 font-medium">Part</th><th scope="col" className="px-4 py-3 sm:px-5 font-medium">Rate</th><th scope="col" className="px-4 py-3 sm:px-5 text-right font-medium">A call</th></tr></thead>
							<tbody>
								{Object.entries(rates).map(([part, { title, rate, unit }]) => (
									<tr key={part} className="border-t border-line"><th scope="row" className="px-4 py-3 sm:px-5 font-medium">{title}</th><td className="px-4 py-3 sm:px-5">${rate} {unit}</td><td className="px-4 py-3 sm:px-5 text-right">{money(parts[part], 3)}</td></tr>
								))}
							</tbody>
						</table>
					</div>
				</div>
				<div>
					<SectionHead title="What it assumes" />
					<dl className="mt-6 space-y-5">{assumptions.map(([term, text]) => <div key={term} className="border-t border-line pt-4"><dt className="font-semibold">{term}</dt><dd className="mt-1 text-[.9375rem] text-soft">{text}</dd></div>)}</dl>
					<p className="mt-6 text-[.9375rem] text-soft">
						Rates are the defaults of the settings <code className="font-mono text-sm">COST_…</code> (February 2026). Vendors’ prices change and depend on the country: look at{' '}
						<a className="link" href="https://www.twilio.com/en-us/voice/pricing">Twilio</a>, <a className="link" href="https://www.ultravox.ai/pricing">Ultravox</a> and <a className="link" href="https://openai.com/api/pricing/">OpenAI</a>.
						What your own calls cost is <Link href="/docs/observability/" className="link">on every call</Link>.
					</p>
				</div>
			</section>
		</>
	);
}

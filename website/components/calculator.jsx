'use client';
import { useId, useState } from 'react';
import { assumed, callCost, rates, standard, sum } from '@/lib/costs';
import { money } from '@/lib/format';

const colours = { telephony: 'fill-accent', voice: 'fill-tint', analysis: 'fill-good', infrastructure: 'fill-edge' };
const dots = { telephony: 'bg-accent', voice: 'bg-tint', analysis: 'bg-good', infrastructure: 'bg-edge' };

function NumberField({ label, hint, value, onChange, min = 0, max = 1e9, step = 1, disabled }) {
	const id = useId();
	return (
		<div>
			<label htmlFor={id} className="block text-sm font-medium">{label}</label>
			<input id={id} type="number" inputMode="decimal" min={min} max={max} step={step} value={value} disabled={disabled} aria-describedby={hint && `${id}-hint`}
				onChange={(event) => onChange(event.target.value)} className="field mt-1 tabular-nums disabled:opacity-50" />
			{hint && <p id={`${id}-hint`} className="mt-1 text-xs text-soft">{hint}</p>}
		</div>
	);
}

/* What somebody typed, as a number in its range. */
const number = (text, max = 1e9) => Math.min(max, Math.max(0, Number(text) || 0));

/** Where the money of a call goes: a bar, by part. */
function Bar({ parts }) {
	const total = sum(parts) || 1;
	let x = 0;
	return (
		<svg viewBox="0 0 100 6" preserveAspectRatio="none" className="h-3 w-full overflow-hidden rounded-full" aria-hidden="true">
			{Object.entries(parts).map(([part, cost]) => {
				const width = cost / total * 100, rect = <rect key={part} x={x} width={width} height="6" className={colours[part]} />;
				x += width;
				return rect;
			})}
		</svg>
	);
}

export function Calculator() {
	const [usage, setUsage] = useState(assumed);
	const [rate, setRate] = useState(standard);
	const [embedded, setEmbedded] = useState({});
	const name = useId();
	const inUse = Object.fromEntries(Object.keys(rates).map((part) => [part, embedded[part] ? 0 : number(rate[part], 1000)]));
	const parts = callCost({ minutes: number(usage.minutes, 240), tokens: number(usage.tokens), rate: inUse });
	const factor = 1 - number(usage.discount, 100) / 100, calls = number(usage.calls), each = sum(parts) * factor;
	const set = (key) => (value) => setUsage({ ...usage, [key]: value });

	return (
		<form onSubmit={(event) => event.preventDefault()} className="scripted panel grid overflow-hidden lg:grid-cols-[1.5fr_1fr]">
			<div className="space-y-8 p-6 md:p-8">
				<fieldset>
					<legend className="text-lg font-semibold">What you do</legend>
					<div className="mt-3 grid gap-4 sm:grid-cols-3">
						<NumberField label="Calls a month" value={usage.calls} onChange={set('calls')} />
						<NumberField label="Minutes a call" value={usage.minutes} onChange={set('minutes')} step="0.1" max={240} />
						<NumberField label="Discount, %" value={usage.discount} onChange={set('discount')} max={100} />
					</div>
				</fieldset>
				{['telephony', 'voice', 'analysis'].map((part) => (
					<fieldset key={part}>
						<legend className="text-lg font-semibold">{rates[part].title}</legend>
						<div className="mt-3 grid items-start gap-4 sm:grid-cols-[1.1fr_1fr]">
							<div className="flex flex-wrap gap-2">
								{[[false, rates[part].with], [true, rates[part].without]].map(([value, label]) => (
									<label key={label} className="button min-h-11 grow px-3 text-sm has-checked:border-accent has-checked:bg-wash has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent">
										<input type="radio" name={`${name}-${part}`} checked={Boolean(embedded[part]) === value} onChange={() => setEmbedded({ ...embedded, [part]: value })} className="accent-accent" />
										{label}
									</label>
								))}
							</div>
							<div className="space-y-3">
								<NumberField label={`$ ${rates[part].unit}`} value={rate[part]} step="any" disabled={embedded[part]} onChange={(value) => setRate({ ...rate, [part]: value })} />
								{part === 'analysis' && <NumberField label="Tokens a call" value={usage.tokens} onChange={set('tokens')} disabled={embedded.analysis} />}
							</div>
						</div>
					</fieldset>
				))}
				<fieldset>
					<legend className="text-lg font-semibold">Infrastructure</legend>
					<div className="mt-3 sm:max-w-xs"><NumberField label="$ per call" value={rate.infrastructure} step="any" onChange={(value) => setRate({ ...rate, infrastructure: value })} /></div>
				</fieldset>
			</div>
			<div className="border-t border-line bg-wash p-6 md:p-8 lg:border-t-0 lg:border-l">
				<div className="lg:sticky lg:top-24">
					<h2 className="text-lg font-semibold">Estimate</h2>
					<p aria-live="polite" className="mt-3"><output className="block text-5xl font-[650] tracking-tight tabular-nums">{money(each * calls, 0)}</output><span className="text-soft">a month</span></p>
					<p className="mt-4"><output className="text-2xl font-semibold tabular-nums">{money(each, 4)}</output> <span className="text-soft">a call</span></p>
					<div className="mt-6"><Bar parts={parts} /></div>
					<dl className="mt-4 space-y-2 text-[.9375rem]">
						{Object.entries(parts).map(([part, cost]) => (
							<div key={part} className="flex items-center justify-between gap-4">
								<dt className="flex items-center gap-2.5"><span className={`size-2.5 rounded-full ${dots[part]}`} aria-hidden="true" />{rates[part].title}</dt>
								<dd className="tabular-nums">{money(cost * factor, 4)}</dd>
							</div>
						))}
					</dl>
					<button type="button" className="button mt-7" onClick={() => { setUsage(assumed); setRate(standard); setEmbedded({}); }}>Start again</button>
				</div>
			</div>
		</form>
	);
}

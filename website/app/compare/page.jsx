import Link from 'next/link';
import { PageHead, SectionHead } from '@/components/heading';
import { products, read, rows } from '@/content/comparison';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.compare, image: 'compare' });

function Statement({ cell, product }) {
	if (!cell) return <span className="text-soft">Not looked up</span>;
	const [text, source] = cell;
	const label = <>Source<span className="away"> for {product}: {text}</span></>;
	return (
		<>
			{text}{' '}
			{source.startsWith('/') ? <Link href={source} className="link text-[.8125rem]">{label}</Link> : <a href={source} className="link text-[.8125rem]">{label}</a>}
		</>
	);
}

const reasons = [
	['Choose another', ['You want somebody else to run it: a hosted platform.', 'You write the agent as a program and want every piece in your hands: a framework.', 'Callers speak other languages than English, and no vendor may be involved.']],
	['Choose voiceai', ['Calls and what is said in them have to stay on your machines.', 'You want the whole of it, from the SIP trunk to the dashboard, without putting parts together.', 'You use Twilio and Ultravox, and want to own the platform between them.']],
];

export default function Compare() {
	return (
		<>
			<PageHead title="Beside others">
				Every statement was read in {read} in a copy of the source it links to. Where none was read it says so: that is not a no. Products change; what is wrong is{' '}
				<Link href="/contact/" className="link">corrected</Link>.
			</PageHead>
			<div className="frame">
				<div className="panel hidden overflow-x-auto md:block" tabIndex={0} role="region" aria-label="Comparison">
					<table className="w-full min-w-[64rem] text-left text-[.9375rem] leading-snug">
						<thead>
							<tr>
								<th className="w-36 p-4"><span className="away">Question</span></th>
								{products.map((name, i) => <th key={name} scope="col" className={`p-4 font-semibold ${i === 0 ? 'bg-wash text-accent' : ''}`}>{name}</th>)}
							</tr>
						</thead>
						<tbody>
							{rows.map(([question, cells]) => (
								<tr key={question} className="border-t border-line align-top">
									<th scope="row" className="p-4 text-sm font-medium text-soft">{question}</th>
									{cells.map((cell, i) => <td key={products[i]} className={`p-4 ${i === 0 ? 'bg-wash' : ''}`}><Statement cell={cell} product={products[i]} /></td>)}
								</tr>
							))}
						</tbody>
					</table>
				</div>
				<div className="space-y-5 md:hidden">
					{rows.map(([question, cells]) => (
						<section key={question} className="panel p-5">
							<h2 className="text-lg font-semibold">{question}</h2>
							<dl className="mt-3 space-y-3 text-[.9375rem]">
								{cells.map((cell, i) => <div key={products[i]}><dt className={`font-semibold ${i === 0 ? 'text-accent' : ''}`}>{products[i]}</dt><dd><Statement cell={cell} product={products[i]} /></dd></div>)}
							</dl>
						</section>
					))}
				</div>
			</div>
			<section className="frame pt-20">
				<SectionHead title="Which one then?" />
				<div className="mt-7 grid gap-5 md:grid-cols-2">
					{reasons.map(([title, list]) => (
						<div key={title} className="panel p-6"><h3 className="font-semibold tracking-normal">{title}</h3><ul className="mt-3 list-disc space-y-2 pl-5 text-[.9375rem] marker:text-soft">{list.map((one) => <li key={one}>{one}</li>)}</ul></div>
					))}
				</div>
			</section>
		</>
	);
}

import Link from 'next/link';
import { Command } from '@/components/command';
import { PageHead, SectionHead } from '@/components/heading';
import { growth, needs, steps } from '@/content/quick_start';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.start, image: 'start' });

export default function SelfHosting() {
	return (
		<>
			<PageHead title="On a machine of your own">From nothing to a spoken call with one command, and from there to an agent of your own on a number of your own.</PageHead>
			<div className="frame grid gap-x-16 gap-y-10 lg:grid-cols-[1fr_17rem]">
				<ol className="min-w-0 space-y-10">
					{steps.map(({ title, text, code }, i) => (
						<li key={title} className="grid grid-cols-[minmax(0,1fr)] gap-x-5 gap-y-3 sm:grid-cols-[2.25rem_minmax(0,1fr)]">
							<span className="grid size-9 place-items-center rounded-full bg-wash font-semibold text-accent" aria-hidden="true">{i + 1}</span>
							<div className="space-y-3">
								<h2 className="text-xl font-[640]">{title}</h2>
								<p className="text-soft">{text}</p>
								<Command label={title}>{code}</Command>
							</div>
						</li>
					))}
				</ol>
				<aside className="order-first lg:order-none">
					<div className="panel p-6 lg:sticky lg:top-24">
						<h2 className="font-semibold tracking-normal">What it needs</h2>
						<dl className="mt-4 space-y-4 text-[.9375rem]">{needs.map(([term, text]) => <div key={term}><dt className="font-medium">{term}</dt><dd className="text-soft">{text}</dd></div>)}</dl>
						<Link href="/docs/quickstart/" className="button primary mt-6 w-full">The whole quick start</Link>
					</div>
				</aside>
			</div>
			<section className="frame pt-24">
				<SectionHead title="When it grows">One setting at a time. Nothing has to be installed anew.</SectionHead>
				<ul className="mt-9 grid gap-x-10 gap-y-8 sm:grid-cols-2 lg:grid-cols-3">
					{growth.map(([title, doc, text]) => (
						<li key={title} className="relative border-t border-line pt-4">
							<h3 className="font-semibold tracking-normal"><Link href={`/docs/${doc}/`} className="after:absolute after:inset-0 hover:text-accent hover:underline hover:decoration-1 hover:underline-offset-4">{title}</Link></h3>
							<p className="mt-1.5 text-[.9375rem] text-soft">{text}</p>
						</li>
					))}
				</ul>
			</section>
		</>
	);
}

import Link from 'next/link';
import { PageHead, SectionHead } from '@/components/heading';
import { features, limits } from '@/content/features';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.features, image: 'features' });

function Feature({ title, doc, text }) {
	return (
		<li className="relative border-t border-line pt-4">
			<h3 className="font-semibold tracking-normal"><Link href={`/docs/${doc}/`} className="after:absolute after:inset-0 hover:text-accent hover:underline hover:decoration-1 hover:underline-offset-4">{title}</Link></h3>
			<p className="mt-1.5 text-[.9375rem] leading-relaxed text-soft">{text}</p>
		</li>
	);
}

export default function Features() {
	return (
		<>
			<PageHead title="What it does today">Each of these is in the version this site was built from, and leads to its documentation.</PageHead>
			<div className="frame space-y-16">
				{features.map(([title, list]) => (
					<section key={title} className="grid gap-x-12 gap-y-6 lg:grid-cols-[13rem_1fr]">
						<h2 className="text-2xl leading-tight font-[640]">{title}</h2>
						<ul className="grid gap-x-10 gap-y-8 sm:grid-cols-2">{list.map(([name, doc, text]) => <Feature key={name} title={name} doc={doc} text={text} />)}</ul>
					</section>
				))}
			</div>
			<section className="frame pt-24">
				<div className="panel p-7 md:p-10">
					<SectionHead title="And what it does not">Better known before than found out later.</SectionHead>
					<ul className="mt-7 grid gap-x-10 gap-y-7 sm:grid-cols-2">{limits.map(([name, doc, text]) => <Feature key={name} title={name} doc={doc} text={text} />)}</ul>
				</div>
			</section>
		</>
	);
}

import Link from 'next/link';
import { DocNav } from '@/components/doc_nav';
import { docs, groups } from '@/lib/docs';
import { metadata as describe } from '@/lib/site';

export const dynamicParams = false;
export const generateStaticParams = () => [...docs().keys()].map((slug) => ({ slug }));

export async function generateMetadata({ params }) {
	const { slug } = await params;
	const { title, intro } = docs().get(slug);
	return { ...describe({ title: `${title}: documentation`, description: intro, path: `/docs/${slug}/`, image: 'docs' }), title: `${title} – Docs` };
}

export default async function Doc({ params }) {
	const { slug } = await params;
	const doc = docs().get(slug);
	const order = groups().flatMap(([, list]) => list);
	const at = order.findIndex((one) => one.slug === slug);
	return (
		<div className="frame grid max-w-[82rem] grid-cols-[minmax(0,1fr)] gap-10 pt-10 lg:grid-cols-[13rem_minmax(0,1fr)] xl:grid-cols-[13rem_minmax(0,1fr)_12rem]">
			<DocNav groups={groups().map(([title, list]) => [title, list.map(({ slug: to, title: name }) => [to, name])])} current={slug} />
			<div className="min-w-0">
				<article className="prose" dangerouslySetInnerHTML={{ __html: doc.html }} />
				<nav aria-label="Next to this one" className="mt-14 flex flex-wrap justify-between gap-4 border-t border-line pt-6 text-[.9375rem]">
					{[order[at - 1], order[at + 1]].map((one, i) => (one
						? <Link key={one.slug} href={`/docs/${one.slug}/`} className="group py-1"><span className="block text-xs text-soft">{i ? 'Next' : 'Before'}</span><span className="font-medium text-accent group-hover:underline">{one.title}</span></Link>
						: <span key={i} />))}
				</nav>
			</div>
			{doc.headings.length > 1 && (
				<nav aria-label="On this page" className="sticky top-24 hidden self-start text-sm xl:block">
					<h2 className="font-semibold tracking-normal">On this page</h2>
					<ul className="mt-2 border-l border-line">
						{doc.headings.map(({ id, text }) => <li key={id}><a href={`#${id}`} className="block py-1 pl-3 leading-snug text-soft hover:text-ink">{text}</a></li>)}
					</ul>
				</nav>
			)}
		</div>
	);
}

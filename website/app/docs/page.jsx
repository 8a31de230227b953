import Link from 'next/link';
import { PageHead } from '@/components/heading';
import { groups } from '@/lib/docs';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.docs, image: 'docs' });

export default function Docs() {
	return (
		<>
			<PageHead title="Documentation">These are the documents of the repository, of the version this site was built from.</PageHead>
			<div className="frame space-y-12">
				{groups().map(([title, list]) => (
					<section key={title}>
						<h2 className="text-xl font-[640]">{title}</h2>
						<ul className="mt-4 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
							{list.map(({ slug, title: name, intro }) => (
								<li key={slug} className="panel relative p-5 transition-colors hover:border-edge">
									<h3 className="font-semibold tracking-normal"><Link href={`/docs/${slug}/`} className="after:absolute after:inset-0 after:rounded-[.625rem]">{name}</Link></h3>
									<p className="mt-1 text-sm text-soft">{intro}</p>
								</li>
							))}
						</ul>
					</section>
				))}
			</div>
		</>
	);
}

import Link from 'next/link';

function List({ groups, current }) {
	return groups.map(([title, list]) => (
		<div key={title} className="mb-6">
			<h2 className="text-sm font-semibold tracking-normal">{title}</h2>
			<ul className="mt-1.5 text-[.9375rem]">
				{list.map(([slug, name]) => (
					<li key={slug}>
						<Link href={`/docs/${slug}/`} aria-current={slug === current ? 'page' : undefined} className="-ml-2.5 block rounded-md px-2.5 py-1 leading-snug text-soft hover:text-ink aria-[current]:bg-wash aria-[current]:font-medium aria-[current]:text-accent">{name}</Link>
					</li>
				))}
			</ul>
		</div>
	));
}

/** The list of documents: at the side where there is room, folded above elsewhere. */
export function DocNav({ groups, current }) {
	return (
		<>
			<nav aria-label="Documentation" className="hidden lg:sticky lg:top-24 lg:block lg:max-h-[calc(100dvh-7rem)] lg:self-start lg:overflow-y-auto lg:pl-2.5"><List groups={groups} current={current} /></nav>
			<details className="panel px-5 py-3 lg:hidden">
				<summary className="cursor-pointer font-medium">All documents</summary>
				<nav aria-label="Documentation" className="mt-4"><List groups={groups} current={current} /></nav>
			</details>
		</>
	);
}

import Link from 'next/link';
import { Architecture } from '@/components/architecture';
import { PageHead } from '@/components/heading';
import { Sequence } from '@/components/sequence';
import { flows } from '@/content/flows';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.how, image: 'how' });

export default function HowItWorks() {
	return (
		<>
			<PageHead title="How a call finds its way">
				Three servers in one binary that meet on the wire, as if on three machines. So each of them can be a vendor’s instead, and each tests the others.
			</PageHead>
			<div className="frame"><div className="panel overflow-x-auto p-4 sm:p-8" tabIndex={0} role="region" aria-label="Drawing of the three servers"><Architecture /></div></div>
			<nav aria-label="The three ways" className="frame mt-10 mb-16 flex flex-wrap gap-3">
				{flows.map(({ id, title }) => <a key={id} href={`#${id}`} className="button">{title}</a>)}
			</nav>
			{flows.map((flow) => <Sequence key={flow.id} {...flow} />)}
			<div className="frame pt-20">
				<div className="panel grid gap-6 p-7 md:grid-cols-[1fr_auto] md:items-center md:p-9">
					<div className="max-w-2xl">
						<h2 className="text-2xl font-[640]">Never stuck, never lost</h2>
						<p className="mt-2 text-soft">A call changes in one place, by one table of states, in one transaction. Each call that is not over has a deadline; when it passes, the platform asks the carrier and settles it. Processes can be killed at any moment.</p>
					</div>
					<Link href="/docs/architecture/" className="button">Architecture</Link>
				</div>
			</div>
		</>
	);
}

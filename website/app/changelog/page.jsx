import { PageHead } from '@/components/heading';
import { releases } from '@/lib/changelog';
import { date } from '@/lib/format';
import { pages } from '@/lib/pages';
import { metadata as describe } from '@/lib/site';

export const metadata = describe({ ...pages.changelog, image: 'changelog' });

export default function Changelog() {
	return (
		<>
			<PageHead title="Changelog">What changed, newest first. There is a <a href="/feed.xml" className="link">feed</a> to subscribe to.</PageHead>
			<div className="frame space-y-14">
				{releases().map(({ version, date: day, html }) => (
					<section key={version} aria-labelledby={`v${version}`} className="grid gap-x-12 gap-y-4 border-t border-line pt-7 md:grid-cols-[10rem_minmax(0,44rem)]">
						<div>
							<h2 id={`v${version}`} className="scroll-mt-24 text-2xl font-[640] tabular-nums">{version}</h2>
							{day && <time dateTime={day} className="text-sm text-soft">{date(day)}</time>}
						</div>
						<div className="prose" dangerouslySetInnerHTML={{ __html: html }} />
					</section>
				))}
			</div>
		</>
	);
}

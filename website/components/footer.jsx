import Link from 'next/link';
import { pages } from '@/lib/pages';
import { site } from '@/lib/site';
import { Logo } from './logo';

const columns = {
	Product: ['features', 'how', 'pricing', 'compare'],
	Use: ['start', 'docs', 'changelog'],
	About: ['contact', 'privacy'],
};

export function Footer() {
	return (
		<footer className="mt-24 border-t border-line">
			<div className="frame grid gap-10 py-12 md:grid-cols-[1.4fr_2fr]">
				<div className="max-w-xs space-y-3">
					<Logo />
					<p className="text-sm text-soft">Phone calls held by an AI agent, on your own machine.</p>
				</div>
				<nav aria-label="Footer" className="grid grid-cols-2 gap-8 sm:grid-cols-3">
					{Object.entries(columns).map(([title, names]) => (
						<div key={title}>
							<h2 className="text-sm font-semibold tracking-normal">{title}</h2>
							<ul className="mt-2 text-[.9375rem]">
								{names.map((name) => (
									<li key={name}><Link href={pages[name].path} className="inline-block py-1.5 text-soft hover:text-ink hover:underline">{pages[name].title}</Link></li>
								))}
								{title === 'Use' && <li><a href="/feed.xml" className="inline-block py-1.5 text-soft hover:text-ink hover:underline">Feed</a></li>}
							</ul>
						</div>
					))}
				</nav>
			</div>
			<div className="frame"><p className="border-t border-line py-6 text-sm text-soft">{site.operator}. This site sets no cookies and loads nothing from anybody else.</p></div>
		</footer>
	);
}

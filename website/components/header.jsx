import Link from 'next/link';
import { pages } from '@/lib/pages';
import { Logo } from './logo';
import { Menu } from './menu';
import { NavLink } from './nav_link';

const items = Object.values(pages).filter(({ nav }) => nav);

export function Header() {
	return (
		<header className="sticky top-0 z-30 border-b border-line bg-ground/90 backdrop-blur-sm">
			<div className="frame flex h-16 items-center justify-between gap-6">
				<Link href="/" className="-m-1 inline-flex p-1"><Logo /><span className="away">, to the start page</span></Link>
				<nav aria-label="Main" className="hidden lg:block">
					<ul className="flex items-center gap-1">
						{items.map(({ path, nav }) => <li key={path}><NavLink href={path}>{nav}</NavLink></li>)}
					</ul>
				</nav>
				<div className="flex items-center gap-2">
					<Link href="/contact/" className="button primary hidden min-h-10 text-[.9375rem] sm:inline-flex">Contact</Link>
					<Menu items={[...items, pages.contact].map(({ path, nav, title }) => [path, nav ?? title])} />
				</div>
			</div>
		</header>
	);
}

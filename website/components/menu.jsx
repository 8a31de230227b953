'use client';
import { useRef } from 'react';
import { NavLink } from './nav_link';

/** Navigation on narrow screens: a popover, which opens without script, too, and closes with Escape. */
export function Menu({ items }) {
	const menu = useRef(null);
	return (
		<div className="lg:hidden">
			<button type="button" popoverTarget="menu" aria-label="Menu" className="button min-h-10 w-11 px-0">
				<svg viewBox="0 0 20 20" className="size-5" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" aria-hidden="true"><path d="M3 6h14M3 10h14M3 14h14" /></svg>
			</button>
			<nav ref={menu} id="menu" popover="auto" aria-label="Menu" className="panel inset-x-4 top-[4.25rem] m-0 w-auto p-3 text-ink shadow-xl">
				<ul>
					{items.map(([path, name]) => (
						<li key={path}><NavLink href={path} onClick={() => menu.current?.hidePopover?.()} className="px-3 py-3">{name}</NavLink></li>
					))}
				</ul>
			</nav>
		</div>
	);
}

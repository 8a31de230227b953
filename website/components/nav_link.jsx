'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';

/** A link that says when one is there. */
export function NavLink({ href, children, onClick, className = 'px-3 py-2' }) {
	const at = usePathname() ?? '';
	const current = at === href ? 'page' : at.startsWith(href) && href !== '/' ? 'true' : undefined;
	return (
		<Link href={href} onClick={onClick} aria-current={current}
			className={`block rounded-md text-[.9375rem] font-medium text-soft transition-colors hover:text-ink aria-[current]:text-ink ${className}`}>{children}</Link>
	);
}

'use client';
import { useEffect, useState } from 'react';

/** Something to type into a terminal, with a button that copies it where the browser lets it. */
export function Command({ children, label = 'Commands' }) {
	const [copies, setCopies] = useState(false);
	const [copied, setCopied] = useState(false);
	useEffect(() => setCopies(Boolean(navigator.clipboard)), []);
	const copy = async () => {
		await navigator.clipboard.writeText(children).catch(() => null);
		setCopied(true);
		setTimeout(() => setCopied(false), 2000);
	};
	return (
		<div className="relative">
			<pre tabIndex={0} role="group" aria-label={label} className="overflow-x-auto rounded-[.625rem] border border-line bg-code py-4 pr-20 pl-5 font-mono text-[.8125rem] leading-relaxed"><code>{children}</code></pre>
			{copies && (
				<button type="button" onClick={copy} aria-live="polite" className="absolute top-3 right-3 rounded-md border border-line bg-raised px-2.5 py-1.5 text-xs font-medium text-soft hover:text-ink">{copied ? 'Copied' : 'Copy'}</button>
			)}
		</div>
	);
}

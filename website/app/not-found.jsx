import Link from 'next/link';
import { PageHead } from '@/components/heading';

export const metadata = { title: 'Not found', robots: { index: false } };

export default function NotFound() {
	return (
		<PageHead eyebrow="404" title="Nobody is on the line">
			<p>There is no page at this address. It may have moved, or there is a mistake in the link.</p>
			<p className="mt-6 flex flex-wrap gap-3"><Link href="/" className="button primary">Start page</Link><Link href="/docs/" className="button">Documentation</Link></p>
		</PageHead>
	);
}

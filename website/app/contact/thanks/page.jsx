import Link from 'next/link';
import { PageHead } from '@/components/heading';
import { site } from '@/lib/site';

export const metadata = { title: 'Thank you', robots: { index: false } };

export default function Thanks() {
	return (
		<PageHead title="Thank you">
			<p>Your message is here. You will have an answer by email{site.callsBack && '; if you asked for a call, the phone will ring'}.</p>
			<p className="mt-6"><Link href="/" className="button primary">Start page</Link></p>
		</PageHead>
	);
}

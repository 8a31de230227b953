import Link from 'next/link';
import { PageHead } from '@/components/heading';
import { LeadForm } from '@/components/lead_form';
import { pages } from '@/lib/pages';
import { metadata as describe, site } from '@/lib/site';

export const metadata = describe({ ...pages.contact, image: 'contact' });

const before = [
	['How it is run', 'self-hosting', 'Self-hosting'],
	['What it costs', 'pricing', 'Price estimate'],
	['How something works', 'docs', 'Documentation'],
];

export default function Contact() {
	return (
		<>
			<PageHead title="Ask something">{site.callsBack ? 'Write, or let the product itself call you back: with your number and your consent it does so at once, except at night.' : 'Write, and you will have an answer by email.'}</PageHead>
			<div className="frame grid items-start gap-10 lg:grid-cols-[1.7fr_1fr]">
				<LeadForm />
				<aside className="space-y-6 lg:pt-4">
					<h2 className="text-lg font-semibold">Perhaps it is here already</h2>
					<dl className="space-y-4">{before.map(([what, path, name]) => <div key={path} className="border-t border-line pt-3"><dt className="text-soft">{what}</dt><dd><Link href={`/${path}/`} className="link font-medium">{name}</Link></dd></div>)}</dl>
				</aside>
			</div>
		</>
	);
}

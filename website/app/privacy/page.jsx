import Link from 'next/link';
import { PageHead } from '@/components/heading';
import { pages } from '@/lib/pages';
import { metadata as describe, site } from '@/lib/site';

export const metadata = describe({ ...pages.privacy, image: 'privacy' });

export default function Privacy() {
	return (
		<>
			<PageHead title="Privacy">What this site does with what it learns about you. {site.operator} runs it and is responsible for it.</PageHead>
			<div className="frame"><div className="prose max-w-3xl">
				<h2>Looking at the site</h2>
				<p>The site is a set of files. It sets no cookies, stores nothing in your browser, counts nothing, and loads nothing from anybody else: no fonts, no scripts, no pictures. A policy in each page makes the browser refuse anything of the kind. The server that hands out the files sees your address, as every server does, and may keep it in its log.</p>
				<h2>The contact form</h2>
				<p>It sends what you enter (name, email, and if you give them phone, company and message), whether you agreed to being contacted, whether you asked to be called back, and which site the form was on. It goes to the platform of {site.operator}, which is the product itself.</p>
				<ul>
					<li>It is stored sealed, under a key of its own tenant: <Link href="/docs/sealing/">how data is sealed</Link>.</li>
					<li>It is used to answer you. Who works with the answer may take it over into their customer records.</li>
					<li>It can be removed at any time: ask for it over the <Link href="/contact/">form</Link>, with the same email.</li>
				</ul>
				<h2>Being called back</h2>
				<p>You are called only if you asked for it, gave a number and agreed. An AI agent speaks with you. Such a call may be recorded; it is transcribed, analysed, and stored sealed like any other. What telephony and language services take part depends on how the platform is set up: with its embedded parts none does but the telephone network.</p>
				<h2>Your rights</h2>
				<p>You may ask what is stored about you, have it corrected or removed, and take back your consent. For a number, the platform has an erasure that removes everything about its person and leaves a record that it was done: <Link href="/docs/sealing/">forgetting a person</Link>.</p>
			</div></div>
		</>
	);
}

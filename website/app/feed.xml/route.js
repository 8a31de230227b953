import { releases } from '@/lib/changelog';
import { absolute, site } from '@/lib/site';

export const dynamic = 'force-static';

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** The changelog as an Atom feed (RFC 4287). */
export function GET() {
	const dated = releases().filter(({ date }) => date);
	const entries = dated.map(({ version, date, html }) => `
	<entry>
		<id>${absolute(`/changelog/#v${version}`)}</id>
		<title>${site.name} ${version}</title>
		<link href="${absolute(`/changelog/#v${version}`)}"/>
		<updated>${date}T00:00:00Z</updated>
		<content type="html">${escape(html.replace(/href="\//g, `href="${site.url}/`))}</content>
	</entry>`).join('');
	return new Response(`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
	<id>${absolute('/changelog/')}</id>
	<title>${site.name}: changelog</title>
	<link href="${absolute('/changelog/')}"/>
	<link rel="self" type="application/atom+xml" href="${absolute('/feed.xml')}"/>
	<updated>${dated[0].date}T00:00:00Z</updated>
	<author><name>${site.operator}</name></author>${entries}
</feed>
`, { headers: { 'Content-Type': 'application/atom+xml; charset=utf-8' } });
}

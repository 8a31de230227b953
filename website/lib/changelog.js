// CHANGELOG.md: "## VERSION - DATE", then "### KIND" and lists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked } from 'marked';
import { target } from '@/lib/docs';

/** [{version, date, html}], newest first. */
export function releases() {
	const marked = new Marked({ renderer: {
		link({ href, tokens }) {
			const to = target('CHANGELOG.md', href), inner = this.parser.parseInline(tokens);
			return to ? `<a href="${to}">${inner}</a>` : inner;
		},
	} });
	return readFileSync(join(process.cwd(), '../CHANGELOG.md'), 'utf8').split(/^## /m).slice(1).map((part) => {
		const [, version, date] = part.match(/^\[?([\w.]+)\]?(?: - (\d{4}-\d{2}-\d{2}))?/);
		return { version, date: date ?? null, html: marked.parse(part.slice(part.indexOf('\n'))) };
	});
}

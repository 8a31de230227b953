// The repository's documentation as pages: docs/*.md and the clients' READMEs, with the links between them led here.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { Marked } from 'marked';
import { docGroups, intros } from '@/content/doc_groups';
import { site } from '@/lib/site';

const root = join(process.cwd(), '..');

/* Path in the repository: slug. */
const files = {
	...Object.fromEntries(readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md').sort().map((name) => [`docs/${name}`, name.slice(0, -3)])),
	'sdk/js/README.md': 'sdk-js',
	'sdk/python/README.md': 'sdk-python',
};
const overviews = ['README.md', 'docs/README.md'];

const plain = (text) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '').replace(/\s+/g, ' ').trim();

/** As GitHub makes anchors of headings. */
export const anchor = (text) => plain(text).toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/ /g, '-');

const escape = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

/** Where a link of that file leads on the site; null when there is nowhere it could. */
export function target(file, href) {
	if (/^https?:\/\/(127\.0\.0\.1|localhost)\b/.test(href)) return null; // the reader's own machine
	if (/^(https?:|mailto:|#)/.test(href)) return href;
	const [path, hash] = href.split('#');
	const to = normalize(join(dirname(file), path));
	if (!existsSync(join(root, to))) throw new Error(`${file}: there is nothing at ${href}`);
	if (overviews.includes(to)) return '/docs/';
	if (files[to]) return `/docs/${files[to]}/${hash ? `#${hash}` : ''}`;
	return site.repository ? `${site.repository}/blob/main/${to}${hash ? `#${hash}` : ''}` : null;
}

function renderer(file) {
	return {
		heading({ tokens, depth, text }) {
			const id = anchor(text), inner = this.parser.parseInline(tokens);
			return depth === 1 ? `<h1>${inner}</h1>\n` : `<h${depth} id="${id}"><a href="#${id}">${inner}</a></h${depth}>\n`;
		},
		link({ href, tokens }) {
			const inner = this.parser.parseInline(tokens), to = target(file, href);
			return to ? `<a href="${escape(to)}">${inner}</a>` : inner;
		},
		code({ text }) {
			return `<pre tabindex="0" role="group" aria-label="Example"><code>${text.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</code></pre>\n`;
		},
		table(token) {
			const cell = ({ tokens, text }, tag) => (text ? `<${tag}>${this.parser.parseInline(tokens)}</${tag}>` : '<td></td>');
			const row = (cells, tag) => `<tr>${cells.map((one) => cell(one, tag)).join('')}</tr>`;
			return `<div class="grid-scroll" tabindex="0" role="group" aria-label="Table"><table><thead>${row(token.header, 'th')}</thead><tbody>${token.rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>\n`;
		},
		html: ({ text }) => (text.startsWith('<!--') ? '' : text.replace(/&/g, '&amp;').replace(/</g, '&lt;')),
	};
}

/** {slug, file, title, intro, html, headings: [{id, text}]} */
function load([file, slug]) {
	const markdown = readFileSync(join(root, file), 'utf8');
	const marked = new Marked({ renderer: renderer(file) });
	const tokens = marked.lexer(markdown);
	const title = tokens.find(({ type, depth }) => type === 'heading' && depth === 1);
	const intro = tokens.find(({ type }) => type === 'paragraph');
	const sections = tokens.filter(({ type, depth }) => type === 'heading' && depth === 2);
	return {
		slug, file,
		title: plain(title?.text ?? slug),
		intro: intros[slug] ?? plain(intro?.text ?? '').match(/^.{20,180}?[.:](?= |$)|^.{0,180}/)[0].replace(/:$/, '.'),
		html: marked.parser(tokens),
		headings: sections.map(({ text }) => ({ id: anchor(text), text: plain(text) })),
	};
}

let all = null;
export const docs = () => (all ??= new Map(Object.entries(files).filter(([file]) => existsSync(join(root, file))).map((entry) => [entry[1], load(entry)])));

/** [title, documents] of each group that has any. */
export function groups() {
	const rest = new Map(docs());
	const named = docGroups.map(([title, list]) => [title, Object.keys(list).filter((slug) => rest.has(slug)).map((slug) => {
		const doc = rest.get(slug);
		rest.delete(slug);
		return doc;
	})]);
	return [...named, ['More', [...rest.values()]]].filter(([, list]) => list.length > 0);
}

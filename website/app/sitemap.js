import { docs } from '@/lib/docs';
import { pages } from '@/lib/pages';
import { absolute } from '@/lib/site';

export const dynamic = 'force-static';

export default function sitemap() {
	return [...Object.values(pages).map(({ path }) => path), ...[...docs().keys()].map((slug) => `/docs/${slug}/`)].map((path) => ({ url: absolute(path) }));
}

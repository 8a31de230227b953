import { absolute } from '@/lib/site';

export const dynamic = 'force-static';

export default function robots() {
	return { rules: { userAgent: '*', allow: '/', disallow: '/contact/thanks/' }, sitemap: absolute('/sitemap.xml') };
}

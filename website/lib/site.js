// What the site is told when it is built. Each is an environment variable (README.md).
const without = (address) => address.replace(/\/+$/, '');

export const site = {
	name: 'voiceai',
	operator: process.env.NEXT_PUBLIC_OPERATOR || 'Reapdat',
	url: without(process.env.NEXT_PUBLIC_SITE_URL || 'https://reapdat.com'),
	api: without(process.env.NEXT_PUBLIC_API_URL || ''),
	tenant: process.env.NEXT_PUBLIC_LEAD_TENANT || '',
	callsBack: process.env.NEXT_PUBLIC_CALL_BACK !== 'off',
	repository: without(process.env.NEXT_PUBLIC_REPOSITORY_URL || ''),
};

export const absolute = (path) => site.url + path;

/** What every page says of itself; `image` names a picture of app/og. */
export function metadata({ title, description, path, image = 'home' }) {
	const picture = { url: `/og/${image}.png`, width: 1200, height: 630, alt: title };
	return {
		title,
		description,
		alternates: { canonical: path, types: { 'application/atom+xml': '/feed.xml' } },
		openGraph: { title, description, url: path, siteName: site.name, type: 'website', locale: 'en', images: [picture] },
		twitter: { card: 'summary_large_image', title, description, images: [picture] },
	};
}

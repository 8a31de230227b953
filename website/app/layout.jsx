import localFont from 'next/font/local';
import { Footer } from '@/components/footer';
import { Header } from '@/components/header';
import { pages } from '@/lib/pages';
import { metadata as describe, site } from '@/lib/site';
import './globals.css';

const inter = localFont({ src: '../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2', variable: '--font-inter', weight: '100 900', display: 'swap' });

export const metadata = {
	...describe(pages.home),
	metadataBase: new URL(site.url),
	title: { default: `${site.name}: ${pages.home.title}`, template: `%s – ${site.name}` },
	icons: { icon: '/favicon.svg' },
	formatDetection: { telephone: false, email: false, address: false },
};

export const viewport = {
	width: 'device-width',
	initialScale: 1,
	themeColor: [{ media: '(prefers-color-scheme: light)', color: '#f6f6f4' }, { media: '(prefers-color-scheme: dark)', color: '#131417' }],
};

export default function Layout({ children }) {
	return (
		<html lang="en" className={inter.variable}>
			<body className="font-sans text-base leading-relaxed">
				<a href="#main" className="button primary fixed left-4 top-2 z-50 -translate-y-20 focus:translate-y-0">Skip to the content</a>
				<Header />
				<main id="main" tabIndex={-1}>{children}</main>
				<Footer />
			</body>
		</html>
	);
}

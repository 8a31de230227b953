// A static export: WEBSITE_OUT is the folder it goes to. Nothing is sent to anybody while it is built or looked at.
process.env.NEXT_TELEMETRY_DISABLED = '1';

export default {
	output: 'export',
	distDir: process.env.WEBSITE_OUT ?? 'out',
	trailingSlash: true,
	images: { unoptimized: true },
	poweredByHeader: false,
	reactStrictMode: true,
	eslint: { ignoreDuringBuilds: true },
	outputFileTracingRoot: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
};

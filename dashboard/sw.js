/*
 * Where the server cannot be reached, a page that says so, in the viewer's language. That is all that
 * is kept: what the API answers is never stored, and the dashboard itself comes from the server, which
 * knows its version.
 */
const store = 'voiceai-offline-2';
const files = ['/offline', '/offline.js', '/styles/base.css', '/styles/parts.css', '/favicon.svg', '/core/texts.js', '/core/texts.en.js'];
const isText = (pathname) => pathname.startsWith('/core/texts.');

self.addEventListener('install', (event) => {
	event.waitUntil(caches.open(store).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
	event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== store).map((name) => caches.delete(name))))
		.then(() => self.clients.claim()));
});

/* Another language than English is kept once it was asked for. */
async function fresh(request, pathname) {
	const response = await fetch(request).catch(() => caches.match(pathname));
	if (response?.ok && isText(pathname))
		(await caches.open(store)).put(pathname, response.clone());
	return response;
}

self.addEventListener('fetch', (event) => {
	const {request} = event;
	const {pathname, origin} = new URL(request.url);
	if (request.method !== 'GET' || origin !== location.origin)
		return;
	if (request.mode === 'navigate')
		event.respondWith(fetch(request).catch(() => caches.match('/offline')));
	else if (files.includes(pathname) || isText(pathname))
		event.respondWith(fresh(request, pathname));
});

/* One page at two addresses: /docs to try the API out, /redoc to read about it. */
await (location.pathname === '/docs' ? import('./docs.js') : import('./redoc.js'));

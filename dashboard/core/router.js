/*
 * The address is the state: a path names the page, the query its filters. A page is a module whose
 * default export takes {params, query, signal, setQuery, onQuery} and gives an element, or a promise
 * of one; signal is aborted when the page is left.
 */
let routes = [];
let show = null;
let current = null;	/* {path, abort, query handlers} */

function match(path) {
	for (const route of routes) {
		const names = [];
		const pattern = route.path.replace(/:(\w+)/g, (_, name) => (names.push(name), '([^/]+)'));
		const found = path.match(new RegExp(`^${pattern}$`));
		if (found)
			return {route, params: Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])]))};
	}
	return null;
}

function open(isNew) {
	const path = location.pathname;
	if (current?.path === path && current.queryHandlers.size) {
		const query = new URLSearchParams(location.search);
		current.queryHandlers.forEach((handler) => handler(query));
		return;
	}
	current?.abort.abort();
	const page = current = {path, abort: new AbortController(), queryHandlers: new Set()};
	const found = match(path);
	show(found?.route ?? null, {
		params: found?.params ?? {},
		query: new URLSearchParams(location.search),
		signal: page.abort.signal,
		isNew,
		onQuery: (handler) => page.queryHandlers.add(handler),
		setQuery: (values) => current === page && setQuery(values),
	});
}

/* Filters replace each other: "back" leaves the page, it does not walk through every letter typed. */
function setQuery(values) {
	const query = new URLSearchParams(location.search);
	for (const [name, value] of Object.entries(values)) {
		if (value === null || value === undefined || value === '')
			query.delete(name);
		else
			query.set(name, value);
	}
	const text = query.toString();
	history.replaceState(null, '', `${location.pathname}${text ? `?${text}` : ''}`);
	current.queryHandlers.forEach((handler) => handler(query));
}

export function navigate(url, {replace = false} = {}) {
	history[replace ? 'replaceState' : 'pushState'](null, '', url);
	open(true);
}

/** The page again, as if it had just been opened. */
export function reopen() {
	current = current && {...current, path: null};
	open(false);
}

function onClick(event) {
	const link = event.target.closest?.('a[href]');
	if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
		return;
	if (link.target || link.hasAttribute('download') || link.origin !== location.origin || !match(link.pathname))
		return;
	event.preventDefault();
	navigate(link.href);
}

export function start(table, showPage) {
	routes = table;
	show = showPage;
	document.addEventListener('click', onClick);
	addEventListener('popstate', () => open(true));
	open(false);
}

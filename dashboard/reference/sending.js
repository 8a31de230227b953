/* Sending what somebody tries out: with the token or key they gave, or as they are signed in at the dashboard. */
let given = '';
let token = null;	/* of the dashboard's sign-in; lives on this page only */

export const setCredential = (text) => { given = text; };

/** For the line a shell takes: what it shows, never the secret. */
export const shownCredential = () => (given || token ? '"Authorization: Bearer $TOKEN"' : null);

function authorization() {
	const text = given || token;
	return text ? {authorization: `Bearer ${text}`} : {};
}

/* A refresh token works once, and all pages of a browser share it: one at a time. */
function renew() {
	return navigator.locks.request('voiceai-refresh', async () => {
		const response = await fetch('/api/v1/auth/refresh', {method: 'POST'});
		token = response.ok ? (await response.json()).access_token : null;
		return response.ok;
	});
}

export async function send(url, {method, headers, body}) {
	const once = () => fetch(url, {method, headers: {...headers, ...authorization()}, body});
	const response = await once();
	return response.status === 401 && !given && await renew() ? once() : response;
}

/** A WebSocket to the path and query of url; a ticket says who asks. */
export async function open(url) {
	const at = new URL(url);
	const response = await send('/api/v1/live/ticket', {method: 'POST'});
	if (!response.ok)
		return {response};
	at.searchParams.set('ticket', (await response.json()).ticket);
	at.protocol = at.protocol.replace('http', 'ws');
	return {socket: new WebSocket(at)};
}

/*
 * The REST API as the dashboard uses it. Where somebody has to sign in, requests carry an access token
 * that lives in this module only; the refresh token is in a cookie that no script can read. Everything
 * that is no 2xx is thrown as ApiError.
 */
import {t} from './texts.js';

const base = '/api/v1';

let token = null;
let signIn = null;	/* asks the viewer to sign in; a promise of true */

export class ApiError extends Error {
	constructor({status = 0, code = 'network', message, field = null}) {
		super(message);
		Object.assign(this, {status, code, field});
	}
}

export const hasToken = () => token !== null;
export const setToken = (value) => { token = value; };

/** `ask` is called when a request needs somebody to sign in. */
export const onSignedOut = (ask) => { signIn = ask; };

export function pathOf(path, query) {
	const fields = new URLSearchParams();
	for (const [name, value] of Object.entries(query ?? {}))
		if (value !== null && value !== undefined && value !== '')
			fields.set(name, value);
	const text = fields.toString();
	return `${base}${path}${text ? `?${text}` : ''}`;
}

async function send(method, path, {query, body, signal} = {}) {
	const headers = {accept: 'application/json'};
	if (token)
		headers.authorization = `Bearer ${token}`;
	if (body !== undefined)
		headers['content-type'] = 'application/json';
	try {
		return await fetch(pathOf(path, query), {method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body)});
	} catch (error) {
		if (error.name === 'AbortError')
			throw error;
		throw new ApiError({message: t('error.network')});
	}
}

async function failure(response) {
	const {error = {}} = await response.json().catch(() => ({}));
	return new ApiError({status: response.status, code: error.code ?? 'unknown', field: error.field,
		message: error.message ?? t('error.status', {status: response.status})});
}

/** A refresh token works once, and all pages of a browser share it: one at a time. */
export function renew() {
	return navigator.locks.request('voiceai-refresh', async () => {
		const response = await send('POST', '/auth/refresh');
		token = response.ok ? (await response.json()).access_token : null;
		return response.ok;
	});
}

/** The response, by whoever is signed in; asks when nobody is. */
export async function request(method, path, options) {
	let response = await send(method, path, options);
	if (response.status === 401 && signIn && (await renew() || await signIn()))
		response = await send(method, path, options);
	if (!response.ok)
		throw await failure(response);
	return response;
}

/** As request(), but a 401 is an answer like any other. */
export async function publicRequest(method, path, options) {
	const response = await send(method, path, options);
	if (!response.ok)
		throw await failure(response);
	return response;
}

const json = async (response) => (response.status === 204 ? null : response.json().catch(() => null));

export const get = async (path, query, signal) => json(await request('GET', path, {query, signal}));
export const post = async (path, body = {}) => json(await request('POST', path, {body}));
export const put = async (path, body) => json(await request('PUT', path, {body}));
export const patch = async (path, body) => json(await request('PATCH', path, {body}));
export const remove = async (path) => json(await request('DELETE', path));

/** The address of a WebSocket. A handshake cannot carry a token: it carries a ticket, good once. */
export async function socketUrl(path, query = {}) {
	const ticket = token ? (await post('/live/ticket')).ticket : null;
	const url = new URL(pathOf(path, {...query, ticket}), location.href);
	url.protocol = url.protocol.replace('http', 'ws');
	return url;
}

/** Every row of a list that pages, up to `most`. */
export async function all(path, member, query = {}, most = 1000) {
	const rows = [];
	let cursor = null;
	do {
		const page = await get(path, {...query, limit: 200, cursor});
		rows.push(...page[member]);
		cursor = page.next_cursor ?? null;
	} while (cursor && rows.length < most);
	return rows;
}

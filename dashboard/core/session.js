/* Who is at the page, where they are, and what they may do there. */
import * as api from './api.js';

/* Says that there may be a cookie to go on with; the cookie itself no script can see. */
const hint = 'voiceai-signed-in';

let me = null;

export const viewer = () => me;
export const may = (permission) => me?.permissions.includes(permission) ?? false;

/** In single-user mode there is nobody to sign out. */
export const isSignedIn = () => api.hasToken();

export async function load() {
	me = await api.get('/auth/me');
	return me;
}

async function enter(path, body) {
	const response = await api.publicRequest('POST', path, {body: {...body, cookie: true}});
	api.setToken((await response.json()).access_token);
	localStorage.setItem(hint, 'yes');
}

/** Go on with the sign-in of another page or of before, if there is one. */
export async function resume() {
	if (localStorage.getItem(hint) && !await api.renew())
		localStorage.removeItem(hint);
}

export const signIn = (email, password) => enter('/auth/login', {email, password});
export const accept = (fields) => enter('/auth/accept', fields);

export async function invitation(word) {
	return (await api.publicRequest('POST', '/auth/invitation', {body: {token: word}})).json();
}

/** The page begins anew after these: nothing of one tenant is left for another. */
export async function switchTenant(id) {
	const answer = await api.post('/auth/tenant', {tenant_id: id, cookie: true});
	api.setToken(answer.access_token);
	location.assign('/');
}

export async function signOut() {
	await api.post('/auth/logout');
	localStorage.removeItem(hint);
	location.assign('/');
}

// A lead as POST /api/v1/leads takes it (sdk/openapi.yaml), and what of it can be told wrong before it is sent.
import { site } from './site';

export const address = `${site.api}/api/v1/leads`;
export const thanks = `${site.url}/contact/thanks/`;

const E164 = /^(\+|00)[1-9][\d\s().\/-]{6,24}$/;

/** The form's data as JSON: empty fields left out, boxes as booleans, nothing that is for browsers without script. */
export function lead(data) {
	const fields = Object.fromEntries([...data].filter(([name, value]) => name !== 'redirect' && value.trim() !== '').map(([name, value]) => [name, value.trim()]));
	return { ...fields, consent: data.has('consent'), call_back: data.has('call_back') };
}

/** Field: what is wrong with it. The API looks again, at everything. */
export function problems({ name, email, phone, consent, call_back: callBack }) {
	const found = {};
	if (!name) found.name = 'Please tell us your name.';
	if (!email) found.email = 'Please give an address that we can answer to.';
	else if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) found.email = 'This is not an email address.';
	if (callBack && !phone) found.phone = 'To be called back, please give your number.';
	else if (phone && !E164.test(phone)) found.phone = 'Please write the number with its country code, such as +1 555 010 0123.';
	if (callBack && !consent) found.consent = 'To be called back, please agree to it.';
	return found;
}

/** What the API answered, as {callBack} or {problems} of fields and of the form. */
export async function send(body) {
	const form = (text) => ({ problems: { form: text } });
	let response;
	try {
		response = await fetch(address, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });
	} catch {
		return form('It could not be sent: the server cannot be reached. Please try again.');
	}
	const answer = await response.json().catch(() => null);
	if (response.ok) return { callBack: Boolean(answer?.call_back) };
	if (response.status === 429) return form('Too much was sent from your network. Please try again in a minute.');
	const { field, message } = answer?.error ?? {};
	if (field && ['name', 'email', 'phone', 'company', 'message', 'consent'].includes(field)) return { problems: { [field]: message } };
	return form(message ?? 'It could not be taken. Please try again later.');
}

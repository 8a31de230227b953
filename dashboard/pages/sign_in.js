/*
 * Signing in: over whatever is there, so that nothing is lost when a sign-in runs out while somebody
 * writes. Also where the links of invitations and forgotten passwords lead.
 */
import {h, newId} from '../core/dom.js';
import * as session from '../core/session.js';
import {name, t} from '../core/texts.js';
import {applyPublicBrand, brand, logo} from '../core/brand.js';
import {form} from '../ui/form.js';

export const invitationWord = () => location.hash.match(/^#invite=([0-9a-f]+)$/)?.[1] ?? null;

let asking = null;	/* a promise of the end of the dialog that is open */

function titleOf(invited) {
	if (!invited)
		return t('signIn.title');
	return invited.kind === 'reset' ? t('signIn.reset') : t('signIn.join', {tenant: invited.tenant_name, role: name('role', invited.role).toLowerCase()});
}

function fieldsOf(invited) {
	const isNew = invited && !invited.has_account && invited.kind === 'join';
	const newPassword = isNew || invited?.kind === 'reset';
	return [
		{name: 'email', label: t('user.email'), type: 'email', required: true, autocomplete: 'username', value: invited?.email ?? '', readonly: Boolean(invited?.email)},
		isNew && {name: 'name', label: t('user.name'), autocomplete: 'name'},
		{name: 'password', label: t('signIn.password'), type: 'password', required: true, hint: newPassword ? t('signIn.passwordHint') : null,
			autocomplete: newPassword ? 'new-password' : 'current-password'},
	];
}

function show(invited, problem, send) {
	return new Promise((done) => {
		const id = newId('sign-in');
		let finished = false;
		const box = h('dialog.sign-in', {'aria-labelledby': id, closedby: 'none'}, h('div.dialog-body', {},
			h('p.brand', {}, h('img', {src: logo(), alt: '', width: '24', height: '24'}), brand().name), h('h1', {id}, titleOf(invited)), problem && h('p.form-error', {role: 'alert'}, problem),
			form({
				fields: fieldsOf(invited),
				action: t(invited ? 'signIn.accept' : 'signIn.action'),
				submit: async (values) => {
					await send(values);
					finished = true;
					box.close();
				},
			})));
		box.addEventListener('cancel', (event) => event.preventDefault());
		box.addEventListener('close', () => {
			if (!finished)
				return box.showModal();
			box.remove();
			done(true);
		});
		document.body.append(box);
		box.showModal();
	});
}

async function ask(word) {
	let invited = null, problem = null;
	if (!session.viewer())
		await applyPublicBrand();
	if (word) {
		try {
			invited = await session.invitation(word);
		} catch (error) {
			problem = error.message;
		}
	}
	await show(invited, problem, ({email, password, name: given}) => (invited
		? session.accept({token: word, email, password, ...(given ? {name: given} : {})}) : session.signIn(email, password)));
	if (word)
		history.replaceState(null, '', location.pathname);
	return true;
}

/** Resolves with true once somebody is signed in. */
export function askToSignIn(word = null) {
	asking ??= ask(word).finally(() => { asking = null; });
	return asking;
}

/* The links to a call that still open something: who made each, until when, and taking it back. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {may, viewer} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {confirm} from '../ui/dialog.js';
import {place} from '../ui/state.js';
import {toast, toastError} from '../ui/toast.js';

const mayRevoke = ({author}) => may('calls:write') || (author.id !== null && author.id === viewer().user?.id);

/** Gives a place; place.reload() asks again. */
export function linksOf(callId) {
	const path = `/calls/${callId}/links`;
	const row = (link) => h('li.link-row', {}, h('div', {}, h('p', {}, t(`share.${link.scope}`)),
		h('p.hint', {}, t('links.about', {author: link.author.name ?? name('actor', link.author.kind), made: when(link.created_at), until: when(link.expires_at)}))),
	mayRevoke(link) && h('button.danger', {type: 'button', onclick: () => revoke(link)}, t('links.revoke')));
	const revoke = async (link) => {
		if (!await confirm(t('links.revokeTitle'), t('links.revokeText'), t('links.revoke')))
			return;
		try {
			await api.remove(`${path}/${link.link_id}`);
			toast(t('links.revoked'));
		} catch (error) {
			toastError(error);
		}
		await all.reload();
		(all.querySelector('button') ?? all.closest('dialog')?.querySelector('select'))?.focus();
	};
	const all = place(async () => {
		const {links} = await api.get(path);
		return links.length ? [h('h3', {}, t('links.title')), h('ul.links', {}, links.map(row))] : [h('p.soft', {}, t('links.none'))];
	}, null, {lines: 1});
	return all;
}

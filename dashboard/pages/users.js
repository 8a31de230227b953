/* Who is here, with which role; and who was invited. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {may, viewer} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {icon} from '../ui/icon.js';
import {page, panel} from '../ui/page.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';
import {showSecret} from './secret.js';

const roles = ['viewer', 'operator', 'admin', 'owner'];

/** Nobody gives more than they have. */
const rolesToGive = () => roles.slice(0, roles.indexOf(viewer().role) + 1);

const roleField = (value) => ({name: 'role', label: t('user.role'), type: 'select', value, options: rolesToGive().map((role) => [role, name('role', role)]), hint: t('user.roleHint')});

export default function users({signal}) {
	const mayWrite = may('users:write');
	const invite = () => dialog(t('user.invite'), (close) => form({action: t('user.invite'), cancel: () => close(),
		fields: [{name: 'email', label: t('user.email'), type: 'email', required: true}, roleField('operator')],
		submit: async (values) => {
			const {link} = await api.post('/users/invite', values);
			close();
			invitations.reload();
			await showSecret(t('user.linkTitle'), t('user.linkText', {email: values.email}), link);
		}}));
	const change = async (user, values, text) => {
		const before = Object.fromEntries(Object.keys(values).map((key) => [key, user[key]]));
		await api.patch(`/users/${user.id}`, values);
		list.reload();
		toast(text, {undo: () => api.patch(`/users/${user.id}`, before).then(() => list.reload(), toastError)});
	};
	const edit = (user) => dialog(user.name || user.email, (close) => form({action: t('save'), cancel: () => close(), fields: [roleField(user.role)],
		submit: async ({role}) => { await change(user, {role}, t('saved')); close(); }}));
	const remove = async (user) => {
		if (!await confirm(t('user.removeTitle', {name: user.name || user.email}), t('user.removeText'), t('user.remove')))
			return;
		await api.remove(`/users/${user.id}`).catch(toastError);
		list.reload();
	};
	const takeBack = async (invitation) => {
		if (!await confirm(t('user.takeBackTitle'), t('user.takeBackText'), t('user.takeBack')))
			return;
		try {
			await api.remove(`/users/invitations/${invitation.id}`);
			toast(t('user.takenBack'));
		} catch (error) {
			toastError(error);
		}
		invitations.reload();
	};
	const mayTouch = (user) => mayWrite && user.id !== viewer().user?.id && rolesToGive().includes(user.role);
	const list = table({label: t('users.title'), signal, empty: empty(t('users.none'), t('users.noneText')),
		columns: [
			{title: t('user.name'), cell: (user) => h('span', {}, h('strong', {}, user.name || user.email), user.name && h('span.soft', {}, ` ${user.email}`))},
			{title: t('user.role'), plain: true, cell: (user) => name('role', user.role)},
			{title: t('call.status'), priority: 2, cell: (user) => badge('userState', user.status)},
			{title: t('user.signedIn'), priority: 3, align: 'end', cell: (user) => h('span.nowrap', {}, user.signed_in_at ? when(user.signed_in_at) : t('user.never'))},
			mayWrite && {title: '', align: 'end', cell: (user) => mayTouch(user) && h('div.actions', {}, h('button', {type: 'button', onclick: () => edit(user)}, t('edit')),
				h('button.priority-2', {type: 'button', onclick: () => change(user, {status: user.status === 'active' ? 'deactivated' : 'active'}, t('saved')).catch(toastError)},
					t(user.status === 'active' ? 'user.deactivate' : 'user.activate')),
				h('button.danger.priority-2', {type: 'button', onclick: () => remove(user)}, t('user.remove')))},
		].filter(Boolean),
		load: async (cursor) => {
			const answer = await api.get('/users', {limit: 50, cursor}, signal);
			return {rows: answer.users, next: answer.next_cursor};
		}});
	const invitations = table({label: t('user.invitations'), signal, empty: empty(t('user.noInvitations')),
		columns: [
			{title: t('user.email'), cell: (row) => row.email ?? t('user.anybody')},
			{title: t('user.role'), cell: (row) => name('role', row.role)},
			{title: t('user.runsOut'), priority: 2, align: 'end', cell: (row) => h('span.nowrap', {}, when(row.expires_at))},
			mayWrite && {title: '', align: 'end', cell: (row) => h('button', {type: 'button', onclick: () => takeBack(row)}, t('user.takeBack'))},
		].filter(Boolean),
		load: async () => ({rows: (await api.get('/users/invitations', {}, signal)).invitations, next: null})});
	return page(t('users.title'), {lead: t('users.lead'), actions: mayWrite && h('button.primary', {type: 'button', onclick: invite}, icon('plus'), t('user.invite'))},
		list, panel(t('user.invitations'), {}, invitations));
}

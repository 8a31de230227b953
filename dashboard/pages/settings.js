/* The workspace: how it looks, what calls may do and cost, how long what is kept, whose data goes. */
import * as api from '../core/api.js';
import {brand, show} from '../core/brand.js';
import {h} from '../core/dom.js';
import {money, number, when} from '../core/format.js';
import {may, viewer} from '../core/session.js';
import {changeSettings} from '../core/tenant.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {facts, page, panel} from '../ui/page.js';
import {empty, place} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast} from '../ui/toast.js';
import {leadSettings} from './lead_settings.js';

const mostLogoBytes = 32 * 1024;
const ownColour = '#3d4fb8';

/* ---- how it looks ---- */

function logoField(given) {
	let logo = given ?? null;
	const picture = h('img.logo-preview', {alt: '', src: logo ?? '/favicon.svg'});
	const input = h('input', {type: 'file', accept: 'image/png,image/svg+xml,image/jpeg,image/webp', 'aria-label': t('brand.logo'), onchange: () => {
		const [file] = input.files;
		if (!file)
			return;
		if (file.size > mostLogoBytes) {
			input.value = '';
			toast(t('brand.logoTooBig'));
			return;
		}
		const reader = new FileReader();
		reader.onload = () => set(reader.result);
		reader.readAsDataURL(file);
	}});
	const clear = h('button', {type: 'button', onclick: () => { input.value = ''; set(null); }}, t('brand.noLogo'));
	const set = (value) => {
		logo = value;
		picture.src = logo ?? '/favicon.svg';
		clear.hidden = !logo;
	};
	set(logo);
	return {element: h('div.logo-row', {}, picture, input, clear), read: () => logo};
}

async function brandForm(signal) {
	const tenant = await api.get(`/tenants/${viewer().tenant_id}`, {}, signal);
	const {brand: given = {}} = tenant.settings ?? {};
	const logo = logoField(given.logo);
	if (!may('tenants:write'))
		return facts([[t('user.tenant'), tenant.name], [t('brand.product'), brand().name]]);
	return form({action: t('save'), columns: true,
		fields: [{name: 'name', label: t('brand.tenant'), value: tenant.name, required: true},
			{name: 'product', label: t('brand.product'), value: given.name ?? '', optional: true, hint: t('brand.productHint')},
			{name: 'colour', label: t('brand.colour'), type: 'color', value: given.colour ?? ownColour, hint: t('brand.colourHint')},
			{name: 'logo', label: t('brand.logo'), control: logo.element, read: logo.read}],
		submit: async ({name, product, colour, logo: picture}) => {
			const own = {...(product ? {name: product} : {}), ...(colour !== ownColour ? {colour} : {}), ...(picture ? {logo: picture} : {})};
			await changeSettings(tenant.id, {brand: Object.keys(own).length ? own : undefined}, {name});
			show(own);
			for (const element of document.querySelectorAll('.side .brand, .top .brand')) {
				element.lastChild.textContent = brand().name;
				element.querySelector('img').src = brand().logo ?? '/favicon.svg';
			}
			toast(t('saved'));
		}});
}

/* ---- limits ---- */

const counts = ['calls_per_day', 'calls_per_month', 'attempts_per_number_per_day', 'max_calls'];
const sums = ['spend_per_day_micros', 'spend_per_month_micros'];
const lists = ['allowed_countries', 'allowed_prefixes', 'blocked_prefixes'];
const switches = ['premium', 'satellite', 'sip'];
const quiet = ['from', 'to', 'time_zone'];
const shown = [...counts, ...sums, ...lists, ...switches, 'quiet_hours'];

function usage({today, this_month: month, currency}) {
	if (!today && !month)
		return null;
	const text = (used) => used && t('limits.used', {calls: number(used.calls), spent: money(used.spent_micros, currency), reserved: money(used.reserved_micros, currency)});
	return facts([[t('limits.today'), text(today)], [t('limits.month'), text(month)]]);
}

const hours = (given) => (given ? `${given.from}–${given.to} ${given.time_zone ?? ''}`.trim() : t('no'));

async function limitsForm(signal) {
	const view = await api.get('/limits', {}, signal);
	const {own, defaults, limits, currency} = view;
	const standard = (value) => t('limits.standard', {value: Array.isArray(value) ? value.join(' ') || '–' : value === 0 ? t('limits.noCap') : String(value)});
	if (!may('limits:write'))
		return [usage(view), facts(Object.entries(limits).map(([key, value]) => [t(`limits.${key}`), key === 'quiet_hours' ? hours(value) : Array.isArray(value) ? value.join(', ') || '–' : typeof value === 'boolean' ? t(value ? 'yes' : 'no')
			: sums.includes(key) ? (value ? money(value, currency) : t('limits.noCap')) : value ? number(value) : t('limits.noCap')]))];
	const element = form({action: t('save'), columns: true,
		fields: [
			...counts.map((key) => ({name: key, label: t(`limits.${key}`), type: 'number', min: 0, value: own[key] ?? '', hint: standard(defaults[key])})),
			...sums.map((key) => ({name: key, label: t(`limits.${key}`, {currency}), type: 'number', min: 0, step: 0.01, value: own[key] === undefined || own[key] === null ? '' : own[key] / 1e6,
				hint: standard(defaults[key] ? money(defaults[key], currency) : 0)})),
			...lists.map((key) => ({name: key, label: t(`limits.${key}`), value: own[key]?.join(' ') ?? '', hint: standard(defaults[key]), wide: true})),
			...switches.map((key) => ({name: key, label: t(`limits.${key}`), type: 'select', value: own[key] === true ? 'yes' : own[key] === false ? 'no' : '',
				options: [['', standard(t(defaults[key] ? 'yes' : 'no'))], ['yes', t('yes')], ['no', t('no')]]})),
			{name: 'quiet_hours', label: t('limits.quiet_hours'), type: 'select', value: own.quiet_hours ? 'own' : own.quiet_hours === false ? 'none' : '',
				options: [['', standard(hours(defaults.quiet_hours))], ['none', t('limits.quietNone')], ['own', t('limits.quietOwn')]]},
			...quiet.map((key) => ({name: `quiet_hours.${key}`, label: t(`limits.quiet.${key}`), placeholder: {from: '21:00', to: '08:00', time_zone: 'Europe/Berlin'}[key], value: own.quiet_hours?.[key] ?? ''})),
		],
		submit: async (values) => {
			const body = Object.fromEntries(Object.entries(own).filter(([key]) => !shown.includes(key)));	/* what this form does not know stays */
			for (const key of counts)
				if (values[key] !== '')
					body[key] = Number(values[key]);
			for (const key of sums)
				if (values[key] !== '')
					body[key] = Math.round(Number(values[key]) * 1e6);
			for (const key of lists)
				if (values[key].trim())
					body[key] = values[key].trim().split(/[\s,]+/);
			for (const key of switches)
				if (values[key])
					body[key] = values[key] === 'yes';
			if (values.quiet_hours === 'own')
				body.quiet_hours = Object.fromEntries(quiet.map((key) => [key, values[`quiet_hours.${key}`]]));
			else if (values.quiet_hours === 'none')
				body.quiet_hours = false;
			await api.put('/limits', body);
			toast(t('saved'), {undo: () => api.put('/limits', own)});
		}});
	return [usage(view), element];
}

/* ---- how long, and whose ---- */

const kept = ['words_days', 'recordings_days', 'calls_days', 'leads_days'];

async function retentionForm(signal) {
	const before = await api.get('/retention', {}, signal);
	return form({action: t('save'), columns: true,
		fields: kept.map((key) => ({name: key, label: t(`retention.${key}`), type: 'number', min: 0, max: 36500, required: true, value: before[key], hint: t('retention.hint')})),
		submit: async (values) => {
			const days = Object.fromEntries(kept.map((key) => [key, Number(values[key])]));
			const shorter = kept.some((key) => days[key] && (!before[key] || days[key] < before[key]));
			if (shorter && !await confirm(t('retention.title'), t('retention.sure'), t('retention.shorten')))
				return;
			await api.put('/retention', days);
			Object.assign(before, days);
			toast(t('saved'));
		}});
}

function erasures(signal) {
	const list = table({label: t('erasure.title'), signal, empty: empty(t('erasure.none')),
		columns: [{title: t('call.number'), cell: (row) => row.phone_number ?? h('code', {}, `${row.number_hash?.slice(0, 12) ?? ''}…`)}, {title: t('call.status'), cell: (row) => badge('erasureState', row.state)},
			{title: t('erasure.removed'), priority: 2, cell: (row) => (row.removed ? t('erasure.count', row.removed) : '–')}, {title: t('call.time'), priority: 2, align: 'end', cell: (row) => h('span.nowrap', {}, when(row.requested_at))}],
		load: async (cursor) => {
			const answer = await api.get('/erasures', {cursor}, signal);
			return {rows: answer.erasures, next: answer.next_cursor};
		}});
	const ask = form({action: t('erasure.do'), danger: true, columns: true,
		fields: [{name: 'phone_number', label: t('call.number'), type: 'tel', required: true, placeholder: '+15550100123'}, {name: 'reason', label: t('erasure.reason'), optional: true}],
		submit: async ({phone_number: phone, reason}) => {
			if (!await confirm(t('erasure.sureTitle', {number: phone}), t('erasure.sure'), t('erasure.do')))
				return;
			await api.post('/erasures', {phone_number: phone, ...(reason ? {reason} : {})});
			ask.reset();
			list.reload();
		}});
	return [h('p.soft', {}, t('erasure.text')), ask, list];
}

export default function settings({signal}) {
	return page(t('settings.title'), {},
		may('tenants:read') && panel(t('brand.title'), {}, place(() => brandForm(signal), signal)),
		may('leads:read') && panel(t('leadSettings.title'), {}, place(() => leadSettings(signal), signal)),
		may('limits:read') && panel(t('limits.title'), {className: 'spaced'}, place(() => limitsForm(signal), signal)),
		may('privacy') && panel(t('retention.title'), {}, place(() => retentionForm(signal), signal)),
		may('privacy') && panel(t('erasure.title'), {className: 'spaced'}, erasures(signal)));
}

/* A new call: to whom, by which agent or what instructions, and when. Then its page, to watch it ring. */
import * as api from '../core/api.js';
import {countries, countryOf, home, toE164} from '../core/countries.js';
import {h, newId} from '../core/dom.js';
import {phone, zone} from '../core/format.js';
import {navigate} from '../core/router.js';
import {t} from '../core/texts.js';
import {form} from '../ui/form.js';
import {page} from '../ui/page.js';
import {place} from '../ui/state.js';
import {toast} from '../ui/toast.js';
import {voiceField} from './voice_field.js';

function numberField(given) {
	const known = given && countryOf(given);
	const country = h('select', {'aria-label': t('new.country')}, countries.map(({code, dial, name}) =>
		h('option', {value: code, selected: code === (known ?? home).code}, `${name} (+${dial})`)));
	const number = h('input', {type: 'tel', name: 'phone_number', required: true, autocomplete: 'tel-national', 'aria-label': t('new.number'),
		value: known ? given.slice(known.dial.length + 1) : given ?? ''});
	const hint = h('p.hint', {role: 'status'});
	const chosen = () => countries.find(({code}) => code === country.value);
	const read = () => toE164(number.value, chosen());
	const show = () => {
		const found = number.value.trim().startsWith('+') && countryOf(`+${number.value.replaceAll(/\D/g, '')}`);
		if (found && found.dial !== chosen().dial)
			country.value = found.code;
		const full = read();
		hint.textContent = !number.value ? t('new.numberHint') : full ? t('new.willCall', {number: phone(full)}) : t('new.notYet');
	};
	number.addEventListener('input', show);
	country.addEventListener('change', show);
	show();
	return {element: h('div.number-field', {}, h('div.number-row', {}, country, number), hint), read, number};
}

/** The variables an agent asks for, to be filled in. */
function variableFields(agent) {
	const variables = Object.entries((agent?.published?.config ?? agent?.draft?.config)?.variables ?? {});
	const inputs = variables.map(([key, {description, default: standard}]) => {
		const id = newId('variable');
		const input = h('input', {id, name: key, placeholder: standard ?? ''});
		return {key, input, element: h('div.field', {}, h('label', {for: id}, key.replaceAll('_', ' ')), input, description && h('p.hint', {}, description))};
	});
	return {element: h('div.fields.columns', {}, inputs.map(({element}) => element)),
		values: () => Object.fromEntries(inputs.filter(({input}) => input.value).map(({key, input}) => [key, input.value]))};
}

async function build({query, signal}) {
	const [{agents}, numbers] = await Promise.all([api.get('/agents', {limit: 200}, signal),
		api.all('/numbers', 'numbers').catch(() => [])]);
	const number = numberField(query.get('number'));
	const callable = agents.filter((agent) => agent.source === 'built_in' || agent.published_version);
	let variables = variableFields(null);
	const variableBox = h('div');

	const element = form({
		action: t('new.call'),
		fields: [
			{name: 'phone_number', label: t('new.number'), control: number.element, read: () => number.read()},
			{name: 'agent', label: t('call.agent'), type: 'select', value: query.get('agent') ?? '', hint: t('new.agentHint'),
				options: [['', t('new.standardAgent')], ...callable.map((agent) => [agent.name, agent.description ? `${agent.name} – ${agent.description}` : agent.name])]},
			numbers.length > 0 && {name: 'from', label: t('call.from'), type: 'select', options: [['', t('new.standardNumber')],
				...numbers.map((one) => [one.number, one.label ? `${one.label} (${phone(one.number)})` : phone(one.number)])]},
			{name: 'variables', label: t('new.variables'), control: variableBox, read: () => variables.values()},
			voiceField({hint: t('new.voiceHint'), signal}),
			{name: 'scheduled_at', label: t('new.when'), type: 'datetime-local', optional: true, hint: t('new.whenHint', {zone})},
			{name: 'system_prompt', label: t('new.prompt'), type: 'textarea', optional: true, hint: t('new.promptHint'), wide: true},
			{name: 'first_message', label: t('new.first'), type: 'textarea', rows: 2, optional: true, wide: true},
		],
		submit: async (values) => {
			if (!values.phone_number)
				throw new api.ApiError({code: 'invalid_field', field: 'phone_number', message: t('new.badNumber')});
			const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value && (typeof value !== 'object' || Object.keys(value).length)));
			if (body.scheduled_at)
				body.scheduled_at = new Date(body.scheduled_at).toISOString();
			const call = await api.post('/calls/initiate', body);
			if (body.scheduled_at)
				toast(t('new.scheduled'));
			navigate(`/calls/${call.call_id}`);
		},
	});
	const showVariables = async () => {
		const chosen = element.fields.agent.value();
		const agent = chosen && await api.get(`/agents/${encodeURIComponent(chosen)}`, {}, signal).catch(() => null);
		variables = variableFields(agent || null);
		variableBox.replaceChildren(variables.element);
		element.fields.variables.element.hidden = !variables.element.children.length;
	};
	element.fields.agent.control.addEventListener('change', showVariables);
	await showVariables();
	return h('div.panel.narrow', {}, element);
}

export default function newCall(context) {
	return page(t('new.title'), {lead: t('new.lead')}, place(() => build(context), context.signal));
}

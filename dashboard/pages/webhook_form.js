/* The form of a webhook endpoint: where to, and which events. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';
import {form} from '../ui/form.js';

/** Boxes to tick, filled once the catalogue has come; everything is "*". */
function eventBoxes(chosen) {
	const everything = h('input', {type: 'checkbox', checked: !chosen || chosen.includes('*')});
	const boxes = h('div.checks');
	const element = h('div.stack-small', {}, h('label.check-line', {}, everything, t('webhook.all')), boxes);
	const show = () => { boxes.hidden = everything.checked; };
	everything.addEventListener('change', show);
	show();
	api.get('/webhooks/events').then(({events}) => boxes.append(...events.map(({type, description}) =>
		h('label', {title: description}, h('input', {type: 'checkbox', value: type, checked: chosen?.some((one) => one === type || (one.endsWith('.*') && type.startsWith(one.slice(0, -1))))}), type)))).catch(() => {});
	return {element, read: () => (everything.checked ? ['*'] : [...boxes.querySelectorAll('input:checked')].map(({value}) => value))};
}

export function endpointForm(endpoint, {action, submit, cancel}) {
	const events = eventBoxes(endpoint.events);
	return form({action, cancel, submit: (values) => submit({...values, max_concurrency: Number(values.max_concurrency), description: values.description || null}),
		fields: [
			{name: 'url', label: t('webhook.url'), type: 'url', required: true, value: endpoint.url ?? '', placeholder: 'https://example.com/hook'},
			{name: 'events', label: t('webhook.events'), control: events.element, read: events.read},
			{name: 'description', label: t('webhook.description'), value: endpoint.description ?? '', optional: true},
			{name: 'max_concurrency', label: t('webhook.concurrency'), type: 'number', min: 1, max: 16, value: endpoint.max_concurrency ?? 4, hint: t('webhook.concurrencyHint')},
		]});
}

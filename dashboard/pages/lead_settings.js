/* How the tenant takes leads: the form for it on the page of settings. */
import * as api from '../core/api.js';
import {may, viewer} from '../core/session.js';
import {changeSettings} from '../core/tenant.js';
import {t} from '../core/texts.js';
import {form} from '../ui/form.js';
import {facts} from '../ui/page.js';
import {toast} from '../ui/toast.js';

const standard = {call_backs_per_day: 50, collapse_minutes: 10};

async function agentOptions(chosen, signal) {
	const {agents} = await api.get('/agents', {limit: 200}, signal);
	const names = agents.filter((agent) => agent.source === 'built_in' || agent.published_version).map(({name}) => name);
	return [['', t('leadSettings.nobody')], ...[...new Set([...names, ...(chosen ? [chosen] : [])])].map((name) => [name, name])];
}

export async function leadSettings(signal) {
	const tenant = await api.get(`/tenants/${viewer().tenant_id}`, {}, signal);
	const given = {enabled: false, allowed_origins: [], ...standard, ...tenant.settings?.leads};
	if (!may('tenants:write'))
		return facts([[t('leadSettings.enabled'), t(given.enabled ? 'yes' : 'no')], [t('leadSettings.allowed_origins'), given.allowed_origins.join(' ')], [t('leadSettings.call_back_agent'), given.call_back_agent]]);
	const element = form({action: t('save'), columns: true,
		fields: [
			{name: 'enabled', label: t('leadSettings.enabled'), type: 'checkbox', value: given.enabled},
			{name: 'allowed_origins', label: t('leadSettings.allowed_origins'), value: given.allowed_origins.join(' '), hint: t('leadSettings.originsHint'), wide: true},
			{name: 'call_back_agent', label: t('leadSettings.call_back_agent'), type: 'select', options: await agentOptions(given.call_back_agent, signal), value: given.call_back_agent ?? '', hint: t('leadSettings.agentHint')},
			{name: 'call_backs_per_day', label: t('leadSettings.call_backs_per_day'), type: 'number', min: 0, max: 100000, required: true, value: given.call_backs_per_day},
			{name: 'collapse_minutes', label: t('leadSettings.collapse_minutes'), type: 'number', min: 0, max: 1440, required: true, value: given.collapse_minutes, hint: t('leadSettings.collapseHint')},
		],
		submit: async (values) => {
			const leads = {enabled: values.enabled, allowed_origins: values.allowed_origins.trim().split(/[\s,]+/).filter(Boolean), call_back_agent: values.call_back_agent || null,
				call_backs_per_day: Number(values.call_backs_per_day), collapse_minutes: Number(values.collapse_minutes)};
			await changeSettings(tenant.id, {leads});
			toast(t('saved'));
		}});
	return element;
}

/* The settings of a tenant are replaced as a whole: who changes a member leaves the others as they now are. */
import * as api from './api.js';

/** members: those to be set; undefined removes one. fields: others of the tenant, such as its name. */
export async function changeSettings(id, members, fields = {}) {
	const {settings} = await api.get(`/tenants/${id}`);
	const changed = Object.fromEntries(Object.entries({...settings, ...members}).filter(([, value]) => value !== undefined));
	await api.patch(`/tenants/${id}`, {...fields, settings: changed});
}

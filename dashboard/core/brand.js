/* The tenant's own name, colour and logo, where it has set them (its settings.brand). */
import * as api from './api.js';
import {may, viewer} from './session.js';

const standard = {name: 'voiceai', colour: null, logo: null};
/* What the accent lies on, light and dark, as styles/base.css has it. */
const papers = {light: [255, 255, 255], dark: [28, 29, 33]};
const leastContrast = 5.8;	/* so that 4.5 is left on a wash of the colour itself */

let current = standard;

export const brand = () => current;
export const logo = () => current.logo ?? '/favicon.svg';

const luminance = (rgb) => rgb.map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
	.reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);

function contrast(one, other) {
	const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
	return (high + 0.05) / (low + 0.05);
}

/** The colour, darkened or lightened until it can be read on paper. */
export function readable(hex, paper) {
	const base = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
	const end = luminance(paper) > 0.5 ? 0 : 255;
	for (let step = 0; step <= 20; step++) {
		const rgb = base.map((value) => Math.round(value + (end - value) * step / 20));
		if (contrast(rgb, paper) >= leastContrast)
			return `rgb(${rgb.join(' ')})`;
	}
	return end ? '#fff' : '#000';
}

export function show(wanted) {
	current = {...standard, ...Object.fromEntries(Object.entries(wanted ?? {}).filter(([, value]) => value))};
	const {style} = document.documentElement;
	for (const [scheme, paper] of Object.entries(papers)) {
		if (current.colour)
			style.setProperty(`--accent-${scheme}`, readable(current.colour, paper));
		else
			style.removeProperty(`--accent-${scheme}`);
	}
}

export async function applyBrand() {
	if (!may('tenants:read'))
		return;
	const tenant = await api.get(`/tenants/${viewer().tenant_id}`).catch(() => null);
	show(tenant?.settings?.brand);
}

/** Before anybody has signed in: of the tenant in the address (?tenant=ID), or of the only one. */
export async function applyPublicBrand() {
	const query = {tenant: new URLSearchParams(location.search).get('tenant')};
	show(await api.publicRequest('GET', '/brand', {query}).then((response) => response.json(), () => null));
}

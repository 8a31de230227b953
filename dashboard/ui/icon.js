/* Line icons on a grid of 24. They say nothing by themselves: a text beside them, or a label, does. */
import {svg} from '../core/dom.js';

const shapes = {
	live: 'M3 12h4l3-8 4 16 3-8h4',
	calls: 'M4 6h16M4 12h16M4 18h10',
	leads: 'M3 6h18v12H3zM3 7l9 7 9-7',
	new: 'M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A16 16 0 0 1 4 5a1 1 0 0 1 1-1M16 3v6M13 6h6',
	analytics: 'M4 20V10M10 20V4M16 20v-7M21 20H3',
	agents: 'M5 9h14v10H5zM12 9V5M12 4h.01M9 13.5v1M15 13.5v1',
	numbers: 'M9 4 7 20M17 4l-2 16M4 9h16M4 15h16',
	webhooks: 'M12 4a4 4 0 0 0-2 7.5L7 17M12 4a4 4 0 0 1 3.6 5.6M7 17h10M17 17a3 3 0 1 0-3-3',
	keys: 'M15 9a5 5 0 1 1-4 5l9-9M17 8l2 2M4 0',
	users: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5a6.5 6.5 0 0 1 3.5 5.5',
	audit: 'M5 4h14v16H5zM9 9h6M9 13h6M9 17h3',
	jobs: 'M4 7h10M4 12h7M4 17h7M20 13a4 4 0 1 0 0 5M20 10v3h-3',
	reference: 'M8 6l-5 6 5 6M16 6l5 6-5 6',
	settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
	tenants: 'M4 20V5h9v15M13 10h7v10M3 20h18M7 9h3M7 13h3M16 14h1',
	account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4 21a8 8 0 0 1 16 0',
	talk: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3M6 11a6 6 0 0 0 12 0M12 17v4',
	menu: 'M4 7h16M4 12h16M4 17h16',
	close: 'M6 6l12 12M18 6 6 18',
	check: 'M5 12.5 10 17l9-10',
	alert: 'M12 8v5M12 16.5v.01M12 3l10 18H2z',
	search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5',
	plus: 'M12 5v14M5 12h14',
	play: 'M7 4.5v15l12-7.5z',
	pause: 'M8 5v14M16 5v14',
	hangUp: 'M3 14c5-5 13-5 18 0l-3 3-3.5-2v-2.5a12 12 0 0 0-5 0V15L6 17z',
	theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
	out: 'M14 4H5v16h9M10 12h11M17 8l4 4-4 4',
	link: 'M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1',
	download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
	refresh: 'M20 11A8 8 0 1 0 18 17M20 5v6h-6',
	chevron: 'M9 5l7 7-7 7',
	inbound: 'M18 6 7 17M7 9v8h8',
	outbound: 'M6 18 17 7M9 7h8v8',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	ear: 'M7 9a5 5 0 1 1 10 1c0 4-4 4-4 8a3 3 0 0 1-5 2M10 9a2 2 0 1 1 3 2',
	quiet: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0M8 12h8',
};

export function icon(name) {
	return svg('svg.icon', {viewBox: '0 0 24 24', 'aria-hidden': 'true', focusable: 'false'}, svg('path', {d: shapes[name] ?? ''}));
}

// The order of the documentation, and a sentence on each. What is in docs/ and not named here comes at the end, under "More".
export const docGroups = [
	['First steps', {
		quickstart: 'From nothing to an agent of your own on a number of your own, in ten minutes.',
		agents: 'Who speaks on a call, and how: configurations, variables, drafts and versions.',
		flows: 'Conversations written down: states, answers, slots, a calendar.',
		numbers: 'Phone numbers, and which agent answers them.',
		dashboard: 'What the dashboard is made of, and a name, colour and logo of your own.',
	}],
	['Calls', {
		calls: 'Lists and filters, export, notes, another analysis.',
		scheduling: 'Calls for a certain time, and calls made again when nobody answers.',
		control: 'Saying something in a live call, instructing the agent, listening in, talking from a browser.',
		recordings: 'Where recordings lie, how they are had, links that expire.',
		analytics: 'Figures of a period beside the one before it, by agent and by day.',
		speech: 'How the embedded engine hears and speaks, what was measured, where its limits are.',
	}],
	['Integrating', {
		api: 'The contract of the API, and how it is tested.',
		webhooks: 'Events that are sent to you, signed, until they arrive.',
		live: 'Events over a WebSocket, as they happen.',
		leads: 'Forms of your web site, kept, told, and followed by a call.',
		connect: 'Twilio, Ultravox, OpenAI, a SIP trunk, a language model: connecting the real ones.',
		compatibility: 'What the embedded carrier and engine add to the vendors’ APIs, and what they leave out.',
		'sdk-js': 'The client for browsers and Node.js: calls, live events, lists of any length.',
		'sdk-python': 'The client for Python: calls, live events, lists of any length.',
	}],
	['Running it', {
		operate: 'Backup, restore, upgrade, keys, scaling.',
		access: 'Tenants, users, roles, sign-in and API keys.',
		security: 'What is threatened, what guards it, and what is left to you.',
		edge: 'What stands between the platform and people who mean harm: TLS, limits, toll fraud.',
		sealing: 'How data is sealed at rest, kept for a time, and forgotten.',
		storage: 'The database, and how data is moved.',
		postgresql: 'PostgreSQL, its replicas and TimescaleDB.',
		pods: 'Several servers on one database, and Redis.',
		deploy: 'Containers, Kubernetes, nginx, systemd, a Debian package.',
		jobs: 'Work that failed, and how it is done again.',
		observability: 'Metrics, alerts, traces, logs, cost, and a check-up.',
		runbook: 'What to do about each alert.',
	}],
	['How it is built', {
		architecture: 'For somebody who wants to change the code.',
		budgets: 'What was promised about speed and memory, what was seen, what is missing.',
	}],
];

export const intros = Object.assign({}, ...docGroups.map(([, docs]) => docs));

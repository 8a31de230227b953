// What the product does today. `doc` is where it is described.
export const features = [
	['On the phone', [
		['Calls out and in', 'calls', 'Place calls over the API, the command line or the dashboard; numbers of your own answer with the agent you give them.'],
		['Any way to the telephone network', 'numbers', 'Twilio, a SIP trunk, or a softphone on the same network. Numbers of a Twilio account are taken over with one request.'],
		['Later, and again', 'scheduling', 'Calls for a certain time; made again after no answer or busy, with the delays you choose; quiet hours in the time zone of those called.'],
		['Answers at once', 'budgets', 'Half a second from the end of the caller’s words to the agent’s first sound, measured on two virtual cores; it falls silent when somebody talks over it.'],
	]],
	['Agents', [
		['Written conversations', 'flows', 'A flow is a JSON file of states, answers and slots. It needs no model and no network, reads back what matters, and lets callers correct it.'],
		['Or a language model', 'agents', 'A prompt and a first message with variables, for Ultravox, or for the embedded engine with any OpenAI-compatible server.'],
		['Drafts and versions', 'agents', 'Change a draft, publish it, compare, go back. Every call says which version spoke.'],
		['Try it from the browser', 'control', 'Talk to an agent through the microphone: a call like any other, with transcript and summary.'],
	]],
	['While it is spoken', [
		['The words, live', 'live', 'Transcripts grow on the dashboard and over a WebSocket that resumes after the last event: nothing missed, nothing twice.'],
		['Listen in', 'control', 'Both sides in the browser, without either noticing.'],
		['Step in', 'control', 'Let the agent say a sentence now, or tell it something that the caller does not hear.'],
		['How fast it answers', 'live', 'Of every turn: when the caller stopped, when it was recognised, when the agent was heard.'],
	]],
	['Afterwards', [
		['Summary of every call', 'calls', 'Summary, key points, action items, highlights and sentiment; analysed again when you ask for it.'],
		['Recordings', 'recordings', 'Two channels, in a folder or an S3-compatible store, with links that expire and a page to share.'],
		['Figures', 'analytics', 'Calls, answer times, sentiment and cost of a period, by agent and by day; lists as CSV.'],
		['Cost of each call', 'observability', 'By component, from your rates, then corrected by what vendors measured and charged.'],
	]],
	['Integrating', [
		['An API with a contract', 'api', 'OpenAPI, tested against the running server; the reference can be tried out in place.'],
		['Signed webhooks', 'webhooks', 'Tried again until they arrive, replayed when you ask; endpoints that keep failing are paused and say so.'],
		['Clients for two languages', 'sdk-js', 'JavaScript and Python, typed, without dependencies; they resume live events and page through lists.'],
		['Forms of your web site', 'leads', 'Kept sealed, told as a webhook, exported as CSV; a visitor who asks for it and agrees is called back by an agent at once.'],
		['Vendors’ own APIs', 'compatibility', 'The embedded carrier speaks Twilio’s API, the engine Ultravox’s: their official clients work with them.'],
	]],
	['Running it', [
		['One binary, one file', 'storage', 'SQLite to begin with; PostgreSQL with replicas and TimescaleDB when it grows. Data moves between them.'],
		['Several pods', 'pods', 'Behind a load balancer on PostgreSQL and Redis; proved by killing pods, database and Redis under two hundred calls.'],
		['Sealed at rest', 'sealing', 'AES-256-GCM under keys of each tenant: words, numbers, recordings. Keys are changed while it runs; a person’s data is erased with proof.'],
		['Tenants, roles, keys', 'access', 'Four roles, invitations, API keys with scopes, an audit log. Isolation is a parameter no query can leave out.'],
		['Against toll fraud', 'edge', 'Countries, prefixes, premium ranges, calls and money a day, attempts at one number: a stolen key does not become a bill.'],
		['Metrics, traces, alerts', 'observability', 'Prometheus, OpenTelemetry with one trace a call, a Grafana dashboard, alert rules, and a runbook for each alert.'],
	]],
];

export const limits = [
	['English only, when embedded', 'speech', 'The embedded recogniser understands English. Other languages need a vendor, or models of your own.'],
	['Small grammars', 'flows', 'Embedded recognition is at its best when a question has few possible answers. Open talk is recognised worse, and the documentation says how much.'],
	['Not on the embedded carrier', 'compatibility', 'Transfers, conferences, queues, SRTP and answering machine detection: what is left out is listed.'],
	['Some budgets are missed', 'budgets', 'Speed that was promised and is not reached yet stands in the same table as the rest.'],
];

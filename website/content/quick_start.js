// The quick start in short; docs/quickstart.md has all of it, and a test runs it.
export const needs = [
	['Debian 12', 'root or sudo, to install packages'],
	['Two processor cores', 'for three conversations at once with the embedded recogniser'],
	['Nothing else', 'no account, no key, no internet beyond Debian’s packages'],
];

export const steps = [
	{ title: 'Start it', text: 'Installs what is missing, builds, starts the servers and places a spoken demo call. The dashboard is on port 8000 of your machine.', code: 'make run' },
	{ title: 'Place a call', text: 'To the phone that comes along, shown in the terminal as it is spoken.', code: 'build/release/voiceai call +15550100123 --agent survey' },
	{ title: 'Over the API', text: 'The same from a program. The reference on /docs of the server can be tried out.', code: `curl -s http://127.0.0.1:8000/api/v1/calls/initiate \\
     -H 'Content-Type: application/json' \\
     -d '{"phone_number": "+15550100123", "agent": "appointment"}'` },
	{ title: 'With your voice', text: 'Any softphone on the same machine reaches the agent. Or open “Talk to an agent” on the dashboard.', code: 'sip:anything@127.0.0.1:5060' },
	{ title: 'To the telephone network', text: 'Settings go into .env, then a restart. build/release/voiceai doctor says what is missing.', code: `# a SIP trunk
SIP_TRUNK_URI=sip:trunk.example.com

# or Twilio, and where it reaches you
TWILIO_ACCOUNT_SID=...
TWILIO_AUTH_TOKEN=...
TWILIO_PHONE_NUMBER=+1...
API_BASE_URL=https://voice.example.com` },
];

export const growth = [
	['Other machines', 'access', 'Bound to another address than loopback, it asks who you are; the start prints a link for the first owner.'],
	['TLS', 'edge', 'A certificate and its key; renewed files are taken up while it runs.'],
	['PostgreSQL', 'postgresql', 'DATABASE_URL; data moves over with export and import.'],
	['Several pods', 'pods', 'REDIS_URL, and a load balancer before them.'],
	['A language model', 'agents', 'LLM_API_URL and LLM_MODEL, for any OpenAI-compatible server.'],
	['Watching it', 'observability', 'Metrics, traces, a Grafana dashboard and alert rules are there.'],
];

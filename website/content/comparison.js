// Others, and what their own pages said; read in stored copies of them. Nothing without a source: `null` is "not looked up", never "no".
export const read = 'November 2026';

export const products = ['voiceai', 'Vapi', 'LiveKit Agents', 'Pipecat', 'jambonz'];

const vapi = { faq: 'https://docs.vapi.ai/faq', routing: 'https://vapi.mintlify.app/billing/cost-routing', model: 'https://docs.vapi.ai/custom_llm' };
const livekit = { readme: 'https://github.com/livekit/agents', hosting: 'https://docs.livekit.io/transport/self-hosting', models: 'https://docs.livekit.io/agents/models/', sip: 'https://github.com/livekit/sip' };
const pipecat = { licence: 'https://github.com/pipecat-ai/pipecat/blob/main/LICENSE', about: 'https://pypi.org/project/pipecat-ai/', phone: 'https://docs.pipecat.ai/guides/telephony/overview', twilio: 'https://docs.pipecat.ai/pipecat/telephony/twilio-websockets' };
const jambonz = { overview: 'https://docs.jambonz.org/guides/get-started/jambonz-overview', docs: 'https://docs.jambonz.org/docs/' };

/* [question, [statement, source] in the order of the products] */
export const rows = [
	['What it is', [
		['A platform: telephony, voice engine, analysis, dashboard and API in one binary', '/docs/architecture/'],
		['A hosted platform for developers of voice applications', vapi.faq],
		['A framework for realtime participants that run on servers, open source', livekit.readme],
		['A Python framework for voice and multimodal agents, open source (BSD 2-Clause)', pipecat.about],
		['A telephony platform for voice AI applications, open source (MIT)', jambonz.overview],
	]],
	['Where it can run', [
		['On your machines', '/docs/quickstart/'],
		null,
		['On your machines with LiveKit’s server, or in its cloud', livekit.hosting],
		['On your machines, or in Pipecat Cloud', pipecat.phone],
		['On your machines, air-gapped too, or hosted', jambonz.overview],
	]],
	['Speech and dialogue', [
		['Recognition, synthesis and dialogue are built in (English); or Ultravox, or a language model', '/docs/speech/'],
		['Providers for each stage, or your own, under your keys or passed on at cost', vapi.routing],
		['Providers by plugins; LiveKit’s own inference comes with its cloud only', livekit.hosting],
		['Many services can be plugged in; the telephone example needs keys for recognition, synthesis and a model', pipecat.twilio],
		['“Bring your own everything”: integrates speech and conversational AI vendors', jambonz.overview],
	]],
	['Telephone network', [
		['A SIP trunk, softphones, or Twilio', '/docs/compatibility/'],
		['Providers such as Twilio and Vonage; their numbers can be imported', vapi.routing],
		['SIP trunks through its SIP service, next to a server and Redis', livekit.sip],
		['Twilio, Telnyx, Plivo and Exotel over WebSocket, or SIP and PSTN through Daily', pipecat.phone],
		['Any SIP trunk', jambonz.overview],
	]],
	['How agents are made', [
		['Written flows, or a prompt; versions are published on a dashboard or over the API', '/docs/agents/'],
		['On a dashboard without code, or by programs', vapi.model],
		['Programs in Python or Node.js', livekit.readme],
		['Programs in Python: pipelines of modular parts', pipecat.about],
		['Applications over webhooks and REST, with SDKs', jambonz.docs],
	]],
	['What is charged', [
		['Nothing by voiceai; vendors and machines you choose', '/pricing/'],
		['Providers’ charges are passed on without a margin; for its own fee see its price list', vapi.routing],
		null,
		null,
		null,
	]],
];

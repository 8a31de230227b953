// The three ways of data of the architecture (an outbound call, an inbound call, the analysis afterwards), as the product takes them.
// A step is [from, to, text]; `both` goes both ways. Actors are named by their place.

export const flows = [
	{
		id: 'outbound', title: 'An outbound call', intro: 'From a request to a conversation. The audio goes between carrier and engine and never passes the platform.',
		actors: ['Client', 'Platform', 'Engine', 'Carrier', 'Phone'],
		steps: [
			[0, 1, 'The client asks for a call: POST /api/v1/calls/initiate. It is stored before it is answered; all that follows is a durable step.'],
			[1, 2, 'The platform makes a session at the voice engine.'],
			[2, 1, 'The engine answers with a join URL that works once.'],
			[1, 3, 'The platform asks the carrier to dial, with addresses that carry the call’s id.'],
			[3, 4, 'The carrier dials.'],
			[4, 3, 'Somebody answers.'],
			[3, 1, 'The carrier asks what to do: a signed webhook, /webhooks/twilio/connect.'],
			[1, 3, 'The platform answers with TwiML that names the engine’s stream.'],
			[3, 2, 'The carrier opens the audio stream to the engine, a WebSocket.'],
			[2, 4, 'Agent and caller talk.', 'both'],
			[1, 0, 'The client sees every word and state as it happens.'],
		],
	},
	{
		id: 'inbound', title: 'An inbound call', intro: 'A number has an agent; whoever calls it is answered by it.',
		actors: ['Phone', 'Carrier', 'Platform', 'Engine'],
		steps: [
			[0, 1, 'Somebody calls the number.'],
			[1, 2, 'The carrier asks what to do: a signed webhook, /webhooks/twilio/voice.'],
			[2, 3, 'The platform finds the agent of the number and makes a session for it.'],
			[3, 2, 'The engine answers with a join URL that works once.'],
			[2, 1, 'The platform answers with TwiML that names the stream. Too many calls at once are told that it is busy.'],
			[1, 3, 'The carrier opens the audio stream.', 'both'],
			[0, 3, 'Caller and agent talk.', 'both'],
		],
	},
	{
		id: 'analysis', title: 'The analysis afterwards', intro: 'A call’s end starts jobs that are tried again until they are done, on whichever server is there.',
		actors: ['Carrier', 'Platform', 'Analyser', 'Storage'],
		steps: [
			[0, 1, 'The carrier says that the call is over. However often and in whatever order that is told, it ends once.'],
			[1, 3, 'The platform reads the transcript, reconciled with the engine’s.'],
			[1, 2, 'It is sent to be analysed: to OpenAI, a compatible server, or the embedded analyser.'],
			[2, 1, 'Summary, key points, action items and sentiment come back.'],
			[1, 3, 'They are stored, sealed, and told as a live event and a webhook.'],
		],
	},
];

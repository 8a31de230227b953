// Twilio and Ultravox as far as the API bench needs them: they take every call at once and never call
// back, so that what is measured is the platform. A process of its own; prints its port.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const hex = (digits) => randomBytes(digits / 2).toString('hex');

const server = createServer((request, response) => {
	request.resume().on('end', () => {
		const answer = request.url.includes('/Calls')
			? { sid: `CA${hex(32)}`, status: 'queued', direction: 'outbound-api', duration: null }
			: { callId: randomUUID(), joinUrl: `ws://127.0.0.1:1/calls/${hex(32)}`, created: new Date().toISOString() };
		response.writeHead(request.method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
		response.end(JSON.stringify(answer));
	});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

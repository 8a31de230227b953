// Twilio and Ultravox as far as the API bench needs them: they take every call at once and never call
// back, so that what is measured is the platform. A process of its own; prints its port. GET /callbacks
// answers where whom would have been called back, and forgets it.
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const hex = (digits) => randomBytes(digits / 2).toString('hex');
let callbacks = [];

const server = createServer((request, response) => {
	let body = '';
	request.on('data', (data) => (body += data));
	request.on('end', () => {
		let answer;
		if (request.url === '/callbacks') {
			answer = callbacks;
			callbacks = [];
		} else if (request.url.includes('/Calls')) {
			const sid = `CA${hex(32)}`;
			const url = new URLSearchParams(body).get('StatusCallback');
			if (url) callbacks.push({ sid, url });
			answer = { sid, status: 'queued', direction: 'outbound-api', duration: null };
		} else {
			answer = { callId: randomUUID(), joinUrl: `ws://127.0.0.1:1/calls/${hex(32)}`, created: new Date().toISOString() };
		}
		response.writeHead(request.method === 'POST' ? 201 : 200, { 'Content-Type': 'application/json' });
		response.end(JSON.stringify(answer));
	});
});
server.keepAliveTimeout = 600e3; // what asks it again after a round of load finds its connection alive
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

// What sealing, metrics and tracing cost a request.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { root } from '../scenario/system.mjs';
import { initiation, line, loadOf, place, platform } from './harness.mjs';

/** A collector that takes every span and keeps none. */
async function collector() {
	const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	return { url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections(), server.close()) };
}

/**
 * Tracing is switched on and off; sealing and metrics are always there, so that theirs are counted: their share of
 * the instructions of a request.
 */
export async function costs() {
	const spans = await collector();
	const [off, on] = [await platform(), await platform({ OTEL_EXPORTER_OTLP_ENDPOINT: spans.url })];
	const targets = async ({ system }) => ({ get: { url: `${system.api}/calls/${await place(system.api, 50)}` }, initiate: { url: `${system.api}/calls/initiate`, body: initiation } });
	const [without, with_] = [await targets(off), await targets(on)];
	for (const name of ['get', 'initiate']) {
		const [a, b] = [[], []];
		for (let i = 0; i < 3; i++) {
			a.push(loadOf(off.system.servers.serve.pid, without[name]).cpu);
			b.push(loadOf(on.system.servers.serve.pid, with_[name]).cpu);
		}
		const [least, traced] = [Math.min(...a), Math.min(...b)];
		line(`${name}: processor time, without and with tracing`, `${least.toFixed(0)} / ${traced.toFixed(0)} us`, `${(traced / least).toFixed(2)}x`);
	}
	await off.stop();
	await on.stop();
	spans.stop();
	execFileSync(process.execPath, [join(root, 'tests/bench/instructions.mjs'), 'sqlite', 'get', 'initiate'], { stdio: 'inherit' });
}

// An S3 server of a test's own: a free port of 127.0.0.1, a data folder under the system's temporary
// one. It checks signatures, and knows the key S3RVER with the secret S3RVER.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../e2e/package.json', import.meta.url));

export class S3 {
	static async start({ bucket = 'voiceai', port = 0 } = {}) {
		const s3 = new S3();
		s3.bucket = bucket;
		s3.folder = mkdtempSync(join(tmpdir(), 'voiceai-s3-'));
		await s3.listen(port);
		return s3;
	}

	async listen(port) {
		const S3rver = require('@20minutes/s3rver');
		this.server = new S3rver({
			address: '127.0.0.1', port, silent: true, directory: this.folder, resetOnClose: false, vhostBuckets: false,
			configureBuckets: [{ name: this.bucket }],
		});
		// What was asked of it, for tests that count: "PUT", "PUT part", "POST complete"...
		this.requests = [];
		this.server.on('error', () => {});
		const { port: bound } = await this.server.run();
		this.port = bound;
		this.server.httpServer.prependListener('request', (request) => this.requests.push(`${request.method} ${request.url}`));
	}

	get settings() {
		return {
			RECORDING_STORE: 's3', S3_ENDPOINT: `http://127.0.0.1:${this.port}`, S3_BUCKET: this.bucket, S3_ACCESS_KEY: 'S3RVER', S3_SECRET_KEY: 'S3RVER', S3_PATH_STYLE: 'true',
		};
	}

	/** Names of the files in the bucket, as the server keeps them. */
	files() {
		return readdirSync(join(this.folder, this.bucket), { recursive: true }).filter((name) => name.endsWith('._S3rver_object'));
	}

	/** Away; listen(port) brings it back with what it had. */
	async leave() {
		this.server.httpServer.closeAllConnections?.();
		await this.server.close();
	}

	async stop() {
		await this.leave().catch(() => {});
		rmSync(this.folder, { recursive: true, force: true });
	}
}

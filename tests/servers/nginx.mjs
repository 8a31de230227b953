// An nginx of a test's own, before several servers: a free port of 127.0.0.1, files under the system's
// temporary folder, stopped by its process id.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const freePort = () =>
	new Promise((done, fail) => {
		const server = createServer();
		server.once('error', fail);
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
	});

export class Nginx {
	/** Before servers at `ports` of 127.0.0.1: one that does not answer is passed over, WebSockets pass. */
	static async start(ports) {
		const server = new Nginx();
		server.folder = mkdtempSync(join(tmpdir(), 'voiceai-nginx-'));
		chmodSync(server.folder, 0o755); // its workers are somebody else when it is root
		server.port = await freePort();
		server.file = join(server.folder, 'nginx.conf');
		writeFileSync(server.file, server.config(ports));
		await server.begin();
		return server;
	}

	config(ports) {
		const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `	${kind}_temp_path ${join(this.folder, kind)};`);
		return `
daemon off;
worker_processes 1;
pid ${join(this.folder, 'nginx.pid')};
error_log ${join(this.folder, 'error.log')};
events { worker_connections 4096; }
http {
${temp.join('\n')}
	access_log off;
	map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
	upstream pods {
${ports.map((port) => `		server 127.0.0.1:${port} max_fails=1 fail_timeout=1s;`).join('\n')}
		keepalive 64;
	}
	server {
		listen 127.0.0.1:${this.port};
		client_max_body_size 10m;
		location / {
			proxy_pass http://pods;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection $connection_upgrade;
			proxy_connect_timeout 2s;
			proxy_read_timeout 60s;
			proxy_next_upstream error timeout http_502 http_503;
			proxy_next_upstream_tries 3;
		}
	}
}
`;
	}

	async begin(seconds = 10) {
		this.log = '';
		this.child = spawn('nginx', ['-c', this.file, '-p', this.folder, '-e', join(this.folder, 'error.log')], { stdio: ['ignore', 'ignore', 'pipe'] });
		this.child.stderr.on('data', (text) => (this.log += text));
		this.exited = new Promise((done) => this.child.once('exit', done));
		const end = Date.now() + seconds * 1000;
		for (;;) {
			// Any answer will do: the servers behind it may not be there yet.
			if (await fetch(`${this.url}/health`).then(() => true, () => false)) return;
			if (this.child.exitCode !== null || Date.now() > end) throw new Error(`nginx did not start:\n${this.log}`);
			await pause(50);
		}
	}

	get url() {
		return `http://127.0.0.1:${this.port}`;
	}

	async stop() {
		if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
		await this.exited;
		rmSync(this.folder, { recursive: true, force: true });
	}
}

// A real Prometheus of a test's own: free port, data folder under the temporary one, ended by its id.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, until } from '../scenario/system.mjs';

/** Run promtool; answers {code, output}. */
export function promtool(args, input) {
	const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
	if (error) throw error;
	return { code: status, output: stdout + stderr };
}

export class Prometheus {
	/** jobs: { name: 'host:port' } to scrape each second; rules: paths of rule files. */
	static async start(jobs, { rules = [] } = {}) {
		const prometheus = new Prometheus();
		prometheus.folder = mkdtempSync(join(tmpdir(), 'voiceai-prometheus-'));
		const config = join(prometheus.folder, 'prometheus.yml');
		const scrapes = Object.entries(jobs).map(
			([name, target]) => `  - job_name: ${name}\n    static_configs:\n      - targets: ['${target}']\n`,
		);
		writeFileSync(
			config,
			`global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: ${JSON.stringify(rules)}\nscrape_configs:\n${scrapes.join('')}`,
		);
		const port = await freeTcpPort();
		prometheus.url = `http://127.0.0.1:${port}`;
		prometheus.output = '';
		prometheus.child = spawn(
			'prometheus',
			[`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${join(prometheus.folder, 'data')}`],
			{ stdio: ['ignore', 'pipe', 'pipe'] },
		);
		for (const stream of [prometheus.child.stdout, prometheus.child.stderr]) stream.on('data', (data) => (prometheus.output += data));
		prometheus.exited = new Promise((done) => prometheus.child.once('exit', done));
		prometheus.exited.then(() => (prometheus.gone = true));
		try {
			await until('Prometheus is ready', async () => {
				if (prometheus.gone) throw new Error(prometheus.output);
				return (await fetch(`${prometheus.url}/-/ready`)).ok;
			}, 60);
		} catch (error) {
			await prometheus.stop();
			throw error;
		}
		return prometheus;
	}

	async api(path, query = {}) {
		const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(query)}`);
		const { status, data, error } = await response.json();
		if (status !== 'success') throw new Error(error);
		return data;
	}

	/** The series of an instant query: [{ metric, value }], value a number. */
	async query(query) {
		const { result } = await this.api('query', { query });
		return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
	}

	async stop() {
		if (!this.gone) this.child.kill('SIGTERM');
		const late = setTimeout(() => this.child.kill('SIGKILL'), 10000);
		await this.exited;
		clearTimeout(late);
		rmSync(this.folder, { recursive: true, force: true });
	}
}

// The web host's side: an FTP session over TLS that is opened again when it breaks. Paths are those of the site.
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { posix } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, FTPError } from 'basic-ftp';

const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 500;

/** Asking again would not help: the server understood, or is not the one it should be. */
const isFinal = (error) => (error instanceof FTPError && error.code >= 500) || /^(ERR_TLS_CERT|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|HOSTNAME_MISMATCH)/.test(error.code ?? '') || error.name === 'AbortError';

export const isMissing = (error) => error instanceof FTPError && error.code === 550;

export class Remote {
	#client = null;
	#folders = new Set();

	/** settings: { host, port, user, password, folder, ca, timeoutMs }; signal: aborted when there is no time left. */
	constructor(settings, { signal, log }) {
		this.settings = settings;
		this.signal = signal;
		this.log = log;
		signal.addEventListener('abort', () => this.#client?.close());
	}

	async #connect() {
		const { host, port, user, password, folder, ca, timeoutMs } = this.settings;
		const client = new Client(timeoutMs);
		try {
			this.#client = client;
			await client.access({ host, port, user, password, secure: true, secureOptions: { ca, host, servername: isIP(host) ? undefined : host, minVersion: 'TLSv1.2', rejectUnauthorized: true } });
			await client.cd(folder);
			this.base = await client.pwd();
		} catch (error) {
			this.close();
			throw error;
		}
	}

	/** Do `work` with a session that is open; when the session breaks, again with another. */
	async #do(what, work) {
		for (let tries = 1; ; tries++) {
			try {
				this.signal.throwIfAborted();
				if (!this.#client || this.#client.closed) await this.#connect();
				return await work(this.#client);
			} catch (error) {
				this.signal.throwIfAborted();
				if (isFinal(error) || tries === MAX_TRIES) throw isMissing(error) ? error : new Error(`${what}: ${error.message}`, { cause: error });
				this.close();
				this.log(`again  ${what}: ${error.message}`);
				await pause(FIRST_PAUSE_MS * 2 ** (tries - 1), undefined, { signal: this.signal });
			}
		}
	}

	#path(path) {
		return posix.join(this.base, path);
	}

	/** Make the folders above a path. */
	async #makeFolders(client, path) {
		const above = posix.dirname(path);
		if (above === '.' || this.#folders.has(above)) return;
		await this.#makeFolders(client, above);
		// It may be there already, which servers answer in many ways; what counts is whether it takes the file.
		await client.sendIgnoringError(`MKD ${this.#path(above)}`);
		this.#folders.add(above);
	}

	/** source: () => a stream, asked again for every try. */
	async put(path, source) {
		await this.#do(`sending ${path}`, async (client) => {
			await this.#makeFolders(client, path);
			await client.uploadFrom(source(), this.#path(path));
		});
	}

	async putText(path, text) {
		await this.put(path, () => Readable.from([Buffer.from(text)]));
	}

	/** What is there, or null. */
	async text(path) {
		const chunks = [];
		try {
			await this.#read(path, (chunk) => chunks.push(chunk), () => chunks.splice(0));
		} catch (error) {
			if (isMissing(error)) return null;
			throw error;
		}
		return Buffer.concat(chunks).toString();
	}

	/** { hash, size } of what is there. */
	async hash(path) {
		let hash, size;
		const start = () => ([hash, size] = [createHash('sha256'), 0]);
		await this.#read(path, (chunk) => (hash.update(chunk), (size += chunk.length)), start);
		return { hash: hash.digest('hex'), size };
	}

	async #read(path, take, start) {
		await this.#do(`reading ${path}`, async (client) => {
			start();
			await client.downloadTo(new Writable({ write: (chunk, _, done) => (take(chunk), done()) }), this.#path(path));
		});
	}

	/** The files in a folder: Map of name to size; null when there is no such folder. */
	async list(folder) {
		try {
			const entries = await this.#do(`listing ${folder || '/'}`, (client) => client.list(this.#path(folder)));
			return new Map(entries.filter(({ isFile }) => isFile).map(({ name, size }) => [name, size]));
		} catch (error) {
			if (isMissing(error)) return null;
			throw error;
		}
	}

	/** Put one file in the place of another. */
	async move(from, to) {
		await this.#do(`moving ${from}`, async (client) => {
			try {
				await client.rename(this.#path(from), this.#path(to));
			} catch (error) {
				if (!(error instanceof FTPError)) throw error;
				// Either the session broke after the last try had moved it, or the server does not replace files.
				if (!(await exists(client, this.#path(from))) && (await exists(client, this.#path(to)))) return;
				await client.remove(this.#path(to), true);
				await client.rename(this.#path(from), this.#path(to));
			}
		});
	}

	async remove(path) {
		await this.#do(`deleting ${path}`, (client) => client.remove(this.#path(path))).catch((error) => {
			if (!isMissing(error)) throw error;
		});
	}

	/** Only when it is empty: servers refuse otherwise. */
	async removeFolder(folder) {
		await this.#do(`deleting ${folder}`, (client) => client.sendIgnoringError(`RMD ${this.#path(folder)}`));
	}

	close() {
		this.#client?.close();
		this.#client = null;
	}
}

async function exists(client, path) {
	try {
		await client.size(path);
		return true;
	} catch (error) {
		if (isMissing(error)) return false;
		throw error;
	}
}

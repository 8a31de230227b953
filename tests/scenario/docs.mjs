// The documents, as the tests that keep them true see them, and a reader's folder with a shell to type their
// commands into. What is a command, and how one is marked that no test can run: docs/README.md.
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { binary, freeTcpPort, freeUdpPort, root } from './system.mjs';

const places = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs', 'deploy', 'sdk', 'website'];

function* markdown(path) {
	if (path.endsWith('.md')) yield path;
	else if (!path.includes('.') && !path.endsWith('node_modules'))
		for (const entry of readdirSync(join(root, path), { withFileTypes: true })) if (entry.isDirectory() || entry.name.endsWith('.md')) yield* markdown(`${path}/${entry.name}`);
}

/** Paths of all documents. */
export const documents = places.filter((path) => existsSync(join(root, path))).flatMap((path) => [...markdown(path)]);
export const read = (path) => readFileSync(join(root, path), 'utf8');

/** The blocks of a document: {language, text, line}; language is null when it is indented, '' when the fence has none. */
export function blocks(text) {
	const found = [];
	let fence = null;
	let indented = null;
	let before = '';
	for (const [i, line] of text.split('\n').entries()) {
		const mark = line.match(/^( *)```(\w*)/);
		if (fence && mark) {
			found.push(fence);
			fence = null;
		} else if (fence) fence.text += `${line.slice(fence.indent)}\n`;
		else if (mark) fence = { language: mark[2], text: '', line: i + 2, indent: mark[1].length };
		else if (line.startsWith('    ') && (indented || !before.trim())) {
			indented ??= found[found.push({ language: null, text: '', line: i + 1 }) - 1];
			indented.text += `${line.slice(4)}\n`;
		} else if (line.trim()) indented = null;
		before = line;
	}
	return found;
}

/** The text outside of blocks. */
export const prose = (text) => text.replace(/^ *```[^]*?^ *```$/gm, '').replace(/(?<=\n\n)(?: {4}.*\n|\n)+/g, '\n');

const marked = /(?:^|\s)#.*\bneeds \S/;

/** The commands of a document: {text, line} of each block, without those that are marked as needing something. */
export function commands(path) {
	return blocks(read(path)).filter(({ language }) => language === 'sh').map(({ text, line }) => ({
		line,
		text: /^#.*\bneeds \S/.test(text) ? '' : text.split('\n').filter((one) => !marked.test(one)).join('\n'),
	})).filter(({ text }) => text.trim());
}

// Programs a reader may type here: none that changes the machine.
const programs = 'cat chmod cp createdb curl date grep head ls mkdir pg_dump pg_restore psql python3 rm sleep sort tail tar wc'.split(' ');

// What a reader types: `up` is an installation of its own, and goes on until it is ready, not until Ctrl-C; what wants
// the servers stopped has a copy of what they have.
const voiceai = `#!/bin/bash
PATH=${process.env.PATH}
case "$1" in
up)
	unset \${!TWILIO_*} \${!ULTRAVOX_*} \${!OPENAI_*}
	export $UP
	${resolve(binary)} "$@" & pid=$!
	for _ in $(seq 200); do
		command curl -sf "http://127.0.0.1:$PORT/ready" >/dev/null && break
		kill -0 $pid || break
		sleep 0.1
	done
	kill $pid
	wait $pid ;;
restore) DATA_DIR=$STOPPED_DATA_DIR exec ${resolve(binary)} "$@" ;;
*) exec ${resolve(binary)} "$@" ;;
esac
`;

// make is tried with -n: its targets are there, and what they would do is not done.
const prelude = `set -eE -o pipefail
trap 'echo "the block at line $at fails" >&2' ERR
curl() { command curl -s --fail-with-body "$@"; }
make() { PATH=${process.env.PATH} command make -n -C "$ROOT" "$@" >/dev/null; }
`;

/** A folder as a reader has it. */
export class Desk {
	constructor() {
		this.folder = mkdtempSync(join(tmpdir(), 'voiceai-desk-'));
		cpSync(join(root, 'config'), join(this.folder, 'config'), { recursive: true });
		for (const name of ['sdk', 'deploy', '.env.example']) symlinkSync(join(root, name), join(this.folder, name));
		mkdirSync(join(this.folder, 'build/release'), { recursive: true });
		mkdirSync(join(this.folder, 'bin'));
		for (const name of programs) this.#program(`bin/${name}`, `#!/bin/bash\nPATH=${process.env.PATH} exec ${name} "$@"\n`);
		this.#program('build/release/voiceai', voiceai);
	}

	#program(path, text) {
		writeFileSync(join(this.folder, path), text);
		chmodSync(join(this.folder, path), 0o755);
	}

	/** The servers that run beside it, from now on. */
	beside(system) {
		this.system = system;
		symlinkSync(system.settings.DATA_DIR, join(this.folder, 'data'));
	}

	/** What the shell printed. */
	async type(text) {
		const up = {
			PORT: await freeTcpPort(), CARRIER_PORT: await freeTcpPort(), ENGINE_PORT: await freeTcpPort(), SIP_PORT: await freeUdpPort(), DATA_DIR: join(this.folder, 'up'),
		};
		const env = {
			...this.system.settings, PATH: `${this.folder}/build/release:${this.folder}/bin`, PYTHONDONTWRITEBYTECODE: '1', ROOT: root,
			STOPPED_DATA_DIR: join(this.folder, 'stopped'), UP: Object.entries(up).map(([name, value]) => `${name}=${value}`).join(' '),
		};
		const child = spawn('/bin/bash', ['-c', prelude + text], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
		let output = '';
		for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
		const late = setTimeout(() => process.kill(-child.pid), 55000);
		return new Promise((done, fail) => child.once('close', (code) => clearTimeout(late) ?? (code === 0 ? done(output) : fail(new Error(`${code} from ${text}\n${output}\n${this.system.logs()}`)))));
	}

	close() {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

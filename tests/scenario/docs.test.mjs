// Protects: what the documents name is there. Links and their anchors, settings (both ways) and their defaults, metrics with their
// labels, routes, source files, subcommands with their options; every page can be reached from the index.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { find } from '../e2e/platform_contract.mjs';
import { blocks, documents, prose, read } from './docs.mjs';
import { binary, root } from './system.mjs';

const all = documents.map((path) => [path, read(path)]);
const plain = (text) => text.replace(/`([^`]*)`/g, '$1');
/** As GitHub and the website make them of headings. */
const anchor = (heading) => plain(heading).replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
const anchors = (text) => new Set([...text.replace(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading)));
const links = (text) => [...prose(text).replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' ')).matchAll(/\[[^\]]+\]\(([^)\s]+)\)/g)].map(([, target]) => target);
/** Words in code, of prose and blocks. */
const code = (text) => [...prose(text).matchAll(/`([^`]+)`/g)].map(([, words]) => words).concat(blocks(text).map((block) => block.text));

/** What is wrong in all documents: `look` yields sentences about one. */
function complaints(look) {
	const found = [];
	for (const [path, text] of all) for (const sentence of look(text, path)) found.push(`${path}: ${sentence}`);
	return found;
}

test('relative links lead to files, folders and headings that are there', () => {
	assert.deepEqual(complaints(function* (text, path) {
		for (const target of links(text)) {
			if (/^[a-z]+:/.test(target)) continue;
			const [file, heading] = target.split('#');
			const there = file ? normalize(join(dirname(path), file)) : path;
			if (!existsSync(join(root, there))) yield `there is no ${target}`;
			else if (heading && !(statSync(join(root, there)).isFile() && anchors(read(there)).has(heading))) yield `${target} has no such heading`;
		}
	}), []);
});

test('every page is reached from docs/README.md', () => {
	const seen = new Set(['docs/README.md']);
	for (const path of seen)
		for (const target of links(read(path)).map((one) => one.split('#')[0]).filter((one) => one.endsWith('.md') && !/^[a-z]+:/.test(one))) {
			const there = normalize(join(dirname(path), target));
			if (existsSync(join(root, there))) seen.add(there);
		}
	assert.deepEqual(documents.filter((path) => !seen.has(path)), []);
});

function* walk(folder) {
	for (const entry of readdirSync(join(root, folder), { withFileTypes: true }))
		if (!entry.isDirectory()) yield `${folder}/${entry.name}`;
		else if (!['node_modules', '.next', 'out'].includes(entry.name)) yield* walk(`${folder}/${entry.name}`);
}

test('source files in the documents are there', () => {
	const files = ['src', 'tests', 'tools', 'sdk', 'dashboard', 'deploy', 'website'].flatMap((folder) => [...walk(folder)]);
	assert.deepEqual(complaints(function* (text) {
		for (const words of code(text))
			for (const [name] of words.matchAll(/(?<![\w./*-])(?:[\w-]+\/)*\w+\.(?:c|h|mjs)\b/g))
				if (!files.some((file) => file === name || file.endsWith(`/${name}`))) yield `there is no ${name}`;
	}), []);
});

test('the tour of the README passes every folder', () => {
	const tour = blocks(read('README.md')).find(({ text }) => text.startsWith('src/main.c')).text;
	const named = new Set();
	for (const line of tour.trim().split('\n')) {
		const paths = line.split(/ {2,}/)[0].split(/[ ,]+/);
		for (const path of paths) named.add(path.includes('src/') || !paths[0].startsWith('src/') ? path : `src/${path}`);
	}
	for (const path of named) assert.ok(existsSync(join(root, path)), `there is no ${path}`);
	const tracked = spawnSync('git', ['ls-tree', '-d', '--name-only', 'HEAD', '.', 'src/'], { cwd: root, encoding: 'utf8' }).stdout ?? '';
	assert.deepEqual(tracked.split('\n').filter((name) => name && name !== 'src' && !name.startsWith('.') && !named.has(`${name}/`)), []);
});

// ---- settings ----

const settings = new Map([...execFileSync(binary, ['config', '--env'], { encoding: 'utf8' }).matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name, value]) => [name, value]));
/** Names in capitals that are no settings: states of a call, and what belongs to the shell, the tests, other programs. */
const others = new Set(['IN_PROGRESS', 'NO_ANSWER', 'SSL_CERT_FILE', 'CALL_ID', 'JOB_ID', 'FUZZ_SECONDS', 'CONTRACTS_DIR', 'TLS_DIR', 'DB_PASSWORD', 'SITE_URL']);
const isOther = (name) => others.has(name) || /^(TEST|NODE|NEXT_PUBLIC|WEBSITE|PYTHON|XDG|GITHUB|POSTGRES|FTP|DEBIAN)_/.test(name);

test('settings in the documents are settings', () => {
	assert.deepEqual(complaints(function* (text, path) {
		if (path.startsWith('sdk/')) return; // programs of others, with settings of their own
		for (const words of code(text))
			for (const [name] of words.matchAll(/(?<![\w./-])[A-Z][A-Z0-9]*_[A-Z0-9_]*(?![\w*])/g)) {
				const known = name.endsWith('_') ? [...settings.keys()].some((one) => one.startsWith(name)) : settings.has(name) || isOther(name);
				if (!known) yield `${name} is no setting`;
			}
	}), []);
});

test('every setting is in the documents', () => {
	const words = new Set(all.flatMap(([, text]) => text.match(/[A-Z][A-Z0-9_]+/g) ?? []));
	assert.deepEqual([...settings.keys()].filter((name) => !words.has(name)), []);
});

/** What a document says is the default of a setting: [name, number], in tables and in sentences. */
function* defaults(text) {
	const rows = text.split('\n').map((line) => (line.startsWith('|') ? line.split('|').slice(1, -1).map((cell) => cell.trim()) : null));
	let head = null;
	for (const [i, row] of rows.entries()) {
		if (row && !rows[i - 1]) head = row;
		if (!row || row === head || !head.includes('default') || !head.includes('setting')) continue;
		const [, name] = row[head.indexOf('setting')].match(/^`(\w+)`$/) ?? [];
		const value = row[head.indexOf('default')].replace(/^(\d+) MiB$/, (all, n) => String(n * 1048576));
		if (name && /^\d+$/.test(value)) yield [name, value];
	}
	for (const [, name, value] of text.matchAll(/`([A-Z][A-Z0-9_]+)`(?: \(|, )(\d[\d,]*)(?:\)| by default)/g)) yield [name, value];
	for (const [, value, name] of text.matchAll(/(\d[\d,]*) (?:seconds|minutes|hours|days|times in a row) \(`([A-Z][A-Z0-9_]+)`/g)) yield [name, value];
}

test('defaults in the documents are the defaults', () => {
	let count = 0;
	assert.deepEqual(complaints(function* (text) {
		for (const [name, value] of defaults(text)) {
			count++;
			if (settings.get(name) !== value.replaceAll(',', '')) yield `${name} is ${settings.get(name)}, not ${value}`;
		}
	}), []);
	assert.ok(count > 20, `${count} are looked at`);
});

// ---- metrics ----

const metrics = new Map([...read('src/core/metric_table.h').matchAll(/^METRIC\(\w+, "(\w+)", METRIC_(\w+), *"([^"]*)"/gm)].map(([, name, type, labels]) => [name, { type, labels: labels.split(/[\s,]+/).filter(Boolean) }]));
/** The metric of a name in a query: a histogram has three more. */
const metricOf = (name) => metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ''));
const contract = new Set(read('sdk/openapi.yaml').match(/\w+/g));

test('metrics in the documents are metrics, and their labels theirs', () => {
	assert.ok(metrics.size > 50);
	assert.deepEqual(complaints(function* (text, path) {
		for (const words of code(text)) {
			for (const [, name, labels] of words.matchAll(/\b([a-z]\w*)\{([a-z_]+(?:="[^"]*")?(?:,[a-z_]+(?:="[^"]*")?)*)\}/g)) {
				const metric = metricOf(name);
				if (!metric && path.startsWith('sdk/')) continue;
				if (!metric) yield `${name} is no metric`;
				else for (const label of labels.split(',').map((one) => one.split('=')[0])) if (!metric.labels.includes(label)) yield `${name} has no label ${label}`;
			}
			for (const [name] of words.matchAll(/(?<![\w./{-])(?!x_)[a-z]+_[a-z_]*(?:_total|_seconds|_bytes|_ratio|_count|_avg|_lost|_clients)\b(?![\w.(])/g))
				if (!metricOf(name) && !contract.has(name)) yield `${name} is no metric, and nothing of the API`;
		}
	}), []);
});

test('what a machine carries is reckoned from rows of the budgets', () => {
	const table = read('docs/operate.md').split('## What a machine carries')[1];
	const rows = [...table.matchAll(/"([^"]+)"/g)].map(([, row]) => row);
	assert.ok(rows.length > 5);
	const budgets = read('docs/budgets.md').toLowerCase();
	assert.deepEqual(rows.filter((row) => !budgets.includes(row.toLowerCase())), []);
});

// ---- routes and subcommands ----

test('routes in the documents are routes', () => {
	assert.deepEqual(complaints(function* (text) {
		for (const words of code(text))
			for (const [, methods, target] of words.matchAll(/\b((?:(?:GET|POST|PUT|PATCH|DELETE),? )+)(?:https?:\/\/[\w.:]+)?(\/[\w/{}.:+-]*)/g)) {
				if (!/^\/(api\/v1|health|ready|metrics)\b/.test(target) || target.includes('...')) continue;
				for (const method of methods.match(/[A-Z]+/g)) if (!find(method, target.replace(/[{}]/g, ''))) yield `there is no ${method} ${target}`;
			}
	}), []);
});

test('subcommands in the documents are there, with their options', () => {
	const help = (...args) => execFileSync(binary, [...args, '--help'], { encoding: 'utf8' });
	const commands = new Map([...execFileSync(binary, ['--help'], { encoding: 'utf8' }).matchAll(/^ {2}(\w+) +\S/gm)].map(([, name]) => [name, help(name)]));
	assert.ok(commands.size > 10);
	assert.deepEqual(complaints(function* (text) {
		for (const words of code(text))
			for (const [, name, rest] of words.matchAll(/(?:^|[;|(&] *)(?:\w+=\S* )*(?:[\w.]+\/)*voiceai ([a-z]+)((?: [^\n#|;&`)]*)?)/gm)) {
				if (!commands.has(name)) {
					yield `there is no voiceai ${name}`;
					continue;
				}
				for (const [option] of rest.matchAll(/(?<=\s)--[a-z-]+/g)) if (!commands.get(name).includes(option)) yield `voiceai ${name} has no ${option}`;
				const [, verb] = rest.match(/^ ([a-z-]+)$/) ?? [];
				if (name === 'keys' && verb && !commands.get(name).includes(verb)) yield `voiceai keys has no ${verb}`;
			}
	}), []);
});

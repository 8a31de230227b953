// Protects the dashboard's words: every text that its modules ask for by name is there, and none is left that nobody asks
// for; so that a second language can be made from one file.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../scenario/system.mjs';

const folder = join(root, 'dashboard');
const { default: texts } = await import(join(folder, 'core/texts.en.js'));
const sources = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js') && !file.includes('texts.')).map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
const asked = [...sources.matchAll(/'([a-zA-Z]+(?:\.[\w-]+)+)'|\bt\('(\w+)'/g)].map(([, dotted, plain]) => dotted ?? plain);
/* `tile.${key}` and name('status', value) ask for a group of texts. */
const groups = [...[...sources.matchAll(/`([a-zA-Z.]+)\.\$\{/g)].map(([, group]) => group), ...[...sources.matchAll(/\b(?:name|badge)\('(\w+)'/g)].map(([, group]) => group)];

test('every text asked for is there', () => {
	const used = [...sources.matchAll(/\bt\('([\w.-]+)'/g)].map(([, key]) => key);
	assert.deepEqual([...new Set(used.filter((key) => !(key in texts)))], []);
});

test('no text is left over', () => {
	const known = new Set(asked);
	assert.deepEqual(Object.keys(texts).filter((key) => !known.has(key) && !groups.some((group) => key.startsWith(`${group}.`))), []);
});

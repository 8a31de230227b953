#!/usr/bin/env node
// Build the site into WEBSITE_OUT (out), and seal its pages with a policy.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const out = process.env.WEBSITE_OUT ?? 'out';
const run = (...args) => execFileSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', WEBSITE_OUT: out } });

run(createRequire(import.meta.url).resolve('next/dist/bin/next'), 'build', '--turbopack');
run('tools/policy.mjs', out);

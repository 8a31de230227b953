// The figures for the budgets, each printed as one line: what, the figure, the budget.
import { api, postgres } from './api.mjs';
import { costs } from './costs.mjs';
import { callbacks, live } from './live.mjs';
import { barge_in, carrier, delay, turns } from './media.mjs';

const benches = { api, postgres, live, callbacks, costs, carrier, delay, turns, barge_in };

const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : Object.keys(benches)) {
	if (!benches[name]) throw new Error(`there is no bench "${name}"; there are: ${Object.keys(benches).join(', ')}`);
	await benches[name]();
}
process.exit(0);

/* The calls of a period that somebody should look at: what went worst comes first. */
import * as api from '../core/api.js';
import {t} from '../core/texts.js';
import {empty} from '../ui/state.js';
import {table} from '../ui/table.js';
import {callColumns} from './call_table.js';

const shown = 5;
const looked = 50;	/* of each kind, the latest */

/* A caller who was unhappy weighs most, then what was not reached, then what broke. */
function badness(call) {
	return (call.summary?.sentiment === 'negative' ? 4 : 0) + (call.outcome?.goal_reached === false ? 2 : 0) + (call.outcome?.hand_over ? 1 : 0)
		+ (call.status === 'FAILED' ? 2 : 0);
}

/** from, to: ISO times. */
export function worstCalls({from, to, signal}) {
	const load = async () => {
		const pages = await Promise.all([{sentiment: 'negative'}, {status: 'FAILED'}].map((filter) => api.get('/calls/', {...filter, from, to, limit: looked}, signal)));
		const all = new Map(pages.flatMap(({calls}) => calls).map((call) => [call.call_id, call]));
		const rows = [...all.values()].sort((a, b) => badness(b) - badness(a) || b.created_at.localeCompare(a.created_at));
		return {rows: rows.slice(0, shown), next: null};
	};
	return table({label: t('worst.title'), columns: callColumns, signal, load, href: (call) => `/calls/${call.call_id}`, key: (call) => call.call_id,
		empty: empty(t('worst.none'), t('worst.noneText'))});
}

/* What the analysis made of a call. */
import {isOver} from '../core/calls.js';
import {h} from '../core/dom.js';
import {t} from '../core/texts.js';

function list(title, items) {
	return items?.length ? [h('h3', {}, title), h('ul', {}, items.map((item) => h('li', {}, item)))] : null;
}

/** Elements; what stands for them while there is none. */
export function summary(call) {
	const found = call.summary;
	if (!found && !isOver(call))
		return h('p.soft', {}, t('summary.later'));
	if (!found || found.status === 'pending')
		return isOver(call) && call.started_at ? h('p.soft', {role: 'status'}, t('summary.pending')) : h('p.soft', {}, t('summary.none'));
	if (found.status === 'failed')
		return h('p.soft', {}, t('summary.failed', {reason: found.error ?? ''}));
	return [h('p.summary', {}, found.summary), list(t('summary.points'), found.key_points), list(t('summary.actions'), found.action_items),
		list(t('summary.highlights'), found.highlights)];
}

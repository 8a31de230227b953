/* Small words that say how something is. Never by colour alone. */
import {h} from '../core/dom.js';
import {name} from '../core/texts.js';
import {icon} from './icon.js';

const tones = {
	IN_PROGRESS: 'live', RINGING: 'wait', INITIATING: 'wait', PENDING: 'wait', COMPLETED: 'good', FAILED: 'bad', NO_ANSWER: 'warn', BUSY: 'warn',
	positive: 'good', negative: 'bad', neutral: 'plain', mixed: 'plain',
	active: 'good', paused: 'warn', suspended: 'bad', deactivated: 'plain', delivered: 'good', pending: 'wait', dead: 'bad',
	placed: 'good', refused: 'bad', none: 'plain',
	set: 'good', unset: 'plain', failed: 'bad', available: 'good', completed: 'good',
};

export function badge(group, value) {
	return value ? h('span.badge', {'data-tone': tones[value] ?? 'plain', 'data-value': value}, name(group, value)) : null;
}

export const status = (call) => badge('status', call.status);
export const sentiment = (value) => badge('sentiment', value);

export function direction(value) {
	return h('span.direction', {title: name('direction', value)}, icon(value === 'INBOUND' ? 'inbound' : 'outbound'),
		h('span.away', {}, name('direction', value)));
}

/* How loud it is: for the eyes, beside what the ears have. */
import {h} from '../core/dom.js';

export function meter(label) {
	const bar = h('span.meter-bar');
	const element = h('span.meter', {title: label, 'aria-hidden': 'true'}, bar);
	element.show = (level) => { bar.style.transform = `scaleX(${Math.min(1, level * 1.6).toFixed(3)})`; };
	element.show(0);
	return element;
}

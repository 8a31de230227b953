// Days as callers say them and as outcomes record them.
const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** The ISO date of "next thursday", which is that of next week, or of "thursday", the coming one. */
export function dateOf(text) {
	const [name, isNext] = text.startsWith('next ') ? [text.slice(5), true] : [text, false];
	const date = new Date();
	const from = (date.getDay() + 6) % 7;
	const to = days.indexOf(name);
	if (to < 0) throw new Error(`no day: ${text}`);
	date.setDate(date.getDate() + (isNext ? 7 - from + to : ((to - from + 6) % 7) + 1));
	return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
}

/* How times, lengths, numbers and money look to the viewer: in their zone and language. */
const lang = navigator.language;

const formats = {
	clock: new Intl.DateTimeFormat(lang, {hour: '2-digit', minute: '2-digit'}),
	precise: new Intl.DateTimeFormat(lang, {hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3}),
	day: new Intl.DateTimeFormat(lang, {day: 'numeric', month: 'short'}),
	dayOfYear: new Intl.DateTimeFormat(lang, {day: 'numeric', month: 'short', year: 'numeric'}),
	full: new Intl.DateTimeFormat(lang, {dateStyle: 'full', timeStyle: 'long'}),
	moment: new Intl.DateTimeFormat(lang, {dateStyle: 'medium', timeStyle: 'medium'}),
	number: new Intl.NumberFormat(lang),
	percent: new Intl.NumberFormat(lang, {style: 'percent', maximumFractionDigits: 0}),
	signed: new Intl.NumberFormat(lang, {style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero'}),
};

const none = '–';
const isNone = (value) => value === null || value === undefined || Number.isNaN(value);

/** The viewer's time zone, as the IANA database names it. */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const clock = (at) => (at ? formats.clock.format(new Date(at)) : none);
export const precise = (at) => (at ? formats.precise.format(new Date(at)) : none);
/** The day and the time to the second. */
export const moment = (at) => (at ? formats.moment.format(new Date(at)) : none);
export const full = (at) => (at ? formats.full.format(new Date(at)) : none);

export function day(at) {
	const date = new Date(at);
	return (date.getFullYear() === new Date().getFullYear() ? formats.day : formats.dayOfYear).format(date);
}

/** The time today, else the day and the time. */
export function when(at) {
	if (!at)
		return none;
	const date = new Date(at);
	return date.toDateString() === new Date().toDateString() ? clock(at) : `${day(at)}, ${clock(at)}`;
}

/** 75 is 1:15, 3675 is 1:01:15. */
export function duration(seconds) {
	if (isNone(seconds))
		return none;
	const whole = Math.max(0, Math.round(seconds));
	const two = (value) => String(value).padStart(2, '0');
	const minutes = Math.floor(whole / 60) % 60;
	return whole < 3600 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(whole / 3600)}:${two(minutes)}:${two(whole % 60)}`;
}

export const number = (value) => (isNone(value) ? none : formats.number.format(value));
export const percent = (share) => (isNone(share) ? none : formats.percent.format(share));
export const change = (share) => (isNone(share) || !Number.isFinite(share) ? none : formats.signed.format(share));

export function milliseconds(value) {
	if (isNone(value))
		return none;
	return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

export function bytes(value) {
	if (isNone(value))
		return none;
	return value < 1e6 ? `${Math.ceil(value / 1e3)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** Millionths of a currency. Small amounts keep the digits that say something. */
export function money(micros, currency) {
	if (isNone(micros))
		return none;
	const digits = micros !== 0 && Math.abs(micros) < 1e6 ? 4 : 2;
	return new Intl.NumberFormat(lang, {style: 'currency', currency: currency ?? 'USD', maximumFractionDigits: digits, minimumFractionDigits: 2})
		.format(micros / 1e6);
}

/** +15550100123 is +1 555 010 0123. An address that is no number stays as it is. */
export function phone(address) {
	if (!address)
		return none;
	if (/^\+1\d{10}$/.test(address))
		return address.replace(/^\+1(...)(...)(....)$/, '+1 $1 $2 $3');
	if (/^\+\d{8,15}$/.test(address))
		return address.replace(/^(\+\d\d)(\d{2,3})(\d+)$/, '$1 $2 $3');
	return address.replace(/^sips?:/, '');
}

/** A local day (YYYY-MM-DD) as the moment it begins; `plus` days later. */
export function dayStart(text, plus = 0) {
	const [year, month, date] = text.split('-').map(Number);
	return new Date(year, month - 1, date + plus);
}

export function dayText(date) {
	const two = (value) => String(value).padStart(2, '0');
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

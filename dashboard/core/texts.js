/*
 * Every word the dashboard says, by key. A language is a file texts.LANGUAGE.js and a row here.
 * A text may hold {name}; one that counts is an object of plural forms chosen by {count}.
 */
const languages = {
	en: () => import('./texts.en.js'),
};

const wanted = navigator.languages?.map((tag) => tag.split('-')[0]) ?? [];

/** The language of the dashboard: the first of the viewer's that there is. */
export const language = wanted.find((tag) => tag in languages) ?? 'en';

const texts = (await languages[language]()).default;
const plurals = new Intl.PluralRules(language);

export const hasText = (key) => key in texts;

export function t(key, values = {}) {
	let text = texts[key] ?? key;
	if (typeof text === 'object')
		text = text[plurals.select(values.count)] ?? text.other;
	return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A name of the API, such as NO_ANSWER: its text, or its words when it has none. */
export function name(group, value) {
	if (!value)
		return '';
	const key = `${group}.${value}`;
	return hasText(key) ? t(key) : value.toLowerCase().replaceAll(/[_.]/g, ' ');
}

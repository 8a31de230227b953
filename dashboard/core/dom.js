/*
 * Making elements. What is given as text becomes text, never markup.
 *
 *	h('button.primary', {type: 'button', onclick: save}, 'Save')
 */
const svgSpace = 'http://www.w3.org/2000/svg';

function fill(element, classes, attributes, children) {
	if (classes.length)
		element.setAttribute('class', classes.join(' '));
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (value === null || value === undefined || value === false)
			continue;
		if (name.startsWith('on'))
			element.addEventListener(name.slice(2), value);
		else if (name === 'value')
			element.value = value;
		else
			element.setAttribute(name, value === true ? '' : value);
	}
	element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
	return element;
}

export function h(what, attributes, ...children) {
	const [tag, ...classes] = what.split('.');
	return fill(document.createElement(tag), classes, attributes, children);
}

export function svg(what, attributes, ...children) {
	const [tag, ...classes] = what.split('.');
	return fill(document.createElementNS(svgSpace, tag), classes, attributes, children);
}

let lastId = 0;

/** An id for an element that another one refers to. */
export const newId = (name) => `${name}-${++lastId}`;

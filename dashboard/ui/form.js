/*
 * Forms. The API checks what is sent: its error names a field, and is shown beside it.
 *
 *	form({fields: [{name, label, type, value, hint, required, options, ...}], submit, action})
 *
 * A field may bring its own element as `control`, with `read` for its value.
 */
import {h, newId} from '../core/dom.js';
import {t} from '../core/texts.js';

function control(field, id) {
	const common = {id, name: field.name, required: field.required, readonly: field.readonly, disabled: field.disabled};
	if (field.type === 'textarea')
		return h('textarea', {...common, rows: field.rows ?? 4, spellcheck: field.spellcheck, value: field.value ?? ''});
	if (field.type === 'select')
		return h('select', common, field.options.map(([value, text]) =>
			h('option', {value, selected: value === (field.value ?? '')}, text)));
	if (field.type === 'checkbox')
		return h('input', {...common, type: 'checkbox', checked: field.value});
	return h('input', {...common, type: field.type ?? 'text', value: field.value ?? '', placeholder: field.placeholder, list: field.list,
		autocomplete: field.autocomplete ?? 'off', min: field.min, max: field.max, step: field.step, inputmode: field.inputmode,
		pattern: field.pattern, maxlength: field.maxlength});
}

class Field {
	constructor(field) {
		const id = newId('field');
		this.name = field.name;
		this.read = field.read;
		this.control = field.control ?? control(field, id);
		if (field.control && !this.control.id && field.control.matches('input,select,textarea'))
			this.control.id = id;
		this.error = h('p.field-error', {id: `${id}-error`, hidden: true});
		const hint = field.hint && h('p.hint', {id: `${id}-hint`}, field.hint);
		const described = `${field.hint ? `${id}-hint ` : ''}${id}-error`;
		const label = [field.label, !field.required && field.optional && h('span.soft', {}, ` ${t('form.optional')}`)];
		const isGroup = field.control && !field.control.matches('input,select,textarea');
		if (isGroup)
			this.element = h('fieldset.field', {'aria-describedby': described}, h('legend', {}, label), this.control, hint, this.error);
		else if (field.type === 'checkbox')
			this.element = h('div.field.check', {}, this.control, h('label', {for: this.control.id}, label), hint, this.error);
		else
			this.element = h('div.field', {class: field.wide ? 'field span' : 'field'},
				h('label', {for: this.control.id}, label),
				this.control, hint, this.error);
		if (!isGroup)
			this.control.setAttribute('aria-describedby', described);
	}

	value() {
		if (this.read)
			return this.read();
		return this.control.type === 'checkbox' ? this.control.checked : this.control.value;
	}

	complain(message) {
		this.error.textContent = message;
		this.error.hidden = !message;
		const target = this.control.matches('input,select,textarea') ? this.control : this.element;
		if (message)
			target.setAttribute('aria-invalid', 'true');
		else
			target.removeAttribute('aria-invalid');
	}

	focus() {
		(this.control.matches('input,select,textarea') ? this.control : this.control.querySelector('input,select,textarea'))?.focus();
	}
}

/**
 * submit(values) is awaited; what it throws is shown. The element has `fields` by name. With `clears`
 * it is empty again afterwards, unless somebody has written on meanwhile.
 */
export function form({fields, submit, action, danger, cancel, columns, clears}) {
	const all = fields.filter(Boolean).map((field) => new Field(field));
	const problem = h('p.form-error', {role: 'alert', hidden: true});
	const button = h(danger ? 'button.danger' : 'button.primary', {}, action);
	const element = h('form', {novalidate: true},
		problem,
		h(columns ? 'div.fields.columns' : 'div.fields', {}, all.map((field) => field.element)),
		h('div.actions', {}, cancel && h('button', {type: 'button', onclick: cancel}, t('dialog.cancel')), button));

	const read = () => Object.fromEntries(all.map((field) => [field.name, field.value()]));
	const complain = (name, message) => {
		const field = all.find((one) => one.name === name) ?? all.find((one) => name?.startsWith(`${one.name}.`));
		if (field) {
			field.complain(message);
			field.focus();
		} else {
			problem.textContent = message;
			problem.hidden = false;
		}
	};
	element.addEventListener('submit', async (event) => {
		event.preventDefault();
		problem.hidden = true;
		all.forEach((field) => field.complain(''));
		const invalid = all.find((field) => field.control.validity && !field.control.validity.valid);
		if (invalid) {
			complain(invalid.name, invalid.control.validationMessage);
			return;
		}
		button.disabled = true;
		element.setAttribute('aria-busy', 'true');
		const values = read();
		try {
			await submit(values);
			if (clears && JSON.stringify(read()) === JSON.stringify(values))
				element.reset();
		} catch (error) {
			complain(error.field, error.message);
		}
		button.disabled = false;
		element.removeAttribute('aria-busy');
	});
	element.fields = Object.fromEntries(all.map((field) => [field.name, field]));
	return element;
}

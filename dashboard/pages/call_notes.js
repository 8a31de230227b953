/* What people wrote down about a call, newest first. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {when} from '../core/format.js';
import {may} from '../core/session.js';
import {name, t} from '../core/texts.js';
import {form} from '../ui/form.js';
import {panel} from '../ui/page.js';
import {place} from '../ui/state.js';

export class Notes {
	constructor(callId, signal) {
		this.path = `/calls/${callId}/notes`;
		this.known = new Set();
		this.list = h('ul.notes');
		this.none = h('p.soft', {}, t('notes.none'));
		const all = place(async () => {
			const {notes} = await api.get(this.path, {}, signal);
			notes.reverse().forEach((note) => this.add(note));
			return [this.none, this.list];
		}, signal, {lines: 1});
		this.element = panel(t('notes.title'), {}, all, may('calls:write') && this.writing());
	}

	add(note) {
		if (this.known.has(note.note_id))
			return;
		this.known.add(note.note_id);
		this.none.hidden = true;
		this.list.prepend(h('li', {}, h('p', {}, note.text), h('p.hint', {}, `${note.author.name ?? name('actor', note.author.kind)} · ${when(note.created_at)}`)));
	}

	writing() {
		return form({clears: true, action: t('notes.add'), fields: [{name: 'text', label: t('notes.text'), type: 'textarea', rows: 2, required: true}],
			submit: async (values) => {
				const note = await api.post(this.path, values);
				if (note?.note_id)
					this.add(note);
			}});
	}
}

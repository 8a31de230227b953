/*
 * The words of a call, turn by turn. A partial turn grows in place and turns final there; far turns
 * cost nothing until they come into sight (content-visibility).
 */
import {h} from '../core/dom.js';
import {duration, milliseconds} from '../core/format.js';
import {name, t} from '../core/texts.js';

export class Transcript {
	/** startedAt: what times count from; onSeek(seconds, turn): a turn was chosen, NULL where it cannot be. */
	constructor({label, startedAt = null, onSeek = null}) {
		this.turns = new Map();	/* ordinal -> {turn, element, ...} */
		this.startedAt = startedAt;
		this.onSeek = onSeek;
		this.none = h('p.soft.none', {}, t('transcript.none'));
		this.list = h('ol.turns');
		this.element = h('div.transcript', {tabindex: '0', role: 'region', 'aria-label': label}, this.none, this.list);
		this.current = null;
		this.follows = true;	/* what comes is brought into sight, as long as the end is */
	}

	get size() {
		return this.turns.size;
	}

	seconds(turn) {
		return this.startedAt && turn.timestamp ? (Date.parse(turn.timestamp) - Date.parse(this.startedAt)) / 1000 : null;
	}

	isAtEnd() {
		const {scrollHeight, scrollTop, clientHeight} = this.element;
		return scrollHeight - scrollTop - clientHeight < 48;
	}

	/** A turn as the API or a live event tells it. A final one is never replaced by a partial. */
	set(turn, final) {
		const known = this.turns.get(turn.ordinal);
		if (known?.final && !final)
			return;
		const wasAtEnd = this.follows && this.isAtEnd();
		const entry = known ?? this.add(turn);
		entry.turn = {...entry.turn, ...turn};
		entry.final = final;
		entry.timing = turn.timing ?? entry.timing;
		this.draw(entry);
		if (wasAtEnd)
			this.element.scrollTop = this.element.scrollHeight;
	}

	setTiming(timing) {
		const entry = this.turns.get(timing.ordinal) ?? this.add({ordinal: timing.ordinal, text: '', speaker: 'agent'});
		entry.timing = timing;
		this.draw(entry);
	}

	/** Many at once. */
	fill(turns) {
		this.follows = false;
		for (const turn of turns)
			this.set(turn, true);
	}

	add(turn) {
		const entry = {turn, final: false, timing: null};
		entry.time = h('span.turn-time');
		entry.who = h('span.turn-who');
		entry.text = h('p.turn-text');
		entry.note = h('p.turn-note', {hidden: true});
		const head = this.onSeek
			? h('button.turn-head', {type: 'button', onclick: () => this.onSeek(this.seconds(entry.turn), entry.turn)}, entry.who, entry.time)
			: h('div.turn-head', {}, entry.who, entry.time);
		entry.element = h('li.turn', {'data-ordinal': turn.ordinal}, head, entry.text, entry.note);
		this.turns.set(turn.ordinal, entry);
		let after = this.list.lastElementChild;
		while (after && Number(after.dataset.ordinal) > turn.ordinal)
			after = after.previousElementSibling;
		if (after)
			after.after(entry.element);
		else
			this.list.prepend(entry.element);
		this.none.hidden = true;
		return entry;
	}

	draw(entry) {
		const {turn, element, timing} = entry;
		element.dataset.speaker = turn.speaker;
		element.classList.toggle('partial', !entry.final);
		element.hidden = !turn.text;
		entry.who.textContent = name('speaker', turn.speaker);
		entry.time.textContent = duration(this.seconds(turn));
		entry.text.textContent = turn.text;
		const notes = [];
		if (typeof turn.confidence === 'number' && turn.speaker === 'user')
			notes.push(t('transcript.sure', {percent: Math.round(turn.confidence * 100)}));
		if (timing?.first_audio_ms >= 0)
			notes.push(t('transcript.answer', {time: milliseconds(timing.first_audio_ms)}));
		entry.note.textContent = notes.join(' · ');
		entry.note.hidden = notes.length === 0;
	}

	/** The last turn that has begun by then is marked, and brought into sight. */
	mark(seconds) {
		let found = null;
		for (const entry of this.turns.values())
			if (this.seconds(entry.turn) <= seconds + 0.05 && (!found || entry.turn.ordinal > found.turn.ordinal))
				found = entry;
		if (found === this.current)
			return;
		this.current?.element.removeAttribute('aria-current');
		this.current = found;
		if (!found)
			return;
		found.element.setAttribute('aria-current', 'true');
		const box = this.element.getBoundingClientRect(), row = found.element.getBoundingClientRect();
		if (row.top < box.top || row.bottom > box.bottom)
			this.element.scrollTop += row.top - box.top - box.height / 3;
	}
}

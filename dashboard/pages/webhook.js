/* One endpoint of outgoing webhooks: how it is, and every delivery with what was sent and answered. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {full, milliseconds, when} from '../core/format.js';
import {navigate} from '../core/router.js';
import {may} from '../core/session.js';
import {t} from '../core/texts.js';
import {badge} from '../ui/badge.js';
import {confirm, dialog} from '../ui/dialog.js';
import {icon} from '../ui/icon.js';
import {facts, page, panel} from '../ui/page.js';
import {empty, place} from '../ui/state.js';
import {table} from '../ui/table.js';
import {toast, toastError} from '../ui/toast.js';
import {showSecret} from './secret.js';
import {endpointForm} from './webhook_form.js';

const states = ['pending', 'delivered', 'dead'];

class WebhookPage {
	constructor({params, query, signal, setQuery, onQuery}) {
		Object.assign(this, {path: `/webhooks/${encodeURIComponent(params.id)}`, query, signal, setQuery});
		this.deliveries = this.makeDeliveries();
		this.box = place(() => this.draw(), signal);
		onQuery((fresh) => {
			this.query = fresh;
			this.deliveries.reload();
		});
	}

	get mayWrite() {
		return may('webhooks:write');
	}

	async draw() {
		const hook = this.hook = await api.get(this.path, {}, this.signal);
		const filter = h('select', {'aria-label': t('delivery.state'), onchange: (event) => this.setQuery({state: event.target.value})},
			h('option', {value: ''}, t('delivery.any')), states.map((state) => h('option', {value: state, selected: state === this.query.get('state')}, t(`delivery.${state}`))));
		return page(new URL(hook.url).host, {back: h('a.back', {href: '/webhooks'}, t('webhooks.title')), lead: hook.description, actions: this.mayWrite && this.actions()},
			panel(t('webhook.endpoint'), {}, facts([[t('webhook.url'), hook.url], [t('call.status'), badge('webhookState', hook.state)], [t('webhook.pauseReason'), hook.pause_reason],
				[t('webhook.events'), hook.events.includes('*') ? t('webhook.all') : hook.events.join(', ')], [t('webhook.concurrency'), String(hook.max_concurrency)],
				[t('webhook.failures'), hook.failures ? String(hook.failures) : null], [t('webhook.lastError'), hook.last_error], [t('webhook.lastSuccess'), hook.last_success_at && full(hook.last_success_at)]])),
			panel(t('delivery.title'), {actions: [filter, this.mayWrite && h('button', {type: 'button', onclick: () => this.replayDead()}, t('delivery.replayDead'))]}, this.deliveries));
	}

	actions() {
		const {hook} = this;
		const act = (what, text) => h('button', {type: 'button', onclick: () => this.post(what)}, text);
		return [act('test', t('webhook.test')), hook.state === 'paused' ? act('resume', t('webhook.resume')) : act('pause', t('webhook.pause')),
			h('button', {type: 'button', onclick: () => this.edit()}, t('edit')), h('button', {type: 'button', onclick: () => this.rotate()}, t('webhook.rotate')),
			h('button.danger', {type: 'button', onclick: () => this.remove()}, t('webhook.delete'))];
	}

	makeDeliveries() {
		return table({label: t('delivery.title'), signal: this.signal, key: (row) => row.event_id, empty: empty(t('delivery.none')),
			columns: [
				{title: t('delivery.event'), cell: (row) => h('button.link', {type: 'button', onclick: () => this.open(row)}, row.type)},
				{title: t('call.status'), plain: true, cell: (row) => badge('delivery', row.state)},
				{title: t('delivery.answer'), priority: 2, cell: (row) => row.last_status || row.last_error || '–'},
				{title: t('delivery.attempts'), priority: 3, align: 'end', cell: (row) => String(row.attempts)},
				{title: t('call.time'), priority: 2, align: 'end', cell: (row) => h('span.nowrap', {}, when(row.created_at))},
				this.mayWrite && {title: '', align: 'end', cell: (row) => h('button', {type: 'button', onclick: () => this.replay(row)}, t('delivery.replay'))},
			].filter(Boolean),
			load: async (cursor) => {
				const answer = await api.get(`${this.path}/deliveries`, {limit: 50, cursor, state: this.query.get('state')}, this.signal);
				return {rows: answer.deliveries, next: answer.next_cursor};
			}});
	}

	open(row) {
		return dialog(row.type, () => place(async () => {
			const one = await api.get(`${this.path}/deliveries/${encodeURIComponent(row.event_id)}`);
			return h('div.stack', {}, facts([[t('delivery.id'), h('code', {}, one.event_id)], [t('call.status'), badge('delivery', one.state)],
				[t('call.title'), one.call_id && h('a', {href: `/calls/${one.call_id}`, onclick: (event) => event.target.closest('dialog').close()}, one.call_id)],
				[t('delivery.next'), one.next_attempt_at && full(one.next_attempt_at)]]),
			h('h3', {}, t('delivery.log')), one.attempt_log.length ? h('ul.stack-small', {}, one.attempt_log.map((attempt) => h('li', {}, h('p', {}, t('delivery.attempt', {attempt: attempt.attempt,
				time: full(attempt.at), length: milliseconds(attempt.duration_ms)}), ' ', h('strong', {}, attempt.status || attempt.error || '')), attempt.response && h('pre', {tabindex: '0'}, attempt.response)))) : h('p.soft', {}, t('delivery.noAttempt')),
			h('h3', {}, t('delivery.request')), h('pre', {tabindex: '0'}, JSON.stringify(one.request, null, 2)));
		}), {wide: true});
	}

	async act(work, text) {
		try {
			const answer = await work();
			if (text)
				toast(text(answer));
			return answer;
		} catch (error) {
			toastError(error);
			return null;
		}
	}

	async post(what) {
		if (await this.act(() => api.post(`${this.path}/${what}`), () => t(`webhook.${what}.done`)))
			this.reload();
	}

	reload() {
		this.box.reload();
		this.deliveries.reload();
	}

	edit() {
		return dialog(t('webhook.endpoint'), (close) => endpointForm(this.hook, {action: t('save'), cancel: () => close(), submit: async (values) => {
			await api.patch(this.path, values);
			close();
			toast(t('saved'));
			this.box.reload();
		}}));
	}

	async rotate() {
		if (!await confirm(t('webhook.rotateTitle'), t('webhook.rotateText'), t('webhook.rotate'), {danger: false}))
			return;
		const answer = await this.act(() => api.post(`${this.path}/rotate`));
		if (answer)
			await showSecret(t('webhook.secretTitle'), t('webhook.secretText'), answer.secret);
	}

	async remove() {
		if (!await confirm(t('webhook.deleteTitle'), t('webhook.deleteText'), t('webhook.delete')))
			return;
		try {
			await api.remove(this.path);
			toast(t('webhook.deleted'));
			navigate('/webhooks');
		} catch (error) {
			toastError(error);
		}
	}

	async replay(row) {
		if (await this.act(() => api.post(`${this.path}/deliveries/${encodeURIComponent(row.event_id)}/replay`), () => t('delivery.replayed', {count: 1})))
			this.deliveries.reload();
	}

	async replayDead() {
		const day = 86400e3;
		if (!await confirm(t('delivery.replayDead'), t('delivery.replayDeadText'), t('delivery.replay'), {danger: false}))
			return;
		if (await this.act(() => api.post(`${this.path}/replay`, {from: new Date(Date.now() - 30 * day).toISOString(), to: new Date().toISOString(), state: 'dead'}),
			({replayed}) => t('delivery.replayed', {count: replayed})))
			this.deliveries.reload();
	}
}

export default (context) => new WebhookPage(context).box;

/* A link to a call, or to its recording alone, that works without signing in, for a while. */
import * as api from '../core/api.js';
import {h} from '../core/dom.js';
import {full} from '../core/format.js';
import {t} from '../core/texts.js';
import {dialog} from '../ui/dialog.js';
import {form} from '../ui/form.js';
import {toast} from '../ui/toast.js';
import {linksOf} from './call_links.js';

const lengths = [['3600', 'share.hour'], ['86400', 'share.day'], ['604800', 'share.week']];
const paths = {call: 'links', recording: 'recording/link'};

export function share(call) {
	const hasRecording = call.recording?.status === 'available';
	return dialog(t('share.title'), (close) => {
		const result = h('div.stack-small');
		const links = linksOf(call.call_id);
		const make = form({
			fields: [
				hasRecording && {name: 'what', label: t('share.what'), type: 'select', value: 'call', options: [['call', t('share.call')], ['recording', t('share.recording')]]},
				{name: 'expires_in', label: t('share.length'), type: 'select', value: '86400', options: lengths.map(([value, key]) => [value, t(key)])},
			],
			action: t('share.make'),
			submit: async ({what = 'call', expires_in: length}) => {
				const {url, expires_at: until} = await api.post(`/calls/${call.call_id}/${paths[what]}`, {expires_in: Number(length)});
				const box = h('input', {readonly: true, value: url, 'aria-label': t('share.link'), onfocus: (event) => event.target.select()});
				result.replaceChildren(h('div.copy-row', {}, box, h('button.primary', {type: 'button', onclick: async () => {
					await navigator.clipboard.writeText(url);
					toast(t('copied'));
					close();
				}}, t('copy'))), h('p.hint', {}, t('share.until', {time: full(until)})));
				box.focus();
				links.reload();
			},
		});
		return [h('p.soft', {}, t('share.text')), make, result, links];
	});
}

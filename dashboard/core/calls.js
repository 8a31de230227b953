/* What a call is, wherever it is shown: the states it can be in, and how live events change it. */
const over = new Set(['COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY']);

export const statuses = ['PENDING', 'INITIATING', 'RINGING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY'];
export const sentiments = ['positive', 'neutral', 'negative'];
export const isOver = (call) => over.has(call.status);

/** A feeling of -1 to 1 in a word. */
export const feelingWord = (score) => (score > 0.1 ? 'positive' : score < -0.1 ? 'negative' : 'neutral');

/** How long it has been going on, or went on. */
export function seconds(call) {
	if (isOver(call))
		return call.duration_seconds;
	return (Date.now() - Date.parse(call.started_at ?? call.created_at)) / 1000;
}

/** Put what an event says about the call itself into it. False: it says nothing about that. */
export function change(call, {type, data}) {
	switch (type) {
	case 'call.created':
	case 'call.updated':
	case 'call.status':
		Object.assign(call, data);
		return true;
	case 'call.summary':
		call.summary = data;
		return true;
	case 'call.recording':
		call.recording = {...data, url: data.status === 'available' ? `/api/v1/calls/${call.call_id}/recording` : null};
		return true;
	default:
		return false;
	}
}

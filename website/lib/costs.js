// The cost model of the architecture (section 11), with the rounding the platform uses. Rates are the defaults of the COST_ settings.
export const rates = {
	telephony: { title: 'Telephony', unit: 'per started minute', rate: 0.014, setting: 'COST_TELEPHONY_PER_MINUTE', with: 'Twilio', without: 'Embedded carrier' },
	voice: { title: 'Voice AI', unit: 'per minute, by started tenth', rate: 0.01, setting: 'COST_VOICE_AI_PER_MINUTE', with: 'Ultravox', without: 'Embedded engine' },
	analysis: { title: 'Analysis', unit: 'per 1,000 tokens', rate: 0.00015, setting: 'COST_ANALYSIS_PER_1K_TOKENS', with: 'OpenAI', without: 'Embedded analyser' },
	infrastructure: { title: 'Infrastructure', unit: 'per call', rate: 0.001, setting: 'COST_INFRASTRUCTURE_PER_CALL' },
};

export const assumed = { calls: 1000, minutes: 3, tokens: 33333, discount: 0 };

/** Volumes of the model, and the discount it takes for granted there: $700 and $6,000 a month instead of $780 and $7,800. */
export const volumes = [[1000, 0], [10000, 10], [100000, 23]];

const up = (value) => Math.ceil(value - 1e-9);

/** What each part of a call costs; `rate` of each part, 0 where the embedded one is used. */
export function callCost({ minutes, tokens, rate }) {
	return {
		telephony: up(minutes) * rate.telephony,
		voice: up(minutes * 10) / 10 * rate.voice,
		analysis: tokens / 1000 * rate.analysis,
		infrastructure: rate.infrastructure,
	};
}

export const sum = (parts) => Object.values(parts).reduce((total, part) => total + part, 0);

export const standard = Object.fromEntries(Object.entries(rates).map(([part, { rate }]) => [part, rate]));

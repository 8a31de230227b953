// A recording of a call: 16-bit WAV in two channels, the caller on the first, the agent on the second.
const QUIET = 800; // samples below are no speech
const PAUSE = 0.7; // seconds of quiet that end what somebody says
const STEP = 0.02;

export class Recording {
	constructor(wav) {
		let at = 12;
		while (wav.toString('latin1', at, at + 4) !== 'data') at += 8 + wav.readUInt32LE(at + 4);
		this.channels = wav.readUInt16LE(22);
		this.rate = wav.readUInt32LE(24);
		if (wav.readUInt16LE(34) !== 16 || this.channels !== 2) throw new Error('the recording is not 16-bit in two channels');
		this.samples = new Int16Array(Uint8Array.from(wav.subarray(at + 8)).buffer, 0, Math.floor((wav.length - at - 8) / 4) * 2);
		this.seconds = this.samples.length / 2 / this.rate;
		this.spoken = [0, 1].map((channel) => this.#segments(channel));
	}

	#loudest(channel, from, to) {
		let loudest = 0;
		for (let i = from; i < to; i++) loudest = Math.max(loudest, Math.abs(this.samples[i * this.channels + channel] ?? 0));
		return loudest;
	}

	#segments(channel) {
		const found = [];
		for (let at = 0; at + STEP <= this.seconds; at += STEP) {
			if (this.#loudest(channel, Math.round(at * this.rate), Math.round((at + STEP) * this.rate)) < QUIET) continue;
			const last = found.at(-1);
			if (last && at - last[1] < PAUSE) last[1] = at + STEP;
			else found.push([at, at + STEP]);
		}
		return found.map((one) => one.map((time) => Math.round(time * 100) / 100));
	}

	/** Beginning and end of what is said on the channel about then. */
	speech(channel, about) {
		return this.spoken[channel].reduce((best, one) => (Math.abs(one[0] - about) < Math.abs(best[0] - about) ? one : best));
	}

	/** Loudness in `count` steps, 0 to 100. */
	peaks(channel, count) {
		const frames = this.samples.length / this.channels;
		const values = Array.from({ length: count }, (_, i) => this.#loudest(channel, Math.floor(i * frames / count), Math.floor((i + 1) * frames / count)));
		const most = Math.max(...values, 1);
		return values.map((value) => Math.round(value / most * 100));
	}
}

/*
 * Plays what comes: messages of 16-bit samples at another rate than the page's, in turns of so many
 * channels. What is not there yet is silence; what is more than it may wait is left out.
 *
 * Options: {rate, channels, most}: of what comes; most: seconds that may wait.
 * Messages: an ArrayBuffer of samples, or 'clear'. It tells how loud each channel is, ten times a second.
 */
const leadSeconds = 0.06;

class Speaker extends AudioWorkletProcessor {
	constructor({processorOptions: {rate, channels, most}}) {
		super();
		Object.assign(this, {step: rate / sampleRate, channels, most: most * rate, lead: leadSeconds * rate});
		this.clear();
		this.loud = new Float32Array(channels);
		this.sinceTold = 0;
		this.port.onmessage = ({data}) => (data === 'clear' ? this.clear() : this.take(new Int16Array(data)));
	}

	clear() {
		this.samples = new Float32Array(0);	/* of all channels in turns */
		this.at = 0;	/* frames, with what lies between two of them */
		this.waits = true;	/* until a little is there, or every gap of the network would be heard */
	}

	take(fresh) {
		const begun = Math.floor(this.at) * this.channels;
		const rest = this.samples.subarray(begun);
		let next = new Float32Array(rest.length + fresh.length);
		next.set(rest);
		for (let i = 0; i < fresh.length; i++)
			next[rest.length + i] = fresh[i] / 32768;
		if (next.length > this.most * this.channels)
			next = next.slice(next.length - Math.floor(this.most) * this.channels);
		this.samples = next;
		this.at -= Math.floor(this.at);
		this.waits = this.waits && next.length / this.channels < this.lead;
	}

	process(_, [output]) {
		const frames = this.samples.length / this.channels;
		for (let i = 0; i < output[0].length; i++) {
			const at = Math.floor(this.at), share = this.at - at;
			const isThere = !this.waits && at + 1 < frames;
			for (let channel = 0; channel < output.length; channel++) {
				const from = at * this.channels + Math.min(channel, this.channels - 1);
				const value = isThere ? this.samples[from] * (1 - share) + this.samples[from + this.channels] * share : 0;
				output[channel][i] = value;
				if (channel < this.channels)
					this.loud[channel] = Math.max(this.loud[channel], Math.abs(value));
			}
			if (isThere)
				this.at += this.step;
			else
				this.waits = true;
		}
		this.sinceTold += output[0].length;
		if (this.sinceTold > sampleRate / 10) {
			this.port.postMessage([...this.loud]);
			this.loud.fill(0);
			this.sinceTold = 0;
		}
		return true;
	}
}

registerProcessor('speaker', Speaker);

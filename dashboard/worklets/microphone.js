/*
 * What the microphone hears, as messages of 20 ms of 16-bit samples at another rate than the page's.
 * Options: {rate}. Message 'mute' or 'unmute': silence goes out, or what is heard.
 */
class Microphone extends AudioWorkletProcessor {
	constructor({processorOptions: {rate}}) {
		super();
		this.ratio = sampleRate / rate;
		this.frame = new Int16Array(rate / 50);
		this.filled = 0;
		this.sum = 0;
		this.count = 0;
		this.left = this.ratio;	/* samples of ours until the next one of theirs */
		this.isMuted = false;
		this.port.onmessage = ({data}) => { this.isMuted = data === 'mute'; };
	}

	/* The mean of what falls into a sample is its low-pass filter. */
	put(value) {
		this.sum += value;
		this.count++;
		if (--this.left > 0)
			return;
		this.frame[this.filled++] = Math.max(-1, Math.min(1, this.sum / this.count)) * 32767;
		this.left += this.ratio;
		this.sum = this.count = 0;
		if (this.filled < this.frame.length)
			return;
		this.port.postMessage(this.frame.slice().buffer);
		this.filled = 0;
	}

	process([input]) {
		const heard = input[0];
		for (let i = 0; i < (heard?.length ?? 128); i++)
			this.put(this.isMuted || !heard ? 0 : heard[i]);
		return true;
	}
}

registerProcessor('microphone', Microphone);

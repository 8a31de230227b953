/* The shape of a WAV file's sound: its loudest sample in each of so many parts, by channel. */
function chunks(view) {
	const found = {};
	for (let at = 12; at + 8 <= view.byteLength;) {
		const id = String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
		const size = Math.min(view.getUint32(at + 4, true), view.byteLength - at - 8);
		found[id] ??= {at: at + 8, size};
		at += 8 + size + (size & 1);
	}
	return found;
}

function muLaw(byte) {
	const value = ~byte & 0xff;
	const sample = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
	return (sample - 0x84) / 32768;
}

/** {seconds, channels: [Float32Array of 0..1]}, or null for what is neither PCM of 16 bits nor mu-law. */
export function peaks(buffer, parts) {
	const view = new DataView(buffer);
	const {'fmt ': format, data} = buffer.byteLength > 44 ? chunks(view) : {};
	if (!format || !data)
		return null;
	const [kind, count, rate, bits] = [view.getUint16(format.at, true), view.getUint16(format.at + 2, true),
		view.getUint32(format.at + 4, true), view.getUint16(format.at + 14, true)];
	if (!(kind === 1 && bits === 16) && !(kind === 7 && bits === 8))
		return null;
	const width = bits / 8;
	const frames = Math.floor(data.size / (width * count));
	const read = kind === 1 ? (at) => Math.abs(view.getInt16(at, true)) / 32768 : (at) => muLaw(view.getUint8(at));
	const channels = Array.from({length: count}, () => new Float32Array(parts));
	const step = Math.max(1, Math.floor(frames / parts / 200));	/* two hundred looks at a part are enough */
	for (let frame = 0; frame < frames; frame += step) {
		const part = Math.min(parts - 1, Math.floor(frame / frames * parts));
		for (let i = 0; i < count; i++) {
			const value = read(data.at + (frame * count + i) * width);
			if (value > channels[i][part])
				channels[i][part] = value;
		}
	}
	return {seconds: frames / rate, channels};
}

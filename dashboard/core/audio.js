/* Sound over WebSockets: what comes is played, what the microphone hears is sent. */
import {socketUrl} from './api.js';

async function processor(context, name, options, outputs) {
	await context.audioWorklet.addModule(`/worklets/${name}.js`);
	return new AudioWorkletNode(context, name, {processorOptions: options, ...(outputs ? {outputChannelCount: [outputs], numberOfInputs: 0} : {numberOfOutputs: 0})});
}

/**
 * A socket that plays. path and query: where; hello(message): its first words, with `sample_rate` and
 * `channels`; told(message): those after; loud([0..1 of each channel]); ended(code). microphone: a
 * MediaStream that is sent. Gives {close, mute}. To be called from a click, or the browser plays nothing.
 */
export async function openAudio({path, query, microphone = null, waitSeconds, hello = () => {}, told = () => {}, loud = () => {}, ended = () => {}}) {
	const context = new AudioContext();
	let speaker = null, sender = null, isOpen = true;
	const socket = new WebSocket(await socketUrl(path, query));
	socket.binaryType = 'arraybuffer';

	const begin = async (message) => {
		speaker = await processor(context, 'speaker', {rate: message.sample_rate, channels: message.channels, most: waitSeconds}, message.channels);
		speaker.port.onmessage = ({data}) => loud(data);
		speaker.connect(context.destination);
		if (microphone) {
			sender = await processor(context, 'microphone', {rate: message.sample_rate});
			sender.port.onmessage = ({data}) => socket.readyState === WebSocket.OPEN && socket.send(data);
			context.createMediaStreamSource(microphone).connect(sender);
		}
		hello(message);
	};
	socket.addEventListener('message', ({data}) => {
		if (typeof data !== 'string') {
			speaker?.port.postMessage(data, [data]);
			return;
		}
		const message = JSON.parse(data);
		if (message.sample_rate)
			begin(message);
		else if (message.type === 'clear')
			speaker?.port.postMessage('clear');
		else
			told(message);
	});
	const finish = (code) => {
		if (!isOpen)
			return;
		isOpen = false;
		context.close();
		microphone?.getTracks().forEach((track) => track.stop());
		ended(code);
	};
	socket.addEventListener('close', ({code}) => finish(code));
	return {
		close: () => { socket.close(1000); finish(1000); },
		mute: (isMuted) => sender?.port.postMessage(isMuted ? 'mute' : 'unmute'),
	};
}

// The peers of a voice engine under test: the process itself, Twilio's side of a media stream, the
// receiver of webhooks and data connections, and a language model's server.
import { spawn, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import WebSocket, { WebSocketServer } from 'ws';

export const root = path.resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const binary = process.env.VOICEAI ?? path.join(root, 'build/release/voiceai');
export const apiKey = 'testkey1.abcdefghijklmnopqrstuvwxyz012345';

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, test, timeoutMs = 15000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await sleep(20);
  }
}

export class Engine {
  static async start({ port, env = {}, dataDir }) {
    const engine = new Engine();
    engine.dataDir = dataDir ?? mkdtempSync(path.join(tmpdir(), 'voiceai-engine-'));
    engine.port = port;
    engine.env = env;
    await engine.run();
    return engine;
  }

  async run() {
    this.log = '';
    this.child = spawn(binary, ['engine'], {
      cwd: root,
      env: {
        ...process.env,
        DATA_DIR: this.dataDir,
        ENGINE_PORT: String(this.port),
        ENGINE_PUBLIC_URL: `http://127.0.0.1:${this.port}`,
        ULTRAVOX_API_KEY: apiKey,
        TWILIO_ACCOUNT_SID: '',
        URL_ALLOW_PRIVATE: '127.0.0.1',
        ...this.env,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr.on('data', (text) => (this.log += text));
    this.exited = new Promise((done) => this.child.on('exit', (code, signal) => done({ code, signal })));
    await until('the engine to be ready', () => this.log.includes('engine_ready'));
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.exited;
  }

  async remove() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async request(method, url, body, headers = { 'X-API-Key': apiKey }) {
    const response = await fetch(`http://127.0.0.1:${this.port}${url}`, {
      method,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    let json = null;
    try {
      json = JSON.parse(text);
    } catch {
      // not every answer has a body
    }
    return { status: response.status, json, text, headers: response.headers };
  }
}

// Receives webhooks and data connections.
export class Platform {
  static async start(port) {
    const platform = new Platform();
    platform.events = [];
    platform.messages = [];
    platform.links = [];
    platform.answers = []; // statuses to answer with, then 204
    platform.server = createServer((req, res) => {
      const chunks = [];
      req.on('data', (chunk) => chunks.push(chunk));
      req.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        platform.events.push({ url: req.url, headers: req.headers, body, json: JSON.parse(body) });
        res.writeHead(platform.answers.shift() ?? 204).end();
      });
    });
    platform.sockets = new WebSocketServer({ server: platform.server });
    platform.sockets.on('connection', (socket, req) => {
      platform.links.push({ socket, headers: req.headers, url: req.url });
      socket.on('message', (data) => platform.messages.push({ at: Date.now(), ...JSON.parse(data) }));
    });
    await new Promise((done) => platform.server.listen(port, '127.0.0.1', done));
    platform.url = `http://127.0.0.1:${port}`;
    return platform;
  }

  of(type) {
    return this.messages.filter((message) => message.type === type);
  }

  async stop() {
    for (const { socket } of this.links) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

// ---- audio ----

function ulawEncode(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  let magnitude = Math.min(Math.abs(sample), 32635) + 0x84;
  let exponent = 7;
  while (exponent > 0 && !(magnitude & (0x80 << exponent))) exponent--;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

export function ulawDecode(code) {
  code = ~code & 0xff;
  const magnitude = (((code & 0x0f) << 3) + 0x84 << ((code >> 4) & 7)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
}

// Speech of another voice than the agent's, as mu-law at 8 kHz.
export function speech(text) {
  const wav = execFileSync('espeak-ng', ['-v', 'en-us', '-s', '150', '--stdout', text], { maxBuffer: 1 << 26 });
  const rate = wav.readUInt32LE(24);
  const samples = new Int16Array(Math.floor((wav.length - 44) / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(44 + 2 * i);
  const step = rate / 8000;
  const out = Buffer.alloc(Math.floor(samples.length / step));
  const half = Math.ceil(16 * step); // windowed sinc, cut off at 3,600 Hz
  for (let i = 0; i < out.length; i++) {
    const centre = i * step;
    let sum = 0;
    for (let j = Math.max(0, Math.ceil(centre - half)); j <= Math.min(samples.length - 1, centre + half); j++) {
      const x = (j - centre) * (7200 / rate);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      sum += samples[j] * sinc * (0.5 + 0.5 * Math.cos((Math.PI * (j - centre)) / half));
    }
    out[i] = ulawEncode(Math.round((sum * 7200) / rate));
  }
  return out;
}

// Twilio's side of a bidirectional media stream: sends a frame every 20 ms, plays what it gets.
export class Twilio {
  constructor(url) {
    this.socket = new WebSocket(url);
    this.queue = Buffer.alloc(0);
    this.playing = []; // {ulaw} and {mark}, in order
    this.played = [];
    this.events = [];
    this.heardMs = 0;
    this.lastSound = 0;
    this.closed = new Promise((done) => this.socket.on('close', (code) => done(code)));
    this.socket.on('message', (data) => this.receive(JSON.parse(data)));
    this.opened = new Promise((done, fail) => {
      this.socket.on('open', done);
      this.socket.on('error', fail);
    });
    this.sequence = 1;
  }

  async start() {
    await this.opened;
    this.send({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    this.send({
      event: 'start',
      sequenceNumber: '1',
      streamSid: 'MZ1',
      start: {
        streamSid: 'MZ1', accountSid: 'AC1', callSid: 'CA1', tracks: ['inbound'], customParameters: {},
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      },
    });
    const begin = Date.now();
    let frames = 0;
    this.clock = setInterval(() => {
      for (; frames * 20 < Date.now() - begin; frames++) this.tick(frames);
    }, 10);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  tick(frame) {
    let payload = Buffer.alloc(160, 0xff);
    if (this.queue.length > 0) {
      this.queue.copy(payload, 0, 0, Math.min(160, this.queue.length));
      this.queue = this.queue.subarray(160);
      if (this.queue.length === 0) this.stoppedAt = Date.now();
    }
    this.send({
      event: 'media', sequenceNumber: String(++this.sequence), streamSid: 'MZ1',
      media: { track: 'inbound', chunk: String(frame + 1), timestamp: String(frame * 20), payload: payload.toString('base64') },
    });
    this.play(160);
  }

  play(bytes) {
    while (this.playing.length > 0) {
      const next = this.playing[0];
      if (next.mark !== undefined) {
        this.playing.shift();
        this.send({ event: 'mark', sequenceNumber: '2', streamSid: 'MZ1', mark: { name: next.mark } });
        continue;
      }
      if (bytes === 0) return;
      const take = Math.min(bytes, next.ulaw.length);
      this.heardMs += take / 8;
      this.lastSound = Date.now();
      this.played.push(next.ulaw.subarray(0, take));
      next.ulaw = next.ulaw.subarray(take);
      bytes -= take;
      if (next.ulaw.length === 0) this.playing.shift();
    }
  }

  receive(message) {
    this.events.push({ at: Date.now(), event: message.event });
    if (message.event === 'media') this.playing.push({ ulaw: Buffer.from(message.media.payload, 'base64') });
    if (message.event === 'mark') this.playing.push({ mark: message.mark.name });
    if (message.event === 'clear') {
      this.playing = this.playing.filter((entry) => entry.mark !== undefined);
      this.clearedAt = Date.now();
    }
  }

  say(text) {
    this.queue = Buffer.concat([this.queue, speech(text)]);
  }

  digit(digit) {
    this.send({ event: 'dtmf', streamSid: 'MZ1', sequenceNumber: '9', dtmf: { track: 'inbound_track', digit } });
  }

  silent(ms = 300) {
    return this.playing.length === 0 && Date.now() - this.lastSound > ms;
  }

  hangUp() {
    this.send({ event: 'stop', sequenceNumber: '99', streamSid: 'MZ1', stop: { accountSid: 'AC1', callSid: 'CA1' } });
    clearInterval(this.clock);
    this.socket.close();
  }

  end() {
    clearInterval(this.clock);
    this.socket.terminate();
  }
}

// An OpenAI-compatible server whose answers are scripted: reply(request) gives chunks of SSE text.
export class Model {
  static async start(port, reply) {
    const model = new Model();
    model.requests = [];
    model.server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk) => (body += chunk));
      req.on('end', async () => {
        const json = JSON.parse(body);
        model.requests.push(json);
        const answer = reply(json, model.requests.length);
        if (answer.status) {
          res.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error: { message: 'no', type: 'x', param: null, code: null } }));
          return;
        }
        res.writeHead(200, { 'Content-Type': 'text/event-stream' });
        for (const piece of answer) {
          res.write(piece);
          await sleep(15);
        }
        res.end();
      });
    });
    await new Promise((done) => model.server.listen(port, '127.0.0.1', done));
    model.url = `http://127.0.0.1:${port}/v1`;
    return model;
  }

  static chunk(delta, finish = null) {
    return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

import type { ErrorCode, LiveEvent, Operations, WebhookEvent } from './types.js';

export * from './types.js';

/** An answer that is no 2xx. */
export class ApiError extends Error {
	readonly status: number;
	readonly code: ErrorCode | 'unknown';
	readonly field?: string;
}

/** The live socket was closed for good: 4401, sign in; 4010, `since` is of another database, load the lists again. */
export class LiveError extends Error {
	readonly code: number;
}

export interface ClientOptions {
	/** Of the platform; http://127.0.0.1:8000 when absent. */
	url?: string;
	/** An access token or API key, or what gives one; null in single-user mode. */
	token?: string | null | (() => string | null | Promise<string | null>);
	/** How often a request is sent again; 4 when absent. */
	retries?: number;
	fetch?: typeof globalThis.fetch;
	/** Where there is none (Node before 22): that of the package ws. */
	WebSocket?: unknown;
}

export interface RequestOptions {
	query?: Record<string, string | number | boolean | null | undefined>;
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
	/** It does no harm to send it twice. */
	once?: boolean;
}

/** Every operation of the API is a method; lists have another one that goes through all pages. */
export interface Client extends Operations {}
export class Client {
	constructor(options?: ClientOptions);
	/** One request, sent again as the server asks. Answers a 2xx response or throws. */
	request(method: string, path: string, options?: RequestOptions): Promise<Response>;
	/** Live events; a lost connection comes back by itself, and nothing durable is missed. */
	watch(options?: { since?: number; call_id?: string; signal?: AbortSignal }): AsyncGenerator<LiveEvent, void>;
}

/** The event of an outgoing webhook. Throws when it is not signed with the secret, or too old. */
export function verifyWebhook(
	headers: Headers | Record<string, string | string[] | undefined>, body: string | ArrayBuffer | Uint8Array, secret: string,
	options?: { tolerance?: number; now?: number },
): Promise<WebhookEvent>;

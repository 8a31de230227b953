// Made by tools/sdk_types.mjs from sdk/openapi.yaml. Do not edit.
export type MaybeTime = string | null;
/** The refresh token goes into a cookie that no script can read. */
export type WantsCookie = boolean;
/** For the next page; `null` on the last. */
export type NextCursor = string | null;
export type Label = string | null;
/** For people. */
export type Note = string | null;
/** The revision you have seen; 409 when it is not the last. Absent: the last one wins. */
export type SeenRevision = number | null;
export type Role = "viewer" | "operator" | "admin" | "owner";
export type Permission = "profile" | "calls:read" | "calls:write" | "calls:listen" | "payloads:read" | "recordings:read" | "analytics:read" | "live:read" | "agents:read" | "agents:write" | "webhooks:read" | "webhooks:write" | "numbers:read" | "numbers:write" | "leads:read" | "leads:write" | "limits:read" | "limits:write" | "privacy" | "users:read" | "users:write" | "keys:read" | "keys:write" | "tenants:read" | "tenants:write" | "jobs:read" | "jobs:write" | "audit:read";
export interface Error {
	error: {
		code: ErrorCode;
		/** For people. */
		message: string;
		/** What is wrong: a field (`config.variables.day.default`), a parameter or a header. */
		field?: string;
	};
}
export type ErrorCode = "bad_request" | "invalid_json" | "invalid_form" | "missing_field" | "invalid_field" | "unknown_field" | "unauthenticated" | "invalid_credentials" | "signed_out" | "forbidden" | "destination_not_allowed" | "invalid_signature" | "not_found" | "call_not_found" | "summary_not_available" | "recording_not_available" | "agent_not_found" | "version_not_found" | "voice_not_found" | "webhook_not_found" | "lead_not_found" | "leads_off" | "origin_not_allowed" | "delivery_not_found" | "number_not_found" | "user_not_found" | "sign_in_not_found" | "invitation_not_found" | "api_key_not_found" | "tenant_not_found" | "link_not_found" | "job_not_found" | "method_not_allowed" | "call_not_ended" | "call_not_live" | "idempotency_key_reused" | "last_owner" | "agent_exists" | "agent_in_use" | "revision_conflict" | "no_draft" | "already_published" | "number_taken" | "too_many_webhooks" | "recording_gone" | "recording_elsewhere" | "link_expired" | "body_too_large" | "headers_too_large" | "rate_limited" | "cap_reached" | "quiet_hours" | "too_many_calls" | "too_many_attempts" | "internal_error" | "engine_error" | "carrier_error" | "overloaded" | "unavailable";
/** The last four are terminal. */
export type CallStatus = "PENDING" | "INITIATING" | "RINGING" | "IN_PROGRESS" | "COMPLETED" | "FAILED" | "NO_ANSWER" | "BUSY";
export type Direction = "INBOUND" | "OUTBOUND";
/** Why a call ended; `unknown` on imported calls only. */
export type EndReason = "caller_hangup" | "agent_hangup" | "ended_by_api" | "timeout" | "no_answer" | "busy" | "rejected" | "provider_error" | "canceled" | "lost" | "unknown" | null;
export interface RetryPolicy {
	/** Calls in all, the first one counted. */
	max_attempts: number;
	/** From the end of one call to the next; of a list, the last goes on. */
	delay_seconds: number | Array<number>;
	/** Absent: both. */
	on?: Array<"no_answer" | "busy">;
}
export interface InitiateCall {
	/** Whom to call: E.164 or a `sip:` URI. */
	phone_number: string;
	/** Who speaks; absent: `DEFAULT_AGENT`. */
	agent?: string | null;
	/** A number of yours that the call comes from. */
	from?: string | null;
	/** Values of the agent's `{{variables}}`. */
	variables?: Record<string, string | number | boolean> | null;
	/** Instead of the agent's. */
	system_prompt?: string | null;
	/** Instead of the agent's. */
	first_message?: string | null;
	voice?: string | null;
	/** A BCP 47 tag, such as `en-US`. */
	language?: string | null;
	temperature?: number | null;
	max_duration_seconds?: number | null;
	/** Yours, kept with the call. `call_id`, `tenant_id` and `ultravox.*` are reserved. */
	metadata?: Record<string, string> | null;
	/** When to call, with an offset; absent: now. */
	scheduled_at?: string | null;
	/** Absent: the agent's. */
	retry?: RetryPolicy | null;
}
export interface CallBrief {
	call_id: string;
	status: CallStatus;
	direction: Direction;
	/** The other side; `null` once it was forgotten. */
	phone_number: string | null;
	/** Ours. */
	from_number: string | null;
	agent: string | null;
	/** `null` for a built-in agent. */
	agent_version: number | null;
	scheduled_at: MaybeTime;
	/** 1; higher on calls that were made again. */
	attempt: number;
	/** The first call of the series. */
	retry_of: string | null;
	created_at: string;
	/** When it was answered. */
	started_at: string | null;
	ended_at: MaybeTime;
	/** From answer to end; `null` before the end. */
	duration_seconds: number | null;
	end_reason: EndReason;
	/** For people. */
	end_detail: string | null;
	/** What the carrier heard: `human`, `machine_start`... */
	answered_by: string | null;
	/** What the agent's flow noted. */
	outcome: Record<string, unknown> | null;
}
export interface Call {
	call_id: string;
	status: CallStatus;
	direction: Direction;
	/** The other side; `null` once it was forgotten. */
	phone_number: string | null;
	/** Ours. */
	from_number: string | null;
	agent: string | null;
	/** `null` for a built-in agent. */
	agent_version: number | null;
	scheduled_at: MaybeTime;
	/** 1; higher on calls that were made again. */
	attempt: number;
	/** The first call of the series. */
	retry_of: string | null;
	created_at: string;
	/** When it was answered. */
	started_at: string | null;
	ended_at: MaybeTime;
	/** From answer to end; `null` before the end. */
	duration_seconds: number | null;
	end_reason: EndReason;
	/** For people. */
	end_detail: string | null;
	/** What the carrier heard: `human`, `machine_start`... */
	answered_by: string | null;
	/** What the agent's flow noted. */
	outcome: Record<string, unknown> | null;
	/** The engine's id. */
	ultravox_call_id: string | null;
	/** The carrier's id. */
	twilio_call_sid: string | null;
	/** As it was said to the engine, variables filled in. */
	system_prompt: string | null;
	first_message: string | null;
	model: string | null;
	voice: string | null;
	language: string | null;
	temperature: number | null;
	max_duration_seconds: number;
	/** Whether a recording was wanted. */
	recorded: boolean;
	tools: Array<Tool> | null;
	metadata: Record<string, unknown> | null;
	retry: RetryPolicy | null;
	updated_at: string;
}
export interface ListedCall {
	call_id: string;
	status: CallStatus;
	direction: Direction;
	/** The other side; `null` once it was forgotten. */
	phone_number: string | null;
	/** Ours. */
	from_number: string | null;
	agent: string | null;
	/** `null` for a built-in agent. */
	agent_version: number | null;
	scheduled_at: MaybeTime;
	/** 1; higher on calls that were made again. */
	attempt: number;
	/** The first call of the series. */
	retry_of: string | null;
	created_at: string;
	/** When it was answered. */
	started_at: string | null;
	ended_at: MaybeTime;
	/** From answer to end; `null` before the end. */
	duration_seconds: number | null;
	end_reason: EndReason;
	/** For people. */
	end_detail: string | null;
	/** What the carrier heard: `human`, `machine_start`... */
	answered_by: string | null;
	/** What the agent's flow noted. */
	outcome: Record<string, unknown> | null;
	/** The engine's id. */
	ultravox_call_id: string | null;
	/** The carrier's id. */
	twilio_call_sid: string | null;
	/** As it was said to the engine, variables filled in. */
	system_prompt: string | null;
	first_message: string | null;
	model: string | null;
	voice: string | null;
	language: string | null;
	temperature: number | null;
	max_duration_seconds: number;
	/** Whether a recording was wanted. */
	recorded: boolean;
	tools: Array<Tool> | null;
	metadata: Record<string, unknown> | null;
	retry: RetryPolicy | null;
	updated_at: string;
	summary: Summary | null;
}
export interface CallPage {
	calls: Array<ListedCall>;
	next_cursor: NextCursor;
}
export interface FullCall {
	call_id: string;
	status: CallStatus;
	direction: Direction;
	/** The other side; `null` once it was forgotten. */
	phone_number: string | null;
	/** Ours. */
	from_number: string | null;
	agent: string | null;
	/** `null` for a built-in agent. */
	agent_version: number | null;
	scheduled_at: MaybeTime;
	/** 1; higher on calls that were made again. */
	attempt: number;
	/** The first call of the series. */
	retry_of: string | null;
	created_at: string;
	/** When it was answered. */
	started_at: string | null;
	ended_at: MaybeTime;
	/** From answer to end; `null` before the end. */
	duration_seconds: number | null;
	end_reason: EndReason;
	/** For people. */
	end_detail: string | null;
	/** What the carrier heard: `human`, `machine_start`... */
	answered_by: string | null;
	/** What the agent's flow noted. */
	outcome: Record<string, unknown> | null;
	/** The engine's id. */
	ultravox_call_id: string | null;
	/** The carrier's id. */
	twilio_call_sid: string | null;
	/** As it was said to the engine, variables filled in. */
	system_prompt: string | null;
	first_message: string | null;
	model: string | null;
	voice: string | null;
	language: string | null;
	temperature: number | null;
	max_duration_seconds: number;
	/** Whether a recording was wanted. */
	recorded: boolean;
	tools: Array<Tool> | null;
	metadata: Record<string, unknown> | null;
	retry: RetryPolicy | null;
	updated_at: string;
	summary: Summary | null;
	transcript: Array<Turn>;
	recording: Recording | null;
	/** Where the file lies. */
	recording_path: string | null;
	cost: Cost | null;
}
export interface Turn {
	/** Its place in the conversation. */
	ordinal: number;
	timestamp: string;
	speaker: "agent" | "user";
	text: string;
	/** How sure the recogniser is; `null` where it does not say. */
	confidence: number | null;
	timing?: Timing;
}
/** Milliseconds after the caller stopped speaking. */
export interface Timing {
	/** The end was noticed. */
	end_of_speech_ms?: number;
	/** The words were known. */
	recognised_ms?: number;
	/** The answer was known. */
	answer_ms?: number;
	/** The answer was heard. */
	first_audio_ms?: number;
}
export interface Summary {
	status: "pending" | "completed" | "failed";
	summary: string | null;
	key_points: Array<string>;
	sentiment: "positive" | "neutral" | "negative" | null;
	action_items: Array<string>;
	highlights: Array<string>;
	/** Who analysed it. */
	analyser: string | null;
	model: string | null;
	/** Why it failed, or why the fallback analysed it. */
	error: string | null;
	created_at: MaybeTime;
}
export interface CallSummary {
	status: "pending" | "completed" | "failed";
	summary: string | null;
	key_points: Array<string>;
	sentiment: "positive" | "neutral" | "negative" | null;
	action_items: Array<string>;
	highlights: Array<string>;
	/** Who analysed it. */
	analyser: string | null;
	model: string | null;
	/** Why it failed, or why the fallback analysed it. */
	error: string | null;
	created_at: MaybeTime;
	call_id: string;
}
export interface Recording {
	status: "pending" | "available" | "failed";
	error: string | null;
	duration_seconds: number;
	size_bytes: number;
	channels: number;
	/** Its path on this server, once it is available. */
	url: string | null;
}
export interface CallLink {
	link_id: string;
	scope: "call" | "recording";
	author: Author;
	created_at: string;
	expires_at: string;
}
export interface Link {
	link_id: string;
	url: string;
	expires_at: string;
}
export interface SharedCall {
	/** When the link does. */
	expires_at: string;
	status: CallStatus;
	direction: Direction;
	/** The other side, masked. */
	phone_number: string | null;
	/** Ours, masked. */
	from_number: string | null;
	created_at: string;
	started_at: MaybeTime;
	ended_at: MaybeTime;
	duration_seconds: number | null;
	transcript: Array<Turn>;
	summary: SharedSummary | null;
	recording: SharedRecording | null;
	brand: Brand;
}
export interface SharedSummary {
	status: "pending" | "completed" | "failed";
	summary: string | null;
	key_points: Array<string>;
	sentiment: "positive" | "neutral" | "negative" | null;
	action_items: Array<string>;
	highlights: Array<string>;
}
export interface SharedRecording {
	duration_seconds: number;
	size_bytes: number;
	/** Its path on this server. */
	url: string;
}
export interface CostPart {
	/** Millionths of the currency. */
	micros: number;
	/** Our rate and the length of the call; our rate and what the vendor measured; the vendor's price. */
	source: "rate" | "usage" | "price";
	seconds?: number;
	tokens?: number;
}
export interface Cost {
	/** ISO 4217. */
	currency: string;
	/** Millionths of the currency. */
	total_micros: number;
	telephony: CostPart;
	voice_ai: CostPart;
	analysis: CostPart;
	infrastructure: Micros;
}
export interface Micros {
	/** Millionths of the currency. */
	micros: number;
}
export interface CostSum {
	currency: string;
	total_micros: number;
	telephony: Micros;
	voice_ai: Micros;
	analysis: Micros;
	infrastructure: Micros;
	calls: number;
}
export interface Analytics {
	total_calls: number;
	active_calls: number;
	completed_calls: number;
	/** Completed of those that ended. */
	success_rate: number;
	/** Of those that were answered. */
	average_duration_seconds: number;
	calls_by_status: Record<string, number>;
	sentiment_distribution: SentimentCounts;
	/** The last 24 hours, the current one last. */
	call_volume: Array<{
		hour: string;
		calls: number;
	}>;
	cost: CostSum;
}
export interface Figure {
	calls: number;
	completed_calls: number;
	answered_calls: number;
	talk_seconds: number;
}
export interface TimeFigure {
	calls: number;
	completed_calls: number;
	answered_calls: number;
	talk_seconds: number;
	/** Of calls that ended then. */
	cost_micros: number;
}
export interface SentimentCounts {
	positive: number;
	neutral: number;
	negative: number;
}
export interface Percentiles {
	turns: number;
	p50_ms: number | null;
	p90_ms: number | null;
	p95_ms: number | null;
	p99_ms: number | null;
}
export interface PeriodFigures {
	from: string;
	to: string;
	totals: {
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		active_calls: number;
		/** Completed of those that ended. */
		success_rate: number;
		/** Of those that were answered. */
		average_duration_seconds: number;
	};
	by_day: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		/** Of calls that ended then. */
		cost_micros: number;
		day: string;
		from: string;
	}>;
	/** Empty when the period is longer than 72 hours. */
	by_hour: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		/** Of calls that ended then. */
		cost_micros: number;
		from: string;
	}>;
	/** All days laid upon each other. */
	by_hour_of_day: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		/** Of calls that ended then. */
		cost_micros: number;
		hour: number;
	}>;
	by_status: Record<string, number>;
	by_outcome: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		outcome: EndReason;
	}>;
	/** The most calls first, at most 200; so of numbers. */
	by_agent: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		agent: string | null;
	}>;
	by_number: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		number: string | null;
	}>;
	by_direction: Array<{
		calls: number;
		completed_calls: number;
		answered_calls: number;
		talk_seconds: number;
		direction: Direction;
	}>;
	sentiment: SentimentCounts;
	/** Milliseconds after the caller stopped speaking. */
	latency: {
		end_of_speech: Percentiles;
		recognised: Percentiles;
		answer: Percentiles;
		first_audio: Percentiles;
	};
	cost: CostSum;
}
/** One of `toolId`, `toolName` and `temporaryTool`; handed to the engine as one of its `selectedTools`. */
export interface Tool {
	toolId?: string;
	toolName?: string;
	temporaryTool?: Record<string, unknown>;
}
/** Everything but `model` or `flow` may be left out; these are needed to publish. */
export interface AgentConfig {
	/** For people. */
	description?: string | null;
	/** The engine's model. */
	model?: string | null;
	/** A flow of the embedded engine, instead of a model. */
	flow?: string | null;
	voice?: string | null;
	/** A BCP 47 tag, such as `en-US`. */
	language?: string | null;
	/** With `{{variables}}`. */
	system_prompt?: string | null;
	/** With `{{variables}}`. */
	first_message?: string | null;
	temperature?: number | null;
	max_duration_seconds?: number | null;
	/** `null`: as `RECORD_CALLS` says. */
	recording?: boolean | null;
	tools?: Array<Tool> | null;
	/** Of calls that bring none. */
	retry?: RetryPolicy | null;
	variables?: Record<string, {
		description?: string;
		/** Without one, the variable has to come with the call. */
		default?: string;
	}> | null;
}
/** An AgentConfig; of a built-in agent with whatever its file says besides. */
export type StoredConfig = Record<string, unknown>;
export interface AgentBrief {
	name: string;
	source: "stored" | "built_in";
	description: string | null;
	model: string | null;
	flow: string | null;
	published_version: number | null;
	has_draft: boolean;
	/** Counts the changes. */
	revision: number | null;
	created_at: MaybeTime;
	updated_at: MaybeTime;
	updated_by: string | null;
}
export interface Agent {
	name: string;
	source: "stored" | "built_in";
	description: string | null;
	model: string | null;
	flow: string | null;
	published_version: number | null;
	has_draft: boolean;
	/** Counts the changes. */
	revision: number | null;
	created_at: MaybeTime;
	updated_at: MaybeTime;
	updated_by: string | null;
	published: null | {
		/** `null` for a built-in agent. */
		version: number | null;
		config: StoredConfig;
		note?: string | null;
		restored_from?: number | null;
		published_at?: MaybeTime;
		published_by?: string | null;
	};
	draft: null | {
		config: StoredConfig;
	};
}
export interface AgentVersion {
	version: number;
	/** Whether calls are made with it now. */
	published: boolean;
	config?: StoredConfig;
	note: string | null;
	/** The version it repeats. */
	restored_from: number | null;
	published_at: string;
	published_by: string | null;
}
export interface Number {
	number: string;
	label: string | null;
	/** Who answers it. */
	agent: string | null;
	/** The carrier's id of it. */
	provider_sid: string | null;
	/** Whether the carrier sends its calls here. */
	webhooks: {
		state: "unset" | "pending" | "set" | "failed";
		/** Why it failed. */
		detail: string | null;
		at: MaybeTime;
	};
	created_at: string;
	updated_at: MaybeTime;
}
export interface Brand {
	/** Of the product. */
	name?: string;
	colour?: string;
	/** A `data:` URL of a PNG, JPEG, WebP or SVG picture in base64. */
	logo?: string;
}
export interface Limits {
	/** ISO 3166 codes, or `*` for all. */
	allowed_countries: Array<string>;
	allowed_prefixes: Array<string>;
	blocked_prefixes: Array<string>;
	premium: boolean;
	satellite: boolean;
	sip: boolean;
	/** 0: no cap. */
	calls_per_day: number;
	calls_per_month: number;
	spend_per_day_micros: number;
	spend_per_month_micros: number;
	attempts_per_number_per_day: number;
	/** At once. */
	max_calls: number;
	/** When no outbound call is placed; `false`: no such hours. */
	quiet_hours: {
		from: string;
		to: string;
		time_zone: string;
	} | boolean;
}
export interface OwnLimits {
	allowed_countries?: Array<string> | null;
	allowed_prefixes?: Array<string> | null;
	blocked_prefixes?: Array<string> | null;
	premium?: boolean | null;
	satellite?: boolean | null;
	sip?: boolean | null;
	calls_per_day?: number | null;
	calls_per_month?: number | null;
	spend_per_day_micros?: number | null;
	spend_per_month_micros?: number | null;
	attempts_per_number_per_day?: number | null;
	max_calls?: number | null;
	quiet_hours?: {
		from: string;
		to: string;
		time_zone: string;
	} | boolean | null;
}
export interface Usage {
	calls: number;
	/** For calls that are not over. */
	reserved_micros: number;
	spent_micros: number;
}
export interface LimitsView {
	limits: Limits;
	own: OwnLimits;
	defaults: Limits;
	currency: string;
	/** `null` where nothing is counted, for there is no cap. */
	today: Usage | null;
	this_month: Usage | null;
}
/** Days; 0 keeps for ever. */
export interface Retention {
	/** Transcripts and summaries. */
	words_days: number;
	recordings_days: number;
	/** The calls themselves. */
	calls_days: number;
	/** What visitors sent; left out, it stays as it is. */
	leads_days?: number;
}
export interface Erasure {
	erasure_id: string;
	state: "pending" | "done";
	/** `null` once it is done. */
	phone_number: string | null;
	number_hash: string | null;
	requested_by: string | null;
	reason: string | null;
	requested_at: string;
	completed_at: MaybeTime;
	removed: {
		calls: number;
		turns: number;
		recordings: number;
		leads: number;
	};
	/** A keyed digest of the record. */
	proof: string | null;
	/** Whether the record is as it was when the erasure was completed. Of one erasure, once there is a proof. */
	proof_valid?: boolean;
}
export interface Job {
	id: string;
	/** `dial`, `analyse`, `recording`, `retry`... */
	kind: string;
	call_id: string | null;
	payload: Record<string, unknown>;
	state: "dead" | "ready" | "running";
	attempt: number;
	run_at: MaybeTime;
	last_error: string | null;
	created_at: string;
	updated_at: MaybeTime;
}
export interface Tokens {
	access_token: string;
	token_type: "Bearer";
	/** Seconds. */
	expires_in: number;
	/** Absent where a cookie was asked for. */
	refresh_token?: string;
	/** Seconds. */
	refresh_expires_in: number;
	user: Person;
	tenant: {
		id: string;
		name: string;
	};
	role: Role;
}
export interface Person {
	id: string;
	email: string;
	name: string | null;
}
export interface Me {
	kind: "local" | "user" | "api_key";
	/** The user's or key's. */
	id: string | null;
	tenant_id: string;
	role: Role;
	permissions: Array<Permission>;
	user: Person | null;
	/** Where the user is a member. */
	tenants: Array<{
		id: string;
		name: string;
		role: Role;
	}>;
}
export interface User {
	id: string;
	email: string;
	name: string | null;
	role: Role;
	status: "active" | "deactivated";
	created_at: string;
	signed_in_at: MaybeTime;
}
export interface NewInvitation {
	id: string;
	email: string;
	role: Role;
	link: string;
	expires_at: string;
}
export interface ApiKey {
	id: string;
	name: string;
	prefix: string;
	scopes: Array<Permission>;
	/** A user's id. */
	created_by: string | null;
	created_at: string;
	expires_at: MaybeTime;
	/** Exact to a minute. */
	last_used_at: string | null;
	revoked_at: MaybeTime;
}
export interface Tenant {
	id: string;
	name: string;
	status: "active" | "suspended";
	settings: Record<string, unknown>;
	created_at: MaybeTime;
	updated_at: MaybeTime;
}
export interface AuditEntry {
	id: string;
	at: string;
	actor_kind: "local" | "user" | "api_key" | "system";
	actor_id: string | null;
	action: string;
	object_kind: string;
	object_id: string | null;
	detail: Record<string, unknown>;
	/** The address. */
	remote: string | null;
}
export interface NewLead {
	name: string;
	email: string;
	/** E.164; spaces, `-`, `.`, `/` and brackets in it are left out, `00` in front is `+`. Required with `call_back`. */
	phone?: string | null;
	company?: string | null;
	message?: string | null;
	/** The visitor agrees to being contacted. Required with `call_back`. */
	consent?: boolean | null;
	/** The visitor wants to be called now. */
	call_back?: boolean | null;
	/** A trap: hide the field, and leave it empty. */
	website?: string | null;
	/** Id of the tenant; may be left out where there is only one. */
	tenant?: string | null;
}
/** Every field once; empty ones are as if they were not there. `true`, `on`, `yes` and `1` are true, `false`, `off`, `no` and `0` false. */
export interface LeadForm {
	name: string;
	email: string;
	phone?: string;
	company?: string;
	message?: string;
	consent?: "true" | "on" | "yes" | "1" | "false" | "off" | "no" | "0" | "";
	call_back?: "true" | "on" | "yes" | "1" | "false" | "off" | "no" | "0" | "";
	website?: string;
	tenant?: string;
	/** Where the browser goes when the form was taken: an http or https URL at one of `allowed_origins`. */
	redirect?: string;
}
/** `none`: not asked for, or the tenant has no agent for it. `pending`: about to be done. `placed`: `call_id` is the call, which may be scheduled. `refused`: `call_back_detail` says why. */
export type LeadCallBackState = "none" | "pending" | "placed" | "refused";
export interface Lead {
	lead_id: string;
	name: string;
	email: string;
	phone: string | null;
	company: string | null;
	message: string | null;
	consent: boolean;
	/** It was asked for. */
	call_back: boolean;
	call_back_state: LeadCallBackState;
	call_back_detail: string | null;
	/** The call that was placed for it. */
	call_id: string | null;
	/** The web site it came from. */
	origin: string;
	/** How often it was sent again and not kept. */
	repeats: number;
	created_at: string;
	updated_at: string;
}
/** How a tenant takes leads. Absent, it takes none. */
export interface LeadSettings {
	enabled: boolean;
	/** Web sites whose forms are taken, such as `https://www.example.com`. None: no form is. */
	allowed_origins?: Array<string>;
	/** The agent that calls back who asked for it; `null`: nobody is called. */
	call_back_agent?: string | null;
	/** At most so many in 24 hours. */
	call_backs_per_day?: number;
	/** The same email and phone within so many minutes are one lead; 0: each is one. */
	collapse_minutes?: number;
}
/** Names of events, groups (`call.*`), or `*`. */
export type WebhookFilter = Array<string>;
export interface WebhookChange {
	url?: string | null;
	events?: WebhookFilter;
	description?: string | null;
	/** Deliveries at once. */
	max_concurrency?: number | null;
}
export interface Webhook {
	id: string;
	url: string;
	description: string;
	events: WebhookFilter;
	max_concurrency: number;
	state: "active" | "paused";
	pause_reason: "user" | "failing" | "gone" | null;
	/** In a row. */
	failures: number;
	last_error: string | null;
	paused_at: MaybeTime;
	failing_since: MaybeTime;
	last_success_at: MaybeTime;
	last_failure_at: MaybeTime;
	/** It is left alone until then. */
	not_before: string | null;
	/** Until then the old secret signs too. */
	previous_secret_until: string | null;
	created_at: string;
	updated_at: MaybeTime;
}
export interface WebhookWithSecret {
	id: string;
	url: string;
	description: string;
	events: WebhookFilter;
	max_concurrency: number;
	state: "active" | "paused";
	pause_reason: "user" | "failing" | "gone" | null;
	/** In a row. */
	failures: number;
	last_error: string | null;
	paused_at: MaybeTime;
	failing_since: MaybeTime;
	last_success_at: MaybeTime;
	last_failure_at: MaybeTime;
	/** It is left alone until then. */
	not_before: string | null;
	/** Until then the old secret signs too. */
	previous_secret_until: string | null;
	created_at: string;
	updated_at: MaybeTime;
	/** Shown this once. */
	secret: string;
}
export interface Delivery {
	event_id: string;
	type: string;
	/** Of the event. */
	created_at: string;
	call_id: string | null;
	state: "pending" | "delivered" | "dead";
	attempts: number;
	queued_at: MaybeTime;
	next_attempt_at: MaybeTime;
	finished_at: MaybeTime;
	/** HTTP status; 0 when there was no answer. */
	last_status: number;
	last_error: string | null;
}
export interface FullDelivery {
	event_id: string;
	type: string;
	/** Of the event. */
	created_at: string;
	call_id: string | null;
	state: "pending" | "delivered" | "dead";
	attempts: number;
	queued_at: MaybeTime;
	next_attempt_at: MaybeTime;
	finished_at: MaybeTime;
	/** HTTP status; 0 when there was no answer. */
	last_status: number;
	last_error: string | null;
	request: WebhookEvent;
	attempt_log: Array<{
		attempt: number;
		at: string;
		duration_ms: number;
		/** HTTP status; 0 when there was no answer. */
		status: number;
		error: string | null;
		/** The first 1,024 bytes. */
		response: string | null;
	}>;
}
export interface CallChange {
	call_id: string;
	status: CallStatus;
	direction: Direction;
	/** The other side; `null` once it was forgotten. */
	phone_number: string | null;
	/** Ours. */
	from_number: string | null;
	agent: string | null;
	/** `null` for a built-in agent. */
	agent_version: number | null;
	scheduled_at: MaybeTime;
	/** 1; higher on calls that were made again. */
	attempt: number;
	/** The first call of the series. */
	retry_of: string | null;
	created_at: string;
	/** When it was answered. */
	started_at: string | null;
	ended_at: MaybeTime;
	/** From answer to end; `null` before the end. */
	duration_seconds: number | null;
	end_reason: EndReason;
	/** For people. */
	end_detail: string | null;
	/** What the carrier heard: `human`, `machine_start`... */
	answered_by: string | null;
	/** What the agent's flow noted. */
	outcome: Record<string, unknown> | null;
	previous_status: CallStatus;
	/** What happened. */
	event: "noted" | "session_created" | "waiting" | "dialled" | "carrier_initiated" | "carrier_ringing" | "carrier_answered" | "carrier_completed" | "carrier_busy" | "carrier_no_answer" | "carrier_failed" | "carrier_canceled" | "engine_joined" | "engine_ended" | "end_requested" | "deadline_passed" | "lost";
	/** `api`, `platform`, `sweeper`, `twilio`, `ultravox`. */
	source: string | null;
}
/** A later one with the same `ordinal` replaces it. */
export interface SpokenTurn {
	ordinal: number;
	timestamp: string;
	speaker: "agent" | "user";
	/** All of it so far. */
	text: string;
	confidence: number | null;
	/** Of a final turn of the caller, by the words in it; 0 when nothing is felt. */
	sentiment?: number;
}
export interface TurnTiming {
	/** The end was noticed. */
	end_of_speech_ms?: number;
	/** The words were known. */
	recognised_ms?: number;
	/** The answer was known. */
	answer_ms?: number;
	/** The answer was heard. */
	first_audio_ms?: number;
	ordinal: number;
}
/** The sound is at `/api/v1/calls/{call_id}/recording`. */
export interface RecordingNews {
	status: "pending" | "available" | "failed";
	duration_seconds: number;
	size_bytes: number;
	channels: number;
	error: string | null;
}
export interface Instruction {
	text: string;
	author: {
		kind: string;
		id: string | null;
	};
}
export interface Author {
	/** `user`, `api_key`, or `local` where nobody signs in. */
	kind: string;
	id: string | null;
	/** Name or email; of a key, its name. */
	name: string | null;
}
export interface CallNote {
	note_id: string;
	text: string;
	author: Author;
	created_at: string;
}
export interface AgentNews {
	name: string;
	version: number;
	/** The version that was rolled back to. */
	restored_from: number | null;
	note: string | null;
	/** `user:ID`, `api_key:ID` or `local`. */
	published_by: string;
}
export interface ImportedNumber {
	number: string;
	label: string | null;
}
export interface AssignedNumber {
	number: string;
	agent: string | null;
}
export interface PausedWebhook {
	endpoint_id: string;
	url: string;
	reason: "failing" | "gone";
	failures: number;
	failing_since: MaybeTime;
	last_error: string | null;
}
/** What a text message of `GET /api/v1/live` is. Readers ignore types they do not know. */
export type LiveEvent = LiveCallCreated | LiveCallStatus | LiveCallUpdated | LiveTranscriptPartial | LiveTranscriptFinal | LiveTurnTiming | LiveCallSummary | LiveCallRecording | LiveCallNote | LiveCallInstruction | LiveLeadCreated | LiveWebhookPaused | LiveCounters | LiveStarted;
export interface LiveEnvelope {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: Record<string, unknown>;
}
/** A call was asked for, or came in. */
export interface LiveCallCreated {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.created";
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallBrief;
}
/** The status of a call changed. A terminal status comes exactly once. */
export interface LiveCallStatus {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.status";
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallChange;
}
/** Something else about a call changed. */
export interface LiveCallUpdated {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.updated";
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallChange;
}
/** A turn as it grows. Told once, not replayed. */
export interface LiveTranscriptPartial {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "transcript.partial";
	/** `null` for events about no call. */
	call_id: string | null;
	data: SpokenTurn;
}
/** A turn is complete. */
export interface LiveTranscriptFinal {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "transcript.final";
	/** `null` for events about no call. */
	call_id: string | null;
	data: SpokenTurn;
}
/** How long the agent took to answer. */
export interface LiveTurnTiming {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "turn.timing";
	/** `null` for events about no call. */
	call_id: string | null;
	data: TurnTiming;
}
/** The summary is there, or failed. */
export interface LiveCallSummary {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.summary";
	/** `null` for events about no call. */
	call_id: string | null;
	data: Summary;
}
/** The recording is there, or failed. */
export interface LiveCallRecording {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.recording";
	/** `null` for events about no call. */
	call_id: string | null;
	data: RecordingNews;
}
/** Somebody wrote something down about the call. */
export interface LiveCallNote {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.note";
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallNote;
}
/** The agent of the call was told something. */
export interface LiveCallInstruction {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "call.instruction";
	/** `null` for events about no call. */
	call_id: string | null;
	data: Instruction;
}
/** A visitor of a web site sent a form; who it was is not told here. */
export interface LiveLeadCreated {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "lead.created";
	/** `null` for events about no call. */
	call_id: string | null;
	data: {
		lead_id: string;
		origin: string;
		call_back: boolean;
	};
}
/** A webhook endpoint was paused by itself. */
export interface LiveWebhookPaused {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "webhook.paused";
	/** `null` for events about no call. */
	call_id: string | null;
	data: PausedWebhook;
}
/** How many calls are in progress. Told once, not replayed. */
export interface LiveCounters {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "counters";
	/** `null` for events about no call. */
	call_id: string | null;
	data: {
		active_calls: number;
	};
}
/** The server has started. Partials from before are void. */
export interface LiveStarted {
	/** Grows from event to event, with gaps. */
	seq: number;
	at: string;
	type: "live.started";
	/** `null` for events about no call. */
	call_id: string | null;
	data: Record<string, unknown>;
}
/** The body of an outgoing webhook. Receivers ignore types they do not know. */
export type WebhookEvent = WebhookCallCreated | WebhookCallStatus | WebhookCallUpdated | WebhookTranscriptFinal | WebhookCallSummary | WebhookCallRecording | WebhookAgentPublished | WebhookAgentRolledBack | WebhookNumberImported | WebhookNumberAssigned | WebhookLeadCreated | WebhookWebhookPaused | WebhookWebhookTest;
export interface WebhookEnvelope {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: string;
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: Record<string, unknown>;
}
export interface WebhookCallCreated {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "call.created";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallBrief;
}
export interface WebhookCallStatus {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "call.status";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallChange;
}
export interface WebhookCallUpdated {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "call.updated";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: CallChange;
}
export interface WebhookTranscriptFinal {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "transcript.final";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: SpokenTurn;
}
export interface WebhookCallSummary {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "call.summary";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: Summary;
}
export interface WebhookCallRecording {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "call.recording";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: RecordingNews;
}
export interface WebhookAgentPublished {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "agent.published";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: AgentNews;
}
export interface WebhookAgentRolledBack {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "agent.rolled_back";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: AgentNews;
}
export interface WebhookNumberImported {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "number.imported";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: ImportedNumber;
}
export interface WebhookNumberAssigned {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "number.assigned";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: AssignedNumber;
}
export interface WebhookLeadCreated {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "lead.created";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: Lead;
}
export interface WebhookWebhookPaused {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "webhook.paused";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: PausedWebhook;
}
export interface WebhookWebhookTest {
	/** The same every time the event comes, also when it is replayed. */
	id: string;
	type: "webhook.test";
	created_at: string;
	tenant_id: string;
	/** `null` for events about no call. */
	call_id: string | null;
	data: {
		message: string;
	};
}
export interface CallOptions {
	/** Ends the request, and the waiting between tries. */
	signal?: AbortSignal;
	/** Of operations that take one; made by itself otherwise. */
	idempotencyKey?: string;
}
export interface Operations {
	/** Place a call. */
	initiateCall(args: {
		/** Whom to call: E.164 or a `sip:` URI. */
		phone_number: string;
		/** Who speaks; absent: `DEFAULT_AGENT`. */
		agent?: string | null;
		/** A number of yours that the call comes from. */
		from?: string | null;
		/** Values of the agent's `{{variables}}`. */
		variables?: Record<string, string | number | boolean> | null;
		/** Instead of the agent's. */
		system_prompt?: string | null;
		/** Instead of the agent's. */
		first_message?: string | null;
		voice?: string | null;
		/** A BCP 47 tag, such as `en-US`. */
		language?: string | null;
		temperature?: number | null;
		max_duration_seconds?: number | null;
		/** Yours, kept with the call. `call_id`, `tenant_id` and `ultravox.*` are reserved. */
		metadata?: Record<string, string> | null;
		/** When to call, with an offset; absent: now. */
		scheduled_at?: string | null;
		/** Absent: the agent's. */
		retry?: RetryPolicy | null;
	}, options?: CallOptions): Promise<Call>;
	/** List calls. */
	listCalls(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		status?: CallStatus;
		direction?: Direction;
		/** Of its summary. */
		sentiment?: "positive" | "neutral" | "negative";
		/** Made at this time or later. */
		from?: string;
		/** Made before this time. */
		to?: string;
		/** On either side of the call; E.164, `+` may be left out. */
		number?: string;
		/** Said in the call or in its summary. */
		text?: string;
		agent?: string;
		/** Only calls that wait for their time. */
		scheduled?: "true";
		/** The calls that followed this one. */
		retry_of?: string;
	}, options?: CallOptions): Promise<CallPage>;
	/** List calls: every one, page by page. */
	allCalls(args?: Parameters<Operations['listCalls']>[0], options?: CallOptions): AsyncGenerator<ListedCall, void>;
	/** List calls as a file. */
	exportCalls(args?: {
		/** At most so many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		status?: CallStatus;
		direction?: Direction;
		/** Of its summary. */
		sentiment?: "positive" | "neutral" | "negative";
		/** Made at this time or later. */
		from?: string;
		/** Made before this time. */
		to?: string;
		/** On either side of the call; E.164, `+` may be left out. */
		number?: string;
		/** Said in the call or in its summary. */
		text?: string;
		agent?: string;
		/** Only calls that wait for their time. */
		scheduled?: "true";
		/** The calls that followed this one. */
		retry_of?: string;
	}, options?: CallOptions): Promise<Response>;
	/** List the calls in progress. */
	listActiveCalls(args?: Record<string, never>, options?: CallOptions): Promise<{
		calls: Array<ListedCall>;
		count: number;
	}>;
	/** Figures about all calls. */
	getAnalytics(args?: Record<string, never>, options?: CallOptions): Promise<Analytics>;
	/** Figures of a period, and of the one before. */
	getPeriodAnalytics(args?: {
		/** A time, or a date: its first moment in the zone. */
		from?: string;
		/** The same; not in the period itself. */
		to?: string;
		/** The time zone of days and hours. */
		tz?: string;
	}, options?: CallOptions): Promise<{
		tz: string;
		current: PeriodFigures;
		previous: PeriodFigures;
	}>;
	/** Get a call. */
	getCall(args: {
		call_id: string;
	}, options?: CallOptions): Promise<FullCall>;
	/** Get what was said. */
	getTranscript(args: {
		call_id: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		status: CallStatus;
		transcript: Array<Turn>;
	}>;
	/** Get the analysis. */
	getSummary(args: {
		call_id: string;
	}, options?: CallOptions): Promise<CallSummary>;
	/** List what happened to a call. */
	listCallEvents(args: {
		call_id: string;
		/** The last number seen. */
		since?: number;
		limit?: number;
	}, options?: CallOptions): Promise<{
		call_id: string;
		events: Array<LiveEvent>;
	}>;
	/** End a call. */
	endCall(args: {
		call_id: string;
	}, options?: CallOptions): Promise<Call>;
	/** Analyse a call again. */
	analyzeCall(args: {
		call_id: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		status: "pending";
		job_id: string;
	}>;
	/** List the notes about a call. */
	listNotes(args: {
		call_id: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		notes: Array<CallNote>;
	}>;
	/** Write a note about a call. */
	addNote(args: {
		call_id: string;
		text: string;
	}, options?: CallOptions): Promise<CallNote>;
	/** Have the agent of a live call say something. */
	sayInCall(args: {
		call_id: string;
		text: string;
		/** `now` cuts off what is being said; `soon` waits until nobody speaks. */
		when?: "now" | "soon";
		/** Whether the caller can talk over it. */
		interruptible?: boolean;
	}, options?: CallOptions): Promise<{
		call_id: string;
		text: string;
	}>;
	/** Tell the agent of a live call what to heed. */
	instructAgent(args: {
		call_id: string;
		text: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		text: string;
	}>;
	/** List what vendors sent about a call. */
	listPayloads(args: {
		call_id: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		payloads: Array<{
			payload_id: string;
			received_at: string;
			source: "twilio" | "ultravox";
			/** `voice`, `connect`, `status`, `recording`; the event of the engine, such as `call.ended`. */
			kind: string;
			content_type: string;
			size_bytes: number;
			truncated: boolean;
			body: string;
		}>;
	}>;
	/** List the voices that agents may have. */
	listVoices(args?: {
		/** Only those whose language begins so. */
		language?: string;
	}, options?: CallOptions): Promise<{
		voices: Array<{
			voice_id: string;
			name: string;
			description: string;
			/** BCP 47. */
			language: string | null;
			provider: string | null;
		}>;
	}>;
	/** Hear a voice. */
	previewVoice(args: {
		/** The name or the id of a voice. */
		name: string;
	}, options?: CallOptions): Promise<Response>;
	/** Listen to a call. */
	getRecording(args: {
		call_id: string;
		/** Anything but `0`: browsers save it. */
		download?: string;
	}, options?: CallOptions): Promise<Response>;
	/** Make a link to a recording. */
	linkRecording(args: {
		call_id: string;
		/** Seconds. */
		expires_in?: number | null;
		/** Browsers save it. */
		download?: boolean;
	}, options?: CallOptions): Promise<Link>;
	/** List the links to a call. */
	listLinks(args: {
		call_id: string;
	}, options?: CallOptions): Promise<{
		call_id: string;
		links: Array<CallLink>;
	}>;
	/** Make a link to a call. */
	linkCall(args: {
		call_id: string;
		/** Seconds. */
		expires_in?: number | null;
	}, options?: CallOptions): Promise<Link>;
	/** Take a link back. */
	revokeLink(args: {
		call_id: string;
		link_id: string;
	}, options?: CallOptions): Promise<void>;
	/** See a call by link. */
	followCallLink(args: {
		token: string;
	}, options?: CallOptions): Promise<SharedCall>;
	/** Listen by link. */
	followRecordingLink(args: {
		token: string;
	}, options?: CallOptions): Promise<Response>;
	/** Get a ticket for the live socket. */
	createTicket(args?: Record<string, never>, options?: CallOptions): Promise<{
		/** For `?ticket=` of the handshake. */
		ticket: string;
		/** Seconds. */
		expires_in: number;
	}>;
	/** List agents. */
	listAgents(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		agents: Array<AgentBrief>;
		next_cursor: NextCursor;
	}>;
	/** List agents: every one, page by page. */
	allAgents(args?: Parameters<Operations['listAgents']>[0], options?: CallOptions): AsyncGenerator<AgentBrief, void>;
	/** Make an agent. */
	createAgent(args: {
		name: string;
		config: AgentConfig;
	}, options?: CallOptions): Promise<Agent>;
	/** Get an agent. */
	getAgent(args: {
		name: string;
	}, options?: CallOptions): Promise<Agent>;
	/** Replace an agent's draft. */
	draftAgent(args: {
		name: string;
		config: AgentConfig;
		revision?: SeenRevision;
	}, options?: CallOptions): Promise<Agent>;
	/** Delete an agent. */
	deleteAgent(args: {
		name: string;
	}, options?: CallOptions): Promise<void>;
	/** Drop an agent's draft. */
	dropDraft(args: {
		name: string;
	}, options?: CallOptions): Promise<Agent>;
	/** Publish the draft. */
	publishAgent(args: {
		name: string;
		note?: Note;
		revision?: SeenRevision;
	}, options?: CallOptions): Promise<Agent>;
	/** Publish an earlier version again. */
	rollbackAgent(args: {
		name: string;
		version: number;
		note?: Note;
		revision?: SeenRevision;
	}, options?: CallOptions): Promise<Agent>;
	/** List an agent's versions. */
	listAgentVersions(args: {
		name: string;
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		versions: Array<AgentVersion>;
		next_cursor: NextCursor;
	}>;
	/** List an agent's versions: every one, page by page. */
	allAgentVersions(args?: Parameters<Operations['listAgentVersions']>[0], options?: CallOptions): AsyncGenerator<AgentVersion, void>;
	/** Get a version of an agent. */
	getAgentVersion(args: {
		name: string;
		version: number;
	}, options?: CallOptions): Promise<AgentVersion>;
	/** Compare two configurations of an agent. */
	diffAgent(args: {
		name: string;
		/** A version, `draft`, `published` or `built_in`. */
		from?: string;
		/** The same. */
		to?: string;
	}, options?: CallOptions): Promise<{
		from: string;
		to: string;
		changes: Array<{
			op: "add" | "remove" | "replace";
			/** A JSON pointer. */
			path: string;
			/** What was there. */
			from?: unknown;
			/** What is there now. */
			to?: unknown;
		}>;
	}>;
	/** Get a flow of the embedded engine. */
	getFlow(args: {
		name: string;
	}, options?: CallOptions): Promise<{
		start: string;
		states: Record<string, Record<string, unknown>>;
	}>;
	/** List phone numbers. */
	listNumbers(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		numbers: Array<Number>;
		next_cursor: NextCursor;
	}>;
	/** List phone numbers: every one, page by page. */
	allNumbers(args?: Parameters<Operations['listNumbers']>[0], options?: CallOptions): AsyncGenerator<Number, void>;
	/** Add a phone number. */
	addNumber(args: {
		number: string;
		label?: Label;
		/** Who answers it; published, or built in. */
		agent?: string | null;
		/** Whose it is. */
		tenant_id?: string;
	}, options?: CallOptions): Promise<Number>;
	/** Take over the carrier's numbers. */
	importNumbers(args?: {
		/** Which; absent: all of the account. */
		numbers?: Array<string>;
		/** Point them here as well. */
		webhooks?: boolean;
	}, options?: CallOptions): Promise<{
		imported: Array<string>;
		skipped: Array<{
			number: string;
			reason: string;
		}>;
	}>;
	/** Get a phone number. */
	getNumber(args: {
		/** E.164, with its `+`. */
		number: string;
	}, options?: CallOptions): Promise<Number>;
	/** Label a number, or give it another agent. */
	changeNumber(args: {
		/** E.164, with its `+`. */
		number: string;
		label?: Label;
		/** `null` takes it away. */
		agent?: string | null;
	}, options?: CallOptions): Promise<Number>;
	/** Release a phone number. */
	releaseNumber(args: {
		/** E.164, with its `+`. */
		number: string;
	}, options?: CallOptions): Promise<void>;
	/** Point a number at this platform. */
	setNumberWebhooks(args: {
		/** E.164, with its `+`. */
		number: string;
	}, options?: CallOptions): Promise<Number>;
	/** List leads. */
	listLeads(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		/** Of whoever sent it. */
		email?: string;
		/** Of whoever sent it; E.164, `+` may be left out. */
		phone?: string;
		call_back_state?: LeadCallBackState;
		/** Sent at this time or later. */
		from?: string;
		/** Sent before this time. */
		to?: string;
	}, options?: CallOptions): Promise<{
		leads: Array<Lead>;
		next_cursor: NextCursor;
	}>;
	/** List leads: every one, page by page. */
	allLeads(args?: Parameters<Operations['listLeads']>[0], options?: CallOptions): AsyncGenerator<Lead, void>;
	/** Send a form. */
	createLead(args: {
		name: string;
		email: string;
		/** E.164; spaces, `-`, `.`, `/` and brackets in it are left out, `00` in front is `+`. Required with `call_back`. */
		phone?: string | null;
		company?: string | null;
		message?: string | null;
		/** The visitor agrees to being contacted. Required with `call_back`. */
		consent?: boolean | null;
		/** The visitor wants to be called now. */
		call_back?: boolean | null;
		/** A trap: hide the field, and leave it empty. */
		website?: string | null;
		/** Id of the tenant; may be left out where there is only one. */
		tenant?: string | null;
	}, options?: CallOptions): Promise<{
		accepted: true;
		/** The visitor will be called: it was asked for, with consent, and the tenant has an agent for it. In quiet hours, after them. */
		call_back: boolean;
	}>;
	/** List leads as a file. */
	exportLeads(args?: {
		/** At most so many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		/** Of whoever sent it. */
		email?: string;
		/** Of whoever sent it; E.164, `+` may be left out. */
		phone?: string;
		call_back_state?: LeadCallBackState;
		/** Sent at this time or later. */
		from?: string;
		/** Sent before this time. */
		to?: string;
	}, options?: CallOptions): Promise<Response>;
	/** Get a lead. */
	getLead(args: {
		lead_id: string;
	}, options?: CallOptions): Promise<Lead>;
	/** Delete a lead. */
	deleteLead(args: {
		lead_id: string;
	}, options?: CallOptions): Promise<void>;
	/** List webhook endpoints. */
	listWebhooks(args?: Record<string, never>, options?: CallOptions): Promise<{
		webhooks: Array<Webhook>;
	}>;
	/** Make a webhook endpoint. */
	createWebhook(args: {
		url: string | null;
		events: WebhookFilter;
		description?: string | null;
		/** Deliveries at once. */
		max_concurrency?: number | null;
	}, options?: CallOptions): Promise<WebhookWithSecret>;
	/** List the events an endpoint can ask for. */
	listWebhookEvents(args?: Record<string, never>, options?: CallOptions): Promise<{
		events: Array<{
			type: string;
			description: string;
		}>;
	}>;
	/** Get a webhook endpoint. */
	getWebhook(args: {
		webhook_id: string;
	}, options?: CallOptions): Promise<Webhook>;
	/** Change a webhook endpoint. */
	changeWebhook(args: {
		webhook_id: string;
		url?: string | null;
		events?: WebhookFilter;
		description?: string | null;
		/** Deliveries at once. */
		max_concurrency?: number | null;
	}, options?: CallOptions): Promise<Webhook>;
	/** Delete a webhook endpoint. */
	deleteWebhook(args: {
		webhook_id: string;
	}, options?: CallOptions): Promise<void>;
	/** Get a new secret. */
	rotateWebhookSecret(args: {
		webhook_id: string;
		overlap_seconds?: number | null;
	}, options?: CallOptions): Promise<WebhookWithSecret>;
	/** Send nothing for now. */
	pauseWebhook(args: {
		webhook_id: string;
	}, options?: CallOptions): Promise<Webhook>;
	/** Send again. */
	resumeWebhook(args: {
		webhook_id: string;
	}, options?: CallOptions): Promise<Webhook>;
	/** Send a webhook.test. */
	testWebhook(args: {
		webhook_id: string;
	}, options?: CallOptions): Promise<{
		event_id: string;
		type: "webhook.test";
	}>;
	/** Send the events of a time again. */
	replayDeliveries(args: {
		webhook_id: string;
		from: string;
		/** Absent: now. */
		to?: string | null;
		state?: "pending" | "delivered" | "dead" | "any" | null;
	}, options?: CallOptions): Promise<{
		/** How many. */
		replayed: number;
	}>;
	/** List what was sent to an endpoint. */
	listDeliveries(args: {
		webhook_id: string;
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		state?: "pending" | "delivered" | "dead";
		/** Of the event. */
		type?: string;
		call_id?: string;
		from?: string;
		to?: string;
	}, options?: CallOptions): Promise<{
		deliveries: Array<Delivery>;
		next_cursor: NextCursor;
	}>;
	/** List what was sent to an endpoint: every one, page by page. */
	allDeliveries(args?: Parameters<Operations['listDeliveries']>[0], options?: CallOptions): AsyncGenerator<Delivery, void>;
	/** Get a delivery. */
	getDelivery(args: {
		webhook_id: string;
		event_id: string;
	}, options?: CallOptions): Promise<FullDelivery>;
	/** Send one again. */
	replayDelivery(args: {
		webhook_id: string;
		event_id: string;
	}, options?: CallOptions): Promise<{
		/** How many. */
		replayed: number;
	}>;
	/** Get what holds, and what is used. */
	getLimits(args?: Record<string, never>, options?: CallOptions): Promise<LimitsView>;
	/** Replace the tenant's own limits. */
	setLimits(args?: {
		allowed_countries?: Array<string> | null;
		allowed_prefixes?: Array<string> | null;
		blocked_prefixes?: Array<string> | null;
		premium?: boolean | null;
		satellite?: boolean | null;
		sip?: boolean | null;
		calls_per_day?: number | null;
		calls_per_month?: number | null;
		spend_per_day_micros?: number | null;
		spend_per_month_micros?: number | null;
		attempts_per_number_per_day?: number | null;
		max_calls?: number | null;
		quiet_hours?: {
			from: string;
			to: string;
			time_zone: string;
		} | boolean | null;
	}, options?: CallOptions): Promise<LimitsView>;
	/** Get how long data is kept. */
	getRetention(args?: Record<string, never>, options?: CallOptions): Promise<Retention>;
	/** Say how long data is kept. */
	setRetention(args: {
		/** Transcripts and summaries. */
		words_days: number;
		recordings_days: number;
		/** The calls themselves. */
		calls_days: number;
		/** What visitors sent; left out, it stays as it is. */
		leads_days?: number;
	}, options?: CallOptions): Promise<Retention>;
	/** List erasures. */
	listErasures(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		erasures: Array<Erasure>;
		next_cursor: NextCursor;
	}>;
	/** List erasures: every one, page by page. */
	allErasures(args?: Parameters<Operations['listErasures']>[0], options?: CallOptions): AsyncGenerator<Erasure, void>;
	/** Forget a person. */
	createErasure(args: {
		/** E.164 or a `sip:` URI, as calls show it. */
		phone_number: string;
		reason?: string | null;
	}, options?: CallOptions): Promise<Erasure>;
	/** Get an erasure. */
	getErasure(args: {
		erasure_id: string;
	}, options?: CallOptions): Promise<Erasure>;
	/** List jobs. */
	listJobs(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		state?: "dead" | "ready" | "running";
		kind?: string;
	}, options?: CallOptions): Promise<{
		jobs: Array<Job>;
		next_cursor: NextCursor;
	}>;
	/** List jobs: every one, page by page. */
	allJobs(args?: Parameters<Operations['listJobs']>[0], options?: CallOptions): AsyncGenerator<Job, void>;
	/** Bring back the dead jobs of a kind. */
	replayJobs(args: {
		kind: string;
	}, options?: CallOptions): Promise<{
		/** How many. */
		replayed: number;
	}>;
	/** Bring back a dead job. */
	replayJob(args: {
		job_id: string;
	}, options?: CallOptions): Promise<{
		/** How many. */
		replayed: number;
	}>;
	/** Sign in. */
	signIn(args: {
		email: string;
		password: string;
		/** Absent: the first tenant of the user. */
		tenant_id?: string | null;
		cookie?: WantsCookie;
	}, options?: CallOptions): Promise<Tokens>;
	/** Get new tokens. */
	refresh(args?: {
		refresh_token?: string | null;
	}, options?: CallOptions): Promise<Tokens>;
	/** Sign out. */
	signOut(args?: {
		refresh_token?: string | null;
	}, options?: CallOptions): Promise<void>;
	/** Get who asks, and what they may do. */
	getMe(args?: Record<string, never>, options?: CallOptions): Promise<Me>;
	/** Change your name. */
	renameMe(args: {
		name: string;
	}, options?: CallOptions): Promise<void>;
	/** Change your password. */
	changePassword(args: {
		current_password: string;
		new_password: string;
	}, options?: CallOptions): Promise<void>;
	/** Go on in another tenant of yours. */
	switchTenant(args: {
		tenant_id: string;
		cookie?: WantsCookie;
	}, options?: CallOptions): Promise<Tokens>;
	/** List where you are signed in. */
	listSignIns(args?: Record<string, never>, options?: CallOptions): Promise<{
		sign_ins: Array<{
			id: string;
			/** Whether the request comes from it. */
			current: boolean;
			/** The address. */
			remote: string | null;
			/** The browser's name for itself. */
			agent: string | null;
			created_at: string;
			used_at: MaybeTime;
		}>;
	}>;
	/** End a sign-in of yours. */
	endSignIn(args: {
		sign_in_id: string;
	}, options?: CallOptions): Promise<void>;
	/** See what a link is for. */
	viewInvitation(args: {
		token: string;
	}, options?: CallOptions): Promise<{
		kind: "join" | "reset";
		/** Empty: whoever has the link. */
		email: string;
		role: Role;
		tenant_name: string;
		has_account: boolean;
	}>;
	/** Use a link, and be signed in. */
	acceptInvitation(args: {
		token: string;
		email: string;
		name?: string | null;
		password: string;
		cookie?: WantsCookie;
	}, options?: CallOptions): Promise<Tokens>;
	/** List members. */
	listUsers(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		users: Array<User>;
		next_cursor: NextCursor;
	}>;
	/** List members: every one, page by page. */
	allUsers(args?: Parameters<Operations['listUsers']>[0], options?: CallOptions): AsyncGenerator<User, void>;
	/** Get a member. */
	getUser(args: {
		user_id: string;
	}, options?: CallOptions): Promise<User>;
	/** Change a member's role or status. */
	changeUser(args: {
		user_id: string;
		role?: "viewer" | "operator" | "admin" | "owner" | null;
		status?: "active" | "deactivated" | null;
	}, options?: CallOptions): Promise<User>;
	/** Take a member out of the tenant. */
	removeUser(args: {
		user_id: string;
	}, options?: CallOptions): Promise<void>;
	/** Invite somebody. */
	inviteUser(args: {
		email: string;
		role: Role;
	}, options?: CallOptions): Promise<NewInvitation>;
	/** List open invitations. */
	listInvitations(args?: Record<string, never>, options?: CallOptions): Promise<{
		invitations: Array<{
			id: string;
			email: string;
			role: Role;
			/** A user's id. */
			invited_by: string | null;
			created_at: string;
			expires_at: string;
		}>;
	}>;
	/** Withdraw an invitation. */
	withdrawInvitation(args: {
		invitation_id: string;
	}, options?: CallOptions): Promise<void>;
	/** List API keys. */
	listKeys(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		keys: Array<ApiKey>;
		next_cursor: NextCursor;
	}>;
	/** List API keys: every one, page by page. */
	allKeys(args?: Parameters<Operations['listKeys']>[0], options?: CallOptions): AsyncGenerator<ApiKey, void>;
	/** Make an API key. */
	createKey(args: {
		name: string;
		scopes: Array<Permission>;
		expires_in_days?: number | null;
	}, options?: CallOptions): Promise<{
		id: string;
		name: string;
		prefix: string;
		/** `vai_PREFIX_SECRET` */
		key: string;
		scopes: Array<Permission>;
		expires_at: string;
	}>;
	/** Get an API key. */
	getKey(args: {
		key_id: string;
	}, options?: CallOptions): Promise<ApiKey>;
	/** Revoke an API key. */
	revokeKey(args: {
		key_id: string;
	}, options?: CallOptions): Promise<void>;
	/** See how a tenant looks. */
	getBrand(args?: {
		/** Id of the tenant. */
		tenant?: string;
	}, options?: CallOptions): Promise<Brand>;
	/** List tenants. */
	listTenants(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
	}, options?: CallOptions): Promise<{
		tenants: Array<Tenant>;
		next_cursor: NextCursor;
	}>;
	/** List tenants: every one, page by page. */
	allTenants(args?: Parameters<Operations['listTenants']>[0], options?: CallOptions): AsyncGenerator<Tenant, void>;
	/** Make a tenant. */
	createTenant(args: {
		name: string;
		owner_email: string;
	}, options?: CallOptions): Promise<{
		id: string;
		name: string;
		invitation: NewInvitation;
	}>;
	/** Get a tenant. */
	getTenant(args: {
		tenant_id: string;
	}, options?: CallOptions): Promise<Tenant>;
	/** Change a tenant. */
	changeTenant(args: {
		tenant_id: string;
		name?: string | null;
		status?: "active" | "suspended" | null;
		/** Yours to use; at most 64 KiB. `brand` is how the dashboard looks to the tenant, `leads` how it takes leads. */
		settings?: {
			brand?: Brand;
			leads?: LeadSettings;
		} | null;
	}, options?: CallOptions): Promise<{
		id: string;
	}>;
	/** List changes. */
	listAudit(args?: {
		/** How many. */
		limit?: number;
		/** `next_cursor` of the page before. */
		cursor?: string;
		/** Such as `call.create`. */
		action?: string;
		object_kind?: string;
		object_id?: string;
		actor_id?: string;
		from?: string;
		to?: string;
	}, options?: CallOptions): Promise<{
		entries: Array<AuditEntry>;
		next_cursor: NextCursor;
	}>;
	/** List changes: every one, page by page. */
	allAudit(args?: Parameters<Operations['listAudit']>[0], options?: CallOptions): AsyncGenerator<AuditEntry, void>;
	/** Ask whether the process lives. */
	getHealth(args?: {
		/** 32 hex digits, answered with a proof that this is the platform of an installation. */
		nonce?: string;
	}, options?: CallOptions): Promise<{
		status: "ok";
		service: string;
		version: string;
		proof?: string;
		uptime_seconds: number;
	}>;
	/** Ask whether it takes requests. */
	getReady(args?: Record<string, never>, options?: CallOptions): Promise<{
		status: "ok" | "degraded" | "unavailable";
		/** `ok`, or the reason, by part. */
		checks: Record<string, string>;
	}>;
	/** Get metrics. */
	getMetrics(args?: Record<string, never>, options?: CallOptions): Promise<Response>;
}

"""Made by tools/sdk_types.mjs from sdk/openapi.yaml. Do not edit."""

from __future__ import annotations

from typing import Any, Iterator, Literal, NotRequired, Required, TypedDict, Union, Unpack

class ErrorError(TypedDict):
    code: ErrorCode
    message: str
    field: NotRequired[str]


class Error(TypedDict):
    error: ErrorError


class RetryPolicy(TypedDict):
    max_attempts: int
    delay_seconds: int | list[int]
    on: NotRequired[list[Literal["no_answer", "busy"]]]


InitiateCall = TypedDict("InitiateCall", {
    "phone_number": "str",
    "agent": "NotRequired[str | None]",
    "from": "NotRequired[str | None]",
    "variables": "NotRequired[dict[str, str | float | bool] | None]",
    "system_prompt": "NotRequired[str | None]",
    "first_message": "NotRequired[str | None]",
    "voice": "NotRequired[str | None]",
    "language": "NotRequired[str | None]",
    "temperature": "NotRequired[float | None]",
    "max_duration_seconds": "NotRequired[int | None]",
    "metadata": "NotRequired[dict[str, str] | None]",
    "scheduled_at": "NotRequired[str | None]",
    "retry": "NotRequired[RetryPolicy | None]",
})


class CallBrief(TypedDict):
    call_id: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    agent: str | None
    agent_version: int | None
    scheduled_at: MaybeTime
    attempt: int
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: MaybeTime
    duration_seconds: int | None
    end_reason: EndReason
    end_detail: str | None
    answered_by: str | None
    outcome: dict[str, Any] | None


class Call(TypedDict):
    call_id: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    agent: str | None
    agent_version: int | None
    scheduled_at: MaybeTime
    attempt: int
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: MaybeTime
    duration_seconds: int | None
    end_reason: EndReason
    end_detail: str | None
    answered_by: str | None
    outcome: dict[str, Any] | None
    ultravox_call_id: str | None
    twilio_call_sid: str | None
    system_prompt: str | None
    first_message: str | None
    model: str | None
    voice: str | None
    language: str | None
    temperature: float | None
    max_duration_seconds: int
    recorded: bool
    tools: list[Tool] | None
    metadata: dict[str, Any] | None
    retry: RetryPolicy | None
    updated_at: str


class ListedCall(TypedDict):
    call_id: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    agent: str | None
    agent_version: int | None
    scheduled_at: MaybeTime
    attempt: int
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: MaybeTime
    duration_seconds: int | None
    end_reason: EndReason
    end_detail: str | None
    answered_by: str | None
    outcome: dict[str, Any] | None
    ultravox_call_id: str | None
    twilio_call_sid: str | None
    system_prompt: str | None
    first_message: str | None
    model: str | None
    voice: str | None
    language: str | None
    temperature: float | None
    max_duration_seconds: int
    recorded: bool
    tools: list[Tool] | None
    metadata: dict[str, Any] | None
    retry: RetryPolicy | None
    updated_at: str
    summary: Summary | None


class CallPage(TypedDict):
    calls: list[ListedCall]
    next_cursor: NextCursor


class FullCall(TypedDict):
    call_id: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    agent: str | None
    agent_version: int | None
    scheduled_at: MaybeTime
    attempt: int
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: MaybeTime
    duration_seconds: int | None
    end_reason: EndReason
    end_detail: str | None
    answered_by: str | None
    outcome: dict[str, Any] | None
    ultravox_call_id: str | None
    twilio_call_sid: str | None
    system_prompt: str | None
    first_message: str | None
    model: str | None
    voice: str | None
    language: str | None
    temperature: float | None
    max_duration_seconds: int
    recorded: bool
    tools: list[Tool] | None
    metadata: dict[str, Any] | None
    retry: RetryPolicy | None
    updated_at: str
    summary: Summary | None
    transcript: list[Turn]
    recording: Recording | None
    recording_path: str | None
    cost: Cost | None


class Turn(TypedDict):
    ordinal: int
    timestamp: str
    speaker: Literal["agent", "user"]
    text: str
    confidence: float | None
    timing: NotRequired[Timing]


class Timing(TypedDict):
    end_of_speech_ms: NotRequired[int]
    recognised_ms: NotRequired[int]
    answer_ms: NotRequired[int]
    first_audio_ms: NotRequired[int]


class Summary(TypedDict):
    status: Literal["pending", "completed", "failed"]
    summary: str | None
    key_points: list[str]
    sentiment: Literal["positive", "neutral", "negative", None]
    action_items: list[str]
    highlights: list[str]
    analyser: str | None
    model: str | None
    error: str | None
    created_at: MaybeTime


class CallSummary(TypedDict):
    status: Literal["pending", "completed", "failed"]
    summary: str | None
    key_points: list[str]
    sentiment: Literal["positive", "neutral", "negative", None]
    action_items: list[str]
    highlights: list[str]
    analyser: str | None
    model: str | None
    error: str | None
    created_at: MaybeTime
    call_id: str


class Recording(TypedDict):
    status: Literal["pending", "available", "failed"]
    error: str | None
    duration_seconds: int
    size_bytes: int
    channels: int
    url: str | None


class CallLink(TypedDict):
    link_id: str
    scope: Literal["call", "recording"]
    author: Author
    created_at: str
    expires_at: str


class Link(TypedDict):
    link_id: str
    url: str
    expires_at: str


class SharedCall(TypedDict):
    expires_at: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    created_at: str
    started_at: MaybeTime
    ended_at: MaybeTime
    duration_seconds: int | None
    transcript: list[Turn]
    summary: SharedSummary | None
    recording: SharedRecording | None
    brand: Brand


class SharedSummary(TypedDict):
    status: Literal["pending", "completed", "failed"]
    summary: str | None
    key_points: list[str]
    sentiment: Literal["positive", "neutral", "negative", None]
    action_items: list[str]
    highlights: list[str]


class SharedRecording(TypedDict):
    duration_seconds: int
    size_bytes: int
    url: str


class CostPart(TypedDict):
    micros: int
    source: Literal["rate", "usage", "price"]
    seconds: NotRequired[int]
    tokens: NotRequired[int]


class Cost(TypedDict):
    currency: str
    total_micros: int
    telephony: CostPart
    voice_ai: CostPart
    analysis: CostPart
    infrastructure: Micros


class Micros(TypedDict):
    micros: int


class CostSum(TypedDict):
    currency: str
    total_micros: int
    telephony: Micros
    voice_ai: Micros
    analysis: Micros
    infrastructure: Micros
    calls: int


class AnalyticsCallVolumeItem(TypedDict):
    hour: str
    calls: int


class Analytics(TypedDict):
    total_calls: int
    active_calls: int
    completed_calls: int
    success_rate: float
    average_duration_seconds: float
    calls_by_status: dict[str, int]
    sentiment_distribution: SentimentCounts
    call_volume: list[AnalyticsCallVolumeItem]
    cost: CostSum


class Figure(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int


class TimeFigure(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    cost_micros: int


class SentimentCounts(TypedDict):
    positive: int
    neutral: int
    negative: int


class Percentiles(TypedDict):
    turns: int
    p50_ms: int | None
    p90_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


class PeriodFiguresTotals(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    active_calls: int
    success_rate: float
    average_duration_seconds: float


PeriodFiguresByDayItem = TypedDict("PeriodFiguresByDayItem", {
    "calls": "int",
    "completed_calls": "int",
    "answered_calls": "int",
    "talk_seconds": "int",
    "cost_micros": "int",
    "day": "str",
    "from": "str",
})


PeriodFiguresByHourItem = TypedDict("PeriodFiguresByHourItem", {
    "calls": "int",
    "completed_calls": "int",
    "answered_calls": "int",
    "talk_seconds": "int",
    "cost_micros": "int",
    "from": "str",
})


class PeriodFiguresByHourOfDayItem(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    cost_micros: int
    hour: int


class PeriodFiguresByOutcomeItem(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    outcome: EndReason


class PeriodFiguresByAgentItem(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    agent: str | None


class PeriodFiguresByNumberItem(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    number: str | None


class PeriodFiguresByDirectionItem(TypedDict):
    calls: int
    completed_calls: int
    answered_calls: int
    talk_seconds: int
    direction: Direction


class PeriodFiguresLatency(TypedDict):
    end_of_speech: Percentiles
    recognised: Percentiles
    answer: Percentiles
    first_audio: Percentiles


PeriodFigures = TypedDict("PeriodFigures", {
    "from": "str",
    "to": "str",
    "totals": "PeriodFiguresTotals",
    "by_day": "list[PeriodFiguresByDayItem]",
    "by_hour": "list[PeriodFiguresByHourItem]",
    "by_hour_of_day": "list[PeriodFiguresByHourOfDayItem]",
    "by_status": "dict[str, int]",
    "by_outcome": "list[PeriodFiguresByOutcomeItem]",
    "by_agent": "list[PeriodFiguresByAgentItem]",
    "by_number": "list[PeriodFiguresByNumberItem]",
    "by_direction": "list[PeriodFiguresByDirectionItem]",
    "sentiment": "SentimentCounts",
    "latency": "PeriodFiguresLatency",
    "cost": "CostSum",
})


class Tool(TypedDict):
    toolId: NotRequired[str]
    toolName: NotRequired[str]
    temporaryTool: NotRequired[dict[str, Any]]


class AgentConfigVariablesValue(TypedDict):
    description: NotRequired[str]
    default: NotRequired[str]


class AgentConfig(TypedDict):
    description: NotRequired[str | None]
    model: NotRequired[str | None]
    flow: NotRequired[str | None]
    voice: NotRequired[str | None]
    language: NotRequired[str | None]
    system_prompt: NotRequired[str | None]
    first_message: NotRequired[str | None]
    temperature: NotRequired[float | None]
    max_duration_seconds: NotRequired[int | None]
    recording: NotRequired[bool | None]
    tools: NotRequired[list[Tool] | None]
    retry: NotRequired[RetryPolicy | None]
    variables: NotRequired[dict[str, AgentConfigVariablesValue] | None]


class AgentBrief(TypedDict):
    name: str
    source: Literal["stored", "built_in"]
    description: str | None
    model: str | None
    flow: str | None
    published_version: int | None
    has_draft: bool
    revision: int | None
    created_at: MaybeTime
    updated_at: MaybeTime
    updated_by: str | None


class AgentPublished(TypedDict):
    version: int | None
    config: StoredConfig
    note: NotRequired[str | None]
    restored_from: NotRequired[int | None]
    published_at: NotRequired[MaybeTime]
    published_by: NotRequired[str | None]


class AgentDraft(TypedDict):
    config: StoredConfig


class Agent(TypedDict):
    name: str
    source: Literal["stored", "built_in"]
    description: str | None
    model: str | None
    flow: str | None
    published_version: int | None
    has_draft: bool
    revision: int | None
    created_at: MaybeTime
    updated_at: MaybeTime
    updated_by: str | None
    published: None | AgentPublished
    draft: None | AgentDraft


class AgentVersion(TypedDict):
    version: int
    published: bool
    config: NotRequired[StoredConfig]
    note: str | None
    restored_from: int | None
    published_at: str
    published_by: str | None


class NumberWebhooks(TypedDict):
    state: Literal["unset", "pending", "set", "failed"]
    detail: str | None
    at: MaybeTime


class Number(TypedDict):
    number: str
    label: str | None
    agent: str | None
    provider_sid: str | None
    webhooks: NumberWebhooks
    created_at: str
    updated_at: MaybeTime


class Brand(TypedDict):
    name: NotRequired[str]
    colour: NotRequired[str]
    logo: NotRequired[str]


LimitsQuietHours = TypedDict("LimitsQuietHours", {
    "from": "str",
    "to": "str",
    "time_zone": "str",
})


class Limits(TypedDict):
    allowed_countries: list[str]
    allowed_prefixes: list[str]
    blocked_prefixes: list[str]
    premium: bool
    satellite: bool
    sip: bool
    calls_per_day: int
    calls_per_month: int
    spend_per_day_micros: int
    spend_per_month_micros: int
    attempts_per_number_per_day: int
    max_calls: int
    quiet_hours: LimitsQuietHours | bool


OwnLimitsQuietHours = TypedDict("OwnLimitsQuietHours", {
    "from": "str",
    "to": "str",
    "time_zone": "str",
})


class OwnLimits(TypedDict):
    allowed_countries: NotRequired[list[str] | None]
    allowed_prefixes: NotRequired[list[str] | None]
    blocked_prefixes: NotRequired[list[str] | None]
    premium: NotRequired[bool | None]
    satellite: NotRequired[bool | None]
    sip: NotRequired[bool | None]
    calls_per_day: NotRequired[int | None]
    calls_per_month: NotRequired[int | None]
    spend_per_day_micros: NotRequired[int | None]
    spend_per_month_micros: NotRequired[int | None]
    attempts_per_number_per_day: NotRequired[int | None]
    max_calls: NotRequired[int | None]
    quiet_hours: NotRequired[OwnLimitsQuietHours | bool | None]


class Usage(TypedDict):
    calls: int
    reserved_micros: int
    spent_micros: int


class LimitsView(TypedDict):
    limits: Limits
    own: OwnLimits
    defaults: Limits
    currency: str
    today: Usage | None
    this_month: Usage | None


class Retention(TypedDict):
    words_days: int
    recordings_days: int
    calls_days: int
    leads_days: NotRequired[int]


class ErasureRemoved(TypedDict):
    calls: int
    turns: int
    recordings: int
    leads: int


class Erasure(TypedDict):
    erasure_id: str
    state: Literal["pending", "done"]
    phone_number: str | None
    number_hash: str | None
    requested_by: str | None
    reason: str | None
    requested_at: str
    completed_at: MaybeTime
    removed: ErasureRemoved
    proof: str | None
    proof_valid: NotRequired[bool]


class Job(TypedDict):
    id: str
    kind: str
    call_id: str | None
    payload: dict[str, Any]
    state: Literal["dead", "ready", "running"]
    attempt: int
    run_at: MaybeTime
    last_error: str | None
    created_at: str
    updated_at: MaybeTime


class TokensTenant(TypedDict):
    id: str
    name: str


class Tokens(TypedDict):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: NotRequired[str]
    refresh_expires_in: int
    user: Person
    tenant: TokensTenant
    role: Role


class Person(TypedDict):
    id: str
    email: str
    name: str | None


class MeTenantsItem(TypedDict):
    id: str
    name: str
    role: Role


class Me(TypedDict):
    kind: Literal["local", "user", "api_key"]
    id: str | None
    tenant_id: str
    role: Role
    permissions: list[Permission]
    user: Person | None
    tenants: list[MeTenantsItem]


class User(TypedDict):
    id: str
    email: str
    name: str | None
    role: Role
    status: Literal["active", "deactivated"]
    created_at: str
    signed_in_at: MaybeTime


class NewInvitation(TypedDict):
    id: str
    email: str
    role: Role
    link: str
    expires_at: str


class ApiKey(TypedDict):
    id: str
    name: str
    prefix: str
    scopes: list[Permission]
    created_by: str | None
    created_at: str
    expires_at: MaybeTime
    last_used_at: str | None
    revoked_at: MaybeTime


class Tenant(TypedDict):
    id: str
    name: str
    status: Literal["active", "suspended"]
    settings: dict[str, Any]
    created_at: MaybeTime
    updated_at: MaybeTime


class AuditEntry(TypedDict):
    id: str
    at: str
    actor_kind: Literal["local", "user", "api_key", "system"]
    actor_id: str | None
    action: str
    object_kind: str
    object_id: str | None
    detail: dict[str, Any]
    remote: str | None


class NewLead(TypedDict):
    name: str
    email: str
    phone: NotRequired[str | None]
    company: NotRequired[str | None]
    message: NotRequired[str | None]
    consent: NotRequired[bool | None]
    call_back: NotRequired[bool | None]
    website: NotRequired[str | None]
    tenant: NotRequired[str | None]


class LeadForm(TypedDict):
    name: str
    email: str
    phone: NotRequired[str]
    company: NotRequired[str]
    message: NotRequired[str]
    consent: NotRequired[Literal["true", "on", "yes", "1", "false", "off", "no", "0", ""]]
    call_back: NotRequired[Literal["true", "on", "yes", "1", "false", "off", "no", "0", ""]]
    website: NotRequired[str]
    tenant: NotRequired[str]
    redirect: NotRequired[str]


class Lead(TypedDict):
    lead_id: str
    name: str
    email: str
    phone: str | None
    company: str | None
    message: str | None
    consent: bool
    call_back: bool
    call_back_state: LeadCallBackState
    call_back_detail: str | None
    call_id: str | None
    origin: str
    repeats: int
    created_at: str
    updated_at: str


class LeadSettings(TypedDict):
    enabled: bool
    allowed_origins: NotRequired[list[str]]
    call_back_agent: NotRequired[str | None]
    call_backs_per_day: NotRequired[int]
    collapse_minutes: NotRequired[int]


class WebhookChange(TypedDict):
    url: NotRequired[str | None]
    events: NotRequired[WebhookFilter]
    description: NotRequired[str | None]
    max_concurrency: NotRequired[int | None]


class Webhook(TypedDict):
    id: str
    url: str
    description: str
    events: WebhookFilter
    max_concurrency: int
    state: Literal["active", "paused"]
    pause_reason: Literal["user", "failing", "gone", None]
    failures: int
    last_error: str | None
    paused_at: MaybeTime
    failing_since: MaybeTime
    last_success_at: MaybeTime
    last_failure_at: MaybeTime
    not_before: str | None
    previous_secret_until: str | None
    created_at: str
    updated_at: MaybeTime


class WebhookWithSecret(TypedDict):
    id: str
    url: str
    description: str
    events: WebhookFilter
    max_concurrency: int
    state: Literal["active", "paused"]
    pause_reason: Literal["user", "failing", "gone", None]
    failures: int
    last_error: str | None
    paused_at: MaybeTime
    failing_since: MaybeTime
    last_success_at: MaybeTime
    last_failure_at: MaybeTime
    not_before: str | None
    previous_secret_until: str | None
    created_at: str
    updated_at: MaybeTime
    secret: str


class Delivery(TypedDict):
    event_id: str
    type: str
    created_at: str
    call_id: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    queued_at: MaybeTime
    next_attempt_at: MaybeTime
    finished_at: MaybeTime
    last_status: int
    last_error: str | None


class FullDeliveryAttemptLogItem(TypedDict):
    attempt: int
    at: str
    duration_ms: int
    status: int
    error: str | None
    response: str | None


class FullDelivery(TypedDict):
    event_id: str
    type: str
    created_at: str
    call_id: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    queued_at: MaybeTime
    next_attempt_at: MaybeTime
    finished_at: MaybeTime
    last_status: int
    last_error: str | None
    request: WebhookEvent
    attempt_log: list[FullDeliveryAttemptLogItem]


class CallChange(TypedDict):
    call_id: str
    status: CallStatus
    direction: Direction
    phone_number: str | None
    from_number: str | None
    agent: str | None
    agent_version: int | None
    scheduled_at: MaybeTime
    attempt: int
    retry_of: str | None
    created_at: str
    started_at: str | None
    ended_at: MaybeTime
    duration_seconds: int | None
    end_reason: EndReason
    end_detail: str | None
    answered_by: str | None
    outcome: dict[str, Any] | None
    previous_status: CallStatus
    event: Literal["noted", "session_created", "waiting", "dialled", "carrier_initiated", "carrier_ringing", "carrier_answered", "carrier_completed", "carrier_busy", "carrier_no_answer", "carrier_failed", "carrier_canceled", "engine_joined", "engine_ended", "end_requested", "deadline_passed", "lost"]
    source: str | None


class SpokenTurn(TypedDict):
    ordinal: int
    timestamp: str
    speaker: Literal["agent", "user"]
    text: str
    confidence: float | None
    sentiment: NotRequired[float]


class TurnTiming(TypedDict):
    end_of_speech_ms: NotRequired[int]
    recognised_ms: NotRequired[int]
    answer_ms: NotRequired[int]
    first_audio_ms: NotRequired[int]
    ordinal: int


class RecordingNews(TypedDict):
    status: Literal["pending", "available", "failed"]
    duration_seconds: int
    size_bytes: int
    channels: int
    error: str | None


class InstructionAuthor(TypedDict):
    kind: str
    id: str | None


class Instruction(TypedDict):
    text: str
    author: InstructionAuthor


class Author(TypedDict):
    kind: str
    id: str | None
    name: str | None


class CallNote(TypedDict):
    note_id: str
    text: str
    author: Author
    created_at: str


class AgentNews(TypedDict):
    name: str
    version: int
    restored_from: int | None
    note: str | None
    published_by: str


class ImportedNumber(TypedDict):
    number: str
    label: str | None


class AssignedNumber(TypedDict):
    number: str
    agent: str | None


class PausedWebhook(TypedDict):
    endpoint_id: str
    url: str
    reason: Literal["failing", "gone"]
    failures: int
    failing_since: MaybeTime
    last_error: str | None


class LiveEnvelope(TypedDict):
    seq: int
    at: str
    type: str
    call_id: str | None
    data: dict[str, Any]


class LiveCallCreated(TypedDict):
    seq: int
    at: str
    type: Literal["call.created"]
    call_id: str | None
    data: CallBrief


class LiveCallStatus(TypedDict):
    seq: int
    at: str
    type: Literal["call.status"]
    call_id: str | None
    data: CallChange


class LiveCallUpdated(TypedDict):
    seq: int
    at: str
    type: Literal["call.updated"]
    call_id: str | None
    data: CallChange


class LiveTranscriptPartial(TypedDict):
    seq: int
    at: str
    type: Literal["transcript.partial"]
    call_id: str | None
    data: SpokenTurn


class LiveTranscriptFinal(TypedDict):
    seq: int
    at: str
    type: Literal["transcript.final"]
    call_id: str | None
    data: SpokenTurn


class LiveTurnTiming(TypedDict):
    seq: int
    at: str
    type: Literal["turn.timing"]
    call_id: str | None
    data: TurnTiming


class LiveCallSummary(TypedDict):
    seq: int
    at: str
    type: Literal["call.summary"]
    call_id: str | None
    data: Summary


class LiveCallRecording(TypedDict):
    seq: int
    at: str
    type: Literal["call.recording"]
    call_id: str | None
    data: RecordingNews


class LiveCallNote(TypedDict):
    seq: int
    at: str
    type: Literal["call.note"]
    call_id: str | None
    data: CallNote


class LiveCallInstruction(TypedDict):
    seq: int
    at: str
    type: Literal["call.instruction"]
    call_id: str | None
    data: Instruction


class LiveLeadCreatedData(TypedDict):
    lead_id: str
    origin: str
    call_back: bool


class LiveLeadCreated(TypedDict):
    seq: int
    at: str
    type: Literal["lead.created"]
    call_id: str | None
    data: LiveLeadCreatedData


class LiveWebhookPaused(TypedDict):
    seq: int
    at: str
    type: Literal["webhook.paused"]
    call_id: str | None
    data: PausedWebhook


class LiveCountersData(TypedDict):
    active_calls: int


class LiveCounters(TypedDict):
    seq: int
    at: str
    type: Literal["counters"]
    call_id: str | None
    data: LiveCountersData


class LiveStarted(TypedDict):
    seq: int
    at: str
    type: Literal["live.started"]
    call_id: str | None
    data: dict[str, Any]


class WebhookEnvelope(TypedDict):
    id: str
    type: str
    created_at: str
    tenant_id: str
    call_id: str | None
    data: dict[str, Any]


class WebhookCallCreated(TypedDict):
    id: str
    type: Literal["call.created"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: CallBrief


class WebhookCallStatus(TypedDict):
    id: str
    type: Literal["call.status"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: CallChange


class WebhookCallUpdated(TypedDict):
    id: str
    type: Literal["call.updated"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: CallChange


class WebhookTranscriptFinal(TypedDict):
    id: str
    type: Literal["transcript.final"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: SpokenTurn


class WebhookCallSummary(TypedDict):
    id: str
    type: Literal["call.summary"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: Summary


class WebhookCallRecording(TypedDict):
    id: str
    type: Literal["call.recording"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: RecordingNews


class WebhookAgentPublished(TypedDict):
    id: str
    type: Literal["agent.published"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: AgentNews


class WebhookAgentRolledBack(TypedDict):
    id: str
    type: Literal["agent.rolled_back"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: AgentNews


class WebhookNumberImported(TypedDict):
    id: str
    type: Literal["number.imported"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: ImportedNumber


class WebhookNumberAssigned(TypedDict):
    id: str
    type: Literal["number.assigned"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: AssignedNumber


class WebhookLeadCreated(TypedDict):
    id: str
    type: Literal["lead.created"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: Lead


class WebhookWebhookPaused(TypedDict):
    id: str
    type: Literal["webhook.paused"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: PausedWebhook


class WebhookWebhookTestData(TypedDict):
    message: str


class WebhookWebhookTest(TypedDict):
    id: str
    type: Literal["webhook.test"]
    created_at: str
    tenant_id: str
    call_id: str | None
    data: WebhookWebhookTestData


class InitiateCallArgs(TypedDict, total=False):
    phone_number: Required[str]
    agent: str | None
    from_: str | None
    variables: dict[str, str | float | bool] | None
    system_prompt: str | None
    first_message: str | None
    voice: str | None
    language: str | None
    temperature: float | None
    max_duration_seconds: int | None
    metadata: dict[str, str] | None
    scheduled_at: str | None
    retry: RetryPolicy | None


class ListCallsArgs(TypedDict, total=False):
    limit: int
    cursor: str
    status: CallStatus
    direction: Direction
    sentiment: Literal["positive", "neutral", "negative"]
    from_: str
    to: str
    number: str
    text: str
    agent: str
    scheduled: Literal["true"]
    retry_of: str


class ExportCallsArgs(TypedDict, total=False):
    limit: int
    cursor: str
    status: CallStatus
    direction: Direction
    sentiment: Literal["positive", "neutral", "negative"]
    from_: str
    to: str
    number: str
    text: str
    agent: str
    scheduled: Literal["true"]
    retry_of: str


class ListActiveCallsAnswer(TypedDict):
    calls: list[ListedCall]
    count: int


class GetPeriodAnalyticsAnswer(TypedDict):
    tz: str
    current: PeriodFigures
    previous: PeriodFigures


class GetPeriodAnalyticsArgs(TypedDict, total=False):
    from_: str
    to: str
    tz: str


class GetCallArgs(TypedDict, total=False):
    call_id: Required[str]


class GetTranscriptAnswer(TypedDict):
    call_id: str
    status: CallStatus
    transcript: list[Turn]


class GetTranscriptArgs(TypedDict, total=False):
    call_id: Required[str]


class GetSummaryArgs(TypedDict, total=False):
    call_id: Required[str]


class ListCallEventsAnswer(TypedDict):
    call_id: str
    events: list[LiveEvent]


class ListCallEventsArgs(TypedDict, total=False):
    call_id: Required[str]
    since: int
    limit: int


class EndCallArgs(TypedDict, total=False):
    call_id: Required[str]


class AnalyzeCallAnswer(TypedDict):
    call_id: str
    status: Literal["pending"]
    job_id: str


class AnalyzeCallArgs(TypedDict, total=False):
    call_id: Required[str]


class ListNotesAnswer(TypedDict):
    call_id: str
    notes: list[CallNote]


class ListNotesArgs(TypedDict, total=False):
    call_id: Required[str]


class AddNoteArgs(TypedDict, total=False):
    call_id: Required[str]
    text: Required[str]


class SayInCallAnswer(TypedDict):
    call_id: str
    text: str


class SayInCallArgs(TypedDict, total=False):
    call_id: Required[str]
    text: Required[str]
    when: Literal["now", "soon"]
    interruptible: bool


class InstructAgentAnswer(TypedDict):
    call_id: str
    text: str


class InstructAgentArgs(TypedDict, total=False):
    call_id: Required[str]
    text: Required[str]


class ListPayloadsAnswerPayloadsItem(TypedDict):
    payload_id: str
    received_at: str
    source: Literal["twilio", "ultravox"]
    kind: str
    content_type: str
    size_bytes: int
    truncated: bool
    body: str


class ListPayloadsAnswer(TypedDict):
    call_id: str
    payloads: list[ListPayloadsAnswerPayloadsItem]


class ListPayloadsArgs(TypedDict, total=False):
    call_id: Required[str]


class ListVoicesAnswerVoicesItem(TypedDict):
    voice_id: str
    name: str
    description: str
    language: str | None
    provider: str | None


class ListVoicesAnswer(TypedDict):
    voices: list[ListVoicesAnswerVoicesItem]


class ListVoicesArgs(TypedDict, total=False):
    language: str


class PreviewVoiceArgs(TypedDict, total=False):
    name: Required[str]


class GetRecordingArgs(TypedDict, total=False):
    call_id: Required[str]
    download: str


class LinkRecordingArgs(TypedDict, total=False):
    call_id: Required[str]
    expires_in: int | None
    download: bool


class ListLinksAnswer(TypedDict):
    call_id: str
    links: list[CallLink]


class ListLinksArgs(TypedDict, total=False):
    call_id: Required[str]


class LinkCallArgs(TypedDict, total=False):
    call_id: Required[str]
    expires_in: int | None


class RevokeLinkArgs(TypedDict, total=False):
    call_id: Required[str]
    link_id: Required[str]


class FollowCallLinkArgs(TypedDict, total=False):
    token: Required[str]


class FollowRecordingLinkArgs(TypedDict, total=False):
    token: Required[str]


class CreateTicketAnswer(TypedDict):
    ticket: str
    expires_in: int


class ListAgentsAnswer(TypedDict):
    agents: list[AgentBrief]
    next_cursor: NextCursor


class ListAgentsArgs(TypedDict, total=False):
    limit: int
    cursor: str


class CreateAgentArgs(TypedDict, total=False):
    name: Required[str]
    config: Required[AgentConfig]


class GetAgentArgs(TypedDict, total=False):
    name: Required[str]


class DraftAgentArgs(TypedDict, total=False):
    name: Required[str]
    config: Required[AgentConfig]
    revision: SeenRevision


class DeleteAgentArgs(TypedDict, total=False):
    name: Required[str]


class DropDraftArgs(TypedDict, total=False):
    name: Required[str]


class PublishAgentArgs(TypedDict, total=False):
    name: Required[str]
    note: Note
    revision: SeenRevision


class RollbackAgentArgs(TypedDict, total=False):
    name: Required[str]
    version: Required[int]
    note: Note
    revision: SeenRevision


class ListAgentVersionsAnswer(TypedDict):
    versions: list[AgentVersion]
    next_cursor: NextCursor


class ListAgentVersionsArgs(TypedDict, total=False):
    name: Required[str]
    limit: int
    cursor: str


class GetAgentVersionArgs(TypedDict, total=False):
    name: Required[str]
    version: Required[int]


DiffAgentAnswerChangesItem = TypedDict("DiffAgentAnswerChangesItem", {
    "op": "Literal['add', 'remove', 'replace']",
    "path": "str",
    "from": "NotRequired[Any]",
    "to": "NotRequired[Any]",
})


DiffAgentAnswer = TypedDict("DiffAgentAnswer", {
    "from": "str",
    "to": "str",
    "changes": "list[DiffAgentAnswerChangesItem]",
})


class DiffAgentArgs(TypedDict, total=False):
    name: Required[str]
    from_: str
    to: str


class GetFlowAnswer(TypedDict):
    start: str
    states: dict[str, dict[str, Any]]


class GetFlowArgs(TypedDict, total=False):
    name: Required[str]


class ListNumbersAnswer(TypedDict):
    numbers: list[Number]
    next_cursor: NextCursor


class ListNumbersArgs(TypedDict, total=False):
    limit: int
    cursor: str


class AddNumberArgs(TypedDict, total=False):
    number: Required[str]
    label: Label
    agent: str | None
    tenant_id: str


class ImportNumbersAnswerSkippedItem(TypedDict):
    number: str
    reason: str


class ImportNumbersAnswer(TypedDict):
    imported: list[str]
    skipped: list[ImportNumbersAnswerSkippedItem]


class ImportNumbersArgs(TypedDict, total=False):
    numbers: list[str]
    webhooks: bool


class GetNumberArgs(TypedDict, total=False):
    number: Required[str]


class ChangeNumberArgs(TypedDict, total=False):
    number: Required[str]
    label: Label
    agent: str | None


class ReleaseNumberArgs(TypedDict, total=False):
    number: Required[str]


class SetNumberWebhooksArgs(TypedDict, total=False):
    number: Required[str]


class ListLeadsAnswer(TypedDict):
    leads: list[Lead]
    next_cursor: NextCursor


class ListLeadsArgs(TypedDict, total=False):
    limit: int
    cursor: str
    email: str
    phone: str
    call_back_state: LeadCallBackState
    from_: str
    to: str


class CreateLeadAnswer(TypedDict):
    accepted: Literal[True]
    call_back: bool


class CreateLeadArgs(TypedDict, total=False):
    name: Required[str]
    email: Required[str]
    phone: str | None
    company: str | None
    message: str | None
    consent: bool | None
    call_back: bool | None
    website: str | None
    tenant: str | None


class ExportLeadsArgs(TypedDict, total=False):
    limit: int
    cursor: str
    email: str
    phone: str
    call_back_state: LeadCallBackState
    from_: str
    to: str


class GetLeadArgs(TypedDict, total=False):
    lead_id: Required[str]


class DeleteLeadArgs(TypedDict, total=False):
    lead_id: Required[str]


class ListWebhooksAnswer(TypedDict):
    webhooks: list[Webhook]


class CreateWebhookArgs(TypedDict, total=False):
    url: Required[str | None]
    events: Required[WebhookFilter]
    description: str | None
    max_concurrency: int | None


class ListWebhookEventsAnswerEventsItem(TypedDict):
    type: str
    description: str


class ListWebhookEventsAnswer(TypedDict):
    events: list[ListWebhookEventsAnswerEventsItem]


class GetWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]


class ChangeWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]
    url: str | None
    events: WebhookFilter
    description: str | None
    max_concurrency: int | None


class DeleteWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]


class RotateWebhookSecretArgs(TypedDict, total=False):
    webhook_id: Required[str]
    overlap_seconds: int | None


class PauseWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]


class ResumeWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]


class TestWebhookAnswer(TypedDict):
    event_id: str
    type: Literal["webhook.test"]


class TestWebhookArgs(TypedDict, total=False):
    webhook_id: Required[str]


class ReplayDeliveriesAnswer(TypedDict):
    replayed: int


class ReplayDeliveriesArgs(TypedDict, total=False):
    webhook_id: Required[str]
    from_: Required[str]
    to: str | None
    state: Literal["pending", "delivered", "dead", "any", None]


class ListDeliveriesAnswer(TypedDict):
    deliveries: list[Delivery]
    next_cursor: NextCursor


class ListDeliveriesArgs(TypedDict, total=False):
    webhook_id: Required[str]
    limit: int
    cursor: str
    state: Literal["pending", "delivered", "dead"]
    type: str
    call_id: str
    from_: str
    to: str


class GetDeliveryArgs(TypedDict, total=False):
    webhook_id: Required[str]
    event_id: Required[str]


class ReplayDeliveryAnswer(TypedDict):
    replayed: int


class ReplayDeliveryArgs(TypedDict, total=False):
    webhook_id: Required[str]
    event_id: Required[str]


SetLimitsQuietHours = TypedDict("SetLimitsQuietHours", {
    "from": "str",
    "to": "str",
    "time_zone": "str",
})


class SetLimitsArgs(TypedDict, total=False):
    allowed_countries: list[str] | None
    allowed_prefixes: list[str] | None
    blocked_prefixes: list[str] | None
    premium: bool | None
    satellite: bool | None
    sip: bool | None
    calls_per_day: int | None
    calls_per_month: int | None
    spend_per_day_micros: int | None
    spend_per_month_micros: int | None
    attempts_per_number_per_day: int | None
    max_calls: int | None
    quiet_hours: SetLimitsQuietHours | bool | None


class SetRetentionArgs(TypedDict, total=False):
    words_days: Required[int]
    recordings_days: Required[int]
    calls_days: Required[int]
    leads_days: int


class ListErasuresAnswer(TypedDict):
    erasures: list[Erasure]
    next_cursor: NextCursor


class ListErasuresArgs(TypedDict, total=False):
    limit: int
    cursor: str


class CreateErasureArgs(TypedDict, total=False):
    phone_number: Required[str]
    reason: str | None


class GetErasureArgs(TypedDict, total=False):
    erasure_id: Required[str]


class ListJobsAnswer(TypedDict):
    jobs: list[Job]
    next_cursor: NextCursor


class ListJobsArgs(TypedDict, total=False):
    limit: int
    cursor: str
    state: Literal["dead", "ready", "running"]
    kind: str


class ReplayJobsAnswer(TypedDict):
    replayed: int


class ReplayJobsArgs(TypedDict, total=False):
    kind: Required[str]


class ReplayJobAnswer(TypedDict):
    replayed: int


class ReplayJobArgs(TypedDict, total=False):
    job_id: Required[str]


class SignInArgs(TypedDict, total=False):
    email: Required[str]
    password: Required[str]
    tenant_id: str | None
    cookie: WantsCookie


class RefreshArgs(TypedDict, total=False):
    refresh_token: str | None


class SignOutArgs(TypedDict, total=False):
    refresh_token: str | None


class RenameMeArgs(TypedDict, total=False):
    name: Required[str]


class ChangePasswordArgs(TypedDict, total=False):
    current_password: Required[str]
    new_password: Required[str]


class SwitchTenantArgs(TypedDict, total=False):
    tenant_id: Required[str]
    cookie: WantsCookie


class ListSignInsAnswerSignInsItem(TypedDict):
    id: str
    current: bool
    remote: str | None
    agent: str | None
    created_at: str
    used_at: MaybeTime


class ListSignInsAnswer(TypedDict):
    sign_ins: list[ListSignInsAnswerSignInsItem]


class EndSignInArgs(TypedDict, total=False):
    sign_in_id: Required[str]


class ViewInvitationAnswer(TypedDict):
    kind: Literal["join", "reset"]
    email: str
    role: Role
    tenant_name: str
    has_account: bool


class ViewInvitationArgs(TypedDict, total=False):
    token: Required[str]


class AcceptInvitationArgs(TypedDict, total=False):
    token: Required[str]
    email: Required[str]
    name: str | None
    password: Required[str]
    cookie: WantsCookie


class ListUsersAnswer(TypedDict):
    users: list[User]
    next_cursor: NextCursor


class ListUsersArgs(TypedDict, total=False):
    limit: int
    cursor: str


class GetUserArgs(TypedDict, total=False):
    user_id: Required[str]


class ChangeUserArgs(TypedDict, total=False):
    user_id: Required[str]
    role: Literal["viewer", "operator", "admin", "owner", None]
    status: Literal["active", "deactivated", None]


class RemoveUserArgs(TypedDict, total=False):
    user_id: Required[str]


class InviteUserArgs(TypedDict, total=False):
    email: Required[str]
    role: Required[Role]


class ListInvitationsAnswerInvitationsItem(TypedDict):
    id: str
    email: str
    role: Role
    invited_by: str | None
    created_at: str
    expires_at: str


class ListInvitationsAnswer(TypedDict):
    invitations: list[ListInvitationsAnswerInvitationsItem]


class WithdrawInvitationArgs(TypedDict, total=False):
    invitation_id: Required[str]


class ListKeysAnswer(TypedDict):
    keys: list[ApiKey]
    next_cursor: NextCursor


class ListKeysArgs(TypedDict, total=False):
    limit: int
    cursor: str


class CreateKeyAnswer(TypedDict):
    id: str
    name: str
    prefix: str
    key: str
    scopes: list[Permission]
    expires_at: str


class CreateKeyArgs(TypedDict, total=False):
    name: Required[str]
    scopes: Required[list[Permission]]
    expires_in_days: int | None


class GetKeyArgs(TypedDict, total=False):
    key_id: Required[str]


class RevokeKeyArgs(TypedDict, total=False):
    key_id: Required[str]


class GetBrandArgs(TypedDict, total=False):
    tenant: str


class ListTenantsAnswer(TypedDict):
    tenants: list[Tenant]
    next_cursor: NextCursor


class ListTenantsArgs(TypedDict, total=False):
    limit: int
    cursor: str


class CreateTenantAnswer(TypedDict):
    id: str
    name: str
    invitation: NewInvitation


class CreateTenantArgs(TypedDict, total=False):
    name: Required[str]
    owner_email: Required[str]


class GetTenantArgs(TypedDict, total=False):
    tenant_id: Required[str]


class ChangeTenantSettings(TypedDict):
    brand: NotRequired[Brand]
    leads: NotRequired[LeadSettings]


class ChangeTenantAnswer(TypedDict):
    id: str


class ChangeTenantArgs(TypedDict, total=False):
    tenant_id: Required[str]
    name: str | None
    status: Literal["active", "suspended", None]
    settings: ChangeTenantSettings | None


class ListAuditAnswer(TypedDict):
    entries: list[AuditEntry]
    next_cursor: NextCursor


class ListAuditArgs(TypedDict, total=False):
    limit: int
    cursor: str
    action: str
    object_kind: str
    object_id: str
    actor_id: str
    from_: str
    to: str


class GetHealthAnswer(TypedDict):
    status: Literal["ok"]
    service: str
    version: str
    proof: NotRequired[str]
    uptime_seconds: int


class GetHealthArgs(TypedDict, total=False):
    nonce: str


class GetReadyAnswer(TypedDict):
    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]


MaybeTime = str | None
WantsCookie = bool
NextCursor = str | None
Label = str | None
Note = str | None
SeenRevision = int | None
Role = Literal["viewer", "operator", "admin", "owner"]
Permission = Literal["profile", "calls:read", "calls:write", "calls:listen", "payloads:read", "recordings:read", "analytics:read", "live:read", "agents:read", "agents:write", "webhooks:read", "webhooks:write", "numbers:read", "numbers:write", "leads:read", "leads:write", "limits:read", "limits:write", "privacy", "users:read", "users:write", "keys:read", "keys:write", "tenants:read", "tenants:write", "jobs:read", "jobs:write", "audit:read"]
ErrorCode = Literal["bad_request", "invalid_json", "invalid_form", "missing_field", "invalid_field", "unknown_field", "unauthenticated", "invalid_credentials", "signed_out", "forbidden", "destination_not_allowed", "invalid_signature", "not_found", "call_not_found", "summary_not_available", "recording_not_available", "agent_not_found", "version_not_found", "voice_not_found", "webhook_not_found", "lead_not_found", "leads_off", "origin_not_allowed", "delivery_not_found", "number_not_found", "user_not_found", "sign_in_not_found", "invitation_not_found", "api_key_not_found", "tenant_not_found", "link_not_found", "job_not_found", "method_not_allowed", "call_not_ended", "call_not_live", "idempotency_key_reused", "last_owner", "agent_exists", "agent_in_use", "revision_conflict", "no_draft", "already_published", "number_taken", "too_many_webhooks", "recording_gone", "recording_elsewhere", "link_expired", "body_too_large", "headers_too_large", "rate_limited", "cap_reached", "quiet_hours", "too_many_calls", "too_many_attempts", "internal_error", "engine_error", "carrier_error", "overloaded", "unavailable"]
CallStatus = Literal["PENDING", "INITIATING", "RINGING", "IN_PROGRESS", "COMPLETED", "FAILED", "NO_ANSWER", "BUSY"]
Direction = Literal["INBOUND", "OUTBOUND"]
EndReason = Literal["caller_hangup", "agent_hangup", "ended_by_api", "timeout", "no_answer", "busy", "rejected", "provider_error", "canceled", "lost", "unknown", None]
StoredConfig = dict[str, Any]
LeadCallBackState = Literal["none", "pending", "placed", "refused"]
WebhookFilter = list[str]
LiveEvent = Union["LiveCallCreated", "LiveCallStatus", "LiveCallUpdated", "LiveTranscriptPartial", "LiveTranscriptFinal", "LiveTurnTiming", "LiveCallSummary", "LiveCallRecording", "LiveCallNote", "LiveCallInstruction", "LiveLeadCreated", "LiveWebhookPaused", "LiveCounters", "LiveStarted"]
WebhookEvent = Union["WebhookCallCreated", "WebhookCallStatus", "WebhookCallUpdated", "WebhookTranscriptFinal", "WebhookCallSummary", "WebhookCallRecording", "WebhookAgentPublished", "WebhookAgentRolledBack", "WebhookNumberImported", "WebhookNumberAssigned", "WebhookLeadCreated", "WebhookWebhookPaused", "WebhookWebhookTest"]

# method, path, query, has a body, answer, takes an Idempotency-Key, member of a page
OPERATIONS: dict[str, tuple[str, str, list[str], bool, str, bool, str | None]] = {
    "initiateCall": ("POST", "/api/v1/calls/initiate", [], True, "json", True, None),
    "listCalls": ("GET", "/api/v1/calls", ["limit", "cursor", "status", "direction", "sentiment", "from", "to", "number", "text", "agent", "scheduled", "retry_of"], False, "json", False, "calls"),
    "exportCalls": ("GET", "/api/v1/calls/export.csv", ["limit", "cursor", "status", "direction", "sentiment", "from", "to", "number", "text", "agent", "scheduled", "retry_of"], False, "bytes", False, None),
    "listActiveCalls": ("GET", "/api/v1/calls/active/list", [], False, "json", False, None),
    "getAnalytics": ("GET", "/api/v1/calls/dashboard/analytics", [], False, "json", False, None),
    "getPeriodAnalytics": ("GET", "/api/v1/analytics", ["from", "to", "tz"], False, "json", False, None),
    "getCall": ("GET", "/api/v1/calls/{call_id}", [], False, "json", False, None),
    "getTranscript": ("GET", "/api/v1/calls/{call_id}/transcript", [], False, "json", False, None),
    "getSummary": ("GET", "/api/v1/calls/{call_id}/summary", [], False, "json", False, None),
    "listCallEvents": ("GET", "/api/v1/calls/{call_id}/events", ["since", "limit"], False, "json", False, None),
    "endCall": ("POST", "/api/v1/calls/{call_id}/end", [], False, "json", False, None),
    "analyzeCall": ("POST", "/api/v1/calls/{call_id}/analyze", [], False, "json", False, None),
    "listNotes": ("GET", "/api/v1/calls/{call_id}/notes", [], False, "json", False, None),
    "addNote": ("POST", "/api/v1/calls/{call_id}/notes", [], True, "json", False, None),
    "sayInCall": ("POST", "/api/v1/calls/{call_id}/say", [], True, "json", False, None),
    "instructAgent": ("POST", "/api/v1/calls/{call_id}/instruct", [], True, "json", False, None),
    "listPayloads": ("GET", "/api/v1/calls/{call_id}/payloads", [], False, "json", False, None),
    "listVoices": ("GET", "/api/v1/voices", ["language"], False, "json", False, None),
    "previewVoice": ("GET", "/api/v1/voices/{name}/preview", [], False, "bytes", False, None),
    "getRecording": ("GET", "/api/v1/calls/{call_id}/recording", ["download"], False, "bytes", False, None),
    "linkRecording": ("POST", "/api/v1/calls/{call_id}/recording/link", [], True, "json", False, None),
    "listLinks": ("GET", "/api/v1/calls/{call_id}/links", [], False, "json", False, None),
    "linkCall": ("POST", "/api/v1/calls/{call_id}/links", [], True, "json", False, None),
    "revokeLink": ("DELETE", "/api/v1/calls/{call_id}/links/{link_id}", [], False, "nothing", False, None),
    "followCallLink": ("GET", "/api/v1/shared/{token}", [], False, "json", False, None),
    "followRecordingLink": ("GET", "/api/v1/recordings/{token}", [], False, "bytes", False, None),
    "createTicket": ("POST", "/api/v1/live/ticket", [], False, "json", False, None),
    "listAgents": ("GET", "/api/v1/agents", ["limit", "cursor"], False, "json", False, "agents"),
    "createAgent": ("POST", "/api/v1/agents", [], True, "json", False, None),
    "getAgent": ("GET", "/api/v1/agents/{name}", [], False, "json", False, None),
    "draftAgent": ("PUT", "/api/v1/agents/{name}", [], True, "json", False, None),
    "deleteAgent": ("DELETE", "/api/v1/agents/{name}", [], False, "nothing", False, None),
    "dropDraft": ("DELETE", "/api/v1/agents/{name}/draft", [], False, "json", False, None),
    "publishAgent": ("POST", "/api/v1/agents/{name}/publish", [], True, "json", False, None),
    "rollbackAgent": ("POST", "/api/v1/agents/{name}/rollback", [], True, "json", False, None),
    "listAgentVersions": ("GET", "/api/v1/agents/{name}/versions", ["limit", "cursor"], False, "json", False, "versions"),
    "getAgentVersion": ("GET", "/api/v1/agents/{name}/versions/{version}", [], False, "json", False, None),
    "diffAgent": ("GET", "/api/v1/agents/{name}/diff", ["from", "to"], False, "json", False, None),
    "getFlow": ("GET", "/api/v1/flows/{name}", [], False, "json", False, None),
    "listNumbers": ("GET", "/api/v1/numbers", ["limit", "cursor"], False, "json", False, "numbers"),
    "addNumber": ("POST", "/api/v1/numbers", [], True, "json", False, None),
    "importNumbers": ("POST", "/api/v1/numbers/import", [], True, "json", False, None),
    "getNumber": ("GET", "/api/v1/numbers/{number}", [], False, "json", False, None),
    "changeNumber": ("PATCH", "/api/v1/numbers/{number}", [], True, "json", False, None),
    "releaseNumber": ("DELETE", "/api/v1/numbers/{number}", [], False, "nothing", False, None),
    "setNumberWebhooks": ("POST", "/api/v1/numbers/{number}/webhooks", [], False, "json", False, None),
    "listLeads": ("GET", "/api/v1/leads", ["limit", "cursor", "email", "phone", "call_back_state", "from", "to"], False, "json", False, "leads"),
    "createLead": ("POST", "/api/v1/leads", [], True, "json", False, None),
    "exportLeads": ("GET", "/api/v1/leads/export.csv", ["limit", "cursor", "email", "phone", "call_back_state", "from", "to"], False, "bytes", False, None),
    "getLead": ("GET", "/api/v1/leads/{lead_id}", [], False, "json", False, None),
    "deleteLead": ("DELETE", "/api/v1/leads/{lead_id}", [], False, "nothing", False, None),
    "listWebhooks": ("GET", "/api/v1/webhooks", [], False, "json", False, None),
    "createWebhook": ("POST", "/api/v1/webhooks", [], True, "json", False, None),
    "listWebhookEvents": ("GET", "/api/v1/webhooks/events", [], False, "json", False, None),
    "getWebhook": ("GET", "/api/v1/webhooks/{webhook_id}", [], False, "json", False, None),
    "changeWebhook": ("PATCH", "/api/v1/webhooks/{webhook_id}", [], True, "json", False, None),
    "deleteWebhook": ("DELETE", "/api/v1/webhooks/{webhook_id}", [], False, "nothing", False, None),
    "rotateWebhookSecret": ("POST", "/api/v1/webhooks/{webhook_id}/rotate", [], True, "json", False, None),
    "pauseWebhook": ("POST", "/api/v1/webhooks/{webhook_id}/pause", [], False, "json", False, None),
    "resumeWebhook": ("POST", "/api/v1/webhooks/{webhook_id}/resume", [], False, "json", False, None),
    "testWebhook": ("POST", "/api/v1/webhooks/{webhook_id}/test", [], False, "json", False, None),
    "replayDeliveries": ("POST", "/api/v1/webhooks/{webhook_id}/replay", [], True, "json", False, None),
    "listDeliveries": ("GET", "/api/v1/webhooks/{webhook_id}/deliveries", ["limit", "cursor", "state", "type", "call_id", "from", "to"], False, "json", False, "deliveries"),
    "getDelivery": ("GET", "/api/v1/webhooks/{webhook_id}/deliveries/{event_id}", [], False, "json", False, None),
    "replayDelivery": ("POST", "/api/v1/webhooks/{webhook_id}/deliveries/{event_id}/replay", [], False, "json", False, None),
    "getLimits": ("GET", "/api/v1/limits", [], False, "json", False, None),
    "setLimits": ("PUT", "/api/v1/limits", [], True, "json", False, None),
    "getRetention": ("GET", "/api/v1/retention", [], False, "json", False, None),
    "setRetention": ("PUT", "/api/v1/retention", [], True, "json", False, None),
    "listErasures": ("GET", "/api/v1/erasures", ["limit", "cursor"], False, "json", False, "erasures"),
    "createErasure": ("POST", "/api/v1/erasures", [], True, "json", False, None),
    "getErasure": ("GET", "/api/v1/erasures/{erasure_id}", [], False, "json", False, None),
    "listJobs": ("GET", "/api/v1/jobs", ["limit", "cursor", "state", "kind"], False, "json", False, "jobs"),
    "replayJobs": ("POST", "/api/v1/jobs/replay", [], True, "json", False, None),
    "replayJob": ("POST", "/api/v1/jobs/{job_id}/replay", [], False, "json", False, None),
    "signIn": ("POST", "/api/v1/auth/login", [], True, "json", False, None),
    "refresh": ("POST", "/api/v1/auth/refresh", [], True, "json", False, None),
    "signOut": ("POST", "/api/v1/auth/logout", [], True, "nothing", False, None),
    "getMe": ("GET", "/api/v1/auth/me", [], False, "json", False, None),
    "renameMe": ("PATCH", "/api/v1/auth/me", [], True, "nothing", False, None),
    "changePassword": ("POST", "/api/v1/auth/password", [], True, "nothing", False, None),
    "switchTenant": ("POST", "/api/v1/auth/tenant", [], True, "json", False, None),
    "listSignIns": ("GET", "/api/v1/auth/sign-ins", [], False, "json", False, None),
    "endSignIn": ("DELETE", "/api/v1/auth/sign-ins/{sign_in_id}", [], False, "nothing", False, None),
    "viewInvitation": ("POST", "/api/v1/auth/invitation", [], True, "json", False, None),
    "acceptInvitation": ("POST", "/api/v1/auth/accept", [], True, "json", False, None),
    "listUsers": ("GET", "/api/v1/users", ["limit", "cursor"], False, "json", False, "users"),
    "getUser": ("GET", "/api/v1/users/{user_id}", [], False, "json", False, None),
    "changeUser": ("PATCH", "/api/v1/users/{user_id}", [], True, "json", False, None),
    "removeUser": ("DELETE", "/api/v1/users/{user_id}", [], False, "nothing", False, None),
    "inviteUser": ("POST", "/api/v1/users/invite", [], True, "json", False, None),
    "listInvitations": ("GET", "/api/v1/users/invitations", [], False, "json", False, None),
    "withdrawInvitation": ("DELETE", "/api/v1/users/invitations/{invitation_id}", [], False, "nothing", False, None),
    "listKeys": ("GET", "/api/v1/keys", ["limit", "cursor"], False, "json", False, "keys"),
    "createKey": ("POST", "/api/v1/keys", [], True, "json", False, None),
    "getKey": ("GET", "/api/v1/keys/{key_id}", [], False, "json", False, None),
    "revokeKey": ("DELETE", "/api/v1/keys/{key_id}", [], False, "nothing", False, None),
    "getBrand": ("GET", "/api/v1/brand", ["tenant"], False, "json", False, None),
    "listTenants": ("GET", "/api/v1/tenants", ["limit", "cursor"], False, "json", False, "tenants"),
    "createTenant": ("POST", "/api/v1/tenants", [], True, "json", False, None),
    "getTenant": ("GET", "/api/v1/tenants/{tenant_id}", [], False, "json", False, None),
    "changeTenant": ("PATCH", "/api/v1/tenants/{tenant_id}", [], True, "json", False, None),
    "listAudit": ("GET", "/api/v1/audit", ["limit", "cursor", "action", "object_kind", "object_id", "actor_id", "from", "to"], False, "json", False, "entries"),
    "getHealth": ("GET", "/health", ["nonce"], False, "json", False, None),
    "getReady": ("GET", "/ready", [], False, "json", False, None),
    "getMetrics": ("GET", "/metrics", [], False, "bytes", False, None),
}


class Operations:
    """Every operation, as a method; see Client."""

    def _call(self, operation: str, args: dict[str, Any], idempotency_key: str | None = None) -> Any:
        raise NotImplementedError

    def _each(self, operation: str, args: dict[str, Any]) -> Iterator[Any]:
        raise NotImplementedError

    def initiate_call(self, idempotency_key: str | None = None, **args: Unpack[InitiateCallArgs]) -> Call:
        """Place a call."""
        return self._call("initiateCall", dict(args), idempotency_key)

    def list_calls(self, **args: Unpack[ListCallsArgs]) -> CallPage:
        """List calls."""
        return self._call("listCalls", dict(args))

    def all_calls(self, **args: Unpack[ListCallsArgs]) -> Iterator[ListedCall]:
        """List calls: every one, page by page."""
        return self._each("listCalls", dict(args))

    def export_calls(self, **args: Unpack[ExportCallsArgs]) -> bytes:
        """List calls as a file."""
        return self._call("exportCalls", dict(args))

    def list_active_calls(self) -> ListActiveCallsAnswer:
        """List the calls in progress."""
        return self._call("listActiveCalls", {})

    def get_analytics(self) -> Analytics:
        """Figures about all calls."""
        return self._call("getAnalytics", {})

    def get_period_analytics(self, **args: Unpack[GetPeriodAnalyticsArgs]) -> GetPeriodAnalyticsAnswer:
        """Figures of a period, and of the one before."""
        return self._call("getPeriodAnalytics", dict(args))

    def get_call(self, **args: Unpack[GetCallArgs]) -> FullCall:
        """Get a call."""
        return self._call("getCall", dict(args))

    def get_transcript(self, **args: Unpack[GetTranscriptArgs]) -> GetTranscriptAnswer:
        """Get what was said."""
        return self._call("getTranscript", dict(args))

    def get_summary(self, **args: Unpack[GetSummaryArgs]) -> CallSummary:
        """Get the analysis."""
        return self._call("getSummary", dict(args))

    def list_call_events(self, **args: Unpack[ListCallEventsArgs]) -> ListCallEventsAnswer:
        """List what happened to a call."""
        return self._call("listCallEvents", dict(args))

    def end_call(self, **args: Unpack[EndCallArgs]) -> Call:
        """End a call."""
        return self._call("endCall", dict(args))

    def analyze_call(self, **args: Unpack[AnalyzeCallArgs]) -> AnalyzeCallAnswer:
        """Analyse a call again."""
        return self._call("analyzeCall", dict(args))

    def list_notes(self, **args: Unpack[ListNotesArgs]) -> ListNotesAnswer:
        """List the notes about a call."""
        return self._call("listNotes", dict(args))

    def add_note(self, **args: Unpack[AddNoteArgs]) -> CallNote:
        """Write a note about a call."""
        return self._call("addNote", dict(args))

    def say_in_call(self, **args: Unpack[SayInCallArgs]) -> SayInCallAnswer:
        """Have the agent of a live call say something."""
        return self._call("sayInCall", dict(args))

    def instruct_agent(self, **args: Unpack[InstructAgentArgs]) -> InstructAgentAnswer:
        """Tell the agent of a live call what to heed."""
        return self._call("instructAgent", dict(args))

    def list_payloads(self, **args: Unpack[ListPayloadsArgs]) -> ListPayloadsAnswer:
        """List what vendors sent about a call."""
        return self._call("listPayloads", dict(args))

    def list_voices(self, **args: Unpack[ListVoicesArgs]) -> ListVoicesAnswer:
        """List the voices that agents may have."""
        return self._call("listVoices", dict(args))

    def preview_voice(self, **args: Unpack[PreviewVoiceArgs]) -> bytes:
        """Hear a voice."""
        return self._call("previewVoice", dict(args))

    def get_recording(self, **args: Unpack[GetRecordingArgs]) -> bytes:
        """Listen to a call."""
        return self._call("getRecording", dict(args))

    def link_recording(self, **args: Unpack[LinkRecordingArgs]) -> Link:
        """Make a link to a recording."""
        return self._call("linkRecording", dict(args))

    def list_links(self, **args: Unpack[ListLinksArgs]) -> ListLinksAnswer:
        """List the links to a call."""
        return self._call("listLinks", dict(args))

    def link_call(self, **args: Unpack[LinkCallArgs]) -> Link:
        """Make a link to a call."""
        return self._call("linkCall", dict(args))

    def revoke_link(self, **args: Unpack[RevokeLinkArgs]) -> None:
        """Take a link back."""
        return self._call("revokeLink", dict(args))

    def follow_call_link(self, **args: Unpack[FollowCallLinkArgs]) -> SharedCall:
        """See a call by link."""
        return self._call("followCallLink", dict(args))

    def follow_recording_link(self, **args: Unpack[FollowRecordingLinkArgs]) -> bytes:
        """Listen by link."""
        return self._call("followRecordingLink", dict(args))

    def create_ticket(self) -> CreateTicketAnswer:
        """Get a ticket for the live socket."""
        return self._call("createTicket", {})

    def list_agents(self, **args: Unpack[ListAgentsArgs]) -> ListAgentsAnswer:
        """List agents."""
        return self._call("listAgents", dict(args))

    def all_agents(self, **args: Unpack[ListAgentsArgs]) -> Iterator[AgentBrief]:
        """List agents: every one, page by page."""
        return self._each("listAgents", dict(args))

    def create_agent(self, **args: Unpack[CreateAgentArgs]) -> Agent:
        """Make an agent."""
        return self._call("createAgent", dict(args))

    def get_agent(self, **args: Unpack[GetAgentArgs]) -> Agent:
        """Get an agent."""
        return self._call("getAgent", dict(args))

    def draft_agent(self, **args: Unpack[DraftAgentArgs]) -> Agent:
        """Replace an agent's draft."""
        return self._call("draftAgent", dict(args))

    def delete_agent(self, **args: Unpack[DeleteAgentArgs]) -> None:
        """Delete an agent."""
        return self._call("deleteAgent", dict(args))

    def drop_draft(self, **args: Unpack[DropDraftArgs]) -> Agent:
        """Drop an agent's draft."""
        return self._call("dropDraft", dict(args))

    def publish_agent(self, **args: Unpack[PublishAgentArgs]) -> Agent:
        """Publish the draft."""
        return self._call("publishAgent", dict(args))

    def rollback_agent(self, **args: Unpack[RollbackAgentArgs]) -> Agent:
        """Publish an earlier version again."""
        return self._call("rollbackAgent", dict(args))

    def list_agent_versions(self, **args: Unpack[ListAgentVersionsArgs]) -> ListAgentVersionsAnswer:
        """List an agent's versions."""
        return self._call("listAgentVersions", dict(args))

    def all_agent_versions(self, **args: Unpack[ListAgentVersionsArgs]) -> Iterator[AgentVersion]:
        """List an agent's versions: every one, page by page."""
        return self._each("listAgentVersions", dict(args))

    def get_agent_version(self, **args: Unpack[GetAgentVersionArgs]) -> AgentVersion:
        """Get a version of an agent."""
        return self._call("getAgentVersion", dict(args))

    def diff_agent(self, **args: Unpack[DiffAgentArgs]) -> DiffAgentAnswer:
        """Compare two configurations of an agent."""
        return self._call("diffAgent", dict(args))

    def get_flow(self, **args: Unpack[GetFlowArgs]) -> GetFlowAnswer:
        """Get a flow of the embedded engine."""
        return self._call("getFlow", dict(args))

    def list_numbers(self, **args: Unpack[ListNumbersArgs]) -> ListNumbersAnswer:
        """List phone numbers."""
        return self._call("listNumbers", dict(args))

    def all_numbers(self, **args: Unpack[ListNumbersArgs]) -> Iterator[Number]:
        """List phone numbers: every one, page by page."""
        return self._each("listNumbers", dict(args))

    def add_number(self, **args: Unpack[AddNumberArgs]) -> Number:
        """Add a phone number."""
        return self._call("addNumber", dict(args))

    def import_numbers(self, **args: Unpack[ImportNumbersArgs]) -> ImportNumbersAnswer:
        """Take over the carrier's numbers."""
        return self._call("importNumbers", dict(args))

    def get_number(self, **args: Unpack[GetNumberArgs]) -> Number:
        """Get a phone number."""
        return self._call("getNumber", dict(args))

    def change_number(self, **args: Unpack[ChangeNumberArgs]) -> Number:
        """Label a number, or give it another agent."""
        return self._call("changeNumber", dict(args))

    def release_number(self, **args: Unpack[ReleaseNumberArgs]) -> None:
        """Release a phone number."""
        return self._call("releaseNumber", dict(args))

    def set_number_webhooks(self, **args: Unpack[SetNumberWebhooksArgs]) -> Number:
        """Point a number at this platform."""
        return self._call("setNumberWebhooks", dict(args))

    def list_leads(self, **args: Unpack[ListLeadsArgs]) -> ListLeadsAnswer:
        """List leads."""
        return self._call("listLeads", dict(args))

    def all_leads(self, **args: Unpack[ListLeadsArgs]) -> Iterator[Lead]:
        """List leads: every one, page by page."""
        return self._each("listLeads", dict(args))

    def create_lead(self, **args: Unpack[CreateLeadArgs]) -> CreateLeadAnswer:
        """Send a form."""
        return self._call("createLead", dict(args))

    def export_leads(self, **args: Unpack[ExportLeadsArgs]) -> bytes:
        """List leads as a file."""
        return self._call("exportLeads", dict(args))

    def get_lead(self, **args: Unpack[GetLeadArgs]) -> Lead:
        """Get a lead."""
        return self._call("getLead", dict(args))

    def delete_lead(self, **args: Unpack[DeleteLeadArgs]) -> None:
        """Delete a lead."""
        return self._call("deleteLead", dict(args))

    def list_webhooks(self) -> ListWebhooksAnswer:
        """List webhook endpoints."""
        return self._call("listWebhooks", {})

    def create_webhook(self, **args: Unpack[CreateWebhookArgs]) -> WebhookWithSecret:
        """Make a webhook endpoint."""
        return self._call("createWebhook", dict(args))

    def list_webhook_events(self) -> ListWebhookEventsAnswer:
        """List the events an endpoint can ask for."""
        return self._call("listWebhookEvents", {})

    def get_webhook(self, **args: Unpack[GetWebhookArgs]) -> Webhook:
        """Get a webhook endpoint."""
        return self._call("getWebhook", dict(args))

    def change_webhook(self, **args: Unpack[ChangeWebhookArgs]) -> Webhook:
        """Change a webhook endpoint."""
        return self._call("changeWebhook", dict(args))

    def delete_webhook(self, **args: Unpack[DeleteWebhookArgs]) -> None:
        """Delete a webhook endpoint."""
        return self._call("deleteWebhook", dict(args))

    def rotate_webhook_secret(self, **args: Unpack[RotateWebhookSecretArgs]) -> WebhookWithSecret:
        """Get a new secret."""
        return self._call("rotateWebhookSecret", dict(args))

    def pause_webhook(self, **args: Unpack[PauseWebhookArgs]) -> Webhook:
        """Send nothing for now."""
        return self._call("pauseWebhook", dict(args))

    def resume_webhook(self, **args: Unpack[ResumeWebhookArgs]) -> Webhook:
        """Send again."""
        return self._call("resumeWebhook", dict(args))

    def test_webhook(self, **args: Unpack[TestWebhookArgs]) -> TestWebhookAnswer:
        """Send a webhook.test."""
        return self._call("testWebhook", dict(args))

    def replay_deliveries(self, **args: Unpack[ReplayDeliveriesArgs]) -> ReplayDeliveriesAnswer:
        """Send the events of a time again."""
        return self._call("replayDeliveries", dict(args))

    def list_deliveries(self, **args: Unpack[ListDeliveriesArgs]) -> ListDeliveriesAnswer:
        """List what was sent to an endpoint."""
        return self._call("listDeliveries", dict(args))

    def all_deliveries(self, **args: Unpack[ListDeliveriesArgs]) -> Iterator[Delivery]:
        """List what was sent to an endpoint: every one, page by page."""
        return self._each("listDeliveries", dict(args))

    def get_delivery(self, **args: Unpack[GetDeliveryArgs]) -> FullDelivery:
        """Get a delivery."""
        return self._call("getDelivery", dict(args))

    def replay_delivery(self, **args: Unpack[ReplayDeliveryArgs]) -> ReplayDeliveryAnswer:
        """Send one again."""
        return self._call("replayDelivery", dict(args))

    def get_limits(self) -> LimitsView:
        """Get what holds, and what is used."""
        return self._call("getLimits", {})

    def set_limits(self, **args: Unpack[SetLimitsArgs]) -> LimitsView:
        """Replace the tenant's own limits."""
        return self._call("setLimits", dict(args))

    def get_retention(self) -> Retention:
        """Get how long data is kept."""
        return self._call("getRetention", {})

    def set_retention(self, **args: Unpack[SetRetentionArgs]) -> Retention:
        """Say how long data is kept."""
        return self._call("setRetention", dict(args))

    def list_erasures(self, **args: Unpack[ListErasuresArgs]) -> ListErasuresAnswer:
        """List erasures."""
        return self._call("listErasures", dict(args))

    def all_erasures(self, **args: Unpack[ListErasuresArgs]) -> Iterator[Erasure]:
        """List erasures: every one, page by page."""
        return self._each("listErasures", dict(args))

    def create_erasure(self, **args: Unpack[CreateErasureArgs]) -> Erasure:
        """Forget a person."""
        return self._call("createErasure", dict(args))

    def get_erasure(self, **args: Unpack[GetErasureArgs]) -> Erasure:
        """Get an erasure."""
        return self._call("getErasure", dict(args))

    def list_jobs(self, **args: Unpack[ListJobsArgs]) -> ListJobsAnswer:
        """List jobs."""
        return self._call("listJobs", dict(args))

    def all_jobs(self, **args: Unpack[ListJobsArgs]) -> Iterator[Job]:
        """List jobs: every one, page by page."""
        return self._each("listJobs", dict(args))

    def replay_jobs(self, **args: Unpack[ReplayJobsArgs]) -> ReplayJobsAnswer:
        """Bring back the dead jobs of a kind."""
        return self._call("replayJobs", dict(args))

    def replay_job(self, **args: Unpack[ReplayJobArgs]) -> ReplayJobAnswer:
        """Bring back a dead job."""
        return self._call("replayJob", dict(args))

    def sign_in(self, **args: Unpack[SignInArgs]) -> Tokens:
        """Sign in."""
        return self._call("signIn", dict(args))

    def refresh(self, **args: Unpack[RefreshArgs]) -> Tokens:
        """Get new tokens."""
        return self._call("refresh", dict(args))

    def sign_out(self, **args: Unpack[SignOutArgs]) -> None:
        """Sign out."""
        return self._call("signOut", dict(args))

    def get_me(self) -> Me:
        """Get who asks, and what they may do."""
        return self._call("getMe", {})

    def rename_me(self, **args: Unpack[RenameMeArgs]) -> None:
        """Change your name."""
        return self._call("renameMe", dict(args))

    def change_password(self, **args: Unpack[ChangePasswordArgs]) -> None:
        """Change your password."""
        return self._call("changePassword", dict(args))

    def switch_tenant(self, **args: Unpack[SwitchTenantArgs]) -> Tokens:
        """Go on in another tenant of yours."""
        return self._call("switchTenant", dict(args))

    def list_sign_ins(self) -> ListSignInsAnswer:
        """List where you are signed in."""
        return self._call("listSignIns", {})

    def end_sign_in(self, **args: Unpack[EndSignInArgs]) -> None:
        """End a sign-in of yours."""
        return self._call("endSignIn", dict(args))

    def view_invitation(self, **args: Unpack[ViewInvitationArgs]) -> ViewInvitationAnswer:
        """See what a link is for."""
        return self._call("viewInvitation", dict(args))

    def accept_invitation(self, **args: Unpack[AcceptInvitationArgs]) -> Tokens:
        """Use a link, and be signed in."""
        return self._call("acceptInvitation", dict(args))

    def list_users(self, **args: Unpack[ListUsersArgs]) -> ListUsersAnswer:
        """List members."""
        return self._call("listUsers", dict(args))

    def all_users(self, **args: Unpack[ListUsersArgs]) -> Iterator[User]:
        """List members: every one, page by page."""
        return self._each("listUsers", dict(args))

    def get_user(self, **args: Unpack[GetUserArgs]) -> User:
        """Get a member."""
        return self._call("getUser", dict(args))

    def change_user(self, **args: Unpack[ChangeUserArgs]) -> User:
        """Change a member's role or status."""
        return self._call("changeUser", dict(args))

    def remove_user(self, **args: Unpack[RemoveUserArgs]) -> None:
        """Take a member out of the tenant."""
        return self._call("removeUser", dict(args))

    def invite_user(self, **args: Unpack[InviteUserArgs]) -> NewInvitation:
        """Invite somebody."""
        return self._call("inviteUser", dict(args))

    def list_invitations(self) -> ListInvitationsAnswer:
        """List open invitations."""
        return self._call("listInvitations", {})

    def withdraw_invitation(self, **args: Unpack[WithdrawInvitationArgs]) -> None:
        """Withdraw an invitation."""
        return self._call("withdrawInvitation", dict(args))

    def list_keys(self, **args: Unpack[ListKeysArgs]) -> ListKeysAnswer:
        """List API keys."""
        return self._call("listKeys", dict(args))

    def all_keys(self, **args: Unpack[ListKeysArgs]) -> Iterator[ApiKey]:
        """List API keys: every one, page by page."""
        return self._each("listKeys", dict(args))

    def create_key(self, **args: Unpack[CreateKeyArgs]) -> CreateKeyAnswer:
        """Make an API key."""
        return self._call("createKey", dict(args))

    def get_key(self, **args: Unpack[GetKeyArgs]) -> ApiKey:
        """Get an API key."""
        return self._call("getKey", dict(args))

    def revoke_key(self, **args: Unpack[RevokeKeyArgs]) -> None:
        """Revoke an API key."""
        return self._call("revokeKey", dict(args))

    def get_brand(self, **args: Unpack[GetBrandArgs]) -> Brand:
        """See how a tenant looks."""
        return self._call("getBrand", dict(args))

    def list_tenants(self, **args: Unpack[ListTenantsArgs]) -> ListTenantsAnswer:
        """List tenants."""
        return self._call("listTenants", dict(args))

    def all_tenants(self, **args: Unpack[ListTenantsArgs]) -> Iterator[Tenant]:
        """List tenants: every one, page by page."""
        return self._each("listTenants", dict(args))

    def create_tenant(self, **args: Unpack[CreateTenantArgs]) -> CreateTenantAnswer:
        """Make a tenant."""
        return self._call("createTenant", dict(args))

    def get_tenant(self, **args: Unpack[GetTenantArgs]) -> Tenant:
        """Get a tenant."""
        return self._call("getTenant", dict(args))

    def change_tenant(self, **args: Unpack[ChangeTenantArgs]) -> ChangeTenantAnswer:
        """Change a tenant."""
        return self._call("changeTenant", dict(args))

    def list_audit(self, **args: Unpack[ListAuditArgs]) -> ListAuditAnswer:
        """List changes."""
        return self._call("listAudit", dict(args))

    def all_audit(self, **args: Unpack[ListAuditArgs]) -> Iterator[AuditEntry]:
        """List changes: every one, page by page."""
        return self._each("listAudit", dict(args))

    def get_health(self, **args: Unpack[GetHealthArgs]) -> GetHealthAnswer:
        """Ask whether the process lives."""
        return self._call("getHealth", dict(args))

    def get_ready(self) -> GetReadyAnswer:
        """Ask whether it takes requests."""
        return self._call("getReady", {})

    def get_metrics(self) -> bytes:
        """Get metrics."""
        return self._call("getMetrics", {})

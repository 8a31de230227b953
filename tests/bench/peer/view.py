"""What a call of the peer looks like, in its table and to its clients."""

import json

FIELDS = ("call_id", "status", "direction", "phone_number", "from_number", "agent", "system_prompt",
          "ultravox_call_id", "twilio_call_sid", "metadata", "created_at", "started_at", "ended_at",
          "duration_seconds", "end_reason")
COLUMNS = ("call_id TEXT PRIMARY KEY, status TEXT, direction TEXT, phone_number TEXT, from_number TEXT,"
           " agent TEXT, system_prompt TEXT, ultravox_call_id TEXT, twilio_call_sid TEXT, metadata TEXT,"
           " created_at TEXT, started_at TEXT, ended_at TEXT, duration_seconds INTEGER, end_reason TEXT")
TERMINAL = "('COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY')"


def view(row):
    call = dict(zip(FIELDS, row))
    call["metadata"] = json.loads(call["metadata"])
    return call

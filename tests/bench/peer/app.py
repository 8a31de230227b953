"""The peer of the API bench: the same three endpoints as a competent FastAPI service would write
them, on the same kind of store (SQLite, WAL, synchronous=FULL), calling the same canned vendors
after its answer. Started by tests/bench/bench.mjs with uvicorn, uvloop and httptools, one worker."""

import asyncio
import json
import os
import uuid
from datetime import datetime, timezone
from typing import Dict, List, Optional

import aiosqlite
import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

FIELDS = ("call_id", "status", "direction", "phone_number", "from_number", "agent", "system_prompt",
          "ultravox_call_id", "twilio_call_sid", "metadata", "created_at", "started_at", "ended_at",
          "duration_seconds", "end_reason")


class Initiate(BaseModel):
    phone_number: str = Field(regex=r"^\+[1-9][0-9]{7,14}$")
    agent: str = "appointment"
    system_prompt: Optional[str] = None
    temperature: Optional[float] = Field(default=None, ge=0, le=1)
    max_duration_seconds: int = Field(default=3600, ge=10, le=14400)
    metadata: Dict[str, str] = {}


class Call(BaseModel):
    call_id: str
    status: str
    direction: str
    phone_number: str
    from_number: str
    agent: str
    system_prompt: Optional[str]
    ultravox_call_id: Optional[str]
    twilio_call_sid: Optional[str]
    metadata: Dict[str, str]
    created_at: str
    started_at: Optional[str]
    ended_at: Optional[str]
    duration_seconds: Optional[int]
    end_reason: Optional[str]


class CallList(BaseModel):
    calls: List[Call]


app = FastAPI()


@app.on_event("startup")
async def startup():
    app.state.db = await aiosqlite.connect(os.environ["PEER_DB"])
    await app.state.db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS call (call_id TEXT PRIMARY KEY, status TEXT, direction TEXT,"
        " phone_number TEXT, from_number TEXT, agent TEXT, system_prompt TEXT, ultravox_call_id TEXT,"
        " twilio_call_sid TEXT, metadata TEXT, created_at TEXT, started_at TEXT, ended_at TEXT,"
        " duration_seconds INTEGER, end_reason TEXT);"
        "CREATE TABLE IF NOT EXISTS call_event (seq INTEGER PRIMARY KEY, call_id TEXT, type TEXT, at TEXT);"
        "CREATE INDEX IF NOT EXISTS call_created ON call (created_at, call_id);")
    # It may wait long for its vendors, but it does not lose a call over them.
    app.state.http = httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=64))


def view(row):
    call = dict(zip(FIELDS, row))
    call["metadata"] = json.loads(call["metadata"])
    return call


async def carry_on(call_id, body):
    """What follows the answer: a voice session, the dial, and the new state of the call."""
    base, db = os.environ["PEER_VENDORS"], app.state.db
    session = (await app.state.http.post(base + "/api/calls", json={"systemPrompt": body.system_prompt})).json()
    dial = (await app.state.http.post(base + "/2010-04-01/Accounts/AC/Calls.json",
                                      data={"To": body.phone_number, "From": "+15550100000"})).json()
    await db.execute("UPDATE call SET status='INITIATING', ultravox_call_id=?, twilio_call_sid=? WHERE call_id=?",
                     (session["callId"], dial["sid"], call_id))
    await db.commit()


@app.post("/api/v1/calls/initiate", status_code=201, response_model=Call)
async def initiate(body: Initiate):
    now = datetime.now(timezone.utc).isoformat()
    row = (str(uuid.uuid4()), "PENDING", "OUTBOUND", body.phone_number, "+15550100000", body.agent, body.system_prompt,
           None, None, json.dumps(body.metadata), now, None, None, None, None)
    db = app.state.db
    await db.execute("INSERT INTO call VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", row)
    await db.execute("INSERT INTO call_event (call_id, type, at) VALUES (?, 'call.created', ?)", (row[0], now))
    await db.commit()
    asyncio.create_task(carry_on(row[0], body))
    return view(row)


@app.get("/api/v1/calls/", response_model=CallList)
async def list_calls(limit: int = 50):
    rows = await app.state.db.execute_fetchall(
        f"SELECT {','.join(FIELDS)} FROM call ORDER BY created_at DESC, call_id DESC LIMIT ?", (limit,))
    return {"calls": [view(row) for row in rows]}


@app.get("/api/v1/calls/{call_id}", response_model=Call)
async def get_call(call_id: str):
    rows = await app.state.db.execute_fetchall(f"SELECT {','.join(FIELDS)} FROM call WHERE call_id=?", (call_id,))
    for row in rows:
        return view(row)
    raise HTTPException(404)

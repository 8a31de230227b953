"""The peer of the API bench: the same endpoints as a competent FastAPI service would write them, on the
same kind of store, calling the same canned vendors after its answer. PEER_DB says which store: a path
is SQLite, a URL PostgreSQL. Started by tests/bench/bench.mjs with uvicorn, uvloop and httptools, one worker."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import uuid
from datetime import datetime, timezone
from typing import Dict, List, Optional
from urllib.parse import parse_qsl

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, Field

from view import view

if os.environ["PEER_DB"].startswith("postgresql:"):
    from store_postgres import Store
else:
    from store_sqlite import Store

STATUSES = {"queued": "INITIATING", "initiated": "INITIATING", "ringing": "RINGING", "in-progress": "IN_PROGRESS",
            "completed": "COMPLETED", "busy": "BUSY", "no-answer": "NO_ANSWER", "failed": "FAILED", "canceled": "FAILED"}


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


class Figures(BaseModel):
    total_calls: int
    calls_by_status: Dict[str, int]
    total_duration_seconds: int
    success_rate: float


app = FastAPI()
store = Store()


def now():
    return datetime.now(timezone.utc).isoformat()


@app.on_event("startup")
async def startup():
    await store.open()
    # It may wait long for its vendors, but it does not lose a call over them.
    app.state.http = httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=64))


async def carry_on(call_id, body):
    """What follows the answer: a voice session, the dial, and the new state of the call."""
    vendors = os.environ["PEER_VENDORS"]
    session = (await app.state.http.post(vendors + "/api/calls", json={"systemPrompt": body.system_prompt})).json()
    dial = (await app.state.http.post(
        vendors + "/2010-04-01/Accounts/AC/Calls.json",
        data={"To": body.phone_number, "From": "+15550100000",
              "StatusCallback": f"{os.environ['PEER_URL']}/api/v1/webhooks/twilio/status/{call_id}"})).json()
    await store.dialled(call_id, session["callId"], dial["sid"])


@app.post("/api/v1/calls/initiate", status_code=201, response_model=Call)
async def initiate(body: Initiate):
    row = (str(uuid.uuid4()), "PENDING", "OUTBOUND", body.phone_number, "+15550100000", body.agent, body.system_prompt,
           None, None, json.dumps(body.metadata), now(), None, None, None, None)
    await store.add(row, row[10])
    asyncio.create_task(carry_on(row[0], body))
    return view(row)


@app.get("/api/v1/calls/", response_model=CallList)
async def list_calls(limit: int = 50):
    return {"calls": [view(row) for row in await store.page(limit)]}


@app.get("/api/v1/calls/dashboard/analytics", response_model=Figures)
async def analytics():
    rows = await store.figures()
    counts = {row[0]: row[1] for row in rows}
    total = sum(counts.values())
    return {"total_calls": total, "calls_by_status": counts, "total_duration_seconds": sum(row[2] for row in rows),
            "success_rate": counts.get("COMPLETED", 0) / total if total else 0}


@app.get("/api/v1/calls/{call_id}", response_model=Call)
async def get_call(call_id: str):
    row = await store.get(call_id)
    if row is None:
        raise HTTPException(404)
    return view(row)


@app.post("/api/v1/webhooks/twilio/status/{call_id}", status_code=204)
async def status(call_id: str, request: Request):
    params = dict(parse_qsl((await request.body()).decode()))
    text = f"{os.environ['PEER_URL']}{request.url.path}" + "".join(key + params[key] for key in sorted(params))
    sign = base64.b64encode(hmac.new(os.environ["PEER_TOKEN"].encode(), text.encode(), hashlib.sha1).digest()).decode()
    if not hmac.compare_digest(sign, request.headers.get("x-twilio-signature", "")):
        raise HTTPException(403)
    await store.status(call_id, STATUSES[params["CallStatus"]], now())
    return Response(status_code=204)

"""Outgoing webhooks: is it from us?"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Iterable, Protocol

from .contract import WebhookEvent


class Headers(Protocol):
    """A dict, or what a server of the standard library has."""

    def items(self) -> Iterable[tuple[str, str]]: ...


class WebhookError(ValueError):
    """It is not signed with the secret, or too old."""


def verify_webhook(
    headers: Headers, body: bytes, secret: str, *, tolerance: float = 300, now: float | None = None
) -> WebhookEvent:
    """The event. headers: names in any case; body: the bytes as they came; tolerance: seconds."""
    small = {name.lower(): value for name, value in headers.items()}
    parts = [part.partition("=") for part in small.get("voiceai-signature", "").split(",")]
    timestamp = next((value for name, _, value in parts if name == "t"), "")
    signed = f"{timestamp}.{small.get('voiceai-event-id', '')}.".encode() + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    fits = False
    for name, _, value in parts:
        fits |= name == "v1" and hmac.compare_digest(value.encode(), expected.encode())
    if not fits:
        raise WebhookError("The webhook is not signed with this secret.")
    if abs((time.time() if now is None else now) - float(timestamp)) > tolerance:
        raise WebhookError("The webhook is too old.")
    return json.loads(body)

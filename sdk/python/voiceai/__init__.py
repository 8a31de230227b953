"""A client of the voiceai API: calls, live events, webhooks. Standard library only."""

from .client import ApiError, Client, LiveError
from .webhook import WebhookError, verify_webhook

__all__ = ["ApiError", "Client", "LiveError", "WebhookError", "verify_webhook"]

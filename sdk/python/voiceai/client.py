"""Every operation of the API as a method of Client; see README.md."""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from typing import Any, Callable, Iterator, Mapping
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from .contract import OPERATIONS, LiveEvent, Operations
from .websocket import WebSocket

MAX_WAIT_S = 60


class ApiError(Exception):
    """An answer that is no 2xx. code is one of the contract's."""

    def __init__(self, status: int, code: str, message: str, field: str | None) -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


class LiveError(Exception):
    """The live socket was closed for good: 4401, sign in; 4010, load the lists again."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"The live socket was closed: {code} {reason}")
        self.code = code


def _back_off(tries: int) -> float:
    """Half a second, doubling, a quarter more or less at random."""
    return min(0.5 * 2**tries, 10) * random.uniform(0.75, 1.25)


def _failure(error: HTTPError) -> ApiError:
    try:
        said = json.loads(error.read())["error"]
    except (ValueError, KeyError, TypeError):
        said = {}
    message = said.get("message", f"The server answered {error.code}.")
    return ApiError(error.code, said.get("code", "unknown"), message, said.get("field"))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Client(Operations):
    """
    url: of the platform; token: an access token or API key, or a function that gives one, None in single-user
    mode; retries: how often a request is sent again; timeout: seconds a server may be silent.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        token: str | Callable[[], str | None] | None = None,
        *,
        retries: int = 4,
        timeout: float = 30,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.retries = retries
        self.timeout = timeout

    def _wait(self, error: Exception, harmless: bool, tries: int) -> float | None:
        """Seconds to wait before it is sent again. What may have been done already is sent again only where that does no harm."""
        if tries >= self.retries:
            return None
        status = error.code if isinstance(error, HTTPError) else None
        asked = error.headers.get("Retry-After") if isinstance(error, HTTPError) else None
        if status in (429, 503) and asked is not None and asked.isdigit() and int(asked) <= MAX_WAIT_S:
            return float(asked)
        return _back_off(tries) if harmless and (status is None or status >= 500) else None

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        once: bool = False,
    ) -> bytes:
        """One request, sent again as the server asks. once: it does no harm to send it twice."""
        asked = urlencode({name: _text(value) for name, value in (query or {}).items() if value is not None})
        url = self.url + path + (f"?{asked}" if asked else "")
        data = None if body is None else json.dumps(body).encode()
        for tries in range(self.retries + 1):
            token = self.token() if callable(self.token) else self.token
            all_headers = {"Accept": "application/json", **(headers or {})}
            if data is not None:
                all_headers["Content-Type"] = "application/json"
            if token:
                all_headers["Authorization"] = f"Bearer {token}"
            try:
                with urlopen(Request(url, data, all_headers, method=method), timeout=self.timeout) as response:
                    return response.read()
            except (URLError, ConnectionError, TimeoutError) as error:
                wait = self._wait(error, once or method == "GET", tries)
                if wait is None and isinstance(error, HTTPError):
                    raise _failure(error) from None
                if wait is None:
                    raise
                time.sleep(wait)
        raise AssertionError("the last try waits for nothing")

    def _call(self, operation: str, args: dict[str, Any], idempotency_key: str | None = None) -> Any:
        method, path, query_names, has_body, answer, once, _ = OPERATIONS[operation]
        rest = {name.rstrip("_"): value for name, value in args.items()}
        path = re.sub(r"\{(\w+)\}", lambda found: quote(_text(rest.pop(found[1])), safe=""), path)
        query = {name: rest.pop(name) for name in query_names if name in rest}
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())} if once else {}
        data = self.request(method, path, query=query, body=rest if has_body else None, headers=headers, once=once)
        if answer == "bytes":
            return data
        return json.loads(data) if answer == "json" else None

    def _each(self, operation: str, args: dict[str, Any]) -> Iterator[Any]:
        items = OPERATIONS[operation][6] or ""
        while True:
            page = self._call(operation, args)
            yield from page[items]
            if page["next_cursor"] is None:
                return
            args = {**args, "cursor": page["next_cursor"]}

    def watch(self, *, since: int | None = None, call_id: str | None = None) -> Iterator[LiveEvent]:
        """
        What happens, as it happens. A lost connection comes back by itself with the last number seen, so that
        nothing durable is missed and nothing comes twice. Ends when the caller stops reading.
        """
        tries = 0
        while True:
            socket = self._open(since, call_id)
            try:
                for text in socket.messages() if socket else ():
                    event: LiveEvent = json.loads(text)
                    tries, since = 0, event["seq"]
                    yield event
            finally:
                if socket:
                    socket.close()
            if socket and socket.close_code in (4401, 4010):
                raise LiveError(socket.close_code, socket.close_reason)
            time.sleep(_back_off(tries))
            tries += 1

    def _open(self, since: int | None, call_id: str | None) -> WebSocket | None:
        # A ticket that nobody used does no harm: asked for again as if it were read, while the server is being started.
        method, path, *_ = OPERATIONS["createTicket"]
        query = {"ticket": json.loads(self.request(method, path, once=True))["ticket"]}
        if since is not None:
            query["since"] = str(since)
        if call_id is not None:
            query["call_id"] = call_id
        try:
            socket = WebSocket(f"ws{self.url[4:]}/api/v1/live?{urlencode(query)}", self.timeout)
        except OSError:
            return None
        if socket.status == 101:
            return socket
        socket.close()
        return None

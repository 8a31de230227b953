"""A WebSocket client (RFC 6455) that reads text messages; what it needs for live events."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
from typing import Iterator
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocket:
    """close_code is there once the messages have ended; 1006 when the connection was lost."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        at = urlsplit(url)
        port = at.port or (443 if at.scheme == "wss" else 80)
        self.close_code = 1006
        self.close_reason = ""
        self._left = b""
        self._socket = socket.create_connection((at.hostname or "", port), timeout)
        if at.scheme == "wss":
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=at.hostname)
        self.status = self._shake(f"{at.path}?{at.query}", at.netloc)
        self._socket.settimeout(None)

    def _shake(self, target: str, host: str) -> int:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._left:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the handshake was not answered")
            self._left += more
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])

    def _read(self, count: int) -> bytes:
        while len(self._left) < count:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the connection was lost")
            self._left += more
        data, self._left = self._left[:count], self._left[count:]
        return data

    def _frame(self) -> tuple[bool, int, bytes]:
        first, second = self._read(2)
        length = second & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._read(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._read(8))
        return bool(first & 128), first & 15, self._read(length)

    def _send(self, opcode: int, payload: bytes = b"") -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload))
        self._socket.sendall(bytes([128 | opcode, 128 | len(payload)]) + mask + masked)

    def messages(self) -> Iterator[str]:
        """Until the connection ends, whoever ends it."""
        message = b""
        try:
            while True:
                last, opcode, payload = self._frame()
                if opcode == PING:
                    self._send(PONG, payload)
                elif opcode == CLOSE:
                    self.close_code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
                    self.close_reason = payload[2:].decode(errors="replace")
                    self._send(CLOSE, payload[:2])
                    return
                elif opcode in (0, TEXT):
                    message += payload
                    if last:
                        yield message.decode()
                        message = b""
        except OSError:
            return

    def close(self) -> None:
        try:
            self._send(CLOSE, struct.pack(">H", 1000))
        except OSError:
            pass
        self._socket.close()

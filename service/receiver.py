"""A small local receiver: plays the contact book or the dashboard in the demo and in tests.

It verifies with the public standardwebhooks library, not with our own code, and drops repeats.
"""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass(slots=True)
class Receiver:
    """What one receiver has heard; ``refuse`` makes it answer 503, as one that is down would."""

    secret: str
    facts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    order: list[str] = field(default_factory=list[str])
    refused: int = 0
    repeats: int = 0
    refuse: bool = False
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None, "the receiver is started first"
        return f"http://127.0.0.1:{self._server.server_address[1]}/facts"

    def start(self, port: int = 0) -> None:
        """Listen on a port of this machine (0 = any free one), from a thread of its own."""
        receiver = self

        class Ear(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", "0"))
                status = receiver.hear(self.rfile.read(length), dict(self.headers.items()))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Ear)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hear(self, body: bytes, headers: dict[str, str]) -> int:
        """Verify one push and keep it once; give the HTTP status to answer."""
        if self.refuse:
            return 503
        try:
            Webhook(self.secret).verify(
                body, {name.lower(): text for name, text in headers.items()}
            )
        except Exception:  # noqa: BLE001  the library raises many kinds on hostile input
            self.refused += 1
            return 401
        webhook_id = next(text for name, text in headers.items() if name.lower() == "webhook-id")
        if webhook_id in self.facts:
            self.repeats += 1
            return 204
        self.facts[webhook_id] = json.loads(body)
        self.order.append(webhook_id)
        return 204

    def heard(self, topic: str, code: str) -> dict[str, Any] | None:
        """Give the last fact of ``topic`` about a notice's code, if it came."""
        found = [
            self.facts[each]
            for each in self.order
            if self.facts[each]["type"] == topic and self.facts[each]["data"].get("code") == code
        ]
        return found[-1] if found else None

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

"""A client that speaks to the running site without a browser, and keeps to no rule that a browser keeps to."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Ping, RejectConnection, Request, TextMessage

ROOT = "reflex___state____state"
HYDRATE = f"{ROOT}.hydrate_and_load"
_NAMESPACE = "/_event,"
# What `origin` means when a test does not name one.
OWN = "own"


def handler(chapter: str, state: str, method: str) -> str:
    """Return a handler's name as the browser's script has it."""
    return f"{ROOT}.cpegi_app___state___{chapter}____{state}.{method}"


class Refused(Exception):
    """The server did not open the socket."""


class Closed(Exception):
    """The server has closed the socket."""


class RawSocket:
    """One tab's websocket: socket.io's frames by hand."""

    def __init__(
        self, site: str, tab: str, *, cookie: str = "", origin: str | None = OWN, path: str = "/_event/"
    ) -> None:
        host = urlsplit(site).netloc
        headers = [("Origin", site if origin == OWN else origin)] if origin is not None else []
        headers += [("Cookie", cookie)] if cookie else []
        self.path = "/nowhere"
        self._wire = WSConnection(ConnectionType.CLIENT)
        self._frames: list[str] = []
        self._part = ""
        self._plug = socket.create_connection(("localhost", int(host.rpartition(":")[2])), timeout=10)
        try:
            target = f"{path}?EIO=4&transport=websocket&token={tab}"
            self._plug.sendall(
                self._wire.send(Request(host=host, target=target, extra_headers=[(k, v) for k, v in headers]))
            )
            assert self._next(10).startswith("0")
            self.send(f"40{_NAMESPACE}{{}}")
            assert self._next(10).startswith("40")
        except (Closed, OSError) as error:
            self._plug.close()
            raise Refused(str(error)) from None

    def _listen(self, seconds: float) -> None:
        """Take in what comes within a time."""
        self._plug.settimeout(max(seconds, 0.001))
        try:
            data = self._plug.recv(1 << 16)
        except TimeoutError:
            return
        if not data:
            raise Closed("hung up")
        self._wire.receive_data(data)
        for event in self._wire.events():
            if isinstance(event, RejectConnection):
                raise Closed(str(event.status_code))
            if isinstance(event, CloseConnection):
                raise Closed(str(event.code))
            if isinstance(event, Ping):
                self._plug.sendall(self._wire.send(event.response()))
            if isinstance(event, TextMessage):
                self._part += event.data
                if event.message_finished:
                    self._frames.append(self._part)
                    self._part = ""

    def send(self, text: str) -> None:
        """Send one frame as it is."""
        self._plug.settimeout(20)
        self._plug.sendall(self._wire.send(TextMessage(data=text)))

    def emit(self, *message: Any) -> None:
        """Send a socket.io event."""
        self.send(f"42{_NAMESPACE}{json.dumps(message)}")

    def event(self, name: str, payload: Any = None, **router: Any) -> None:
        """Send an event of the application."""
        data = {"pathname": self.path, "asPath": self.path, "query": {}} | router
        self.emit("event", {"name": name, "payload": {} if payload is None else payload, "router_data": data})

    def _next(self, seconds: float) -> str:
        """Return the next frame, empty when none came in time; pings are answered."""
        deadline = time.monotonic() + seconds
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                if frame != "2":
                    return frame
                self.send("3")
            if (left := deadline - time.monotonic()) <= 0:
                return ""
            self._listen(left)

    def collect(self, quiet: float = 0.5, most: float = 10.0) -> str:
        """Return all that comes until nothing has come for a while."""
        found, deadline = [], time.monotonic() + most
        with contextlib.suppress(Closed, OSError):
            while time.monotonic() < deadline and (frame := self._next(quiet)):
                found.append(frame)
        return "\n".join(found)

    def call(self, name: str, payload: Any = None, *, waits_for: str = "", **router: Any) -> str:
        """Send an event; return what comes back, at once when it holds the awaited text."""
        self.event(name, payload, **router)
        if not waits_for:
            return self.collect()
        found, deadline = "", time.monotonic() + 10
        while waits_for not in found and time.monotonic() < deadline:
            found += self._next(2)
        return found

    def is_closed(self, seconds: float = 5.0) -> bool:
        """Tell whether the server closes the socket within a time."""
        try:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                self._next(0.5)
        except (Closed, OSError):
            return True
        return False

    def close(self) -> None:
        """Hang up."""
        self._plug.close()


def request(
    site: str, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
) -> tuple[int, str]:
    """Send one HTTP request with exactly these headers; return status and text."""
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", urlsplit(site).netloc)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        for part in [body] if isinstance(body, bytes) else body or []:
            connection.send(part)
        answer = connection.getresponse()
        return answer.status, answer.read(100_000).decode("utf-8", "replace")
    except (ConnectionError, BrokenPipeError, http.client.HTTPException) as error:
        return 0, repr(error)
    finally:
        connection.close()

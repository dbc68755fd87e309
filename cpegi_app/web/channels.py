"""The three channels of a connection: the answer, the request's body, and the websocket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.types import Message, Receive, Scope, Send

from cpegi_app.web.limits import Pace
from cpegi_app.web.refusal import Refusal, is_framework_error, refusal_messages, too_large

log = logging.getLogger(__name__)

CLOSE_POLICY, CLOSE_TOO_BIG, CLOSE_ERROR = 1008, 1009, 1011


class Answer:
    """The way out: dresses each answer, and puts a refusal in place of what must not go out."""

    def __init__(self, scope: Scope, send: Send, dress: Callable[[Message], None]) -> None:
        self._scope, self._send, self._dress = scope, send, dress
        self.started = False
        self._error = 0
        self.refusal: Refusal | None = None

    async def __call__(self, message: Message) -> None:
        if self.started:
            await self._send(message)
        elif self.refusal is not None:
            # The application's own words are dropped; `finish` sends ours.
            return
        elif message["type"] == "http.response.start":
            await self._start(message)
        elif self._error:
            # A plain text in Chinese is one of our routes' sentences; in ASCII it is a framework's.
            sentence = message.get("body", b"").decode(errors="replace")
            own = len(sentence) <= 500 and not sentence.isascii() and self._error < 500
            status = self._error
            self.refusal = Refusal(status, sentence) if own else Refusal.of_status(status)

    async def _start(self, message: Message) -> None:
        if is_framework_error(self._scope["path"], message):
            self._error = message["status"]
            return
        message = {**message, "headers": list(message.get("headers", []))}
        self._dress(message)
        self.started = True
        await self._send(message)

    async def finish(self) -> None:
        """Send the refusal, if there is one and nothing went out before."""
        if self.started or (self.refusal is None and not self._error):
            return
        self.started = True
        self.refusal = self.refusal or Refusal.of_status(self._error)
        for message in refusal_messages(self.refusal, self._scope):
            if message["type"] == "http.response.start":
                self._dress(message)
            await self._send(message)


class Body:
    """The way in for a request's body: counted while it streams, and not waited for for ever."""

    def __init__(self, receive: Receive, answer: Answer, cap: int, timeout_s: float) -> None:
        self._receive, self._answer, self._cap, self._timeout = receive, answer, cap, timeout_s
        self._seen, self._complete = 0, False

    async def __call__(self) -> Message:
        if self._answer.refusal is not None:
            return {"type": "http.disconnect"}
        if self._complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._timeout)
        except TimeoutError:
            return self._refuse(Refusal(408, "网络过慢，上传超时，请检查网络后重试。"))
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._seen > self._cap:
                return self._refuse(too_large(self._cap))
        return message

    def _refuse(self, refusal: Refusal) -> Message:
        """Tell the application that the client has gone; the answer it then gives is replaced."""
        self._answer.refusal = refusal
        return {"type": "http.disconnect"}


def _at_once(_: str) -> float:
    return 0.0


class Socket:
    """A websocket whose client is slowed down when it talks too fast, and cut off when it does not stop."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        pace: Pace,
        message_cap: int,
        turn: Callable[[str], float] = _at_once,
    ) -> None:
        self._receive, self._send, self._pace, self._cap = receive, send, pace, message_cap
        self._turn = turn
        self._closed = False

    async def receive(self) -> Message:
        """Hand on the next message when it is due."""
        if self._closed:
            return {"type": "websocket.disconnect", "code": CLOSE_POLICY}
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        if len(message.get("text") or message.get("bytes") or "") > self._cap:
            return await self.close(CLOSE_TOO_BIG)
        delay = self._pace.take()
        if delay is None:
            log.warning("websocket closed: too many messages for too long")
            return await self.close(CLOSE_POLICY)
        delay += self._turn(message.get("text") or "")
        if delay:
            await asyncio.sleep(delay)
        return message

    async def send(self, message: Message) -> None:
        """Send on, unless the socket was closed here."""
        if self._closed:
            return
        self._closed = message["type"] == "websocket.close"
        await self._send(message)

    async def close(self, code: int) -> Message:
        """Close the socket, and return what tells the application."""
        await self.send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

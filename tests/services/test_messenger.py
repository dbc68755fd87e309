"""The SMS outbox is sent through a real gateway over HTTP; a message that it refuses holds up no other."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlmodel import Session, col, select

from cpegi_app import clock, db, messenger
from cpegi_app.models import SmsOutbox
from cpegi_app.services import sms
from tests import factories


class Gateway(BaseHTTPRequestHandler):
    """Takes messages, refuses some numbers."""

    got: list[str] = []
    refused: set[str] = set()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ok = body["phone"] not in self.refused and self.headers["Authorization"] == "Bearer token"
        if ok:
            self.got.append(body["phone"])
        self.send_response(200 if ok else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def sender() -> Iterator[sms.Sender]:
    Gateway.got, Gateway.refused = [], set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield sms.HttpSender(f"http://127.0.0.1:{server.server_port}", "token")
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("database")
def test_a_refused_message_holds_up_no_other_and_is_tried_again(sender: sms.Sender):
    phones = [factories.phone() for _ in range(5)]
    with db.transaction() as session:
        for n, phone in enumerate(phones):
            sms.send_later(session, phone, "验证码 123456", f"messenger:{phone}:{n}")
    Gateway.refused = {phones[1]}
    assert messenger.deliver(sender) == 4
    assert sorted(Gateway.got) == sorted(phones[:1] + phones[2:])
    # Not at once, but long before a code is too old.
    assert messenger.deliver(sender) == 0
    Gateway.refused = set()
    clock.shift(timedelta(seconds=11))
    assert messenger.deliver(sender) == 1
    assert sorted(Gateway.got) == sorted(phones)
    with db.reading() as session:
        assert texts(session, phones) == {"（已发送）"}


def texts(session: Session, phones: list[str]) -> set[str]:
    return set(session.exec(select(SmsOutbox.text).where(col(SmsOutbox.phone).in_(phones))))

"""The one message component: every refusal and every success is told here."""

from __future__ import annotations

import logging
import re
import secrets
from datetime import datetime, timedelta

import reflex as rx
from reflex.event import EventSpec

from cpegi_app import clock
from cpegi_app.access import MESSAGE_BAR
from cpegi_app.errors import DomainError
from cpegi_app.state.base import for_screen, text_arg

log = logging.getLogger(__name__)
_BROWSER_ERROR = re.compile(r"\b[A-Z][A-Za-z]{0,40}(?:Error|Exception)\b")
_PLACE = re.compile(r"/assets/[\w.-]{1,80}:\d{1,6}:\d{1,6}", re.ASCII)
# A message told together with a change of page belongs to the new page; an older one does not.
FRESH = timedelta(seconds=5)


@for_screen(MESSAGE_BAR)
class MessageState(rx.State):
    """The message bar of the tab; `count` changes with every message, so that a repeated one is seen again."""

    kind: str = ""
    text: str = ""
    count: int = 0
    login_href: str = ""
    _told_at: datetime | None = None

    @rx.event
    def tell(self, kind: str, text: str):
        """Show a message in this tab."""
        self._tell(text_arg(kind, 10), text_arg(text, 600))

    @rx.event
    def close(self):
        """Take the message away."""
        self._retract()

    def _tell(self, kind: str, text: str, login_href: str = "") -> None:
        self.login_href = login_href
        self.kind = kind if kind in ("success", "error", "info", "warning") else "info"
        self.text = text
        self.count += 1
        self._told_at = clock.now()

    def _arrive(self) -> None:
        """Leave behind what was told on an earlier page; a refusal always belongs to the page it was told on."""
        fresh = self._told_at is not None and clock.now() - self._told_at <= FRESH
        if self.text and (self.kind == "error" or not fresh):
            self._retract()

    def _retract(self) -> None:
        """Take away what was told, once something else has been done: it speaks of what was before."""
        self.kind = self.text = self.login_href = ""

    def _at_sign_in(self) -> None:
        """Leave behind the way to the sign-in page: this is it."""
        if self.login_href:
            self._retract()


def success(text: str) -> EventSpec:
    """Return the event that tells a success."""
    return MessageState.tell("success", text)  # pyright: ignore


def info(text: str) -> EventSpec:
    """Return the event that tells something worth knowing."""
    return MessageState.tell("info", text)  # pyright: ignore


def warning(text: str) -> EventSpec:
    """Return the event that tells what is to be looked at before going on."""
    return MessageState.tell("warning", text)  # pyright: ignore


def on_error(exception: Exception) -> EventSpec:
    """Turn whatever a handler raised into a sentence; what nobody foresaw gets a number to quote."""
    if isinstance(exception, DomainError):
        return MessageState.tell("error", exception.message)  # pyright: ignore
    number = noted(exception)
    text = f"系统暂时无法完成此操作（编号 {number}），您填写的内容没有丢失。请稍后重试，或致电 400 056 5005 并告知编号。"
    return MessageState.tell("error", text)  # pyright: ignore


def noted(exception: Exception) -> str:
    """Log what nobody foresaw, and return the number to quote."""
    number = secrets.token_hex(4)
    log.error("unforeseen error %s", number, exc_info=exception)
    return number


def on_browser_error(exception: Exception) -> None:
    """Note what a page reports of itself: the kind of error and the places in the built scripts, no text.

    Anybody can send it, and what somebody typed may stand in it.
    """
    text = str(exception)[:20_000]
    kind = _BROWSER_ERROR.search(text)
    log.warning("a browser reported: %s at %s", kind[0] if kind else "something", _PLACE.findall(text)[:6])

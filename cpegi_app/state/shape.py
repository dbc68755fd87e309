"""The shape of an event, looked at before its handler runs: anybody can send any names and any types."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import reflex as rx
from pydantic import ConfigDict, TypeAdapter, ValidationError
from reflex.event import Event
from reflex_base.registry import RegistrationContext

MALFORMED = "页面内容与系统不一致，请刷新页面后重试，已填写的内容会自动恢复。"


def has_names(event: Event) -> bool:
    """Tell whether the payload names exactly what the handler takes."""
    if not isinstance(event.payload, Mapping):
        return False
    known, needed = _names(_handler(event))
    return needed <= event.payload.keys() <= known


def has_types(event: Event) -> bool:
    """Tell whether a framework handler, which trusts its arguments, gets what it declares.

    The platform keeps nothing in the browser's storage: what a client sends for it is dropped.
    """
    if "vars" in event.payload:
        event.payload["vars"] = {}
    wanted = _types(_handler(event))
    try:
        for name, value in event.payload.items():
            wanted[name].validate_python(value)
    except ValidationError:
        return False
    return True


def upload_handlers() -> frozenset[str]:
    """Return the names of the handlers that take files."""
    found = RegistrationContext.ensure_context().event_handlers
    return frozenset(
        name
        for name, entry in found.items()
        if list[rx.UploadFile] in typing.get_type_hints(entry.handler.fn).values()
    )


def _handler(event: Event) -> Callable[..., Any]:
    return RegistrationContext.get().event_handlers[event.name].handler.fn


@lru_cache(maxsize=1024)
def _names(fn: Callable[..., Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a handler takes, and those that it needs."""
    taken = list(inspect.signature(fn).parameters.values())[1:]
    needed = (p.name for p in taken if p.default is inspect.Parameter.empty)
    return frozenset(p.name for p in taken), frozenset(needed)


@lru_cache(maxsize=64)
def _types(fn: Callable[..., Any]) -> dict[str, TypeAdapter[Any]]:
    hints = typing.get_type_hints(fn)
    return {name: TypeAdapter(hints.get(name, Any), config=ConfigDict(strict=True)) for name in _names(fn)[0]}

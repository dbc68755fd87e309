"""Logging: JSON lines on standard output, every record of every logger cleaned before any handler sees it."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections import OrderedDict
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from cpegi_app.web.redact import LINE_CAP, cap, clean, one_line

# Loggers whose owners hang handlers of their own on them: theirs go, the root's stays.
_OWNED = (
    "reflex",
    "reflex_base",
    "_granian",
    "granian.access",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "socketio.server",
    "engineio.server",
    "py.warnings",
    "sqlalchemy.engine",
)
_FRAMES = 8
_MANAGED = "REFLEX_MANAGED_LOGGING"
_base_factory = logging.LogRecord


def configure(*, json_lines: bool = True, level: int = logging.INFO) -> None:
    """Clean every record from now on; with `json_lines` also take over how and where they are written.

    Call it before anything logs, in each process: at the top of the application's module does.
    Without `json_lines` (hot reload) Reflex's own console output stays, with cleaned records.
    """
    logging.setLogRecordFactory(_clean_record)
    logging.captureWarnings(capture=True)
    # A handler that fails would print the record's raw arguments.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    sys.unraisablehook = lambda problem: _log_uncaught(
        problem.exc_type, problem.exc_value or RuntimeError("unraisable"), problem.exc_traceback
    )
    threading.excepthook = lambda problem: _log_uncaught(
        problem.exc_type, problem.exc_value or RuntimeError("thread"), problem.exc_traceback
    )
    if json_lines:
        _take_over(level)


def _take_over(level: int) -> None:
    """Leave one handler in the process, and see to it that nobody puts theirs back."""
    root = logging.getLogger()
    root.handlers[:] = [JsonHandler()]
    root.setLevel(level)
    # Reflex would hang its coloured console on its logger again whenever it reads its configuration.
    os.environ.pop(_MANAGED, None)
    for name in _OWNED:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in ("socketio.server", "engineio.server"):
        # A logger without a level gets a handler from each server that is made; this level keeps them from it.
        logging.getLogger(name).setLevel(logging.WARNING)
    # One line a plugin at every start, and nothing to learn from them.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    _take_over_granian()
    _take_over_reflex_console()


def _take_over_granian() -> None:
    """Give Granian's workers this handler: each of them configures logging anew when it starts."""
    from granian import log as granian_log

    handler = {"()": f"{__name__}.JsonHandler"}
    granian_log.LOGGING_CONFIG["handlers"] = {"console": handler, "access": handler}


def _take_over_reflex_console() -> None:
    """Turn what Reflex prints past logging (its older console helpers) into records."""
    from reflex_base.utils import console

    def to_log(msg: str, *, level: str = "info", **_: Any) -> None:
        number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        logging.getLogger("reflex.console").log(number, "%s", msg)

    console.print = to_log
    console._print_stderr = to_log


def _clean_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make a record whose message is final and clean, with its exception told in the same line.

    A record factory, not a filter: filters on a logger do not see the records of its children, and handlers
    come and go; here nothing unclean exists to begin with.
    """
    record = _base_factory(*args, **kwargs)
    try:
        message = record.getMessage()
    except Exception:
        message = f"{record.msg} (arguments do not fit)"
    problem = record.exc_info[1] if record.exc_info else None
    told = _tell(problem) if problem else ""
    # The message yields room, so that the exception's type and place are never cut away.
    record.msg = cap(clean(str(message)), LINE_CAP - len(told.encode())) + told
    record.args = ()
    record.exc_info = record.exc_text = record.stack_info = None
    return record


def _tell(problem: BaseException) -> str:
    """Tell an exception and its causes in half a line: type, cleaned text, and the innermost places."""
    parts: list[str] = []
    seen: BaseException | None = problem
    while seen is not None and len(parts) < 3:
        frames = traceback.extract_tb(seen.__traceback__)[-_FRAMES:]
        places = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in reversed(frames))
        parts.append(f"{type(seen).__name__}: {cap(clean(_text_of(seen)), 300)} at {places or '?'}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return cap(one_line(" | " + " | because of ".join(parts)), LINE_CAP // 2)


def _text_of(problem: BaseException) -> str:
    try:
        return str(problem)
    except Exception:
        return "?"


def _log_uncaught(
    kind: type[BaseException], problem: BaseException | None, place: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    value = problem or kind()
    logging.getLogger("cpegi_app.uncaught").critical("uncaught", exc_info=(kind, value, place))


class JsonHandler(logging.Handler):
    """Writes one JSON object a line, and counts instead of repeating: the 1st to 5th, then the 10th, 100th, … ."""

    def __init__(self, stream: TextIO | None = None, *, window_s: float = 60.0) -> None:
        super().__init__()
        self._stream, self._window = stream, window_s
        self._counts: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it was written often enough already."""
        try:
            message = record.getMessage()
            count = self._count((record.name, message))
            if count > 5 and not _is_round(count):
                return
            line: dict[str, Any] = {
                "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                "pid": record.process,
            }
            if count > 1:
                line["count"] = count
            stream = self._stream or sys.stdout
            plain = (getattr(stream, "encoding", None) or "utf-8").lower() != "utf-8"
            stream.write(json.dumps(line, ensure_ascii=plain) + "\n")
            stream.flush()
        except Exception:
            self.handleError(record)

    def _count(self, key: tuple[str, str]) -> int:
        """Count a message within the window; the handler's lock is held."""
        now = time.monotonic()
        since, count = self._counts.pop(key, (now, 0))
        if now - since > self._window:
            since, count = now, 0
        self._counts[key] = (since, count + 1)
        if len(self._counts) > 1000:
            self._counts.popitem(last=False)
        return count + 1


def _is_round(number: int) -> bool:
    """Tell whether a number is a power of ten."""
    return str(number).strip("0") == "1"

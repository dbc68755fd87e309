"""Logs: nothing secret, nothing forged, nothing endless, whoever logs it and however."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import textwrap
import time
import unicodedata
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpegi_app.web import logs
from cpegi_app.web.logs import JsonHandler
from cpegi_app.web.redact import LINE_CAP, clean

_ROOT = Path(__file__).parents[2]
WORD, NUMBER, CODE, SID = (
    "Hunter2-canary",
    "13812345678",
    "648213",
    "k3J9_xQ2-canaryS1dZpLw8vTn5RbYc0HdGfAeMuXo4",
)
CANARIES = (WORD, NUMBER, CODE, SID)
FORMS = {
    "dict": "{'password': 'Hunter2-canary', 'phone': '13812345678'}",
    "dict of bytes": "{b'password': b'Hunter2-canary'}",
    "json": '{"new_password": "Hunter2-canary", "code": "648213"}',
    "json in json": '"{\\"password\\": \\"Hunter2-canary\\", \\"code\\": \\"648213\\"}"',
    "json in json in json": '\\"{\\\\\\"password\\\\\\": \\\\\\"Hunter2-canary\\\\\\"}\\"',
    "quote in the value": "{'password': 'a\\'b Hunter2-canary'}",
    "value without end": "{'password': 'Hunter2-canary",
    "list": "{'password': ['x', 'Hunter2-canary']}",
    "assignment": "password=Hunter2-canary",
    "assignment, full width": "密码：Hunter2-canary",
    "assignment behind Chinese": "旧password=Hunter2-canary",
    "prefix and suffix": "X_old_password_again = Hunter2-canary",
    "upper case": "PASSWORD: Hunter2-canary",
    "query": "GET /x?next=/&password=Hunter2-canary&token=Hunter2-canary HTTP/1.1",
    "percent encoded": "body password%3DHunter2-canary",
    "cookie header": "cookie: theme=dark; sid=Hunter2-canary; other=Hunter2-canary",
    "set-cookie header": "Set-Cookie: __Host-sid=Hunter2-canary; HttpOnly",
    "cookie in a dict": "{'headers': {'cookie': 'a=1; sid=Hunter2-canary', 'host': 'x'}}",
    "headers of a scope": "[(b'host', b'x'), (b'cookie', b'sid=Hunter2-canary; a=Hunter2-canary')]",
    "session cookie alone": "__Host-sid=Hunter2-canary",
    "authorization": "Authorization: Basic Hunter2-canary",
    "bearer": "sent Bearer Hunter2-canary",
    "token": "reflex-client-token: Hunter2-canary",
    "ticket": "ticket='Hunter2-canary'",
    "event": "Error for Event(name='a.b', router_data={}, payload={'x': 'Hunter2-canary'}) [txid=1]",
    "event data": "no associated token. Event data: {'x': ['Hunter2-canary']}",
    "event data that is none": "Event data must be a dictionary, but received Hunter2-canary of type",
    "payload that does not fit": "Error transforming event payload for handler S.f: bad 'Hunter2-canary'",
    "database parameters": "UNIQUE failed\n[SQL: INSERT]\n[parameters: ('Hunter2-canary', '13812345678')]",
    "pydantic": "1 error\nname\n  bad [type=x, input_value='Hunter2-canary', input_type=str]",
    "number": "to 13812345678",
    "number with blanks": "to 138 1234 5678",
    "number with dashes": "to 138-1234-5678",
    "number with country": "to +8613812345678, 008613812345678, 8613812345678",
    "number behind letters": "u13812345678x",
    "number in full width": "手机１３８１２３４５６７８",
    "code in Chinese": "您的验证码是 648213，5 分钟内有效",
    "code before the word": "【平台】648213（登录验证码）",
    "code in full width": "验证码：６４８２１３",
    "code key": "{'sms_code': 648213}",
    "code assignment": "code=648213",
    "session id": f"session {SID} is unknown",
    "session id behind Chinese": f"登录{SID}",
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS.keys())
def test_no_canary_passes_in_any_form(text: str) -> None:
    for before, behind in (("", ""), ("刚才：", "。"), ("x" * 500 + " ", " " + "y" * 500)):
        shown = clean(before + text + behind)
        assert not any(canary in shown for canary in CANARIES)
        digits = "".join(char for char in unicodedata.normalize("NFKC", shown) if char.isdigit())
        assert NUMBER not in digits
        assert CODE not in digits


@pytest.mark.parametrize(
    "text",
    [
        "credit code 91350200MA2XXXXX0X of 厦门示例公司",
        "统一社会信用代码：91350211123456789X",
        "status code: 404, exit code 1",
        "POST /session 303 12.5 ms",
        "denied: reflex___state____state.cpegi_app___state___account____login_state.submit",
        "residence and consideration: fine",
        "12345678.90 万元，利率 3.85%",
        "migration 0001_base applied at 2026-01-02T03:04:05.678Z",
        "198.51.100.7 - product:12",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert clean(text) == text


def test_a_number_is_masked_so_that_its_owner_can_be_asked_for() -> None:
    assert clean("to +86 13812345678") == "to +86 138****5678"
    assert clean("client '123e4567-e89b-12d3-a456-426614174000'") == "client '123e4567…'"
    assert clean("身份证 350203199001011234") == "身份证 350203********1234"


@pytest.mark.parametrize(
    "text",
    [
        'a\n{"level": "info", "message": "forged"}',
        "a\r\nb",
        "a\x1b[2Jb",
        "a\u2028b",
        "a\u202eb",
        "a\0b",
        "a\x85b",
        "\ud800",
    ],
)
def test_a_line_cannot_be_forged(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


@given(st.text(max_size=300))
def test_any_text_becomes_one_printable_line_within_the_cap(text: str) -> None:
    shown = clean(text * 20)
    assert shown.isprintable()
    assert len(shown.encode()) <= LINE_CAP


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="'\\"), min_size=4, max_size=40))
def test_whatever_the_password_is_it_does_not_show(password: str) -> None:
    marked = "CANARY" + password
    assert "CANARY" not in clean(repr({"password": marked, "other": 1}))
    assert "CANARY" not in clean(json.dumps({"confirm_password": marked}, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, "password" * 10**5, "'" * 10**6, "\\" * 10**6, "1" * 10**6, "code " * 10**5, "Event(name='" * 10**5,
     "cookie=" * 10**5, "[(" * 10**5, "password'  " * 10**5, "13812345678" * 10**5, "验证码" * 10**5, "a1A-" * 10**5],
)  # fmt: skip
def test_no_line_costs_much(text: str) -> None:
    start = time.perf_counter()
    assert len(clean(text).encode()) <= LINE_CAP
    assert time.perf_counter() - start < 0.3


# Records and handlers


@pytest.fixture
def clean_records() -> Iterator[None]:
    """Install the record factory alone, and put back what was there."""
    before = (logging.getLogRecordFactory(), sys.excepthook, sys.unraisablehook, logging.raiseExceptions)
    logs.configure(json_lines=False)
    yield
    logging.setLogRecordFactory(before[0])
    sys.excepthook, sys.unraisablehook, logging.raiseExceptions = before[1:]
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("clean_records")
def test_a_handler_that_is_not_ours_sees_clean_records_too() -> None:
    stream = StringIO()
    logger = logging.getLogger("somebody.elses")
    logger.addHandler(handler := logging.StreamHandler(stream))
    try:
        logger.error("password=%s", WORD)
        logger.error("%s %s", "too few", extra={"password": WORD})
        try:
            raise ValueError(f"password={WORD}\nforged")
        except ValueError:
            logger.exception("failed for %s", NUMBER)
    finally:
        logger.removeHandler(handler)
    shown = stream.getvalue()
    assert len(shown.splitlines()) == 3
    assert not any(canary in shown for canary in CANARIES)
    assert "failed for 138****5678 | ValueError: password=*** forged at test_logs.py:" in shown


@pytest.mark.usefixtures("clean_records")
def test_an_exceptions_type_place_and_cause_survive_a_long_message() -> None:
    stream = StringIO()
    logger = logging.getLogger("somebody.elses")
    logger.addHandler(handler := logging.StreamHandler(stream))
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise RuntimeError("outer " * 1000) from inner
    except RuntimeError:
        logger.exception("x" * 5000)
    finally:
        logger.removeHandler(handler)
    shown = stream.getvalue()
    assert len(shown.encode()) <= LINE_CAP + 1
    assert "RuntimeError: outer" in shown
    assert "because of KeyError: 'inner' at test_logs.py" in shown


def _written(*messages: str, window_s: float = 60.0, pause_s: float = 0.0) -> list[dict]:
    stream = StringIO()
    handler = JsonHandler(stream, window_s=window_s)
    for message in messages:
        handler.emit(logging.LogRecord("a", logging.INFO, "", 0, message, (), None))
        time.sleep(pause_s)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_logger_and_message() -> None:
    (line,) = _written("好")
    assert line.keys() == {"at", "level", "logger", "message", "pid"}
    assert (line["level"], line["logger"], line["message"]) == ("info", "a", "好")
    assert line["at"].endswith("+00:00")


def test_repetitions_are_counted_instead_of_written() -> None:
    lines = _written(*["same"] * 1000, "other")
    assert [line.get("count") for line in lines] == [None, 2, 3, 4, 5, 10, 100, 1000, None]


def test_after_the_window_a_message_is_written_again() -> None:
    assert [line.get("count") for line in _written("a", "a", window_s=0, pause_s=0.01)] == [None, None]


def test_memory_for_repetitions_is_bounded() -> None:
    handler = JsonHandler(StringIO())
    for number in range(3000):
        handler.emit(logging.LogRecord("a", logging.INFO, "", 0, str(number), (), None))
    assert len(handler._counts) == 1000


# A process of its own, with everything that logs in production


def _run(script: str) -> list[dict]:
    """Run a script in a process of its own; every line that it wrote anywhere must be one of ours."""
    prelude = f"WORD, NUMBER, CODE, SID = {(WORD, NUMBER, CODE, SID)!r}\n"
    prelude += "import logging\nfrom cpegi_app.web import logs\n"
    run = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(script)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    shown = run.stdout + run.stderr
    assert not [canary for canary in CANARIES if canary in shown], shown
    lines = [json.loads(line) for line in shown.splitlines()]
    assert all({"at", "level", "logger", "message", "pid"} <= line.keys() for line in lines)
    return lines


def test_every_logger_of_the_process_writes_through_the_one_handler() -> None:
    names = "root reflex reflex.app reflex_base.event _granian granian.access socketio.server engineio.server asyncio mine"
    lines = _run(f"""
        import reflex, granian.log, socketio, engineio
        socketio.AsyncServer(async_mode="asgi")
        logs.configure()
        granian.log.configure_logging(granian.log.LogLevels.info)
        from reflex_base.utils import log
        log.ensure_configured()
        for name in {names.split()!r}:
            logging.getLogger(None if name == "root" else name).error("login of %s with password=%s", NUMBER, WORD)
    """)
    assert [line["logger"] for line in lines if "login of" in line["message"]] == names.split()
    assert {line["message"] for line in lines if "login of" in line["message"]} == {
        "login of 138****5678 with password=***"
    }


def test_a_start_says_nothing_of_alembics_plugins() -> None:
    lines = _run("""
        logs.configure()
        import alembic.context
        from alembic.runtime.plugins import Plugin
        logging.getLogger("alembic.runtime.migration").info("what is migrated stays")
    """)
    assert {line["logger"] for line in lines if "alembic" in line["logger"]} == {"alembic.runtime.migration"}


def test_what_reflex_prints_past_logging_is_a_line_as_well() -> None:
    lines = _run("""
        from reflex_base.utils import console
        logs.configure()
        console.print(f"password={WORD}", level="warning")
        console.error(f"cookie: sid={SID}")
        console.warn(f"code={CODE}")
    """)
    told = [(line["level"], line["message"]) for line in lines if line["logger"] == "reflex.console"]
    assert ("warning", "password=***") in told
    assert any("cookie: ***" in message for _, message in told)
    assert any("code=***" in message for _, message in told)


def test_what_nobody_caught_is_a_line_as_well() -> None:
    lines = _run("""
        import asyncio, threading, warnings
        logs.configure()
        warnings.warn(f"password={WORD}")

        async def forgotten():
            asyncio.create_task(failing())
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        async def failing():
            raise RuntimeError(f"token={SID}")

        asyncio.run(forgotten())
        thread = threading.Thread(target=lambda: 1 / 0 if not WORD else int(WORD))
        thread.start()
        thread.join()

        class Broken:
            def __del__(self):
                raise RuntimeError(f"password={WORD}")

        Broken()
        logging.getLogger("a").info("%d", WORD)
        raise RuntimeError(f"password={WORD}")
    """)
    said = " ".join(line["message"] for line in lines)
    for expected in (
        "UserWarning: password=***",
        "Task exception was never retrieved",
        "invalid literal",
        "uncaught",
    ):
        assert expected in said
    assert said.count("RuntimeError: password=***") == 2


def test_reflex_tells_no_secret_of_an_event_whatever_is_sent() -> None:
    lines = _run("""
        import asyncio, os
        import reflex as rx
        from reflex.istate.manager.memory import StateManagerMemory
        from reflex_base.event import Event
        from reflex_base.event.processor import BaseStateEventProcessor
        logs.configure()

        class Victim(rx.State):
            n: int = 0

            @rx.event
            def take(self, n: int, password: str = ""):
                raise ValueError(f"cannot take {password}") if password else TypeError(repr(n))

        app = rx.App()
        headers = {"cookie": f"sid={SID}; theme=dark", "authorization": f"Bearer {WORD}", "user-agent": "x"}
        router = {"pathname": "/", "asPath": "/", "query": {}, "headers": headers, "token": "t1", "sid": "s", "ip": "1"}
        secret = {"password": WORD, "phone": NUMBER, "code": CODE, "x": [WORD], WORD: 1}
        names = ["no.such.handler", "", "x" * 3000, f"password={WORD}\\n{{}}", f"{Victim.get_full_name()}.take",
                 f"{Victim.get_full_name()}.setvar", f"{Victim.get_full_name()}.nothing"]

        class Nowhere:
            async def emit_update(self, update, token): ...

        async def main():
            processor = BaseStateEventProcessor(middleware=app, backend_exception_handler=app.backend_exception_handler)
            processor.configure(state_manager=StateManagerMemory(), event_namespace=Nowhere())
            async with processor:
                for name in names:
                    await processor.enqueue("t1", Event(name=name, payload=secret, router_data=dict(router)))
                    await asyncio.sleep(0.05)
            space = app.event_namespace
            await space.on_event("unknown", secret)
            space._token_manager.sid_to_token["s1"] = "t1"
            for data in (str(secret), [secret], {"name": secret}, {"payload": secret}, None, WORD):
                try:
                    await space.on_event("s1", data)
                except Exception:
                    logging.getLogger("engineio.server").exception("message async handler error")
            await space.on_client_error("s1", {"error_type": f"password={WORD}", "substate": f"code={CODE}"})

        with app.set_contexts():
            asyncio.run(main())
    """)
    said = " ".join(line["message"] for line in lines)
    assert "No registered handler found for event: no.such.handler" in said
    assert "Failed to deserialize event data: …" in said or "Event data" in said
    assert len(lines) >= 10

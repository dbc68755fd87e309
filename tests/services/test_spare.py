"""The child that waits for the next workbook: taken once, replaced when it died, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from cpegi_app.services import sheet_reader, spare
from tests.workbooks import corpus

CHILD = "sheet_child"


def waiting() -> subprocess.Popen[bytes] | None:
    return spare._waiting.get((os.getpid(), CHILD))


@pytest.fixture(autouse=True)
def afresh():
    spare._send_home()
    spare._waiting.clear()


def test_the_next_workbook_is_read_by_the_child_that_waits():
    data = corpus.many(3)
    first = sheet_reader.read("a.xlsx", data)
    child = waiting()
    assert child is not None and child.poll() is None
    assert sheet_reader.read("a.xlsx", data) == first
    assert child.poll() is not None, "it has done its one piece of work"
    after = waiting()
    assert after is not None and after.pid != child.pid


def test_one_that_died_while_it_waited_is_replaced():
    spare.prepare(CHILD)
    dead = waiting()
    assert dead is not None
    dead.kill()
    dead.wait()
    spare.prepare(CHILD)
    living = waiting()
    assert living is not None and living.pid != dead.pid
    living.kill()
    living.wait()
    assert sheet_reader.read("a.xlsx", corpus.many(3)).sheets[0].rows


def test_one_without_work_says_nothing_and_ends():
    child = spare.take(CHILD)
    told, _ = child.communicate(b"", timeout=30)
    assert (told, child.returncode) == (b"", 0)


def test_a_broken_workbook_costs_its_child_only():
    with pytest.raises(sheet_reader.DomainError):
        sheet_reader.read("a.xlsx", b"PK\x05\x06" + bytes(18))
    assert sheet_reader.read("a.xlsx", corpus.many(3)).sheets[0].rows


def test_a_waiting_child_ends_with_its_parent():
    script = (
        "from cpegi_app.services import spare\nimport os, time\n"
        "spare.prepare('sheet_child')\nprint(spare._waiting[os.getpid(), 'sheet_child'].pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and _lives(pid):
        time.sleep(0.05)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as about:
            return about.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False

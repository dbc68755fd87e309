"""Passwords hashed by processes of their own: the same answers, whatever becomes of a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cpegi_app.services import hashing, passwords

PASSWORD = "Huanghe-4417-lu"
# A process that asks, tells its child's number, and is killed.
KILLED = """
import os, signal
from cpegi_app.services import hashing
hashing.hash_password("Huanghe-4417-lu")
print(hashing._child().pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "typed",
    [PASSWORD, PASSWORD.upper(), "", "\n", "\ud800", PASSWORD + "x" * passwords.MAX, '{"a": ["密码'],
)
def test_the_answer_is_that_of_the_check_itself(typed: str):
    hashed, right = hashing.hash_password(PASSWORD), typed == PASSWORD
    assert hashing.matches(typed, hashed) is passwords.matches(typed, hashed) is right


def test_a_password_as_long_as_is_allowed_is_hashed_whole():
    longest = "密a1" * 42 + "密码"
    assert len(longest) == passwords.MAX
    hashed = hashing.hash_password(longest)
    assert passwords.matches(longest, hashed) and not hashing.matches(longest[:-1], hashed)


def test_no_hash_of_a_broken_kind_ends_the_child():
    child = hashing._child()
    assert hashing.matches(PASSWORD, "no hash") is False
    assert hashing._child() is child


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_that_was_ended_is_replaced(number: signal.Signals):
    hashed, ended = hashing.hash_password(PASSWORD), hashing._child()
    ended.send_signal(number)
    assert hashing.matches(PASSWORD, hashed)
    ended.wait(10)
    assert hashing.matches(PASSWORD, hashed) and hashing._child() is not ended


def test_a_child_steps_back():
    hashing.hash_password(PASSWORD)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, hashing._child().pid) == min(own + 10, 19)


def test_a_child_ends_with_the_process_that_asks():
    told = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, timeout=60)
    assert told.returncode == -signal.SIGKILL, told.stderr
    status, deadline = Path(f"/proc/{int(told.stdout)}/stat"), time.monotonic() + 20
    # A zombie that nobody has waited for has ended, too.
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, "the child goes on"
        time.sleep(0.02)

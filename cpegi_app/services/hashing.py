"""Passwords hashed by processes of their own, which step back behind whoever is answered meanwhile (security.md).

A thread that steps back holds the interpreter while it waits for its turn at the processor, and everybody with it.
Each thread that asks has a child, which ends with this process; one that dies is replaced.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from cpegi_app.services import guarded, passwords

_own = threading.local()
_children: set[subprocess.Popen[bytes]] = set()


def hash_password(password: str) -> str:
    """Return the argon2id hash, as `passwords.hash_password` does; may be asked by any thread but the event loop's."""
    return _ask(password[: passwords.MAX], "")


def matches(password: str, hashed: str) -> bool:
    """Tell whether the password belongs to the hash, as `passwords.matches` does."""
    # One character more than any password: the child sees that it is too long, at the same cost.
    return _ask(password[: passwords.MAX + 1], hashed)


def _ask(password: str, hashed: str) -> Any:
    work = json.dumps([password, hashed]).encode() + b"\n"
    # A child may have been ended by the system meanwhile; a second one in a row is told.
    for _ in range(2):
        if answer := _answer(_child(), work):
            return json.loads(answer)
    raise ChildProcessError("no password can be hashed: the child ends without an answer")


def _answer(child: subprocess.Popen[bytes], work: bytes) -> bytes:
    assert child.stdin is not None and child.stdout is not None
    with suppress(BrokenPipeError):
        child.stdin.write(work)
        child.stdin.flush()
        if answer := child.stdout.readline():
            return answer
    # One that is ending may not be known to have ended: the next question must not go to it.
    child.kill()
    child.wait()
    return b""


def _child() -> subprocess.Popen[bytes]:
    child = getattr(_own, "child", None)
    if child is None or child.poll() is not None:
        _children.discard(child)
        pipe = subprocess.PIPE
        child = _own.child = subprocess.Popen(
            guarded.command("hashing"), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env={}
        )
        _children.add(child)
    return child


@atexit.register
def _send_home() -> None:
    for child in _children:
        child.kill()


def main() -> None:
    """Hash line by line, until the process that asks has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    for line in sys.stdin.buffer:
        password, hashed = json.loads(line)
        told = passwords.matches(password, hashed) if hashed else passwords.hash_password(password)
        print(json.dumps(told), flush=True)

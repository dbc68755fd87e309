"""A guarded child that waits for its work: starting Python takes longer than reading a small workbook.

Each child does one piece of work and ends; the next one waits at its open stdin, and ends when this process does.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import threading

from cpegi_app.services import guarded

_lock = threading.Lock()
# The process that started it, for a fork knows its parent's children → the child that waits, by its module.
_waiting: dict[tuple[int, str], subprocess.Popen[bytes]] = {}


def take(module: str) -> subprocess.Popen[bytes]:
    """Return a child that reads its work from stdin: the one that waits, where there is one and it lives."""
    with _lock:
        child = _waiting.pop((os.getpid(), module), None)
    if child is not None and child.poll() is None:
        return child
    return _start(module)


def prepare(module: str) -> None:
    """Let one child wait for the next who asks."""
    with _lock:
        child = _waiting.get((os.getpid(), module))
        if child is None or child.poll() is not None:
            _waiting[os.getpid(), module] = _start(module)


def _start(module: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(guarded.command(module), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)


@atexit.register
def _send_home() -> None:
    for (pid, _), child in _waiting.items():
        if pid == os.getpid():
            child.kill()
            child.wait()

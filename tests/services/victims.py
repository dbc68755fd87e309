"""Processes that are killed in the middle of their work: loaded once, forked for every turn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Victim:
    """A loaded process that forks a child for each line it is given."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"tests.services.{module}", *arguments]
        environment = os.environ | {"DATA_DIR": str(ROOT / "test-output")}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True
        )

    def begin(self, line: str = "go") -> None:
        """Give a child its work and wait until it has begun."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        word, _, pid = self._read().partition(" ")
        assert word == "begun", word
        self._child = int(pid)

    def wait(self) -> None:
        """Wait until the child has done its work and ended."""
        assert self._rest() == ["done"]

    def kill(self) -> bool:
        """Kill the child as `kill -9` does; return whether it had said that it was done."""
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        return "done" in self._rest()

    def close(self) -> None:
        """End the loaded process itself."""
        self._process.kill()
        self._process.communicate()

    def _rest(self) -> list[str]:
        return list(iter(self._read, "ended"))

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def serve(work: Callable[[str], object]) -> None:
    """Fork a child for every line on stdin: it works on the line and says when it is done; then say that it has ended.

    Nothing may be connected before: children share no database connection. `work` calls `begun` itself.
    """
    for line in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            print("ended", flush=True)
            continue
        work(line.strip())
        print("done", flush=True)
        os._exit(0)


def begun() -> None:
    """Say in a child that its work begins."""
    print(f"begun {os.getpid()}", flush=True)

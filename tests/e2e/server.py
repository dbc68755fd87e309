"""The built application as a running site: its own data folder, its own port, demo data loaded."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import build

ROOT = build.ROOT


@contextmanager
def running_site(data_dir: Path, demo: Path, **variables: str) -> Iterator[str]:
    """Serve a copy of a `loaded_demo` on a free port; yield the address."""
    port = _free_port()
    shutil.copytree(demo, data_dir, dirs_exist_ok=True)
    environment = _environment(data_dir) | variables | {"PORT": str(port)}
    log = data_dir / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "cpegi_app.serve", "--port", str(port)],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
        try:
            address = f"http://localhost:{port}"
            _wait_for(address, server, log)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def _environment(data_dir: Path) -> dict[str, str]:
    """Return the settings of a demo site whose database and files lie in a folder."""
    return build.environment() | {"DATA_DIR": str(data_dir), "CPEGI_MODE": "demo", "DATABASE_URL": ""}


def loaded_demo(folder: Path) -> Path:
    """Build the front end if needed and load the demo into a folder; of processes that share it the first does."""
    _once(folder, "built", ["tools.build"])
    return demo_data(folder)


def demo_data(folder: Path) -> Path:
    """Load the demo into a folder; of processes that share it the first does."""
    _once(folder, "loaded", ["cpegi_app.manage", "migrate", "demo"])
    return folder


def shared(base: Path) -> Path:
    """Return where the processes that share the tests keep their demo, from pytest's folder of one of them."""
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"


def _once(folder: Path, done: str, command: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sign = folder.with_suffix(f".{done}")
    with folder.with_suffix(f".{done}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not sign.exists():
            subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=_environment(folder), check=True)
            sign.touch()


def _free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, server: subprocess.Popen, log: Path, seconds: int = 60) -> None:
    """Wait until the site answers; show the server's log if it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"The site did not start. Its log:\n{log.read_text()[-4000:]}")


def browser_arguments() -> list[str]:
    """Return the switches that keep Chromium quiet, on machines without a sandbox or a network too."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        *root,
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]

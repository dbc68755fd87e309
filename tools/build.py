"""Build the front end, unless the finished one still fits the sources."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / ".web" / "build" / "client"
# Beside the build, not in it: everything inside is public.
STAMP = ROOT / ".web" / "build" / "sources.sha256"
LOCK = ROOT / ".web" / "build.lock"
SINGLE = ("rxconfig.py", "requirements.txt", ".npmrc", "tools/one_origin.py", "tools/build.py")
TREES = (("cpegi_app", "*.py"), ("assets", "*"), ("reflex.lock", "*"))


def main() -> None:
    """Build when a source changed since the last build; one process at a time, the others wait and find it done."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _build()


def _build() -> None:
    wanted = fingerprint()
    if (CLIENT / "index.html").exists() and STAMP.exists() and STAMP.read_text() == wanted:
        print("Front end: up to date.")
        return
    print("Front end: building …", flush=True)
    STAMP.unlink(missing_ok=True)
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--no-ssr"]
    # One shell for all routes instead of prerendered pages: the same few inline scripts everywhere,
    # so the content policy needs few hashes.
    if code := subprocess.run(command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL).returncode:
        raise SystemExit(code)
    # The lock file may have been completed by this very build.
    STAMP.write_text(fingerprint())


def environment() -> dict[str, str]:
    """Return the variables for Reflex's tools: the environment's own Node, npm, no calls home."""
    own, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    return {
        **os.environ,
        "PATH": path if path.split(os.pathsep)[0] == own else f"{own}{os.pathsep}{path}",
        "REFLEX_USE_NPM": "1",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_TELEMETRY_ENABLED": "false",
        # Behind a company's proxy npm trusts what the machine trusts, as pip does.
        "NODE_USE_SYSTEM_CA": os.environ.get("NODE_USE_SYSTEM_CA", "1"),
    }


def fingerprint() -> str:
    """Return a hash over all that the build depends on."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """Yield the files that the build depends on, in a fixed order."""
    yield from (ROOT / name for name in SINGLE if (ROOT / name).exists())
    for folder, pattern in TREES:
        yield from sorted(path for path in (ROOT / folder).rglob(pattern) if path.is_file())


if __name__ == "__main__":
    main()

"""The private store of uploaded files, addressed by the SHA-256 of their content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cpegi_app import clock
from cpegi_app.errors import NotFound

_ADDRESS = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".tmp-"
_LOCK = ".lock"


class Store:
    """A folder of files that are either wholly there under their own hash or not there at all."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, data: bytes) -> str:
        """Keep the content and return its address; keeping it again changes nothing.

        When this returns the content survives a power cut, so the row that refers to it comes afterwards.
        """
        address = hashlib.sha256(data).hexdigest()
        target = self._path(address)
        with self._lock(fcntl.LOCK_SH):
            if target.exists():
                # A new row is about to refer to this content: make it young again for the sweeper.
                os.utime(target)
            else:
                self._folder(target.parent)
                _write_and_rename(data, target)
            # Also when it was there: who renamed it may have died before this.
            _sync(target.parent)
        return address

    def open(self, sha256: str) -> Path:
        """Return the path of a content that is there, or raise NotFound."""
        if not self.exists(sha256):
            raise NotFound("文件")
        return self._path(sha256)

    def exists(self, sha256: str) -> bool:
        """Tell whether a content is there; a malformed address is simply not."""
        return bool(_ADDRESS.fullmatch(sha256)) and self._path(sha256).is_file()

    def sweep(self, known: Callable[[str], bool], older_than_s: float) -> int:
        """Remove temporary files and contents that no row knows, when they are old enough; return how many."""
        removed = 0
        for path in list(self._files()):
            leftover = path.name.startswith(_TEMPORARY)
            if not leftover and (not _ADDRESS.fullmatch(path.name) or known(path.name)):
                continue
            # The lock and the second look at the age keep a content that is being put again just now.
            with self._lock(fcntl.LOCK_EX):
                if _age_s(path) > older_than_s:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _path(self, address: str) -> Path:
        return self.root / address[:2] / address

    def _files(self) -> Iterator[Path]:
        for folder in self.root.iterdir():
            if folder.is_dir():
                yield from folder.iterdir()

    def _folder(self, folder: Path) -> None:
        """Make the subfolder so that it survives a power cut as well."""
        if not folder.is_dir():
            folder.mkdir(exist_ok=True, mode=0o700)
            _sync(self.root)

    @contextmanager
    def _lock(self, mode: int) -> Iterator[None]:
        """Hold the store's lock: shared to put, exclusive to remove, across processes."""
        descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, mode)
            yield
        finally:
            os.close(descriptor)


def _write_and_rename(data: bytes, target: Path) -> None:
    """Write beside the target, make it durable, and only then give it its name."""
    temporary = target.parent / f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make a folder's entries durable; a rename alone may be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _age_s(path: Path) -> float:
    """Return how long ago a file was written, in seconds; a file that is gone counts as new."""
    try:
        return clock.now().timestamp() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0

"""The private store: a content is wholly there under its own hash, or not there at all, whenever a process dies."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cpegi_app.errors import NotFound
from cpegi_app.services import storage
from cpegi_app.services.storage import Store

KILLS = int(os.environ.get("CPEGI_KILLS", "20"))
_ROOT = Path(__file__).parents[2]
# Writes without end and reports each address only after `put` has returned.
_WRITER = """
import os, sys
from pathlib import Path
from cpegi_app.services.storage import Store
store = Store(Path(sys.argv[1]))
while True:
    os.write(1, (store.put(os.urandom(300_000)) + "\\n").encode())
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "files")


def _contents(store: Store) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file() and path.name != ".lock"]


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_is_put_comes_back_under_its_hash(store: Store) -> None:
    address = store.put(b"hello")
    assert address == hashlib.sha256(b"hello").hexdigest()
    assert store.open(address).read_bytes() == b"hello"
    assert store.exists(address)


def test_putting_twice_keeps_one(store: Store) -> None:
    assert store.put(b"x") == store.put(b"x")
    assert len(_contents(store)) == 1


def test_forty_writers_of_the_same_and_of_other_contents_leave_each_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(lambda n: store.put(b"%d" % (n % 10)), range(40)))
    assert len(set(addresses)) == len(_contents(store)) == 10


def test_files_are_private(store: Store) -> None:
    path = store.open(store.put(b"x"))
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert store.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "address", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63, "é" * 64]
)
def test_an_address_that_is_none_is_not_there(store: Store, address: str) -> None:
    assert not store.exists(address)
    with pytest.raises(NotFound, match="文件不存在"):
        store.open(address)


def test_an_unknown_address_is_not_there(store: Store) -> None:
    assert not store.exists("a" * 64)


def test_a_failed_write_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(b"x")
    assert _contents(store) == []


def test_content_folder_and_root_are_made_durable_in_this_order(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    genuine = os.fsync

    def note(descriptor: int) -> None:
        assert os.fstat(descriptor).st_size > 0
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        genuine(descriptor)

    monkeypatch.setattr(storage.os, "fsync", note)
    address = store.put(b"x")
    root, temporary, folder = synced
    assert root == store.root.name
    assert temporary.startswith(".tmp-")
    assert folder == address[:2]
    synced.clear()
    store.put(b"x")
    assert synced == [address[:2]]


def test_the_sweeper_takes_old_leftovers_and_nothing_else(store: Store) -> None:
    known, unknown, fresh = store.put(b"known"), store.put(b"unknown"), store.put(b"fresh")
    old_temporary = store.open(known).parent / ".tmp-1-old"
    new_temporary = store.open(known).parent / ".tmp-1-new"
    stranger = store.open(known).parent / "README"
    for path in (old_temporary, new_temporary, stranger):
        path.write_bytes(b"")
    for path in (store.open(known), store.open(unknown), old_temporary, stranger):
        _age(path, 7200)
    assert store.sweep({known}.__contains__, older_than_s=3600) == 2
    assert [store.exists(address) for address in (known, unknown, fresh)] == [True, False, True]
    assert [path.exists() for path in (old_temporary, new_temporary, stranger)] == [False, True, True]


def test_a_content_that_is_put_again_is_young_again(store: Store) -> None:
    address = store.put(b"x")
    _age(store.open(address), 7200)
    store.put(b"x")
    assert store.sweep(lambda _: False, older_than_s=3600) == 0
    assert store.exists(address)


def test_a_put_while_the_sweeper_looks_wins(store: Store) -> None:
    address = store.put(b"x")
    _age(store.open(address), 7200)

    def unknown_until_asked(_: str) -> bool:
        store.put(b"x")
        return False

    assert store.sweep(unknown_until_asked, older_than_s=3600) == 0
    assert store.open(address).read_bytes() == b"x"


def test_the_sweeper_waits_for_who_is_putting(store: Store) -> None:
    address = store.put(b"x")
    _age(store.open(address), 7200)
    with ThreadPoolExecutor(1) as pool:
        with (store.root / ".lock").open() as putting:
            fcntl.flock(putting, fcntl.LOCK_SH)
            sweeping = pool.submit(store.sweep, lambda _: False, 3600)
            with pytest.raises(TimeoutError):
                sweeping.result(timeout=0.2)
            assert store.exists(address)
        assert sweeping.result(timeout=5) == 1


def test_twenty_kills_leave_no_half_content(store: Store) -> None:
    acknowledged: list[str] = []
    for _ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(store.root)], cwd=_ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(random.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        lines = (first + writer.stdout.read()).decode().splitlines(keepends=True)
        acknowledged += [line.strip() for line in lines if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
    named = [path for path in _contents(store) if not path.name.startswith(".tmp-")]
    temporary = [path for path in _contents(store) if path.name.startswith(".tmp-")]
    print(
        f"{KILLS} kills: {len(named)} contents, {len(acknowledged)} acknowledged, {len(temporary)} temporary files left"
    )
    assert len(acknowledged) >= KILLS
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in named)
    assert set(acknowledged) <= {path.name for path in named}
    assert len(temporary) <= KILLS
    for path in temporary:
        _age(path, 7200)
    assert store.sweep(lambda _: True, older_than_s=3600) == len(temporary)
    assert len(_contents(store)) == len(named)

"""Run the benches, each in a process of its own, and write their tables: `python -m bench [name …]`."""

from __future__ import annotations

import subprocess
import sys
import time

from bench import table, wire
from bench.registry import BENCHES

# What all of them may take together.
LIMIT_S = 15 * 60


def main(names: list[str]) -> int:
    """Run some benches, or all; tell how many did not finish."""
    if unknown := set(names) - set(BENCHES):
        raise SystemExit(f"No such bench: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES)}.")
    failed, began = 0, time.monotonic()
    for name in names or BENCHES:
        start = time.monotonic()
        print(f"{BENCHES[name].title} …", flush=True)
        done = subprocess.run([sys.executable, "-m", "bench", "--one", name], cwd=table.ROOT)
        failed += done.returncode != 0
        print(f"  {time.monotonic() - start:.0f} s\n", flush=True)
    took = time.monotonic() - began
    print(f"Altogether {took / 60:.1f} min", flush=True)
    if not names:
        table.write_total(took, LIMIT_S)
    return failed


def one(name: str) -> None:
    """Run one bench here and write its table."""
    bench, before = BENCHES[name], table.load()
    with wire.scratch() as folder:
        rows = bench.measure(folder)
    for row in rows:
        met = {True: "met", False: "MISSED", None: ""}[row.ok]
        target = f"(at most {row.target})" if row.target else ""
        print(f"  {row.what}: {row.measured} {target} {met}  {row.figures}", flush=True)
    table.write(bench, rows, before)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))

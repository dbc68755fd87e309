"""A process that works off pushes, started to be killed: the database on the command line, a line on stdin to begin."""

from __future__ import annotations

import sys

from cpegi_app import db, pusher
from cpegi_app.services import chapters, push

assert chapters.CHAPTERS


def main() -> None:
    """Say when the work begins and when it is done."""
    address, chunk = sys.argv[1:]
    db.configure(address)
    push.CHUNK = int(chunk)
    sys.stdin.readline()
    print("begun", flush=True)
    pusher.work_off()
    print("done", flush=True)


if __name__ == "__main__":
    main()

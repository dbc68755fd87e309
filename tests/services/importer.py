"""A process that imports a trial's good rows, started to be killed: database and session on the command line.

The import's number comes on stdin, when everything is loaded.
"""

from __future__ import annotations

import sys

from cpegi_app import db
from cpegi_app.services import chapters, offline_import, sessions

assert chapters.CHAPTERS


def main() -> None:
    """Say when the import begins, do it, say that it is done."""
    address, sid = sys.argv[1:]
    db.configure(address)
    number = int(sys.stdin.readline())
    with db.transaction() as session:
        actor = sessions.actor_of(session, sid)
        assert actor is not None
        print("begun", flush=True)
        offline_import.import_good(session, actor, number)
    print("done", flush=True)


if __name__ == "__main__":
    main()

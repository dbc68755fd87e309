"""A process that imports a trial's good rows, loaded to be killed: database and session on the command line.

The import's number comes on stdin.
"""

from __future__ import annotations

import sys

from cpegi_app import db
from cpegi_app.services import chapters, offline_import, sessions
from tests.services import victims

assert chapters.CHAPTERS


def work(line: str) -> None:
    """Say when the import's transaction has begun, and do it."""
    with db.transaction() as session:
        actor = sessions.actor_of(session, sys.argv[2])
        assert actor is not None
        victims.begun()
        offline_import.import_good(session, actor, int(line))


if __name__ == "__main__":
    db.configure(sys.argv[1])
    victims.serve(work)

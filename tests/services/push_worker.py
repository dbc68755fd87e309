"""A process that works off pushes, loaded to be killed: the database on the command line, a line on stdin to begin."""

from __future__ import annotations

import sys

from cpegi_app import db, pusher
from cpegi_app.services import chapters, push
from tests.services import victims

assert chapters.CHAPTERS


def work(_: str) -> None:
    """Work off what there is."""
    victims.begun()
    pusher.work_off()


if __name__ == "__main__":
    db.configure(sys.argv[1])
    push.CHUNK = int(sys.argv[2])
    victims.serve(work)

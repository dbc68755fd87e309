"""A process of its own for what strangers sent: 512 MB, 10 s of processor time, and it may die."""

from __future__ import annotations

import os
import resource
import sys

MEMORY = 512 << 20
SECONDS = 10
# After so long its parent ends it.
WALL_SECONDS = 15
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def command(module: str) -> list[str]:
    """Return what runs the `main` of one of the services' modules in a process of its own.

    -I: neither the environment nor the working directory may put modules in its way.
    """
    start = (
        f"import sys; sys.path.append({_ROOT!r}); from cpegi_app.services import {module}; {module}.main()"
    )
    return [sys.executable, "-I", "-c", start]


def limit() -> None:
    """Keep this process within the limits; to be called before it looks at anything."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

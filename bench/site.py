"""The application as it is served, with a bare counter beside it; run as a script it serves on a port, without pages."""

from __future__ import annotations

import os
import sys

import reflex as rx

from cpegi_app.access import SHELL
from cpegi_app.cpegi_app import app
from cpegi_app.settings import get_settings
from cpegi_app.state.base import for_screen

__all__ = ["app"]


@for_screen(SHELL)
class CounterState(rx.State):
    """What costs nothing but the way to it: a number that grows."""

    number: int = 0

    @rx.event
    async def add(self):
        """Count one."""
        self.number += 1


def main() -> None:
    """Serve as `cpegi_app.serve` does, with this module's application."""
    from reflex.utils import exec as reflex_exec
    from reflex_base import constants
    from reflex_base.config import get_config
    from reflex_base.environment import environment

    port = int(sys.argv[1])
    folder = get_settings().data_dir.resolve()
    os.environ["REFLEX_UPLOADED_FILES_DIR"] = str(folder / "reflex-uploads")
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.RUN)
    environment.REFLEX_SKIP_COMPILE.set(True)
    config = get_config()
    config._set_persistent(frontend_port=port, backend_port=port, backend_host="127.0.0.1")
    level = config.loglevel.subprocess_level()
    reflex_exec.run_granian_backend_prod("127.0.0.1", port, level, app_target="bench.site:app")


if __name__ == "__main__":
    main()

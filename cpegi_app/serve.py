"""Serve the finished front end and the back end on one port, without building anything."""

from __future__ import annotations

import argparse
import os

from cpegi_app.settings import get_settings
from cpegi_app.web import logs


def main() -> None:
    """Read the command line and serve until the process is told to stop."""
    logs.configure()
    settings = get_settings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=settings.port)
    arguments = parser.parse_args()
    if problems := settings.problems():
        raise SystemExit("Not fit for production:\n" + "\n".join(f"- {problem}" for problem in problems))
    # Reflex serves its upload folder to everybody: keep it out of the work tree, and empty.
    os.environ["REFLEX_UPLOADED_FILES_DIR"] = str(settings.data_dir.resolve() / "reflex-uploads")
    serve(arguments.host, arguments.port)


def serve(host: str, port: int) -> None:
    """Start Reflex's production server with the built pages mounted beside the back end."""
    from reflex.utils import exec as reflex_exec
    from reflex.utils.prerequisites import get_web_dir
    from reflex_base import constants
    from reflex_base.config import get_config
    from reflex_base.environment import environment

    if not (get_web_dir() / constants.Dirs.STATIC / "index.html").exists():
        raise SystemExit("No front end has been built yet: run `make build` first.")
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.RUN)
    environment.REFLEX_SKIP_COMPILE.set(True)
    config = get_config()
    config._set_persistent(frontend_port=port, backend_port=port, backend_host=host)
    print(f"Serving on http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}", flush=True)
    level = config.loglevel.subprocess_level()
    reflex_exec.run_backend_prod(host, port, level, mount_frontend_compiled_app=True)


if __name__ == "__main__":
    main()

"""Reflex's configuration, from the settings."""

import os

import reflex as rx
from reflex_base.constants import StateManagerMode

from cpegi_app.settings import get_settings
from tools import build
from tools.one_origin import OneOrigin

# Plain `reflex run` too, activated or not, takes the environment's own Node and npm and fetches no Bun.
os.environ.update(build.environment())

settings = get_settings()

config = rx.Config(
    app_name="cpegi_app",
    frontend_port=settings.port,
    redis_url=settings.redis_url or None,
    state_manager_mode=StateManagerMode.REDIS if settings.redis_url else StateManagerMode.MEMORY,
    cors_allowed_origins=settings.origins,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[OneOrigin("/files", "/healthz", "/readyz")],
    disable_plugins=[rx.plugins.SitemapPlugin],
)

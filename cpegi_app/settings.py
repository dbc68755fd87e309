"""Every environment variable, typed, with its default."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The process's configuration, read once from the environment."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore")

    mode: Literal["demo", "production"] = Field("demo", validation_alias="CPEGI_MODE")
    port: int = 3000
    data_dir: Path = Path("data")
    database_url: str = ""
    redis_url: str = ""
    public_origin: str = Field("", description="scheme://host[:port]; several separated by commas")
    secret_key: str = Field("", description="pepper of SMS code hashes; required in production")
    sms_url: str = Field("", description="HTTPS gateway of the SMS provider; empty: console, demo only")
    sms_token: str = ""
    trust_proxy: bool = False
    session_idle_minutes: int = 120
    staff_idle_minutes: int = 30
    session_max_hours: int = 12
    sockets_per_address: int = 60

    @property
    def is_demo(self) -> bool:
        """Tell whether the process runs with demo data, demo logins and the console SMS sender."""
        return self.mode == "demo"

    @property
    def db_url(self) -> str:
        """Return the SQLAlchemy address of the database; SQLite under `data_dir` by default."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.resolve() / 'cpegi.sqlite3'}"
        return self.database_url.replace("postgres://", "postgresql://", 1).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the own origins; empty means: the request's own host."""
        return tuple(o.strip().rstrip("/") for o in self.public_origin.split(",") if o.strip())

    def problems(self) -> list[str]:
        """List what forbids a start in production; empty means fit to start."""
        if self.is_demo:
            return []
        found = []
        if not self.sms_url.startswith("https://"):
            found.append("SMS_URL must be an https:// gateway: the console sender is for demo mode only")
        if len(self.secret_key) < 32 or len(set(self.secret_key)) < 8:
            found.append("SECRET_KEY must have at least 32 characters, drawn at random")
        if not self.origins or not all(o.startswith("https://") for o in self.origins):
            found.append("PUBLIC_ORIGIN must name the site's own https:// origin")
        return found


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the configuration of this process."""
    return Settings()  # pyright: ignore[reportCallIssue]

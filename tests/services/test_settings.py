"""A process that is not the demo refuses to start with what only the demo may have, and says what to set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from cpegi_app.settings import ROOT, Settings

# Fit to start.
FIT = {
    "CPEGI_MODE": "production",
    "SMS_URL": "https://sms.example.cn/send",
    "SECRET_KEY": "k3-Huanghe-" + "x7Qe2" * 6,
    "PUBLIC_ORIGIN": "https://cpegi.example.cn",
}
# What is wrong, and what the refusal names.
UNFIT = (
    ({"SMS_URL": ""}, "SMS_URL must be an https:// gateway: the console sender is for demo mode only"),
    ({"SMS_URL": "console"}, "SMS_URL must be"),
    ({"SMS_URL": "http://sms.example.cn/send"}, "SMS_URL must be"),
    ({"SECRET_KEY": ""}, "SECRET_KEY must have at least 32 characters"),
    ({"SECRET_KEY": "x7Qe2" * 6}, "SECRET_KEY must have"),
    ({"SECRET_KEY": " " * 40}, "SECRET_KEY must have"),
    ({"SECRET_KEY": "a" * 40}, "SECRET_KEY must have"),
    ({"PUBLIC_ORIGIN": ""}, "PUBLIC_ORIGIN must name the site's own https:// origin"),
    ({"PUBLIC_ORIGIN": " , "}, "PUBLIC_ORIGIN must"),
    ({"PUBLIC_ORIGIN": "http://cpegi.example.cn"}, "PUBLIC_ORIGIN must"),
    ({"PUBLIC_ORIGIN": "https://cpegi.example.cn,http://intern.example.cn"}, "PUBLIC_ORIGIN must"),
    ({"PUBLIC_ORIGIN": "*"}, "PUBLIC_ORIGIN must"),
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    """Return a function that reads the settings from an environment with these changes."""

    def read_with(changes: dict[str, str]) -> Settings:
        for name, value in (FIT | changes).items():
            monkeypatch.setenv(name, value)
        return Settings()  # pyright: ignore[reportCallIssue]

    return read_with


@pytest.mark.parametrize(("changes", "sentence"), UNFIT, ids=lambda value: str(value)[:48])
def test_each_refusal_names_what_to_set(read, changes: dict[str, str], sentence: str):
    (problem,) = read(changes).problems()
    assert problem.startswith(sentence)


def test_all_that_is_missing_is_told_at_once(read):
    assert len(read({"SMS_URL": "", "SECRET_KEY": "", "PUBLIC_ORIGIN": ""}).problems()) == 3


def test_a_fit_configuration_starts(read):
    assert read({}).problems() == []
    assert read({"CPEGI_MODE": "demo", "SMS_URL": "", "SECRET_KEY": "", "PUBLIC_ORIGIN": ""}).problems() == []


@pytest.mark.parametrize("mode", ["staging", "Demo", "", "development"])
def test_there_are_two_modes_and_no_third(read, mode: str):
    with pytest.raises(ValidationError, match="demo"):
        read({"CPEGI_MODE": mode})


@pytest.mark.parametrize("module", ["cpegi_app.serve", "cpegi_app.cpegi_app"])
def test_the_process_ends_with_the_sentences_before_anything_is_opened(tmp_path: Path, module: str):
    """Of both ways to start: the served one, and whatever imports the application (`reflex run`)."""
    unfit = {**FIT, "SMS_URL": "", "SECRET_KEY": "short", "DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env={**os.environ, **unfit}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "SMS_URL must be" in done.stderr and "SECRET_KEY must have" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "data" / "cpegi.sqlite3").exists()

"""Find a Chromium for the browser tests, or install one; and a font that has Chinese letters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The shell has no window to draw, only pages: it needs a fifth less of the processor.
SHELL = "chromium-headless-shell"
FONT = "fonts-noto-cjk"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# The manual shows what a person's browser shows: its own controls in Chinese, PDFs in a preview.
PICTURES = bool(os.environ.get("CPEGI_PICTURES"))
WANTED = ("chromium", "chromium-l10n") if PICTURES else (SHELL,)


def find() -> str | None:
    """Return the path of a Chromium on this machine: `CHROMIUM`, the system's, or Playwright's own."""
    if named := os.environ.get("CHROMIUM"):
        return named if Path(named).exists() else None
    for name in NAMES if PICTURES else (SHELL, *NAMES):
        if path := shutil.which(name):
            return path
    return _playwrights_own()


def install_packages() -> bool:
    """Install the system's packages where no Chromium or no Chinese font is found; tell whether there is a Chromium.

    Needs nothing but Python: it runs while the virtual environment is made."""
    there, fonts = find() is not None, () if _has_font() else (FONT,)
    if not there:
        print("Chromium: none found, installing …", flush=True)
        there = _apt_install(*WANTED, *fonts) or _apt_install("chromium", *fonts)
    if not _has_font() and not _apt_install(FONT):
        print("No Chinese font found: the manual's pictures will show boxes.", file=sys.stderr)
    return there


def install() -> str:
    """Return the path of a Chromium, installing one first where none is found."""
    if not install_packages():
        _run(sys.executable, "-m", "playwright", "install", "chromium")
    if found := find():
        return found
    raise SystemExit(
        "No Chromium, and none could be installed: the browser tests cannot run.\n"
        "Install Chromium or Chrome by hand, or name one in the variable CHROMIUM."
    )


def _has_font() -> bool:
    """Tell whether a Chinese font is known; without one the tests run, but pictures show boxes."""
    listed = shutil.which("fc-list") and subprocess.run(("fc-list", ":lang=zh-cn"), capture_output=True)
    return bool(listed and listed.stdout)


def _playwrights_own() -> str | None:
    """Return the Chromium that Playwright downloaded earlier, if it did."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _apt_install(*packages: str) -> bool:
    """Install Debian packages; False where that is not possible."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    quiet = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
    return _run(*quiet, "update") and _run(*quiet, "install", "-y", "--no-install-recommends", *packages)


def _run(*command: str) -> bool:
    """Run a command without input and say whether it succeeded."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdin=subprocess.DEVNULL, env=variables).returncode == 0


if __name__ == "__main__":
    if sys.argv[1:] == ["packages"]:
        install_packages()
    else:
        print(f"Chromium: {install()}")

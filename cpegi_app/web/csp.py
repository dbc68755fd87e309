"""Content policies: which scripts a page may run, told from the built front end, and how files are sent."""

from __future__ import annotations

import base64
import hashlib
import logging
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

log = logging.getLogger(__name__)

_FALLBACKS = ("404", "__spa-fallback")
# Answers that are no page: nothing in them may run, load or be framed.
INERT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
# Our own small error pages: their style only.
PLAIN_PAGE = INERT.replace("sandbox", "style-src 'unsafe-inline'")
# A preview in a frame of our own page. No `sandbox`: older Chromium kernels then refuse to show a PDF.
_PREVIEW = (
    "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


class ContentPolicy:
    """The policy of each page: hashes of exactly the inline scripts that its built HTML file holds."""

    def __init__(self, build: Path | None = None) -> None:
        self._hashes = _scan(build) if build is not None and build.is_dir() else {}

    @property
    def pages(self) -> int:
        """Return how many built pages were found."""
        return len(self._hashes)

    def page(self, path: str, sockets: tuple[str, ...]) -> str:
        """Return the policy for the HTML answer to a path; `sockets` are the own ws:// or wss:// origins."""
        scripts = " ".join(("'self'", *self._scripts_of(path)))
        connections = " ".join(("'self'", *sockets))
        return (
            f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; "
            f"connect-src {connections}; frame-src 'self'; manifest-src 'self'; "
            "worker-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def _scripts_of(self, path: str) -> tuple[str, ...]:
        """Find the file that the static server picks for a path; any other path gets its fallback page."""
        name = path.strip("/").removesuffix(".html").removesuffix("/index") or "index"
        for candidate in (name, *_FALLBACKS):
            if candidate in self._hashes:
                return self._hashes[candidate]
        return ()


def file_headers(name: str, *, preview: bool) -> dict[str, str]:
    """Return the headers under which a private file is sent: as a download, or into a frame of our own page."""
    disposition = "inline" if preview else "attachment"
    return {
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _PREVIEW if preview else INERT,
        "X-Frame-Options": "SAMEORIGIN" if preview else "DENY",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def script_hash(text: str) -> str:
    """Return the source expression that allows one inline script."""
    # The HTML standard turns line ends into LF before a browser hashes the text.
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'sha256-{base64.b64encode(hashlib.sha256(normal.encode()).digest()).decode()}'"


def _scan(build: Path) -> dict[str, tuple[str, ...]]:
    """Map each HTML file's path, without .html and /index, to the hashes of its inline scripts."""
    hashes: dict[str, tuple[str, ...]] = {}
    for file in sorted(build.rglob("*.html")):
        page = _InlineScripts()
        page.feed(file.read_text(encoding="utf-8"))
        page.close()
        if page.handlers:
            log.warning(
                "%s has inline event handlers, which the content policy blocks: %s", file, page.handlers
            )
        name = file.relative_to(build).with_suffix("").as_posix().removesuffix("/index")
        # b.html and b/index.html are the same page: allow what either of them holds.
        hashes[name] = tuple(dict.fromkeys((*hashes.get(name, ()), *map(script_hash, page.scripts))))
    return hashes


class _InlineScripts(HTMLParser):
    """Collects the inline scripts and the inline event handlers of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script" and not any(name == "src" for name, _ in attrs):
            self._open = True
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.scripts[-1] += data

"""A Reflex plugin: the page talks to its own origin, whatever port or host serves it."""

from __future__ import annotations

from reflex_base.plugins import Plugin

# Reflex bakes the address of the back end into the build. One build must serve any port, and the
# content policy allows the page's own origin only.
_URL = "  const endpoint = new URL(url_str);\n"
_OWN_URL = """\
  if (typeof window !== "undefined") {
    return new URL(new URL(url_str).pathname, window.location.origin);
  }
"""
_SERVER = "  server: {\n"
# In development Vite serves the pages: what belongs to the back end goes on to it.
_PROXY = """\
    proxy: {
      "/": {
        target: `http://localhost:${process.env.REFLEX_BACKEND_PORT ?? 8000}`,
        ws: true,
        bypass: (req) =>
          req.method === "POST" || %s.test(req.url) ? undefined : req.url,
      },
    },
"""


class OneOrigin(Plugin):
    """Makes the front end call its own origin, and the development server pass such calls on."""

    def __init__(self, *backend_paths: str) -> None:
        """Take the path prefixes that the back end answers, beside every POST."""
        self.backend_paths = ("/_", "/ping", *backend_paths)

    def pre_compile(self, **context) -> None:
        """Register the two changes with the compiler."""
        context["add_modify_task"]("utils/state.js", lambda text: _insert(text, _URL, _OWN_URL, before=True))
        context["add_modify_task"]("vite.config.js", lambda text: _insert(text, _SERVER, self._proxy()))

    def _proxy(self) -> str:
        """Return the proxy settings; Vite's own paths begin with `/@` and are left alone."""
        prefixes = "|".join(path.replace("/", "\\/") for path in self.backend_paths)
        return _PROXY % f"/^({prefixes})/"


def _insert(text: str, anchor: str, addition: str, *, before: bool = False) -> str:
    """Insert once at the anchor; a missing anchor means that Reflex changed and stops the build."""
    if addition in text:
        return text
    if text.count(anchor) != 1:
        raise RuntimeError(f"Reflex's template no longer has the line {anchor.strip()!r}: adapt {__name__}")
    return text.replace(anchor, addition + anchor if before else anchor + addition)

"""The theme and the pages agree: a class that a page uses is drawn, and nothing comes from elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CSS = re.sub(r"/\*.*?\*/", "", (ROOT / "assets" / "theme.css").read_text(encoding="utf-8"), flags=re.S)
# Not drawn: names that only scripts and tests look for.
UNDRAWN: frozenset[str] = frozenset()


def drawn() -> set[str]:
    """Return the classes that the style sheet's selectors name."""
    return set(re.findall(r"\.([A-Za-z][\w-]*)", re.sub(r"\{[^{}]*\}", " ", CSS)))


def texts(node: ast.AST) -> Iterator[str]:
    """Return the literal texts of an expression that may become its value: no comparisons, no f-strings."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.Compare | ast.JoinedStr | ast.Subscript | ast.keyword):
        for child in ast.iter_child_nodes(node):
            yield from texts(child)


def used() -> Iterator[tuple[str, str]]:
    """Return file and class of every literal class name in the pages."""
    for path in sorted((ROOT / "cpegi_app" / "pages").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "class_name":
                for text in texts(node.value):
                    yield from ((path.name, name) for name in text.split())


def test_every_class_of_the_pages_is_drawn():
    known = drawn() | UNDRAWN
    missing = sorted({f"{file}: .{name}" for file, name in used() if name not in known})
    assert not missing, "not in assets/theme.css (docs/style.md lists what is there):\n" + "\n".join(missing)


def test_theme_loads_nothing_from_elsewhere():
    assert "@import" not in CSS
    assert not re.findall(r"url\(", CSS)
    assert CSS.count("{") == CSS.count("}")


def test_theme_uses_only_its_own_tokens():
    defined = set(re.findall(r"(--[\w-]+)\s*:", CSS)) | {"--u"}
    assert set(re.findall(r"var\((--[\w-]+)", CSS)) <= defined

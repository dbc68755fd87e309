"""Laws read from the source itself: one commit, one writer of status, one clock, short files, nothing banned."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from cpegi_app.models import Reviewable

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "cpegi_app"
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
# What lets stored text run as a script, needs eval (forbidden by the content policy), or leaks a file.
BANNED_RX = {"markdown", "html", "call_script", "run_script", "toast", "script"}
LONGEST = 400


def sources(*folders: str) -> list[Path]:
    """Return the Python files of folders, generated ones left out."""
    found = [p for folder in folders for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts]
    assert found
    return sorted(found)


@lru_cache(maxsize=1024)
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(), str(path))))


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def dotted(node: ast.AST) -> str:
    """Return a name as written, `?` for what stands before a dot and is no name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def attributes(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Yield every dotted name of a file."""
    return ((node, dotted(node)) for node in nodes(path) if isinstance(node, ast.Attribute))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call of a file with the name of what is called."""
    return ((node, dotted(node.func)) for node in nodes(path) if isinstance(node, ast.Call))


def test_one_commit_in_the_code_base():
    found = [place(p, n) for p in sources("cpegi_app") for n, name in calls(p) if name.endswith(".commit")]
    assert [f.split(":")[0] for f in found] == ["cpegi_app/db.py"], found


def test_only_the_engine_writes_a_status():
    found = []
    for path in sources("cpegi_app"):
        for node in nodes(path):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = {
                t.attr
                for target in targets
                if target
                for t in ast.walk(target)
                if isinstance(t, ast.Attribute)
            }
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and "status" in names:
                found.append(place(path, node))
            if isinstance(node, ast.Call) and dotted(node.func).endswith((".values", "setattr")):
                written = {k.arg for k in node.keywords} | {
                    a.value for a in node.args if isinstance(a, ast.Constant)
                }
                found += [place(path, node)] if "status" in written else []
    allowed = ("cpegi_app/services/review.py:", "cpegi_app/state/", "cpegi_app/pages/", "cpegi_app/web/")
    assert [f for f in found if not f.startswith(allowed)] == []


def test_no_reviewed_row_is_made_with_a_status():
    models = {c.__name__ for c in Reviewable.__subclasses__()}
    assert len(models) >= 5
    found = [
        place(p, n)
        for p in sources("cpegi_app")
        for n, name in calls(p)
        if name.rsplit(".", 1)[-1] in models and {"status", "stage", "version"} & {k.arg for k in n.keywords}
    ]
    assert found == []


def test_no_clock_but_the_clock():
    found = []
    for path in sources("cpegi_app"):
        for node, name in attributes(path):
            parts = name.split(".")
            if len(parts) > 1 and (parts[-2], parts[-1]) in CLOCKS and path.name != "clock.py":
                found.append(place(path, node))
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module == "time" and path.name != "clock.py":
                found.append(place(path, node))
    assert found == []


def test_no_file_is_longer_than_four_hundred_lines():
    lengths = {
        p: len(p.read_text().splitlines())
        for p in sources("cpegi_app", "tests", "tools", "migrations", "bench")
    }
    generated = ("migrations/versions/",)
    long = {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > LONGEST}
    assert {name: n for name, n in long.items() if not name.startswith(generated)} == {}


def test_services_and_models_know_no_reflex_and_no_web():
    found = []
    for path in sources("cpegi_app/services", "cpegi_app/models"):
        for node in nodes(path):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in ("reflex", "reflex_base", "starlette") or name.startswith(
                    ("cpegi_app.db", "cpegi_app.state", "cpegi_app.pages", "cpegi_app.web")
                ):
                    found.append(f"{place(path, node)} {name}")
    assert found == []


def test_nothing_that_runs_stored_text_or_needs_eval():
    found = []
    for path in sources("cpegi_app"):
        for node, name in attributes(path):
            if name.startswith("rx.") and name.removeprefix("rx.") in BANNED_RX:
                found.append(f"{place(path, node)} {name}")
        for node, name in calls(path):
            if name == "rx.download" and any(k.arg == "data" for k in node.keywords):
                found.append(f"{place(path, node)} rx.download(data=…)")
            if name == "rx.el.script" and (node.args or "src" not in {k.arg for k in node.keywords}):
                found.append(f"{place(path, node)} rx.el.script with a text")
            if name in ("eval", "exec", "compile", "__import__", "pickle.loads", "os.system"):
                found.append(f"{place(path, node)} {name}")
        if "dangerouslySetInnerHTML" in path.read_text():
            found.append(f"{path.relative_to(ROOT)} dangerouslySetInnerHTML")
    assert found == []


def test_no_query_is_built_from_text():
    """SQL comes from expressions: no f-string or sum reaches `text` or `exec_driver_sql`, migrations left out."""
    found = []
    for path in sources("cpegi_app"):
        for node, name in calls(path):
            if name.rsplit(".", 1)[-1] in ("text", "exec_driver_sql", "literal_column") and node.args:
                first = node.args[0]
                if name in ("rx.text", "ui.text"):
                    continue
                if isinstance(first, ast.JoinedStr | ast.BinOp) and not name.startswith(("rx.", "ui.")):
                    found.append(place(path, node))
    assert found == []


@pytest.mark.parametrize(
    "banned", ["rx.html(x)", "rx.toast.info('x')", "rx.download(data=x)", "rx.el.script('x')", "eval(x)"]
)
def test_the_search_for_banned_calls_finds_them(banned: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "cpegi_app" / "page.py"
    page.parent.mkdir()
    page.write_text(f"import reflex as rx\nfound = {banned}\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    with pytest.raises(AssertionError):
        test_nothing_that_runs_stored_text_or_needs_eval()


def test_no_field_cuts_what_is_pasted_into_it():
    """Over a limit the service refuses with a sentence; only a word to look for may be cut by its field."""
    chapters = ("policy", "roadshow", "equity")
    pages = [p for p in sources("cpegi_app/pages") if p.name.startswith(chapters)]
    assert [
        place(path, call)
        for path in pages
        for call, _ in calls(path)
        for given in call.keywords
        if given.arg == "max_length" and dotted(given.value) != "LONGEST" and not _looks_for(call)
    ] == []


def _looks_for(call: ast.Call) -> bool:
    return any(k.arg == "type" and getattr(k.value, "value", "") == "search" for k in call.keywords)

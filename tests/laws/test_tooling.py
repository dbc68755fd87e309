"""What makes two machines get the same: exact versions, and no addresses of this or that machine."""

from __future__ import annotations

import json
import os
import re

import pytest

from tools import build, one_origin


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_name_exact_versions(name):
    lines = [line for line in (build.ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", line)] == []


def test_the_front_ends_lock_names_no_registry_and_no_machine():
    packages = json.loads((build.ROOT / "reflex.lock/package-lock.json").read_text())["packages"]
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    ranges = json.loads((build.ROOT / "reflex.lock/package.json").read_text())
    versions = {**ranges["dependencies"], **ranges["devDependencies"]}
    assert [name for name, version in versions.items() if not version[0].isdigit()] == []


def test_ci_calls_make_test():
    assert os.access(build.ROOT / ".ci/run", os.X_OK)
    assert "make test" in (build.ROOT / ".ci/run").read_text()


def test_a_changed_reflex_template_stops_the_build():
    with pytest.raises(RuntimeError, match="Reflex's template"):
        one_origin._insert("something else", "anchor\n", "addition")
    assert (
        one_origin._insert("a\nb\n", "a\n", "x\n")
        == "a\nx\nb\n"
        == one_origin._insert("a\nx\nb\n", "a\n", "x\n")
    )


def test_the_build_follows_its_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    (tmp_path / "cpegi_app").mkdir()
    page = tmp_path / "cpegi_app" / "page.py"
    page.write_text("one")
    first = build.fingerprint()
    assert build.fingerprint() == first
    page.write_text("two")
    assert build.fingerprint() != first

"""What an operator does from the command line: `python -m cpegi_app.manage migrate demo logins sweep`, any of them."""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Callable, Sequence

from cpegi_app import db, demo
from cpegi_app.services import files
from cpegi_app.settings import get_settings

# A content is put before its row is committed: what is younger than a day may still get one.
GRACE_S = 24 * 3600


def migrate() -> int:
    """Bring the database up to the newest migration."""
    db.migrate()
    return 0


def load_demo() -> int:
    """Load the demo data once; the second time changes nothing."""
    if _refused("demo"):
        return 0
    if demo.load():
        print("演示数据已载入。Demo data loaded.")
    return 0


def logins() -> int:
    """Print one demo login a role."""
    if _refused("logins"):
        return 0
    print(f"演示账号 Demo logins · 密码 password: {demo.PASSWORD}")
    rows = [(f"{x.role} {x.role_en}", x.phone, f"{x.look} · {x.look_en}") for x in demo.LOGINS]
    for line in table(rows):
        print(f"  {line}")
    return 0


def sweep() -> int:
    """Remove files that no record refers to from the private store."""
    with db.reading() as session:
        removed = files.store().sweep(lambda sha256: files.is_known(session, sha256), GRACE_S)
    print(f"已清理 {removed} 个无引用文件。Unreferenced files removed: {removed}.")
    return 0


COMMANDS: dict[str, Callable[[], int]] = {
    "migrate": migrate,
    "demo": load_demo,
    "logins": logins,
    "sweep": sweep,
}


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as aligned lines; a Chinese letter is two columns wide."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c + " " * (w - _width(c)) for c, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _refused(command: str) -> bool:
    """Tell whether the command is for demo mode only, and say so."""
    if get_settings().is_demo:
        return False
    print(f"生产模式下不提供 {command}。Refused: `{command}` is for demo mode only.", file=sys.stderr)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the commands one after the other, until one fails; return the last exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cpegi_app.manage",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"{name:10}{command.__doc__}" for name, command in COMMANDS.items()),
    )
    parser.add_argument("commands", nargs="+", choices=COMMANDS, metavar="command")
    for name in parser.parse_args(arguments).commands:
        if code := COMMANDS[name]():
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

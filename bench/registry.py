"""Every bench, in the order in which `make bench` runs them; a chapter adds its module's BENCH here."""

from __future__ import annotations

from bench import book, imports, live
from bench.table import Bench

BENCHES: dict[str, Bench] = {b.name: b for b in (book.BENCH, imports.BENCH, live.BENCH)}

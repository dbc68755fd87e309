"""Every bench, in the order in which `make bench` runs them; a chapter adds its module's BENCH here."""

from __future__ import annotations

from bench import (
    book,
    equity,
    imports,
    lists,
    live,
    load,
    matching,
    news,
    policy,
    policy_lists,
    pushes,
    signin,
    weight,
)
from bench.table import Bench

MODULES = (
    book,
    imports,
    live,
    news,
    lists,
    load,
    weight,
    matching,
    equity,
    policy,
    policy_lists,
    pushes,
    signin,
)
BENCHES: dict[str, Bench] = {module.BENCH.name: module.BENCH for module in MODULES}

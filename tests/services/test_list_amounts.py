"""Amounts in exports of lists are numbers under a heading with their unit, and columns are called as on the screen."""

from __future__ import annotations

import importlib
import pkgutil
import re
from decimal import Decimal

from openpyxl import load_workbook
from sqlmodel import Session

from cpegi_app import services
from cpegi_app.access import Actor
from cpegi_app.models import Application
from cpegi_app.services import application_list, list_export, lists, offline_loan, sheet_writer
from cpegi_app.services.lists import LISTINGS
from cpegi_app.vocabulary import Kind, Status
from tests import factories
from tests.worlds import application_world, filing_world

# Every list is known once its module is read.
for module in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
    importlib.import_module(module.name)

# What reads like an amount and is none: spans of two amounts, counts.
NO_AMOUNT = {
    ("matches", "额度"),
    ("products", "额度"),
    ("policy_overview", "合计"),
    ("roadshows_all", "已报名/名额"),
}


def exported(session: Session, actor: Actor, name: str) -> list[tuple]:
    export = list_export.Export(name, {})
    while not export.whole:
        export.step(session, actor)
    export.finish(session, actor)
    return list(load_workbook(list_export.folder() / export.name).active.values)  # pyright: ignore


def test_filings_are_exported_as_their_screen_calls_them_with_sums_to_add(session: Session):
    owner = factories.member(session, Kind.DEBT)
    filing_world(session, owner=owner, rows=2, amount="1290.123456", contract_amount="2000", balance="")
    offline_loan.new_batch(session, owner, {"name": "空", "period": "2026-11"})
    head, *rows = exported(session, owner, "filings")
    assert head[:4] == ("备案名称", "备案期间", "笔数", "放款合计（万元）")
    assert [r[2:4] for r in rows] == [(0, 0), (2, 2580.246912)]


def test_requests_are_exported_as_their_screen_calls_them_with_sums_to_add(session: Session):
    world = application_world(session).bring_to(session, Status.APPROVED)
    row = session.get_one(Application, world.row_id)
    head, line = exported(session, world.reviewer, "requests")
    found = dict(zip(head, line, strict=True))
    assert found["申请额度（万元）"] == Decimal(row.amount_fen) / 1_000_000
    assert found["批准额度（万元）"] == Decimal(row.approved_fen) / 1_000_000
    assert found["已放款（万元）"] is None
    # The other side's list is exported by the same rule.
    assert dict(zip(*exported(session, world.owner, "applications"), strict=True)) == found


def test_what_is_no_number_stays_as_it_was_typed():
    for shown, cell in (
        ("1,290 万元", Decimal("1290")), ("0.000001", Decimal("0.000001")), ("-3.5", Decimal("-3.5")),
        ("—", ""), ("", ""), ("不限", "不限"), ("面议 万元", "面议 万元"), ("9" * 30, "9" * 30), (7, 7), (None, None),
    ):  # fmt: skip
        assert sheet_writer.amount(shown) == cell


def test_every_amount_of_a_list_has_its_unit_in_the_heading():
    found = [
        (name, heading)
        for name, listing in LISTINGS.items()
        for heading in listing.columns
        if re.search("(额|额度|金额|合计|预算|已放款|已拨付)$", heading) and (name, heading) not in NO_AMOUNT
    ]
    assert found == []
    assert len(LISTINGS) > 30 and lists.FEW and application_list.REQUESTS

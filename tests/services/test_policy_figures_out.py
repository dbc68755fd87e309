"""Exports of policies: amounts are numbers of 元, and the overview's columns are those of its screen, to be reconciled."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

from openpyxl import load_workbook
from sqlmodel import Session

from cpegi_app.services import (
    lists,
    policy_exports,
    policy_overview,
    policy_own,
    policy_takeback,
    policy_trail_zip,
)
from tests import factories, redemption


def test_every_list_of_policies_exports_its_money_as_numbers(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    grant = redemption.granted(session, firm, staff)
    filters = {"publicity": str(grant.publicity_id)}
    for listing, who in (
        (policy_exports.OVERVIEW, staff), (policy_exports.NAMES, staff), (policy_exports.PUBLICITIES, staff),
        (policy_exports.GRANTS, firm), (policy_own.OWN, firm),
    ):  # fmt: skip
        [line], _ = lists.export(session, who, listing, filters)
        told = dict(zip(listing.columns, line, strict=True))
        money = {heading: cell for heading, cell in told.items() if heading.endswith("（元）")}
        assert money and not any("金额" in heading for heading in told.keys() - money.keys())
        assert Decimal(50_000) in money.values(), listing.name
        assert all(isinstance(c, Decimal) or c in ("不限", "—") for c in money.values()), listing.name


def test_the_overview_tells_what_was_taken_back(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    grant = redemption.granted(session, firm, staff)
    policy_takeback.take_back(session, staff, grant.publicity_id or 0, grant.id or 0, "经核查材料不实")
    (row,), _ = policy_overview.listing(session, staff)
    assert (row.approved, row.revoked, row.granted, row.revoked_amount) == (1, 1, "50,000.00", "50,000.00")
    assert row.held == "0.00"
    [line], _ = lists.export(session, staff, policy_exports.OVERVIEW, {})
    told = dict(zip(policy_exports.OVERVIEW.columns, line, strict=True))
    assert (told["已取消"], told["已取消金额（元）"], told["已占用（元）"]) == (1, 50_000, 0)


def test_the_sheet_of_a_trail_holds_numbers(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    grant = redemption.granted(session, firm, staff)
    out = io.BytesIO()
    policy_trail_zip.write(policy_trail_zip.plan(session, staff, grant.application_id), out)
    with zipfile.ZipFile(out) as archive:
        book = load_workbook(io.BytesIO(archive.read("目录.xlsx")))
    assert next(row[1] for row in book["金额"].iter_rows(min_row=2, values_only=True)) == 50_000

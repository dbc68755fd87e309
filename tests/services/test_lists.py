"""Lists: pages, orders and totals are what plain queries give, however the rows change between two looks."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import random
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from cpegi_app import clock, services
from cpegi_app.access import Actor
from cpegi_app.errors import DomainError, Forbidden, NotFound
from cpegi_app.models import Application, ExportFile, User
from cpegi_app.services import (
    application_list,
    list_count,
    list_export,
    lists,
    matches,
    product_list,
    sheet_writer,
    staff,
)
from cpegi_app.services.application_list import OWN, REQUESTS
from cpegi_app.services.lists import LISTINGS
from cpegi_app.vocabulary import Kind, Status
from tests import factories, worlds

# Every list is known once its module is read.
for module in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
    importlib.import_module(module.name)


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT)


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count by such small stretches that every page lies across some."""
    monkeypatch.setattr(list_count, "STRETCH", 7)
    monkeypatch.setattr(list_count, "STEP", 3)
    list_count.forget()


def fill(session: Session, bank: Actor, count: int) -> None:
    """Write applications to a bank straight into the table."""
    target = worlds.listed_product(session, bank)
    owner = factories.organisation(session, None)
    chance = random.Random(count)
    now = clock.now()
    base: dict[str, Any] = {
        "org_id": owner.id, "institution_id": bank.org_id, "product_id": target.id, "version": 1, "stage": 0,
        "reason": "", "field_reasons": {}, "data": {}, "profile": {}, "product_data": {}, "conditions": {},
        "term_months": 12, "approved_fen": 0, "approved_months": 0, "created_at": now,
    }  # fmt: skip
    rows = [
        base
        | {
            "status": chance.choice(["PENDING", "APPROVED", "REJECTED"]),
            "product_name": f"产品{n % 3}",
            "applicant": f"企业{'机械' if n % 5 == 0 else '食品'}",
            "amount_fen": chance.randrange(1, 40) * 10**8,
            "submitted_at": now - timedelta(minutes=chance.randrange(10_000)),
            "updated_at": now - timedelta(hours=2),
        }
        for n in range(count)
    ]
    # One open application a product and organisation: the others are another product's.
    for row in [r for r in rows if r["status"] == "PENDING"]:
        row["org_id"] = factories.organisation(session, None).id
    session.execute(insert(Application), rows)


def everything(
    session: Session, bank: Actor, filters: dict[str, str], sort: str, size: int = 20
) -> list[int]:
    """Return the ids of all pages, one after the other."""
    found: list[int] = []
    for number in range(1, 100):
        page = lists.page(session, bank, REQUESTS, filters, sort=sort, page=number, size=size)
        found += [r.id for r in page.rows]
        if len(page.rows) < size:
            assert not page.sums.counting and page.total == len(found)
            return found
    raise AssertionError("the list has no end")


def expected(session: Session, bank: Actor, filters: dict[str, str], sort: str) -> list[int]:
    """Return what the order says, put together in Python."""
    session.expire_all()
    rows = list(session.exec(select(Application).where(Application.institution_id == bank.org_id)))
    if word := filters.get("word"):
        rows = [r for r in rows if word in r.applicant or word in r.product_name]
    if status := filters.get("status"):
        rows = [r for r in rows if r.status == status]
    keys = {"amount": lambda r: (r.amount_fen, r.id), "submitted": lambda r: (r.submitted_at, r.id)}
    if sort:
        return [r.id for r in sorted(rows, key=keys[sort.lstrip("-")], reverse=sort.startswith("-"))]
    waits = [r.id for r in rows if r.status == "PENDING"]
    return sorted(waits) + sorted((r.id for r in rows if r.status != "PENDING"), reverse=True)


@pytest.mark.parametrize("sort", ["", "amount", "-amount", "submitted", "-submitted", "no column"])
@pytest.mark.parametrize(
    "filters", [{}, {"word": "机械"}, {"status": "APPROVED"}, {"word": "产品1", "status": "PENDING"}]
)
def test_every_page_of_every_order(
    session: Session, bank: Actor, monkeypatch, sort: str, filters: dict[str, str]
):
    fill(session, bank, 150)
    fill(session, factories.member(session, Kind.DEBT), 20)
    wanted = expected(session, bank, filters, "" if sort == "no column" else sort)
    assert everything(session, bank, filters, sort) == wanted and wanted
    monkeypatch.setattr(lists, "FEW", 0)
    # Large lists walk the order instead; the far half from the other end.
    assert everything(session, bank, filters, sort, size=7) == wanted


def test_what_has_changed_is_counted_anew_and_nothing_else(session: Session, bank: Actor, monkeypatch):
    fill(session, bank, 100)
    assert everything(session, bank, {}, "") == expected(session, bank, {}, "")
    counted: list[range] = []
    real = list_count._count
    monkeypatch.setattr(list_count, "_count", lambda *a: counted.append(a[4]) or real(*a))
    for turn in range(6):
        waiting = expected(session, bank, {"status": "PENDING"}, "")
        values = {"status": "RETURNED", "updated_at": clock.now()}
        session.execute(update(Application).where(col(Application.id) == waiting[turn * 2]).values(**values))
        counted.clear()
        page = lists.page(session, bank, REQUESTS, {}, page=1, size=10)
        assert [r.id for r in page.rows] == expected(session, bank, {}, "")[:10] and page.total == 100
        assert len(counted) == 2, "one stretch in each part of the list"
        counted.clear()
        lists.page(session, bank, REQUESTS, {}, page=1, size=10)
        assert counted == []
    fill(session, bank, 9)
    assert everything(session, bank, {}, "") == expected(session, bank, {}, "")


def test_too_many_changes_count_the_list_anew(session: Session, bank: Actor, monkeypatch):
    monkeypatch.setattr(list_count, "CHANGED", 10)
    fill(session, bank, 60)
    everything(session, bank, {}, "")
    session.execute(
        update(Application)
        .where(col(Application.institution_id) == bank.org_id, col(Application.status) == "PENDING")
        .values(status="RETURNED", updated_at=clock.now())
    )
    assert everything(session, bank, {}, "") == expected(session, bank, {}, "")


def test_a_decision_moves_a_request_down_at_once(session: Session, bank: Actor):
    worlds_of = [worlds.application_world(session, bank).bring_to(session, Status.PENDING) for _ in range(3)]
    assert [r.id for r in lists.page(session, bank, REQUESTS, {}).rows] == [w.row_id for w in worlds_of]
    worlds_of[0].bring_to(session, Status.PENDING) if False else worlds_of[0].act(
        session, worlds.Action.RETURN
    )
    assert [r.id for r in lists.page(session, bank, REQUESTS, {}).rows][-1] == worlds_of[0].row_id


def test_an_account_that_is_disabled_is_found_so_at_once(session: Session):
    boss, other = factories.staff(session), factories.member(session)
    before = staff.accounts(session, boss, state="DISABLED")[1]
    staff.disable(session, boss, other.user_id, "测试停用")
    session.flush()
    rows, total = staff.accounts(session, boss, state="DISABLED", size=50)
    assert total == before + 1 and other.user_id in {r.id for r in rows}
    assert session.get_one(User, other.user_id).updated_at is not None


@pytest.mark.parametrize("name", sorted(LISTINGS))
def test_nobody_exports_what_they_may_not_list(session: Session, name: str):
    stranger = factories.unverified(factories.member(session))
    if name == "notices":
        assert list_export.total(session, stranger, name, {}) == 0
        return
    with pytest.raises((Forbidden, NotFound)):
        list_export.total(session, stranger, name, {})
    with pytest.raises((Forbidden, NotFound)):
        list_export.Export(name, {}).step(session, stranger)


def test_an_export_holds_what_is_filtered_and_is_its_users_own(session: Session, bank: Actor, monkeypatch):
    monkeypatch.setattr(lists, "CHUNK", 40)
    fill(session, bank, 130)
    wanted = len(expected(session, bank, {"word": "机械"}, ""))
    export = list_export.Export("requests", {"word": "机械"})
    steps = 0
    while not export.whole:
        before = export.rows
        steps += export.step(session, bank) > before
    done = export.finish(session, bank)
    assert done.rows == wanted and steps == wanted // 40 + 1
    number = int(done.href.rsplit("/", 1)[1])
    name, place = list_export.file_of(session, bank, number)
    sheet: Any = load_workbook(place).active
    assert name.startswith("企业申请-") and sheet.max_row == wanted + 1
    assert [c.value for c in sheet[1]] == list(application_list.COLUMNS)
    for other in (factories.colleague(session, bank), factories.staff(session)):
        with pytest.raises(NotFound):
            list_export.file_of(session, other, number)
    clock.shift(list_export.KEEP + timedelta(minutes=1))
    again = list_export.Export("requests", {"word": "机械"})
    while not again.whole:
        again.step(session, bank)
    again.finish(session, bank)
    assert session.get(ExportFile, number) is None and not place.exists()


@pytest.mark.parametrize("filters", [{}, {"status": "APPROVED"}])
@pytest.mark.parametrize("sort", ["", "amount", "-amount", "submitted", "-submitted"])
def test_an_export_is_in_the_order_of_the_screen(
    session: Session, bank: Actor, monkeypatch, sort: str, filters: dict[str, str]
):
    monkeypatch.setattr(lists, "CHUNK", 40)
    fill(session, bank, 130)
    export, lines = list_export.Export("requests", filters, sort), []
    monkeypatch.setattr(export._book, "add", lines.extend)
    while not export.whole:
        export.step(session, bank)
    wanted = expected(session, bank, filters, sort)
    rows = lists.page(session, bank, REQUESTS, filters, sort=sort, size=200).rows
    assert [r.id for r in rows] == wanted and len(wanted) > 20
    assert lines == lists._cells(REQUESTS, rows)


def test_an_export_of_too_many_rows_is_refused_before_it_is_written(
    session: Session, bank: Actor, monkeypatch
):
    """Also where the page has not counted so far."""
    monkeypatch.setattr(list_export, "MOST", 60)
    monkeypatch.setattr(lists, "STEPS", 1)
    fill(session, bank, 130)
    export = list_export.Export("requests", {})
    assert export.step(session, bank) == 0
    with pytest.raises(DomainError, match="缩小范围"):
        while not export.whole:
            assert export.step(session, bank) == 0
    export.discard()
    with pytest.raises(DomainError, match="缩小范围"):
        list_export.total(session, bank, "requests", {})


def test_a_long_list_is_narrowed_before_it_is_sorted_by_a_heading_without_an_index(
    session: Session, bank: Actor, monkeypatch
):
    monkeypatch.setattr(lists, "MANY", 100)
    fill(session, bank, 130)
    slow = dataclasses.replace(REQUESTS, slow=frozenset({"amount"}))
    with pytest.raises(DomainError, match="缩小范围"):
        lists.page(session, bank, slow, {}, sort="-amount")
    rows = lists.page(session, bank, slow, {"status": "APPROVED"}, sort="-amount", size=200).rows
    assert [r.id for r in rows] == expected(session, bank, {"status": "APPROVED"}, "-amount")
    assert lists.page(session, bank, slow, {}, sort="-submitted").rows


def test_a_long_export_goes_on_in_a_further_sheet(session: Session, bank: Actor, monkeypatch):
    monkeypatch.setattr(sheet_writer, "ROWS_A_SHEET", 50)
    fill(session, bank, 120)
    export = list_export.Export("requests", {})
    while not export.whole:
        export.step(session, bank)
    export.finish(session, bank)
    book = load_workbook(list_export.folder() / export.name)
    assert [s.max_row - 1 for s in book.worksheets] == [50, 50, 20]
    assert len(set(book.sheetnames)) == 3


def test_an_export_that_is_given_up_leaves_nothing(session: Session, bank: Actor):
    export = list_export.Export("requests", {})
    export.step(session, bank)
    export.discard()
    assert not (list_export.folder() / export.name).exists()


def test_only_known_lists_are_exported(session: Session, bank: Actor):
    with pytest.raises(NotFound):
        list_export.total(session, bank, "users", {})
    assert lists.page(session, bank, OWN, {}).total == 0


# Lists of one record: they are tried with theirs (test_policy_exports, test_offline_import).
OF_ONE = {"policy_payments", "policy_publicity_names", "filing_rows"}


@pytest.mark.parametrize(
    "name", sorted(n for n, listing in LISTINGS.items() if listing.sorts and n not in OF_ONE)
)
def test_every_heading_that_sorts_is_answered_either_way_round(session: Session, name: str):
    """Of every list, by one who may read it: the statement holds on both engines."""
    boss, watcher = factories.staff(session), factories.regulator(session)
    members = [factories.member(session, kind) for kind in Kind]
    listing, answered = LISTINGS[name], 0
    for who in (boss, watcher, *members):
        for heading in listing.sorts:
            for sort in (heading, f"-{heading}"):
                try:
                    answered += lists.page(session, who, listing, {}, sort=sort) is not None
                except DomainError:
                    continue
    assert answered


def test_products_that_suit_are_sorted_by_cost_and_amount(session: Session, bank: Actor):
    for cost, most in (("1", "900"), ("3", "300"), ("2", "600")):
        worlds.listed_product(session, bank, service_fee=cost, amount_max=most, name=f"{cost}号贷")
    who = factories.member(session)

    def found(sort: str) -> list[str]:
        return [r.name[:1] for r in lists.page(session, who, matches.MATCHES, {}, sort=sort).rows]

    assert found("") == found("cost") == list("123") and found("-cost") == list("321")
    assert found("amount") == list("321") and found("-amount") == list("123") and found("x") == list("123")
    own = lists.page(session, bank, product_list.OWN, {}, sort="-amount").rows
    assert [r.name[:1] for r in own] == list("123")

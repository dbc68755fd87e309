"""Workbooks into a filing batch: the corpus, the trial, the import, the marked file (manual §5.1)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from sqlmodel import Session, col, func, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError, NotFound
from cpegi_app.models import FilingImport, OfflineLoan
from cpegi_app.services import (
    list_export,
    offline_excel,
    offline_import,
    offline_layout,
    offline_loan,
    offline_rows,
    offline_trial,
)
from cpegi_app.services.forms import Widget
from cpegi_app.services.offline_form import SPECS, heading, right, row_checker, strings
from cpegi_app.services.offline_marked import COMMENTS, FILLS
from cpegi_app.vocabulary import Action, Kind
from tests import factories
from tests.workbooks.corpus import CORPUS, Case
from tests.workbooks.make import book, cells, code, row
from tests.worlds import disbursement_world, filing_world


@pytest.fixture
def bank(session: Session) -> Actor:
    return factories.member(session, Kind.DEBT)


def batch(session: Session, actor: Actor) -> int:
    found = offline_loan.new_batch(session, actor, {"name": "测试备案", "period": "2026-11", "note": ""})
    return found.id or 0


def count(session: Session, batch_id: int) -> int:
    return session.exec(select(func.count()).where(OfflineLoan.batch_id == batch_id)).one()


def stored(session: Session, batch_id: int) -> list[OfflineLoan]:
    return list(
        session.exec(
            select(OfflineLoan).where(OfflineLoan.batch_id == batch_id).order_by(col(OfflineLoan.id))
        )
    )


@pytest.mark.parametrize("name", [name for name, case in CORPUS.items() if case.refused])
def test_an_awkward_workbook_is_refused_with_what_to_do(name: str):
    case: Case = CORPUS[name]
    with pytest.raises(DomainError) as refusal:
        offline_import.read(case.name, case.make())
    assert case.refused in refusal.value.message
    assert "请" in refusal.value.message and refusal.value.message.endswith("。")


@pytest.mark.parametrize("name", [name for name, case in CORPUS.items() if not case.refused])
def test_an_awkward_workbook_is_taken(session: Session, bank: Actor, name: str):
    case: Case = CORPUS[name]
    number = batch(session, bank)
    seen = offline_import.trial(session, bank, number, case.name, case.make())
    found, _ = offline_import.findings(session, bank, seen.id, size=100)
    told = " ".join([*seen.notes, *(f"{f.text} {f.right}" for f in found)])
    assert (seen.good, seen.bad) == (case.good, case.bad), told
    assert all(word in told for word in case.says), told
    assert offline_import.import_good(session, bank, seen.id).imported == case.good
    assert count(session, number) == case.good


def test_the_corpus_is_large_enough():
    assert len(CORPUS) >= 30


def test_cells_as_people_leave_them_become_the_same_loan(session: Session, bank: Actor):
    plainly = {"contract_amount": 1000, "amount": 500.5, "rate": 3.85, "lent_on": "2026-01-31"}
    oddly = {"contract_amount": "１，０００", "amount": "500.50 万元", "rate": "3.85%", "lent_on": 46053}
    number = batch(session, bank)
    rows = [cells(row(1, **plainly)), cells(row(2, **oddly, due_on=row(1)["due_on"]))]
    seen = offline_import.trial(session, bank, number, "a.xlsx", book(rows))
    assert (seen.good, seen.bad) == (2, 0)
    offline_import.import_good(session, bank, seen.id)
    one, two = stored(session, number)
    same = ("contract_fen", "amount_fen", "rate_bp", "lent_on", "due_on", "guarantee")
    assert [getattr(one, n) for n in same] == [getattr(two, n) for n in same]
    assert (one.contract_fen, one.amount_fen, one.rate_bp) == (1_000_000_000, 500_500_000, 385)


def test_a_corrected_file_brings_only_what_is_new(session: Session, bank: Actor):
    number = batch(session, bank)
    rows = [row(1), row(2, rate=88), row(3)]
    first = offline_import.trial(session, bank, number, "a.xlsx", book([cells(r) for r in rows]))
    assert (first.good, first.bad, first.there) == (2, 1, 0)
    offline_import.import_good(session, bank, first.id)
    rows[1] |= {"rate": 8.8}
    data = book([cells(r) for r in rows])
    second = offline_import.trial(session, bank, number, "a.xlsx", data)
    assert (second.good, second.bad, second.there) == (1, 0, 2)
    assert offline_import.import_good(session, bank, second.id).imported == 1
    # The same file again is recognised by its content, and files nothing twice.
    third = offline_import.trial(session, bank, number, "改名.xlsx", data)
    assert (third.good, third.there) == (0, 3) and "导入过 1 行" in third.notes[0]
    assert count(session, number) == 3


def test_every_mistake_of_a_row_is_told_in_one_round(session: Session, bank: Actor):
    number = batch(session, bank)
    first = offline_import.trial(session, bank, number, "a.xlsx", book([cells(row(1))]))
    offline_import.import_good(session, bank, first.id)
    rows = [
        row(1, rate=88),
        row(2),
        row(3, rate=88, iou_no="JJ-00002", contract_no="HT-00002", amount=400),
        row(4, iou_no=None, contract_amount="许多"),
    ]
    seen = offline_import.trial(session, bank, number, "b.xlsx", book([cells(r) for r in rows]))
    # What is filed already is so whatever else its row says.
    assert (seen.good, seen.bad, seen.there) == (1, 2, 1)
    found, _ = offline_import.findings(session, bank, seen.id)
    told = {(f.row, f.title): f.text for f in found}
    assert [f.kind for f in found if f.row == 2] == ["there"]
    assert "与第 3 行的借据编号相同" in told[4, "借据编号"] and "年利率应在" in told[4, "年利率"]
    assert "累计放款" in told[4, "放款金额"] and "请填写借据编号" in told[5, "借据编号"]


def test_an_import_asked_for_twice_is_done_once(session: Session, bank: Actor):
    number = batch(session, bank)
    seen = offline_import.trial(session, bank, number, "a.xlsx", book([cells(row(1))]))
    first = offline_import.import_good(session, bank, seen.id)
    assert offline_import.import_good(session, bank, seen.id) == first
    assert count(session, number) == 1


def test_a_trial_that_was_kept_row_by_row_is_imported_as_one_kept_by_columns(session: Session, bank: Actor):
    """Trials of before were kept as a list of rows, number and warning first."""
    data, made = book([cells(row(1)), cells(row(2))]), list[list[dict[str, str]]]()
    for actor, by_rows in ((bank, False), (factories.member(session, Kind.DEBT), True)):
        number = batch(session, actor)
        kept = session.get_one(FilingImport, offline_import.trial(session, actor, number, "a.xlsx", data).id)
        if by_rows:
            kept.rows = json.dumps([*zip(*json.loads(kept.rows).values(), strict=True)])
            session.flush()
        assert offline_import.import_good(session, actor, kept.id or 0).imported == 2
        made.append([strings(loan) for loan in stored(session, number)])
    assert made[0] == made[1]


def test_two_trials_of_the_same_loans_file_them_once(session: Session, bank: Actor):
    colleague, data = factories.colleague(session, bank), book([cells(row(n)) for n in (1, 2)])
    one, two = batch(session, bank), batch(session, bank)
    first = offline_import.trial(session, bank, one, "a.xlsx", data)
    second = offline_import.trial(session, colleague, two, "b.xlsx", data)
    assert (first.good, second.good) == (2, 2)
    offline_import.import_good(session, bank, first.id)
    assert offline_import.import_good(session, colleague, second.id).imported == 0


def test_what_is_on_the_platform_already_is_not_filed(session: Session):
    world = disbursement_world(session)
    world.act(session, Action.SUBMIT)
    number = batch(session, world.owner)
    data = book([cells(row(1, iou_no=world.data["iou_no"]))])
    seen = offline_import.trial(session, world.owner, number, "a.xlsx", data)
    assert (seen.good, seen.there) == (0, 1)
    world.act(session, Action.APPROVE)
    borrower = session.get_one(offline_loan.Organisation, world.row(session).borrower_id)
    twin = row(
        2, borrower_name=borrower.name, borrower_code=borrower.credit_code, amount=float(world.data["amount"])
    )
    twin |= {"lent_on": world.data["lent_on"]}
    seen = offline_import.trial(session, world.owner, number, "b.xlsx", book([cells(twin)]))
    found, _ = offline_import.findings(session, world.owner, seen.id)
    assert seen.bad == 1 and "是同一笔" in found[0].text


def test_a_name_unlike_the_verified_one_is_a_warning(session: Session, bank: Actor):
    known = factories.organisation(session, name="郑州正名有限公司")
    number = batch(session, bank)
    rows = [row(1, borrower_code=known.credit_code, borrower_name="郑州误名有限公司"), row(2)]
    seen = offline_import.trial(session, bank, number, "a.xlsx", book([cells(r) for r in rows]))
    assert (seen.good, seen.bad, seen.warned) == (2, 0, 1)
    offline_import.import_good(session, bank, seen.id)
    assert "郑州正名有限公司" in stored(session, number)[0].warning


def test_findings_are_filtered_and_paged(session: Session, bank: Actor):
    number = batch(session, bank)
    rows = [cells(row(n, rate=88, guarantee="房产" if n % 2 else "信用")) for n in range(1, 41)]
    seen = offline_import.trial(session, bank, number, "a.xlsx", book(rows))
    every, total = offline_import.findings(session, bank, seen.id, size=20)
    assert (len(every), total) == (20, 60)
    only, total = offline_import.findings(session, bank, seen.id, field="rate", row=30, size=50)
    assert total == 12 and only[0].cell == "K30" and only[0].right.startswith("数字，0–36")


def test_a_workbook_that_is_wrong_throughout_is_listed_up_to_a_limit_that_is_told(
    session: Session, bank: Actor
):
    number, rows = batch(session, bank), offline_trial.FINDINGS // 14
    wrong = [["" if s.required else f"错误{n}" for s in SPECS] for n in range(rows)]
    seen = offline_import.trial(session, bank, number, "a.xlsx", book(wrong))
    _, total = offline_import.findings(session, bank, seen.id)
    assert (seen.good, seen.bad, total) == (0, rows, offline_trial.FINDINGS)
    notes = " ".join(seen.notes)
    assert "只列出并标注前 20,000 处" in notes and "前 5,000 处加了批注，其余只着色" in notes
    made = load_workbook(io.BytesIO(offline_import.marked(session, bank, seen.id)[1]()))
    sheet: Any = made.active
    assert sum(c.comment is not None for r in sheet.iter_rows() for c in r) == COMMENTS
    few = offline_import.trial(session, bank, number, "b.xlsx", book([cells(row(1, rate=88))]))
    assert few.marked_href and not any("批注" in n for n in few.notes)
    none = offline_import.trial(session, bank, number, "c.xlsx", book([cells(row(1))]))
    assert not none.marked_href


def test_the_marked_file_is_the_clerks_own(session: Session, bank: Actor):
    number, case = batch(session, bank), CORPUS["date_and_time"]
    data = case.make()
    seen = offline_import.trial(session, bank, number, "台账.xlsx", data)
    name, make = offline_import.marked(session, bank, seen.id)
    made = make()
    assert name == "台账_已标注.xlsx"
    before, after = load_workbook(io.BytesIO(data)).active, load_workbook(io.BytesIO(made)).active
    assert before is not None and after is not None
    cell: Any = after["K2"]
    assert cell.fill.fgColor.rgb == FILLS["bad"] and "0–36" in cell.comment.text
    assert [[c.value for c in r] for r in before.iter_rows()] == [
        [c.value for c in r] for r in after.iter_rows()
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(made)) as new:
        touched = {"xl/styles.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"}
        same = [
            n
            for n in old.namelist()
            if n not in touched and "comments" not in n and "rawing" not in n and "_rels/sheet" not in n
        ]
        assert same and all(old.read(n) == new.read(n) for n in same)
    # It can be corrected and imported again.
    assert offline_import.trial(session, bank, number, name, made).bad == 1


def test_the_template_states_its_version_and_limits():
    made = load_workbook(io.BytesIO(offline_excel.current_template()))
    sheet = made["备案数据"]
    assert offline_layout.VERSION in str(sheet["A1"].value)
    heads = [str(c.value) for c in sheet[2]]
    assert [h.rstrip("*") for h in heads] == [heading(s) for s in SPECS]
    assert [h.endswith("*") for h in heads] == [s.required for s in SPECS]
    lists = {str(v.sqref) for v in sheet.data_validations.dataValidation if v.type == "list"}
    assert len(lists) == sum(bool(s.options) for s in SPECS)
    text = " ".join(str(c.value) for r in made["填写说明"].iter_rows() for c in r if c.value)
    assert "20,000 行" in text and "10 MB" in text and made["选项"].sheet_state == "hidden"


def test_the_template_says_in_every_column_what_belongs_there():
    sheet = load_workbook(io.BytesIO(offline_excel.current_template()))["备案数据"]
    rules = {str(v.sqref): v for v in sheet.data_validations.dataValidation}
    shapes = {Widget.NUMBER: "#,##0.00####", Widget.DATE: "yyyy-mm-dd"}
    kinds = {Widget.NUMBER: "decimal", Widget.DATE: "date"}
    for column, spec in enumerate(SPECS, 1):
        letter, example = get_column_letter(column), sheet.cell(3, column)
        assert sheet.column_dimensions[letter].number_format == shapes.get(spec.widget, "@")
        assert example.number_format == shapes.get(spec.widget, "@")
        assert (example.value is not None) >= spec.required
        comment = sheet.cell(2, column).comment
        assert comment and right(spec) in comment.text
        assert comment.text.startswith("必填" if spec.required else "选填")
        kind = "list" if spec.options else kinds.get(spec.widget)
        rule = rules.pop(f"{letter}3:{letter}20002", None)
        assert (rule and rule.type) == kind
        assert not rule or (rule.showErrorMessage and rule.error == right(spec)[:200])
    assert not rules and str(sheet["A3"].value).startswith("示例")


def test_others_batches_and_imports_do_not_exist(session: Session, bank: Actor):
    stranger, number = factories.member(session, Kind.DEBT), batch(session, bank)
    seen = offline_import.trial(session, bank, number, "a.xlsx", book([cells(row(1))]))
    for call in (
        lambda a: offline_import.import_good(session, a, seen.id),
        lambda a: offline_import.marked(session, a, seen.id),
        lambda a: offline_import.findings(session, a, seen.id),
        lambda a: offline_import.trial(session, a, number, "a.xlsx", book([cells(row(2))])),
        lambda a: offline_rows.listing(session, a, number),
        lambda a: offline_rows.save(session, a, number, 0, 0, factories.offline_data()),
    ):
        for actor in (stranger, factories.member(session)):
            with pytest.raises(NotFound):
                call(actor)


def test_nothing_is_imported_into_a_batch_that_was_sent(session: Session):
    world = filing_world(session)
    seen = offline_import.trial(session, world.owner, world.row_id, "a.xlsx", book([cells(row(1))]))
    world.act(session, Action.SUBMIT)
    with pytest.raises(Conflict):
        offline_import.import_good(session, world.owner, seen.id)
    assert session.get_one(FilingImport, seen.id).done_at is None


def exported(session: Session, owner: Actor, filters: dict[str, str], sort: str = "") -> bytes:
    """Return the workbook that 导出 of a batch's rows makes."""
    export = list_export.Export("filing_rows", filters, sort)
    export.step(session, owner)
    export.finish(session, owner)
    return (list_export.folder() / export.name).read_bytes()


def test_an_export_holds_the_rows_that_are_looked_for_in_their_order(session: Session):
    world = filing_world(session, rows=3)
    for n, r in enumerate(stored(session, world.row_id)):
        r.amount_fen = (n + 1) % 3 * 100 + 100
        session.add(r)
    numbers = [r.iou_no for r in sorted(stored(session, world.row_id), key=lambda r: -r.amount_fen)]
    place = [s.name for s in SPECS].index("iou_no")

    def shown(filters: dict[str, str], sort: str = "") -> list[str]:
        data = exported(session, world.owner, {"batch": str(world.row_id)} | filters, sort)
        sheet: Any = load_workbook(io.BytesIO(data)).active
        return [r[place].value for r in sheet.iter_rows(min_row=2)]

    assert shown({}, "-amount") == numbers and shown({}, "amount") == numbers[::-1]
    assert shown({"word": numbers[1]}) == [numbers[1]] and shown({"only": "return"}) == []


def test_a_contacts_number_is_masked_in_the_reviewers_export(session: Session):
    world = filing_world(session, contact_phone="13800001234")
    world.act(session, Action.SUBMIT)
    place = [s.name for s in SPECS].index("contact_phone")
    for actor, number in ((world.owner, "13800001234"), (world.reviewer, "138****1234")):
        sheet: Any = load_workbook(io.BytesIO(exported(session, actor, {"batch": str(world.row_id)}))).active
        assert [r[place].value for r in sheet.iter_rows(min_row=2)] == [number]


def test_export_then_import_brings_the_same_rows(session: Session):
    odd = {"remark": "2E+3 _x0041_ 𠮷😀", "contact": "=1+1", "balance": "12.34", "guarantee_fee": "0.05"}
    world = filing_world(session, rows=3, purpose="+1", guarantor="@SUM(A1)", **odd)
    data = exported(session, world.owner, {"batch": str(world.row_id)})
    sheet: Any = load_workbook(io.BytesIO(data)).active
    texts = [c for r in sheet.iter_rows(min_row=2) for c in r if str(c.value)[:1] in "=+@"]
    assert len(texts) == 9 and all(c.data_type == "s" for c in texts)
    other = factories.member(session, Kind.DEBT)
    number = batch(session, other)
    seen = offline_import.trial(session, other, number, "导出.xlsx", data)
    assert (seen.good, seen.bad) == (3, 0)
    offline_import.import_good(session, other, seen.id)
    assert [strings(r) for r in stored(session, number)] == [
        strings(r) for r in stored(session, world.row_id)
    ]


def test_the_compiled_checker_speaks_as_the_form():
    good = {s.name: "" for s in SPECS} | factories.offline_data(borrower_code=code(3))
    values, errors = row_checker(cells=False).check([good[s.name] for s in SPECS])
    assert not errors and len(values) == len(SPECS)

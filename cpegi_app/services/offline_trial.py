"""The trial of a workbook: every cell, every row against the others and against what is filed; nothing is written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

from sqlmodel import Session, col, select

from cpegi_app.models import Disbursement, FilingBatch, Loan, OfflineLoan, Organisation
from cpegi_app.services.among import among
from cpegi_app.services.corrections import in_force
from cpegi_app.services.forms import Widget, half_width
from cpegi_app.services.identifiers import plain_document_no
from cpegi_app.services.offline_contract import Lent, lent, over_contract, with_more
from cpegi_app.services.offline_form import COLUMNS, SPECS, TOGETHER, across, low_rate, right, row_checker
from cpegi_app.services.offline_layout import Layout
from cpegi_app.services.offline_marked import COMMENTS
from cpegi_app.services.sheet_reader import seen
from cpegi_app.vocabulary import LoanSource, Status

BAD, THERE, WARN = "bad", "there", "warn"
# So many findings are kept, listed and marked; a file wrong throughout is not read cell by cell by anybody.
FINDINGS = 20_000
FORMULA = "该单元格是公式，没有保存计算结果，请复制后粘贴为数值"
ERROR = "该单元格是错误值（如 #N/A、#DIV/0!），请更正后粘贴为数值"
SCALED = "该单元格的数字格式只显示了数的一部分（例如把 123456 显示为 12.3 万），请把格式设为“常规”，核对后按列名中的单位填写"
MERGED = "该单元格被合并，请取消合并并逐行填写"
PLACE = {name: i for i, name in enumerate(s.name for s in SPECS)}
# The columns that are checked against other rows and against what is filed.
KEYS = ("iou_no", "contract_no", "borrower_code", "amount_fen", "contract_fen")
ELSEWHERE = (*KEYS, "borrower_name", "lent_on")
RIGHT = {s.name: right(s) for s in SPECS}
FIGURES = frozenset(s.name for s in SPECS if s.widget is Widget.NUMBER)


@dataclass
class Trial:
    """What a trial found; findings are `[kind, row, column, field, value, what is wrong, what would be right]`."""

    sheet: str = ""
    part: str = ""
    notes: list[str] = field(default_factory=list)
    good: list[tuple[int, tuple[Any, ...]]] = field(default_factory=list)
    # Rows with mistakes of their own, until they are compared with the others as well.
    wrong: list[tuple[int, tuple[Any, ...], dict[str, str]]] = field(default_factory=list)
    warnings: dict[int, str] = field(default_factory=dict)
    findings: list[list[Any]] = field(default_factory=list)
    # The rows that go in, but should be looked at.
    warned: set[int] = field(default_factory=set)
    bad: int = 0
    there: int = 0


# What makes two loans of an institution the same one: borrower, day, 分.
Twin = tuple[str, date, int]


@dataclass
class Facts:
    """What is filed already, as far as it touches the rows of a workbook."""

    there: dict[str, str]
    lent: dict[str, Lent]
    online: dict[Twin, str]
    names: dict[str, str]


def picked(names: tuple[str, ...]) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Return what takes some columns out of a stored row: a rule asks for a few of the twenty-two."""
    take = itemgetter(*map(COLUMNS.index, names))
    return lambda values: dict(zip(names, take(values)))  # noqa: B905 - as long by its making


def cells(layout: Layout) -> Trial:
    """Check every cell by itself, and each row within itself."""
    found = Trial(layout.sheet.name, layout.sheet.part, list(layout.notes))
    columns, rows = layout.columns, layout.rows
    blank = [""] * len(rows)
    texts = [[row[c] for row in rows] if c else blank for c in columns]
    stored, wrong = row_checker(cells=True).check_all(texts)
    for count, unread in _unread(layout).items():
        wrong[count] = wrong.get(count, {}) | unread
    within = map(across, *(stored[COLUMNS.index(name)] for name in TOGETHER))
    for count, (row, values, errors) in enumerate(zip(rows, zip(*stored, strict=True), within, strict=True)):
        if count in wrong:
            errors |= wrong[count]
        if errors:
            found.wrong.append((row[0], values, errors))
        else:
            found.good.append((row[0], values))
    return found


def _unread(layout: Layout) -> dict[int, dict[str, str]]:
    """Return the cells that show something else than is read, by index of row and field."""
    sheet, found = layout.sheet, dict[int, dict[str, str]]()
    if not (sheet.errors or sheet.formulas or sheet.merged or sheet.scaled):
        return found
    index = {row[0]: count for count, row in enumerate(layout.rows)}
    fields = {column: SPECS[i].name for i, column in enumerate(layout.columns) if column}
    for cells_, text in ((_covered(layout), MERGED), (sheet.formulas, FORMULA), (sheet.errors, ERROR)):
        for number, column in cells_:
            count, name = index.get(number), fields.get(column)
            if count is not None and name and not layout.rows[count][column].strip():
                found.setdefault(count, {})[name] = text
    for number, column in sheet.scaled:
        count, name = index.get(number), fields.get(column)
        if count is not None and name in FIGURES and layout.rows[count][column].strip():
            found.setdefault(count, {})[name] = SCALED
    return found


def _covered(layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield the cells that a merged cell with something in it covers; ranges that overlap end it, no program writes them."""
    numbers, used = [row[0] for row in layout.rows], [c for c in layout.columns if c]
    room = len(numbers) * len(used)
    for top, left, bottom, right_ in layout.sheet.merged:
        at = bisect_left(numbers, top)
        if at == len(numbers) or numbers[at] != top or not "".join(layout.rows[at][left : left + 1]).strip():
            continue
        columns = [c for c in used if left <= c <= right_]
        inside = numbers[at : bisect_right(numbers, bottom)]
        room -= len(columns) * len(inside)
        if room < 0:
            return
        yield from ((number, c) for number in inside for c in columns)


def _note(found: Trial, row: list, columns: tuple[int, ...], errors: dict[str, str], kind: str = BAD) -> None:
    found.bad += kind == BAD
    if kind == WARN:
        found.warned.add(row[0])
    for name in sorted(errors, key=PLACE.__getitem__):
        column = columns[PLACE[name]]
        value = seen(row[column]) if column else ""
        found.findings.append([kind, row[0], column, name, str(value)[:200], errors[name], RIGHT[name]])


# --- what is filed already --------------------------------------------------------------------------


def facts(session: Session, org_id: int, found: Trial, here: int) -> Facts:
    """Return what is filed already of the rows that were read for batch `here`, those with mistakes included."""

    def values(name: str) -> list[str]:
        place = PLACE[name]
        # Sorted once, for several questions (`among`); numbers mostly stand in their order already.
        said = dict.fromkeys(row[1][place] for row in (*found.good, *found.wrong))
        return sorted(text for text in said if text)

    ious, contracts, codes = values("iou_no"), values("contract_no"), values("borrower_code")
    return Facts(
        there=filed(session, org_id, ious, here),
        lent=lent(session, org_id, contracts),
        online=online(session, org_id, codes),
        names=names(session, codes),
    )


def filed(session: Session, org_id: int, ious: list[str], here: int = 0) -> dict[str, str]:
    """Return which 借据编号 the institution has used already, and where; `here` is the batch that is asked for."""
    found: dict[str, str] = {}
    waiting = select(Disbursement.iou_no).where(
        Disbursement.org_id == org_id,
        Disbursement.status == Status.PENDING.value,
        among(session, col(Disbursement.iou_no), ious),
    )
    found |= dict.fromkeys(session.exec(waiting), "平台放款（待审核）")
    # A correction mostly repeats the number of a loan that is here already; without them the unique index serves.
    booked = select(Loan.iou_no, Loan.source).where(
        Loan.institution_id == org_id,
        col(Loan.replaces_id).is_(None),
        among(session, col(Loan.iou_no), ious),
    )
    found |= {i: f"贷款台账（{LoanSource.label_of(s)}）" for i, s in session.exec(booked)}
    drafts = select(OfflineLoan.iou_no, OfflineLoan.batch_id).where(
        OfflineLoan.org_id == org_id,
        col(OfflineLoan.is_booked).is_(False),
        col(OfflineLoan.replaces_loan_id).is_(None),
        among(session, col(OfflineLoan.iou_no), ious),
    )
    found |= _called(session, list(session.exec(drafts)), here)
    return found | _corrected(session, org_id, ious, here)


def _called(session: Session, used: list[tuple[str, int]], here: int, more: str = "") -> dict[str, str]:
    """Return what the batches are called in which numbers are used."""
    name = col(FilingBatch.data)["name"].as_string()
    query = select(FilingBatch.id, name).where(col(FilingBatch.id).in_({b for _, b in used}))
    called = {b: f"备案批次“{name}”{more}" for b, name in session.exec(query)} if used else {}
    return {iou: called[b] if b != here else f"本批备案{more}" for iou, b in used}


def _corrected(session: Session, org_id: int, ious: list[str], here: int) -> dict[str, str]:
    """Return which numbers a correction has given to a loan, or is about to give it."""
    # The sum keeps the planner from the institution's index: corrections are few, its loans may be a million.
    booked = select(Loan.iou_no).where(
        col(Loan.replaces_id).is_not(None), col(Loan.institution_id) + 0 == org_id, in_force()
    )
    drafts = select(OfflineLoan.iou_no, OfflineLoan.batch_id).where(
        col(OfflineLoan.replaces_loan_id).is_not(None),
        col(OfflineLoan.org_id) + 0 == org_id,
        col(OfflineLoan.is_booked).is_(False),
    )
    found: dict[str, str] = {}
    # Most institutions have none: ten thousand numbers are only sent where there is something to compare.
    if session.exec(booked.limit(1)).first():
        named = booked.where(among(session, col(Loan.iou_no), ious))
        found |= dict.fromkeys(session.exec(named), "贷款台账（更正）")
    if session.exec(drafts.limit(1)).first():
        named_drafts = drafts.where(among(session, col(OfflineLoan.iou_no), ious))
        found |= _called(session, list(session.exec(named_drafts)), here, "（更正）")
    return found


def online(session: Session, org_id: int, codes: list[str]) -> dict[Twin, str]:
    """Return the loans that the institution made on the platform to some borrowers, waiting ones too: each its 借据编号."""
    booked = select(Loan.borrower_code, col(Loan.lent_on), Loan.amount_fen, Loan.iou_no).where(
        Loan.institution_id == org_id,
        Loan.source == LoanSource.ONLINE.value,
        among(session, col(Loan.borrower_code), codes),
    )
    found = [*session.exec(booked)]
    pending = (Disbursement.org_id == org_id, Disbursement.status == Status.PENDING.value)
    if session.exec(select(Disbursement.id).where(*pending).limit(1)).first():
        waiting = select(
            Organisation.credit_code, col(Disbursement.lent_on), Disbursement.amount_fen, Disbursement.iou_no
        ).join(Organisation, col(Organisation.id) == Disbursement.borrower_id)
        waiting = waiting.where(*pending, among(session, col(Organisation.credit_code), codes))
        found = [*session.exec(waiting), *found]
    return {(code or "", on, amount): iou for code, on, amount, iou in found if on}


def twin_of(values: dict[str, Any]) -> Twin:
    """Return what makes a loan the same as another, of its columns."""
    return values["borrower_code"], values["lent_on"], values["amount_fen"]


def is_twin(iou: str) -> str:
    """Return the sentence that a loan was made on the platform."""
    return f"与平台线上放款 {iou} 是同一笔（企业、日期、金额相同），线上放款无需备案，请删除此行"


def names(session: Session, codes: list[str]) -> dict[str, str]:
    """Return the verified enterprises' names by credit code."""
    query = select(Organisation.credit_code, Organisation.name).where(
        among(session, col(Organisation.credit_code), codes), col(Organisation.verified_at).is_not(None)
    )
    return {code or "": name for code, name in session.exec(query)}


# --- rows against the others ------------------------------------------------------------------------


def finish(found: Trial, known: Facts, layout: Layout) -> Trial:
    """Check the rows against each other and against what is filed; keep the good ones in order."""
    rows = {row[0]: row for row in layout.rows}
    lent_so_far, seen, good = dict(known.lent), _first_places(layout), []
    elsewhere, keys = picked(ELSEWHERE), itemgetter(*map(COLUMNS.index, KEYS))
    for number, values, own in _in_order(found):
        iou, contract, code, amount, limit = keys(values)
        met = own or known.online or iou in known.there or code in known.names or contract in lent_so_far
        if not met and seen.get(iou, number) == number:
            # There is nothing to compare it with, as with most rows of most files.
            lent_so_far[contract] = with_more(None, amount, limit, number)
            good.append((number, values))
            continue
        row = elsewhere(values)
        if where := known.there.get(row["iou_no"]):
            found.there += 1
            text = f"该借据编号已在{where}中，不会重复导入"
            _note(found, rows[number], layout.columns, {"iou_no": text}, THERE)
            continue
        # A cell that is wrong by itself says so; the others of its row are compared all the same.
        errors = _against_others(row, number, known, lent_so_far, seen)
        if own or errors:
            errors |= own
            _note(found, rows[number], layout.columns, errors)
            continue
        lent_so_far[contract] = with_more(lent_so_far.get(contract), amount, limit, number)
        if known.names and (text := warning(row, known.names)):
            found.warnings[number] = text
            _note(found, rows[number], layout.columns, {"borrower_name": text}, WARN)
        good.append((number, values))
    _question_rates(found, rows, layout.columns)
    found.good, found.wrong = good, []
    found.findings.sort(key=lambda f: (f[1], f[2]))
    _keep_to_limits(found)
    return found


def _question_rates(found: Trial, rows: dict[int, list], columns: tuple[int, ...]) -> None:
    """Ask about rates that look like fractions; a row that is filed already is not asked about."""
    place, there = COLUMNS.index("rate_bp"), {f[1] for f in found.findings if f[0] == THERE}
    for number, values, *_ in (*found.good, *found.wrong):
        if (asked := low_rate(values[place])) and number not in there:
            _note(found, rows[number], columns, {"rate": asked}, WARN)


def _keep_to_limits(found: Trial) -> None:
    """Keep as many findings as can be listed and marked, and say what became of the others."""
    if (total := len(found.findings)) > FINDINGS:
        del found.findings[FINDINGS:]
        found.notes.append(
            f"有问题的单元格共 {total:,} 处，只列出并标注前 {FINDINGS:,} 处（到第 {found.findings[-1][1]} 行）。"
            "请先更正这些，再导入更正后的文件查看其余。"
        )
    if len({(f[1], f[2]) for f in found.findings if f[2]}) > COMMENTS:
        found.notes.append(
            f"标注后的文件中前 {COMMENTS:,} 处加了批注，其余只着色，说明请在页面的列表中按行号查看。"
        )


_RIGHT: dict[str, str] = {}


def _in_order(found: Trial) -> Iterable[tuple[int, tuple[Any, ...], dict[str, str]]]:
    rows = ((number, values, _RIGHT) for number, values in found.good)
    return sorted([*rows, *found.wrong], key=itemgetter(0)) if found.wrong else rows


def _first_places(layout: Layout) -> dict[str, int]:
    column, seen = layout.columns[PLACE["iou_no"]], {}
    for row in layout.rows:
        # As the number will be kept: what nobody sees of it does not make it another.
        seen.setdefault(plain_document_no(row[column]), row[0])
    return seen


def _against_others(
    row: dict[str, Any], number: int, known: Facts, lent_so_far: dict[str, Lent], seen: dict[str, int]
) -> dict[str, str]:
    errors: dict[str, str] = {}
    first = seen.get(row["iou_no"], number)
    if first != number:
        errors["iou_no"] = f"与第 {first} 行的借据编号相同，一笔借据只能填一行，请核对编号或删除重复行"
    if known.online and (twin := known.online.get(twin_of(row))):
        errors["iou_no"] = is_twin(twin)
    lent_ = lent_so_far.get(row["contract_no"])
    if lent_ and row["amount_fen"] and row["contract_fen"]:
        errors |= over_contract(row, lent_)
    return errors


def warning(row: dict[str, Any], names: dict[str, str]) -> str:
    """Return what a reviewer should look at, empty when nothing is remarkable."""
    verified = names.get(row["borrower_code"], "")
    if verified and half_width(verified) != half_width(row["borrower_name"]):
        return f"该信用代码的认证企业名称为“{verified}”，与填写的名称不一致，请核对"
    return ""

"""A period's reports as one ZIP: a folder an organisation, and an index sheet (manual §7)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import DomainError, NotFound
from cpegi_app.models import Organisation, Report, StoredFile
from cpegi_app.services import audit, files, report_period, staff
from cpegi_app.services import report_statistics as statistics
from cpegi_app.services.forms import normalise
from cpegi_app.services.identifiers import masked
from cpegi_app.services.report import FLOW
from cpegi_app.services.report_desk import approved, of_period
from cpegi_app.vocabulary import OrgClass, ReportKind

INDEX = "目录.xlsx"
GONE = "文件缺失，请联系平台"
_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
# Names that Windows keeps for devices; a folder of that name could not be unpacked there.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
HEADS = (
    "序号", "机构名称", "统一社会信用代码", "机构类别", "报告类型", "报告期", "报告名称", "说明",
    "报送时间", "审核通过时间", "文件数", "所在文件夹", "文件",
)  # fmt: skip
FIGURE_HEADS = ("机构名称", "机构类别", "报告类型", "报告期", "指标", "单位", "填报数", "台账数", "差异")


@dataclass(frozen=True)
class Member:
    """A file of the archive: its path in it, its content's path on disk (None: lost)."""

    name: str
    content: Path | None


@dataclass
class Plan:
    """What the archive will hold; made in one short transaction, written out afterwards."""

    title: str
    rows: list[list[Any]] = field(default_factory=list)
    figures: list[list[Any]] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)


def plan(session: Session, actor: Actor, code: str) -> Plan:
    """Return what a period's archive holds, for somebody who may read it; the download is in the audit trail."""
    staff.require(actor, Permission.REPORT_READ)
    try:
        period = report_period.parse(code)
    except ValueError:
        raise NotFound("报告期") from None
    query = of_period(approved(), period).order_by(col(Organisation.name), col(Report.kind), col(Report.id))
    found = session.exec(query).all()
    if not found:
        raise DomainError(f"{period.label}还没有审核通过的报告，请选择其他报告期。")
    made = Plan(f"{period.label}报告")
    folders = _Names()
    attached = _files(session, [r.id for r, _ in found])
    for number, (row, org) in enumerate(found, 1):
        folder = folders.of(org.id, org.name, org.credit_code or "")
        _add(made, number, row, org, folder, attached.get(row.id, []))
    audit.record(session, actor, "report.zip", f"report:{period.code}", f"{made.title}，{len(found)} 份")
    return made


def write(made: Plan, target: IO[bytes]) -> None:
    """Write the archive; nothing of it stays in memory but one piece at a time."""
    # Stored, not deflated: PDF, pictures and workbooks are compressed already.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        with archive.open(INDEX, "w") as index:
            _workbook(made).save(index)
        for member in made.members:
            if member.content is not None:
                archive.write(member.content, member.name)


def safe_name(text: str, longest: int = 80) -> str:
    """Return a text as one part of a path on any system."""
    name = _UNFIT.sub("_", normalise(text)).strip(". ")[:longest].rstrip(". ")
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name


class _Names:
    """Gives every organisation one folder, told apart by the credit code where names are the same."""

    def __init__(self) -> None:
        self._of: dict[int, str] = {}

    def of(self, key: int, name: str, code: str) -> str:
        if key not in self._of:
            taken = {n.casefold() for n in self._of.values()}
            folder = safe_name(name)
            self._of[key] = safe_name(f"{folder}_{code or key}") if folder.casefold() in taken else folder
        return self._of[key]


def _files(session: Session, ids: list[int]) -> dict[int, list[StoredFile]]:
    query = select(StoredFile).where(StoredFile.flow == FLOW.name, col(StoredFile.subject_id).in_(ids))
    query = query.where(col(StoredFile.removed_at).is_(None)).order_by(col(StoredFile.id))
    found: dict[int, list[StoredFile]] = {}
    for stored in session.exec(query):
        found.setdefault(stored.subject_id, []).append(stored)
    return found


def _add(
    made: Plan, number: int, row: Report, org: Organisation, folder: str, attached: list[StoredFile]
) -> None:
    label = ReportKind.label_of(row.kind)
    place = f"{folder}/{label}_{safe_name(row.name, 60)}_{row.id}"
    names = []
    for stored, name in _unlike(attached):
        try:
            content = files.store().open(stored.sha256)
        except NotFound:
            content = None
        made.members.append(Member(f"{place}/{name}", content))
        names.append(name if content else f"{name}（{GONE}）")
    made.rows.append(
        [
            number,
            org.name,
            org.credit_code or "",
            OrgClass.label_of(row.org_class),
            label,
            report_period.label(row.period),
            row.name,
            row.data.get("note", ""),
            clock.local(row.handed_in_at),
            clock.local(row.decided_at),
            len(attached),
            place,
            "\n".join(names),
        ]
    )
    for f in statistics.figures(row.org_class):
        if (entry := row.statistics.get(f.name)) is not None:
            head = [org.name, OrgClass.label_of(row.org_class), label, report_period.label(row.period)]
            # Looking at a number in full is recorded, one by one, on the report's own page only.
            value = masked(entry["value"]) if f.secret and entry["value"] else entry["value"]
            made.figures.append([*head, f.title, f.unit, value, entry["book"], entry["difference"]])


def _unlike(attached: list[StoredFile]) -> Iterator[tuple[StoredFile, str]]:
    """Yield the files with names that differ, whatever they were called."""
    taken: set[str] = set()
    for stored in attached:
        path = PurePosixPath(safe_name(stored.name))
        stem, number = path.stem, 1
        name = f"{stem}.{stored.kind}"
        while name.casefold() in taken:
            number += 1
            name = f"{stem}（{number}）.{stored.kind}"
        taken.add(name.casefold())
        yield stored, name


# --- the index sheet ------------------------------------------------------------------------------


def _workbook(made: Plan) -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = "目录"  # pyright: ignore[reportOptionalMemberAccess]
    fill(sheet, HEADS, made.rows)
    if made.figures:
        fill(book.create_sheet("统计数据"), FIGURE_HEADS, made.figures, numbers=(6, 7))
    return book


def fill(sheet: Any, heads: tuple[str, ...], rows: list[list[Any]], numbers: tuple[int, ...] = ()) -> None:
    """Fill a sheet of an index; only the columns in `numbers` hold numbers, every other text stays text."""
    for column, head in enumerate(heads, 1):
        cell = sheet.cell(1, column, head)
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = 10 if column == 1 else 24
    for line, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            _put(sheet.cell(line, column), value, number=column - 1 in numbers)
    sheet.freeze_panes = "A2"


def _put(cell: Any, value: Any, *, number: bool) -> None:
    """Write a number as a number and everything else as text: a text is never a formula."""
    if isinstance(value, int):
        cell.value = value
        return
    text = normalise(str(value))
    if number and re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        cell.value = float(text) if "." in text else int(text)
        return
    cell.value, cell.data_type = text, "s"
    cell.quotePrefix = True
    cell.alignment = Alignment(wrap_text="\n" in text, vertical="top")

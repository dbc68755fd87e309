"""The file of a payment batch: as it goes out to the finance office, and as it comes back (manual §8.2)."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlmodel import Session, col, select

from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, DomainError
from cpegi_app.models import Payment, PaymentBatch, PolicyApplication, PolicyClaim
from cpegi_app.services import policy_payment, sheet_reader, sheet_writer
from cpegi_app.services.forms import day_of, half_width, normalise
from cpegi_app.vocabulary.policy import PaymentState

# What goes out to the finance office, and comes back with the last four columns filled in.
OUT = ("付款编号", "收款户名", "开户行", "账号", "金额（元）", "政策", "受理编号")
BACK = ("拨付结果", "拨付日期", "凭证号", "失败原因")
# Headings that a returned file must have, and those that are compared where they are there.
NEEDED, COMPARED = ("付款编号", *BACK), ("金额（元）", "收款户名", "账号")
MOST_ROWS, MOST_BYTES = 5_000, 5 << 20
C, A = PolicyClaim, PolicyApplication


def taken(session: Session, actor: Actor, batch_id: int, kind: str) -> str:
    """Return the name of the file for the finance office, .xlsx or .csv, of a batch that has gone out to it."""
    return f"拨付批次{_out(session, actor, batch_id).number}.{kind}"


def content(session: Session, actor: Actor, batch_id: int, kind: str) -> bytes:
    """Return the content of that file; it only reads, so that nobody's write waits for it."""
    batch = _out(session, actor, batch_id)
    query = select(Payment, A).where(
        Payment.batch_id == batch.id, Payment.claim_id == C.id, A.id == C.application_id
    )
    rows = [_cells(p, a) for p, a in session.exec(query.order_by(col(Payment.id)))]
    return _csv(rows) if kind == "csv" else sheet_writer.write("拨付明细", (*OUT, *BACK), rows)


def _out(session: Session, actor: Actor, batch_id: int) -> PaymentBatch:
    batch = policy_payment.load(session, actor, batch_id)
    if not policy_payment.is_out(batch):
        raise Conflict("批次还在编制中，请先点击“确认并导出”，再下载文件。")
    return batch


def _cells(p: Payment, a: PolicyApplication) -> list[object]:
    amount = Decimal(p.amount_fen) / 100
    head = [p.number, p.payee_name, p.bank, p.account_no, amount, a.policy_name, a.receipt_no or ""]
    result = {PaymentState.PAID: "成功", PaymentState.FAILED: "失败"}.get(PaymentState(p.state), "")
    paid_on: date | str = p.paid_on or ""
    return [*head, result, paid_on, p.voucher_no, p.failure]


def _csv(rows: list[list[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow((*OUT, *BACK))
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    # The mark tells Excel and WPS that it is UTF-8.
    return out.getvalue().encode("utf-8-sig")


def _guarded(cell: object) -> str:
    """Return a cell that no spreadsheet takes for a formula (security.md)."""
    text = f"{cell:.2f}" if isinstance(cell, Decimal) else normalise(str(cell))
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else text


# --- what comes back ----------------------------------------------------------------------------------

# A row of the returned file: its number there, and its cells by heading.
Line = tuple[int, dict[str, str]]


def read(name: str, data: bytes) -> list[Line]:
    """Return the rows of a returned file (.xlsx or .csv) by the headings of the one that went out."""
    if len(data) > MOST_BYTES:
        raise DomainError("文件超过 5 MB，请只保留拨付明细后重新导入。")
    rows = _workbook(name, data) if data[:2] == b"PK" else _text(data)
    for at, (_, cells) in enumerate(rows[:30]):
        heads = [_heading(c) for c in cells]
        if "付款编号" in heads:
            if missing := [h for h in NEEDED if h not in heads]:
                raise DomainError(
                    f"文件缺少列：{'、'.join(missing)}。请使用从本批次导出的文件填写结果后重新导入。"
                )
            return _named(heads, rows[at + 1 :])
    raise DomainError("文件中没有找到“付款编号”列。请使用从本批次导出的文件填写结果后重新导入。")


def _heading(cell: str) -> str:
    plain = half_width(cell)
    return {"金额": "金额（元）", "金额(元)": "金额（元）", "结果": "拨付结果"}.get(plain, plain)


def _named(heads: list[str], rows: list[tuple[int, list[str]]]) -> list[Line]:
    if len(rows) > MOST_ROWS:
        raise DomainError(f"文件超过 {MOST_ROWS} 行，请核对是否为本批次的结果文件。")
    wanted = {*NEEDED, *COMPARED}
    named = (
        (number, {h: c for h, c in zip(heads, cells, strict=False) if h in wanted}) for number, cells in rows
    )
    return [(number, cells) for number, cells in named if any(cells.values())]


def _workbook(name: str, data: bytes) -> list[tuple[int, list[str]]]:
    book = sheet_reader.read(name, data)
    if not book.sheets:
        raise DomainError("文件中没有可见的工作表，请核对后重新导入。")
    sheet = sheet_reader.whole(book.sheets[0], name)
    return [(row[0], [_plain(sheet_reader.seen(c)) for c in row[1:]]) for row in sheet.rows]


def _plain(cell: object) -> str:
    """Return a cell as text: dates of any kind as YYYY-MM-DD."""
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return normalise(str(cell)) if cell is not None else ""


def _text(data: bytes) -> list[tuple[int, list[str]]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise DomainError("无法识别文件的编码。请用 Excel 或 WPS 另存为 .xlsx 后重新导入。")
    if "\x00" in text:
        raise DomainError("文件不是 .xlsx 或 .csv。请使用从本批次导出的文件填写结果后重新导入。")
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        raise DomainError("无法读取 .csv 文件。请用 Excel 或 WPS 另存为 .xlsx 后重新导入。") from None
    return [(n, [normalise(c).removeprefix("'") for c in row]) for n, row in enumerate(rows, 1)]


def day(text: str) -> date | None:
    """Return a date as people and spreadsheets leave it; None when it is none."""
    plain = half_width(text)
    if plain.isascii() and plain.replace(".", "", 1).isdigit() and 20_000 < float(plain) < 80_000:
        # A date that lost its format is the number of days since the end of 1899.
        return date(1899, 12, 30) + timedelta(days=int(float(plain)))
    try:
        return day_of(text[:10] if text[10:11] in ("T", " ") else text)
    except ValueError:
        return None

"""The records that an application stands on: which there are, whose they are, who has used them (manual §8.1, §6.4).

Each source says how its records are read; everything else here is the same for all of them. To add a source, add one
line to SOURCES and one to `policy_choice.SHELVES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.models import InvestmentRecord, Loan, Organisation, PolicyApplication, PolicyRecord
from cpegi_app.services import policy_sorts
from cpegi_app.services.policy_amount import Facts, overlap_days, yuan
from cpegi_app.services.policy_definition import Definition
from cpegi_app.vocabulary.equity import InvestMode, Round
from cpegi_app.vocabulary.policy import AmountRule, RecordSide, RecordSource


@dataclass(frozen=True)
class Record:
    """A loan or an investment as a policy sees it; money in 分, rate in 0.01 %."""

    source: str
    id: int
    # The first of a chain of corrections: what “once” is counted by.
    root_id: int
    title: str
    number: str
    on: date
    receiver_id: int | None
    receiver_code: str
    receiver: str
    provider_id: int
    provider: str
    amount_fen: int | None
    until: date | None = None
    rate_bp: int | None = None
    # Why no policy takes it, empty when one may.
    barred: str = ""
    # Of which sort it is, by the codes of `policy_sorts`.
    sorts: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> str:
        """Return how forms name the record."""
        return f"{self.source}:{self.id}"

    def facts(self) -> Facts:
        """Return what an amount rule needs."""
        return Facts(self.key, self.title, self.amount_fen, self.on, self.until, self.rate_bp)

    def snapshot(self) -> dict[str, Any]:
        """Return what the record says today, for the history of the application."""
        return {
            "title": self.title,
            "number": self.number,
            "on": self.on.isoformat(),
            "until": self.until.isoformat() if self.until else "",
            "amount_fen": self.amount_fen,
            "rate_bp": self.rate_bp,
            "receiver": self.receiver,
            "provider": self.provider,
        }


@dataclass(frozen=True)
class Source:
    """How a kind of record is read by id; how an organisation's own are found says `policy_choice`."""

    label: str
    get: Callable[[Session, list[int]], list[Record]]


# --- loans --------------------------------------------------------------------------------------------


def _loans_get(session: Session, ids: list[int]) -> list[Record]:
    found = session.exec(select(Loan).where(col(Loan.id).in_(ids)).order_by(col(Loan.id).desc()))
    return _loans(session, list(found))


def _loans(session: Session, loans: list[Loan]) -> list[Record]:
    ids = {loan.institution_id for loan in loans}
    query = select(Organisation.id, Organisation.name, Organisation.org_class)
    lenders = {
        i: (name, sort or "") for i, name, sort in session.exec(query.where(col(Organisation.id).in_(ids)))
    }
    later = select(Loan.replaces_id).where(col(Loan.replaces_id).in_([loan.id for loan in loans]))
    replaced = set(session.exec(later))
    roots = _roots(session, loans)
    return [
        Record(
            source=RecordSource.LOAN.value,
            id=loan.id or 0,
            root_id=roots[loan.id or 0],
            title=f"借据 {loan.iou_no}",
            number=loan.contract_no,
            on=loan.lent_on,
            until=loan.due_on,
            receiver_id=loan.borrower_id,
            receiver_code=loan.borrower_code,
            receiver=loan.borrower_name,
            provider_id=loan.institution_id,
            provider=lenders[loan.institution_id][0],
            amount_fen=loan.amount_fen,
            rate_bp=loan.rate_bp,
            sorts={
                "loan_lenders": lenders[loan.institution_id][1],
                "loan_guarantees": loan.guarantee,
                "loan_classes": loan.five_class,
                "loan_first": loan.is_first,
                "loan_channels": loan.source,
            },
            barred="记录已被更正，请选取更正后的记录" if loan.id in replaced else "",
        )
        for loan in loans
    ]


def _roots(session: Session, loans: list[Loan]) -> dict[int, int]:
    """Return the first loan of each one's chain of corrections."""
    at = {loan.id or 0: loan.replaces_id for loan in loans}
    root = {i: i for i in at}
    while steps := {i: before for i, before in at.items() if before}:
        root |= steps
        query = select(Loan.id, Loan.replaces_id).where(col(Loan.id).in_(set(steps.values())))
        before = dict(session.exec(query).all())
        at = {i: before.get(r) for i, r in steps.items()}
    return root


# --- investments --------------------------------------------------------------------------------------

UNPAID = "记录没有到账日期，不能作为奖补依据；如投资款已到账，请在投资记录中点击“对记录有疑问”告知平台"


def _investments_get(session: Session, ids: list[int]) -> list[Record]:
    query = select(InvestmentRecord).where(col(InvestmentRecord.id).in_(ids))
    return [_investment(r) for r in session.exec(query.order_by(col(InvestmentRecord.id).desc()))]


def _investment(r: InvestmentRecord) -> Record:
    return Record(
        source=RecordSource.INVESTMENT.value,
        id=r.id or 0,
        # Entries of the library are never corrected.
        root_id=r.id or 0,
        title=r.project_name,
        number=f"{Round.label_of(r.round)} · {InvestMode.label_of(r.mode)}",
        on=r.paid_on or r.agreed_on,
        receiver_id=r.enterprise_id,
        receiver_code=r.enterprise_code,
        receiver=r.enterprise_name,
        provider_id=r.org_id,
        provider=r.institution_name,
        amount_fen=r.amount_fen,
        barred="" if r.paid_on else UNPAID,
        sorts={"invest_rounds": r.round, "invest_modes": r.mode},
    )


# --- all sources --------------------------------------------------------------------------------------

SOURCES: dict[str, Source] = {
    RecordSource.LOAN.value: Source("贷款", _loans_get),
    RecordSource.INVESTMENT.value: Source("投资", _investments_get),
}


def parse_keys(text: str) -> list[tuple[str, int]]:
    """Return the records that a draft names, unknown and doubled ones left out."""
    found: dict[tuple[str, int], None] = {}
    for part in text.split(","):
        source, _, number = part.partition(":")
        if source in SOURCES and number.isascii() and number.isdigit() and 0 < int(number[:11]) < 2**31:
            found[source, int(number[:11])] = None
    return list(found)


def get(session: Session, keys: Iterable[tuple[str, int]]) -> list[Record]:
    """Return records by their keys, in the order in which they were named."""
    wanted = list(keys)
    found: dict[tuple[str, int], Record] = {}
    for source in {s for s, _ in wanted}:
        ids = [i for s, i in wanted if s == source]
        found |= {(r.source, r.id): r for r in SOURCES[source].get(session, ids)}
    return [found[key] for key in wanted if key in found]


def is_own(record: Record, org: Organisation, side: str) -> bool:
    """Tell whether the organisation is a party to the record on the side that may choose."""
    by_code = record.receiver_id is None and org.credit_code and record.receiver_code == org.credit_code
    receives = record.receiver_id == org.id or bool(by_code)
    provides = record.provider_id == org.id
    if side == RecordSide.RECEIVER:
        return receives
    return provides if side == RecordSide.PROVIDER else receives or provides


def claims(
    session: Session, policy_id: int, records: Iterable[Record], but: int = 0
) -> dict[tuple[str, int], PolicyRecord]:
    """Return who holds which of the records under a policy, by source and root; all but one application's."""
    found: dict[tuple[str, int], PolicyRecord] = {}
    listed = list(records)
    for source in {r.source for r in listed}:
        query = select(PolicyRecord).where(
            PolicyRecord.policy_id == policy_id,
            PolicyRecord.source == source,
            col(PolicyRecord.root_id).in_({r.root_id for r in listed if r.source == source}),
            col(PolicyRecord.released_at).is_(None),
            col(PolicyRecord.application_id) != but,
        )
        found |= {(c.source, c.root_id): c for c in session.exec(query)}
    return found


def why_not(d: Definition, record: Record, org: Organisation) -> str:
    """Return why a policy does not take a record, empty when it does."""
    if record.source != d.source:
        return "政策不接受这一类记录"
    if not is_own(record, org, d.side):
        return "不是本单位可选取的记录"
    if record.barred:
        return record.barred
    if d.record_from and record.on < d.record_from:
        return f"日期 {record.on} 早于政策规定的 {d.record_from}"
    if d.record_to and record.on > d.record_to:
        return f"日期 {record.on} 晚于政策规定的 {d.record_to}"
    if d.rule == AmountRule.INTEREST and record.until and not overlap_days(d, record.on, record.until):
        return f"借款期间不在贴息期间（{d.interest_from} 至 {d.interest_to}）内"
    return policy_sorts.why_not(d.sorts, record.sorts)


def used_sentence(
    session: Session, claim: PolicyRecord, record: Record, org_id: int, application_id: int
) -> str:
    """Return why a record cannot be chosen any more, empty when the application itself holds it."""
    if claim.application_id == application_id:
        return ""
    row = session.get_one(PolicyApplication, claim.application_id)
    at = clock.local(claim.created_at)
    if claim.org_id == org_id:
        return f"本单位已于 {at} 在申请 {row.receipt_no or row.id} 中使用，每笔记录同一政策只能使用一次"
    other = "放款机构" if claim.org_id == record.provider_id else "借款企业"
    if record.source == RecordSource.INVESTMENT:
        other = "投资机构" if claim.org_id == record.provider_id else "被投企业"
    return f"{other}（{row.org_name}）已于 {at} 先行使用，每笔记录同一政策只能由一方使用一次"


def example(d: Definition) -> Record:
    """Return a record that nobody has, for the preview: a year's loan or an investment of a million 元."""
    on = d.record_from or d.interest_from or clock.today()
    loan = d.source == RecordSource.LOAN
    return Record(
        source=d.source,
        id=0,
        root_id=0,
        title="示例：借据 JJ-001" if loan else "示例：某项目",
        number="HT-001" if loan else "A轮 · 股权",
        on=on,
        until=on + timedelta(days=365) if loan else None,
        receiver_id=None,
        receiver_code="",
        receiver="某企业",
        provider_id=0,
        provider="某银行" if loan else "某投资机构",
        amount_fen=100_000_000,
        rate_bp=385 if loan else None,
    )


def describe(record: Record) -> str:
    """Return a record in one line."""
    amount = f"{yuan(record.amount_fen)} 元" if record.amount_fen is not None else "金额缺失"
    return f"{record.title}，{record.provider} → {record.receiver}，{record.on}，{amount}"

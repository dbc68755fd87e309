"""Which sort of loan or investment a policy takes: each way of telling them apart, declared once (manual §8.1).

`policy_form` draws a field a line, `policy_records` reads a record's own code, `policy_choice` asks for it in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cpegi_app.vocabulary import FiveClass, GuaranteeMode, LoanSource, Term, YesNo
from cpegi_app.vocabulary.equity import InvestMode, Round
from cpegi_app.vocabulary.policy import LenderClass, RecordSource


@dataclass(frozen=True)
class Sort:
    """One way of telling records of a source apart; `code` is the field of the form and the key of the definition."""

    code: str
    source: str
    title: str
    options: type[Term]

    def labels(self, codes: tuple[str, ...]) -> str:
        """Return codes in words, in the order of declaration."""
        return "、".join(m.label for m in self.options if m.value in codes)


LOAN, INVESTMENT = RecordSource.LOAN.value, RecordSource.INVESTMENT.value
SORTS = (
    Sort("loan_lenders", LOAN, "放款机构类别", LenderClass),
    Sort("loan_guarantees", LOAN, "担保方式", GuaranteeMode),
    Sort("loan_classes", LOAN, "五级分类", FiveClass),
    Sort("loan_first", LOAN, "是否首贷", YesNo),
    Sort("loan_channels", LOAN, "业务来源", LoanSource),
    Sort("invest_rounds", INVESTMENT, "投资轮次", Round),
    Sort("invest_modes", INVESTMENT, "投资方式", InvestMode),
)
BY_CODE = {s.code: s for s in SORTS}


def why_not(wanted: Mapping[str, tuple[str, ...]], of: Mapping[str, str]) -> str:
    """Return why a record is not of the sort that is wanted, empty when it is."""
    for code, codes in wanted.items():
        sort, own = BY_CODE[code], of.get(code, "")
        if own and own not in codes:
            return f"{sort.title}为“{sort.options.label_of(own)}”，政策只接受{sort.labels(codes)}"
        if not own:
            return f"记录没有登记{sort.title}，政策只接受{sort.labels(codes)}"
    return ""


def texts(wanted: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the sorts that are wanted, in words."""
    return [f"{BY_CODE[code].title}限{BY_CODE[code].labels(codes)}" for code, codes in wanted.items()]

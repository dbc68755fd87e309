"""How an amount follows from a policy's rule: exact integers of 分, with the formula in words (domain.md §10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from pydantic import BaseModel

from cpegi_app.services.forms import percent, plain_number
from cpegi_app.services.policy_definition import Definition
from cpegi_app.vocabulary.policy import AmountBase, AmountRule

YEAR_DAYS = 360
BP = 10_000
# What money a number is given in, in 分.
UNITS = {"元": 100, "万元": 1_000_000, "亿元": 10_000_000_000}


@dataclass(frozen=True)
class Facts:
    """What a rule needs of a record; None is a figure that the record lacks."""

    key: str
    title: str
    amount_fen: int | None
    starts_on: date | None = None
    ends_on: date | None = None
    rate_bp: int | None = None


class Line(BaseModel):
    """One record's part of the amount."""

    key: str
    title: str
    base_fen: int = 0
    days: int = 0
    amount_fen: int = 0
    text: str = ""
    missing: str = ""


class Calculation(BaseModel):
    """An amount in 分 with its formula; `missing` says what keeps it from being computed."""

    lines: list[Line] = []
    amount_fen: int = 0
    steps: list[str] = []
    missing: list[str] = []


def rounded(exact: Fraction) -> int:
    """Return an exact amount in whole 分, halves up."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def yuan(fen: int) -> str:
    """Return 分 as 元 with two decimals and thousand separators: what is paid is shown to the 分."""
    return f"{Decimal(fen) / 100:,.2f}"


def overlap_days(d: Definition, starts_on: date, ends_on: date) -> int:
    """Return the days of [starts_on, ends_on) within the policy's period, both of whose ends count."""
    first = max(starts_on, d.interest_from) if d.interest_from else starts_on
    last = min(ends_on.toordinal(), d.interest_to.toordinal() + 1) if d.interest_to else ends_on.toordinal()
    return max(0, last - first.toordinal())


def by_records(d: Definition) -> bool:
    """Tell whether the amount follows from the chosen records, each with a part of its own."""
    return d.rule != AmountRule.FIXED and not (d.rule == AmountRule.PERCENT and d.base == AmountBase.ANSWER)


def line_of(d: Definition, facts: Facts) -> Line:
    """Return one record's part, or say which figure it lacks."""
    line = Line(key=facts.key, title=facts.title, base_fen=facts.amount_fen or 0)
    if facts.amount_fen is None:
        return line.model_copy(update={"missing": "缺少金额"})
    if d.rule == AmountRule.PERCENT:
        exact = Fraction(facts.amount_fen * d.percent_bp, BP)
        text = f"{yuan(facts.amount_fen)} 元 × {percent(d.percent_bp)}%"
        return _capped(d, line, exact, text)
    rate = d.interest_bp if d.interest_bp is not None else facts.rate_bp
    if facts.starts_on is None or facts.ends_on is None:
        return line.model_copy(update={"missing": "缺少起止日期"})
    if rate is None:
        return line.model_copy(update={"missing": "缺少年利率"})
    days = overlap_days(d, facts.starts_on, facts.ends_on)
    exact = Fraction(facts.amount_fen * rate * days * d.share_bp, BP * BP * YEAR_DAYS)
    share = f" × {percent(d.share_bp)}%" if d.share_bp != BP else ""
    text = f"{yuan(facts.amount_fen)} 元 × {percent(rate)}% × {days} 天 ÷ {YEAR_DAYS}{share}"
    return _capped(d, line.model_copy(update={"days": days}), exact, text)


def _capped(d: Definition, line: Line, exact: Fraction, text: str) -> Line:
    amount = rounded(exact)
    text = f"{text} = {yuan(amount)} 元"
    if d.record_cap_fen is not None and amount > d.record_cap_fen:
        amount = d.record_cap_fen
        text += f"，超过每笔上限，按 {yuan(amount)} 元计"
    return line.model_copy(update={"amount_fen": amount, "text": text})


def compute(d: Definition, records: list[Facts], answers: dict[str, str], held_fen: int = 0) -> Calculation:
    """Return what an application comes to; `held_fen` is what the applicant holds of the policy besides."""
    found = Calculation()
    if d.rule == AmountRule.FIXED:
        found.amount_fen = d.fixed_fen
        found.steps.append(f"固定金额 {yuan(d.fixed_fen)} 元")
    elif not by_records(d):
        _of_answer(d, answers, found)
    else:
        found.lines = [line_of(d, r) for r in records]
        found.missing += [f"{line.title}：{line.missing}" for line in found.lines if line.missing]
        found.amount_fen = sum(line.amount_fen for line in found.lines)
        found.steps.append(f"{len(records)} 笔合计 {yuan(found.amount_fen)} 元")
    _limit(found, d.case_cap_fen, "每件上限")
    if d.applicant_cap_fen is not None:
        left = max(0, d.applicant_cap_fen - held_fen)
        _limit(found, left, f"本单位在该政策下的上限余额（已占用 {yuan(held_fen)} 元）")
    if found.missing:
        found.amount_fen = 0
    return found


def _of_answer(d: Definition, answers: dict[str, str], found: Calculation) -> None:
    question = d.question(d.base_question)
    if question is None:
        found.missing.append("政策未指明计算依据，请联系受理部门")
        return
    try:
        number = plain_number(answers.get(question.code, ""))
    except ValueError:
        found.missing.append(f"未填写“{question.title}”")
        return
    base = Fraction(number) * UNITS.get(question.unit, 100)
    found.amount_fen = rounded(base * d.percent_bp / BP)
    text = (
        f"{question.title} {yuan(rounded(base))} 元 × {percent(d.percent_bp)}% = {yuan(found.amount_fen)} 元"
    )
    found.steps.append(text)


def _limit(found: Calculation, cap: int | None, what: str) -> None:
    if cap is not None and found.amount_fen > cap:
        found.amount_fen = cap
        found.steps.append(f"超过{what}，按 {yuan(cap)} 元计")

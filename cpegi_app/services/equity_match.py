"""What an institution looks for, and how a project fits it: every reason is shown (manual §6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor, Permission
from cpegi_app.errors import Forbidden, FormInvalid
from cpegi_app.models import EquityProject, InvestPreference, Organisation
from cpegi_app.services.forms import Codes, Form, Number, Text, Widget, fen, input_field, plain_number, wan
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.vocabulary import Industry, InvestStage, Region, Term
from cpegi_app.vocabulary.equity import Round

WANTED, SIZE = "关注方向", "投资规模"
F, W = input_field, Widget


class PreferenceForm(Form):
    """An institution's 投资偏好; amounts a project in 万元, nothing ticked means no limit."""

    industries: Codes = F("关注行业", WANTED, widget=W.CHECKS, options=Industry, required=False)
    rounds: Codes = F("关注轮次", WANTED, widget=W.CHECKS, options=Round, required=False)
    stages: Codes = F("关注阶段", WANTED, widget=W.CHECKS, options=InvestStage, required=False)
    regions: Codes = F("关注地区", WANTED, widget=W.CHECKS, options=Region, required=False)
    amount_min: Number = F(
        "项目融资额下限", SIZE, widget=W.NUMBER, unit="万元", low=0, high=9_999_999, required=False
    )
    amount_max: Number = F(
        "项目融资额上限", SIZE, widget=W.NUMBER, unit="万元", low=0, high=9_999_999, required=False
    )
    note: Text = F("其他要求", SIZE, widget=W.AREA, max_len=500, required=False)


NAMES: frozenset[str] = frozenset(PreferenceForm.model_fields)
TITLES: dict[str, str] = {s.name: s.title for s in PreferenceForm.specs()}


@dataclass(frozen=True)
class Wanted:
    """What an institution looks for; empty: no limit. Amounts in 分, 0: none."""

    industries: frozenset[str] = frozenset()
    rounds: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    low: int = 0
    high: int = 0
    note: str = ""

    @property
    def summary(self) -> str:
        """Return the whole in one line."""
        parts = [
            "、".join(term.label_of(c) for c in term if c in codes)
            for term, codes in (
                (Industry, self.industries),
                (Round, self.rounds),
                (InvestStage, self.stages),
                (Region, self.regions),
            )
            if codes
        ]
        if self.low or self.high:
            parts.append(amounts(self.low, self.high))
        return "；".join(parts) or "未说明"

    @property
    def told(self) -> str:
        """Return the line with what else is asked for, in the institution's words."""
        parts = [self.summary, f"其他要求：{self.note}" if self.note else ""]
        return "；".join(p for p in parts if p and (p != "未说明" or not self.note))


class Reason(BaseModel):
    """One reason for or against a match."""

    text: str
    ok: bool


def amounts(low: int, high: int) -> str:
    """Return a span of amounts in words."""
    if low and high:
        return f"{wan(low)}–{wan(high)} 万元"
    return f"{wan(low)} 万元以上" if low else f"{wan(high)} 万元以下"


def _codes(text: str, term: type[Term]) -> frozenset[str]:
    return frozenset(c for c in text.split(",") if c in term._value2member_map_)


def wanted(row: InvestPreference | None, profile: dict[str, str]) -> Wanted:
    """Return what an institution stated, else what its verified profile says."""
    if row is not None:
        return Wanted(
            _codes(row.industries, Industry),
            _codes(row.rounds, Round),
            _codes(row.stages, InvestStage),
            _codes(row.regions, Region),
            row.amount_min_fen,
            row.amount_max_fen,
            row.note,
        )
    return Wanted(
        industries=_codes(profile.get("invest_industries", ""), Industry),
        stages=_codes(profile.get("invest_stages", ""), InvestStage),
        low=_fen(profile.get("ticket_min", "")),
        high=_fen(profile.get("ticket_max", "")),
    )


def _fen(text: str) -> int:
    try:
        return fen(plain_number(text))
    except ValueError:
        return 0


def of_org(session: Session, org: Organisation) -> Wanted:
    """Return what an institution looks for."""
    row = session.exec(select(InvestPreference).where(InvestPreference.org_id == org.id)).first()
    return wanted(row, org.profile)


def reasons(project: EquityProject, want: Wanted) -> list[Reason]:
    """Return how a project fits what an institution looks for, one reason for everything it stated."""
    found = []
    for label, term, codes, code in (
        ("行业", Industry, want.industries, project.industry),
        ("轮次", Round, want.rounds, project.round),
        ("阶段", InvestStage, want.stages, project.stage),
        ("地区", Region, want.regions, project.region),
    ):
        if codes:
            word = "符合" if code in codes else "不在关注范围"
            found.append(Reason(text=f"{label}：{term.label_of(code)}{word}", ok=code in codes))
    if want.low or want.high:
        fits = project.amount_fen >= want.low and (not want.high or project.amount_fen <= want.high)
        word = "在" if fits else "不在"
        text = f"融资额 {wan(project.amount_fen)} 万元{word} {amounts(want.low, want.high)}内"
        found.append(Reason(text=text, ok=fits))
    return found


def score(found: list[Reason]) -> tuple[int, int]:
    """Return how well something fits, for sorting: few misses first, then many hits."""
    return -sum(not r.ok for r in found), sum(r.ok for r in found)


# --- the institution's own preference ---------------------------------------------------------------


class Preference(BaseModel):
    """The stored preference as its form's strings, and when it was stated."""

    values: dict[str, str]
    updated: str
    from_profile: bool


def own(session: Session, actor: Actor) -> Preference:
    """Return the institution's preference; before the first one, what its profile says."""
    _require(actor)
    org = session.get_one(Organisation, actor.org_id)
    row = session.exec(select(InvestPreference).where(InvestPreference.org_id == org.id)).first()
    want = wanted(row, org.profile)
    values = {
        "industries": ",".join(c for c in Industry if c in want.industries),
        "rounds": ",".join(c for c in Round if c in want.rounds),
        "stages": ",".join(c for c in InvestStage if c in want.stages),
        "regions": ",".join(c for c in Region if c in want.regions),
        "amount_min": _wan(want.low),
        "amount_max": _wan(want.high),
        "note": want.note,
    }
    return Preference(
        values=values, updated=clock.local(row.updated_at) if row else "", from_profile=row is None
    )


def _wan(amount: int) -> str:
    return f"{(Decimal(amount) / 1_000_000).normalize():f}" if amount else ""


def save(session: Session, actor: Actor, data: dict[str, str]) -> None:
    """Keep the institution's preference."""
    _require(actor)
    form = PreferenceForm.parse(data)
    if form.amount_min and form.amount_max and form.amount_min > form.amount_max:
        raise FormInvalid({"amount_max": "项目融资额上限不能小于下限，请核对后更正"})
    one_at_a_time(session, "preference", actor.org_id)
    row = session.exec(select(InvestPreference).where(InvestPreference.org_id == actor.org_id)).first()
    row = row or InvestPreference(org_id=actor.org_id or 0)
    row.industries, row.rounds = ",".join(form.industries or ()), ",".join(form.rounds or ())
    row.stages, row.regions = ",".join(form.stages or ()), ",".join(form.regions or ())
    row.amount_min_fen, row.amount_max_fen = fen(form.amount_min), fen(form.amount_max)
    row.note, row.updated_by, row.updated_at = form.note or "", actor.user_id, clock.now()
    session.add(row)


def _require(actor: Actor) -> None:
    if not actor.may(Permission.EQUITY_BROWSE):
        raise Forbidden

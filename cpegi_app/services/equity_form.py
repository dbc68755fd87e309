"""The form of a financing project in its steps, and its arithmetic (manual §6; domain.md §8)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from pydantic import field_validator

from cpegi_app.errors import FormInvalid
from cpegi_app.services import identifiers
from cpegi_app.services.forms import Form, Number, Text, Widget, input_field, plain_number
from cpegi_app.vocabulary import Industry, InvestStage, Region
from cpegi_app.vocabulary.equity import Round

ABOUT, TERMS, TEAM, FILES = "项目介绍", "融资方案", "团队与用途", "商业计划书与图片"
STEPS = (ABOUT, TERMS, TEAM, FILES)
F, W = input_field, Widget
# The share may differ so many points from what the valuation says before it has to be explained.
TOLERANCE = Decimal(2)
# Said while one types (assets/ui.js) and again by the server: {want} and {is} in 万元 or per cent, {gap} in points.
SUM_OK = "投后估值 = 投前估值 + 融资额，核对一致"
SUM_BAD = "投后估值应为 {want} 万元（投前估值 + 融资额），现填 {is} 万元，请核对"
SHARE_OK = "按融资额 ÷ 投后估值计算，出让比例约为 {want}%，核对一致"
SHARE_BAD = (
    "按融资额 ÷ 投后估值计算，出让比例约为 {want}%，与填写的 {is}% 相差 {gap} 个百分点，"
    "请核对；确有原因的请填写“比例说明”"
)


def _wan(title: str, help: str = "") -> Number:
    return F(title, TERMS, widget=W.NUMBER, unit="万元", low=0.01, high=9_999_999, help=help)


class ProjectForm(Form):
    """A financing project; amounts in 万元, the share in per cent."""

    name: Text = F("项目名称", ABOUT, max_len=60)
    industry: Text = F("所属行业", ABOUT, widget=W.SELECT, options=Industry)
    region: Text = F("项目所在地区", ABOUT, widget=W.SELECT, options=Region)
    stage: Text = F("所处阶段", ABOUT, widget=W.SELECT, options=InvestStage)
    intro: Text = F(
        "项目简介", ABOUT, widget=W.AREA, max_len=500, help="公开展示，请勿写入联系方式和未公开的经营数据"
    )
    advantage: Text = F("核心竞争力", ABOUT, widget=W.AREA, max_len=2000, help="公开展示")
    round: Text = F("融资轮次", TERMS, widget=W.SELECT, options=Round)
    amount: Number = _wan("融资额", "公开展示")
    pre: Number = _wan("投前估值", "仅对经认证的股权金融机构展示")
    post: Number = _wan("投后估值", "投前估值 + 融资额")
    share: Number = F(
        "出让股权比例", TERMS, widget=W.NUMBER, unit="%", low=0.01, high=100, help="约等于融资额 ÷ 投后估值"
    )
    share_note: Text = F(
        "比例说明", TERMS, required=False, max_len=200, help="比例与估值相差 2 个百分点以上时填写原因"
    )
    team: Text = F("团队", TEAM, widget=W.AREA, max_len=2000, help="核心成员及其经历；公开展示")
    use: Text = F(
        "资金用途", TEAM, widget=W.AREA, max_len=2000, help="按用途列出金额；仅对经认证的股权金融机构展示"
    )
    contact: Text = F("项目联系人", TEAM, max_len=40, help="仅对经认证的股权金融机构展示")
    contact_phone: Text = F("联系手机", TEAM, max_len=20, help="仅对经认证的股权金融机构展示", secret=True)

    @field_validator("contact_phone", mode="after")
    @classmethod
    def _phone(cls, value: str) -> str:
        return identifiers.phone(value)


# What everybody reads; the rest is for verified equity institutions.
PUBLIC = frozenset({"name", "industry", "region", "stage", "intro", "advantage", "round", "amount", "team"})
NAMES: frozenset[str] = frozenset(ProjectForm.model_fields)
TITLES: dict[str, str] = {s.name: s.title for s in ProjectForm.specs()} | {"file_PLAN": "商业计划书"}


def step_of(name: str) -> int:
    """Return the step, from 0, on which a field stands; files stand on the last."""
    return STEPS.index(ProjectForm.spec(name).group) if name in NAMES else len(STEPS) - 1


def names_of(step: int) -> frozenset[str]:
    """Return the fields of a step."""
    return frozenset(s.name for s in ProjectForm.specs() if s.group == STEPS[step])


def _plain(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01'), ROUND_HALF_UP).normalize():,f}"


def sum_problem(amount: Decimal, pre: Decimal, post: Decimal) -> str:
    """Return why 投后 is not 投前 + 融资额, empty when it is."""
    return "" if post == pre + amount else SUM_BAD.format(want=_plain(pre + amount), **{"is": _plain(post)})


def share_problem(amount: Decimal, post: Decimal, share: Decimal) -> str:
    """Return how far the share is from 融资额 ÷ 投后估值, empty within the tolerance."""
    want = amount / post * 100
    gap = abs(want - share)
    if gap <= TOLERANCE:
        return ""
    return SHARE_BAD.format(want=_plain(want), gap=_plain(gap), **{"is": _plain(share)})


def arithmetic(data: dict[str, str]) -> dict[str, str]:
    """Return the sums that do not add up, whatever else is wrong with the form."""
    figures: dict[str, Decimal] = {}
    for name in ("amount", "pre", "post", "share"):
        try:
            number = plain_number(data.get(name, ""))
        except ValueError:
            continue
        # What is out of all measure is told by the field's own limits.
        if Decimal("0.01") <= number <= 99_999_999:
            figures[name] = number
    found: dict[str, str] = {}
    amount, post = figures.get("amount"), figures.get("post")
    if amount is None or post is None:
        return found
    if "pre" in figures and (why := sum_problem(amount, figures["pre"], post)):
        # The share follows from the valuation: it is looked at once that is right.
        return {"post": why}
    explained = (data.get("share_note") or "").strip()
    share = figures.get("share", Decimal(101))
    if share <= 100 and not explained and (why := share_problem(amount, post, share)):
        found["share"] = why
    return found


def parse(data: dict[str, str]) -> ProjectForm:
    """Return the checked form, or every mistake at once."""
    errors = arithmetic(data)
    form: ProjectForm | None = None
    try:
        form = ProjectForm.parse(data)
    except FormInvalid as refusal:
        errors = refusal.fields | {k: v for k, v in errors.items() if k not in refusal.fields}
    if errors or form is None:
        raise FormInvalid(errors)
    return form


def step_problems(data: dict[str, str], step: int) -> dict[str, str]:
    """Return what is wrong on one step."""
    try:
        parse(data)
    except FormInvalid as refusal:
        return {name: text for name, text in refusal.fields.items() if step_of(name) == step}
    return {}

"""From the draft of a policy to its definition: every check of the staff's form (manual §8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from cpegi_app import clock
from cpegi_app.errors import FormInvalid
from cpegi_app.services import conditions, policy_base, policy_figures, policy_formats, policy_sorts
from cpegi_app.services.forms import basis_points, day_of, fen, normalise, plain_number, too_long
from cpegi_app.services.policy_definition import TEXT_MOST, Definition, Material, Question
from cpegi_app.services.policy_form import MOST_FILES, PEOPLE, SPECS, STAGES, PolicyForm
from cpegi_app.services.policy_template import KEPT, kept
from cpegi_app.vocabulary.policy import AmountBase, AmountRule, QuestionKind, RecordSide, RecordSource

# How long the explanation of a material or a question may be.
NOTE_MAX = 300


def parse(draft: dict[str, Any], staff: dict[int, str]) -> Definition:
    """Return the checked definition, or every mistake at once; `staff` are the people who may be named."""
    values: dict[str, str] = draft["values"]
    errors: dict[str, str] = {}
    form, stated = _form(values, errors), _conditions(values, errors)
    questions = tuple(_question(code, values, errors) for code in draft["questions"])
    materials = tuple(_material(code, draft, errors) for code in draft["materials"])
    people = people_of(values, staff, errors)
    if form is not None:
        errors |= policy_figures.nobody(form.kinds or (), form.classes or (), stated)
    if len(materials) + sum(q.kind == QuestionKind.FILE for q in questions) > MOST_FILES:
        errors["form"] = f"材料和文件类问题合计最多 {MOST_FILES} 项，请合并或删除不需要的项"
    window: tuple[datetime | None, ...] = ()
    if form is not None:
        window = _window(form, errors)
        _consistent(form, questions, errors)
    if errors or form is None:
        raise FormInvalid(errors, f"有 {len(errors)} 处需要更正，更正后才能发布；已填写的内容已保存。")
    return _definition(form, window, stated, questions, materials, people)


def _form(values: dict[str, str], errors: dict[str, str]) -> PolicyForm | None:
    try:
        return PolicyForm.parse({k: v for k, v in values.items() if k in PolicyForm.model_fields})
    except FormInvalid as refusal:
        errors |= refusal.fields
        return None


def _conditions(values: dict[str, str], errors: dict[str, str]) -> dict[str, dict[str, Any]]:
    try:
        return conditions.parse({k: v for k, v in values.items() if k.startswith("c_")})
    except FormInvalid as refusal:
        errors |= refusal.fields
        return {}


def _moment(on: date | None, hour: str | None, last: bool) -> datetime | None:
    if on is None:
        return None
    hour = hour or ("24:00" if last else "00:00")
    if hour == "24:00":
        on, hour = on + timedelta(days=1), "00:00"
    return datetime.combine(on, time.fromisoformat(hour), clock.SHANGHAI)


def _window(form: PolicyForm, errors: dict[str, str]) -> tuple[datetime | None, ...]:
    opens = _moment(form.opens_on, form.opens_time, False)
    closes = _moment(form.closes_on, form.closes_time, True)
    if opens and closes and opens >= closes:
        errors["closes_on"] = "申报截止时间须晚于开始时间"
    return opens, closes, *redemption_of(form.redeem_opens_on, form.redeem_closes_on, errors)


def redemption_of(
    opens_on: date | None, closes_on: date | None, errors: dict[str, str]
) -> tuple[datetime | None, datetime | None]:
    """Return from when until when grants can be redeemed; both or neither."""
    redeem_opens, redeem_closes = _moment(opens_on, "", False), _moment(closes_on, "", True)
    if bool(redeem_opens) != bool(redeem_closes):
        late = "redeem_closes_on" if redeem_opens else "redeem_opens_on"
        errors[late] = "兑现开始和截止日期须同时填写，或都不填"
    if redeem_opens and redeem_closes and redeem_opens >= redeem_closes:
        errors["redeem_closes_on"] = "兑现截止日期须不早于开始日期"
    return redeem_opens, redeem_closes


def _consistent(form: PolicyForm, questions: tuple[Question, ...], errors: dict[str, str]) -> None:
    if not form.kinds and not form.classes:
        errors["kinds"] = "请至少选择一种机构类型或机构类别"
    if form.source:
        if not form.side:
            errors["side"] = "请选择由谁选取记录"
        if (form.record_least or 1) > (form.record_most or 50):
            errors["record_most"] = "最多选取笔数不能小于最少选取笔数"
    if form.record_from and form.record_to and form.record_from > form.record_to:
        errors["record_to"] = "结束日期不能早于开始日期"
    if form.rule == AmountRule.FIXED and not form.fixed:
        errors["fixed"] = "请填写固定金额"
    if form.rule == AmountRule.PERCENT:
        _percent(form, questions, errors)
    if form.rule == AmountRule.INTEREST:
        if form.source != RecordSource.LOAN:
            errors["source"] = "按日计算利息须选取贷款记录"
        for name in ("interest_from", "interest_to"):
            if getattr(form, name) is None:
                errors[name] = "请选择" + SPECS[name].title
        if form.interest_from and form.interest_to and form.interest_from > form.interest_to:
            errors["interest_to"] = "结束日期不能早于开始日期"


def _percent(form: PolicyForm, questions: tuple[Question, ...], errors: dict[str, str]) -> None:
    if not form.percent:
        errors["percent"] = "请填写比例"
    if not form.base:
        errors["base"] = "请选择比例的基数"
    elif form.base == AmountBase.RECORDS and not form.source:
        errors["source"] = "以记录金额为基数时，须选择记录的种类"
    elif form.base == AmountBase.ANSWER and (why := policy_base.why_not(form.base_question, questions)):
        errors[policy_base.NAME] = why


def people_of(values: dict[str, str], staff: dict[int, str], errors: dict[str, str]) -> dict[str, list[int]]:
    """Return who is named for each stage; a name that is nobody's is a mistake."""
    found: dict[str, list[int]] = {}
    for stage, name in zip(STAGES, PEOPLE, strict=True):
        ids = [v for v in values.get(name, "").split(",") if v]
        if any(not v.isascii() or not v.isdigit() or int(v[:10]) not in staff for v in ids):
            errors[name] = f"{stage.label}的办理人员有变动，请重新选择"
        found[stage.value] = sorted({int(v[:10]) for v in ids if v.isascii() and v.isdigit()})
    return found


def _material(code: str, draft: dict[str, Any], errors: dict[str, str]) -> Material:
    values = draft["values"]

    def part(name: str) -> str:
        return normalise(values.get(f"m_{code}_{name}", ""))

    if not 1 <= len(part("name")) <= 60:
        errors[f"m_{code}_name"] = "请填写材料名称，最多 60 字"
    errors |= _too_long(f"m_{code}_note", "要求说明", part("note"), NOTE_MAX)
    try:
        formats = policy_formats.stated(values, f"m_{code}_")
    except ValueError as error:
        formats, errors[f"m_{code}_formats"] = (), str(error)
    template, sample = (kept(draft, what).get(code, {}) for what in KEPT)
    return Material(
        code=code,
        name=part("name"),
        required=part("required") == "YES",
        formats=formats,
        note=part("note"),
        template=template.get("id"),
        template_name=template.get("name", ""),
        sample=sample.get("id"),
        sample_name=sample.get("name", ""),
    )


def _question(code: str, values: dict[str, str], errors: dict[str, str]) -> Question:
    def part(name: str) -> str:
        return normalise(values.get(f"q_{code}_{name}", ""))

    at = f"q_{code}_"
    if not 1 <= len(part("title")) <= 60:
        errors[at + "title"] = "请填写问题，最多 60 字"
    kind = part("kind")
    if kind not in QuestionKind._value2member_map_:
        errors[at + "kind"] = "请选择问题的类型"
    options = tuple(dict.fromkeys(o for o in re.split(r"[\n,，、;；]+", part("options")) if o.strip()))
    if kind == QuestionKind.CHOICE and not 2 <= len(options) <= 20:
        errors[at + "options"] = "请填写 2 到 20 个选项，以顿号或换行分隔"
    errors |= _too_long(at + "options", "每个选项", max(options, key=len, default=""), 60)
    errors |= _too_long(at + "unit", "单位", part("unit"), 10)
    errors |= _too_long(at + "note", "填写说明", part("note"), NOTE_MAX)
    return Question(
        code=code,
        title=part("title"),
        kind=kind if kind in QuestionKind._value2member_map_ else QuestionKind.TEXT.value,
        required=part("required") == "YES",
        unit=part("unit"),
        **_limits(kind, at, {end: part(end) for end in ("low", "high")}, errors),
        options=tuple(o.strip() for o in options),
        note=part("note"),
    )


def _too_long(name: str, title: str, text: str, most: int) -> dict[str, str]:
    said = too_long(text, most, title)
    return {name: said} if said else {}


def _limits(kind: str, at: str, typed: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    """Return the limits of a number, a date or a text; the other kinds have none."""
    read: dict[str, Callable[[str], Any]] = {
        QuestionKind.NUMBER: plain_number,
        QuestionKind.DATE: day_of,
        QuestionKind.TEXT: _letters,
    }
    if kind not in read:
        return {}
    found: dict[str, Any] = {}
    for end, text in typed.items():
        try:
            if text:
                found[end] = read[kind](text)
        except ValueError as problem:
            errors[at + end] = str(problem)
    if len(found) == 2 and found["low"] > found["high"]:
        late = kind == QuestionKind.DATE
        errors[at + "high"] = "最晚日期不能早于最早日期" if late else "上限不能小于下限"
    if kind == QuestionKind.TEXT:
        return {"least": found.get("low", 0), "most": found.get("high", TEXT_MOST)}
    return {end: f"{v:f}" if isinstance(v, Decimal) else v.isoformat() for end, v in found.items()}


def _letters(text: str) -> int:
    number = plain_number(text)
    if number != number.to_integral_value() or not 1 <= number <= TEXT_MOST:
        raise ValueError(f"字数请填写 1 至 {TEXT_MOST} 的整数")
    return int(number)


def _sorts(form: PolicyForm) -> dict[str, tuple[str, ...]]:
    """Return the sorts of record that are named for the source that is chosen."""
    named = ((s.code, getattr(form, s.code)) for s in policy_sorts.SORTS if s.source == form.source)
    return {code: codes for code, codes in named if codes}


def _definition(
    form: PolicyForm,
    window: tuple[datetime | None, ...],
    stated: dict[str, dict[str, Any]],
    questions: tuple[Question, ...],
    materials: tuple[Material, ...],
    people: dict[str, list[int]],
) -> Definition:
    opens, closes, redeem_opens, redeem_closes = window
    assert opens and closes
    base = policy_base.find(form.base_question, questions)

    def limit(value: Decimal | None) -> int | None:
        return fen(value) if value is not None else None

    # Only what the rule uses is published: nothing left over from a rule tried before.
    by_rule = {
        AmountRule.FIXED: {"fixed_fen": fen(form.fixed)},
        AmountRule.PERCENT: {
            "percent_bp": basis_points(form.percent),
            "base": form.base or AmountBase.RECORDS.value,
            "base_question": base.code if base and form.base == AmountBase.ANSWER else "",
        },
        AmountRule.INTEREST: {
            "interest_from": form.interest_from,
            "interest_to": form.interest_to,
            "interest_bp": basis_points(form.interest) if form.interest is not None else None,
            "share_bp": basis_points(form.share) if form.share is not None else 10_000,
        },
    }[AmountRule(form.rule)]
    return Definition(
        name=form.name,
        category=form.category,
        document_no=form.document_no,
        summary=form.summary,
        basis=form.basis or "",
        department=form.department,
        phone=form.phone,
        opens_at=opens,
        closes_at=closes,
        redeem_opens_at=redeem_opens,
        redeem_closes_at=redeem_closes,
        kinds=form.kinds or (),
        classes=form.classes or (),
        most=form.most,
        conditions=stated,
        source=form.source or "",
        side=form.side or RecordSide.EITHER.value,
        record_from=form.record_from,
        record_to=form.record_to,
        record_least=form.record_least or 1,
        record_most=form.record_most or 50,
        sorts=_sorts(form),
        rule=form.rule,
        record_cap_fen=limit(form.record_cap),
        case_cap_fen=limit(form.case_cap),
        applicant_cap_fen=limit(form.applicant_cap),
        budget_fen=limit(form.budget),
        budget_at=form.budget_at,
        promise_days=form.promise_days,
        publicity_days=form.publicity_days,
        people=people,
        materials=materials,
        questions=questions,
        **by_rule,
    )

"""基数取自问题: which number question of a policy's editor gives the base of its amount (manual §8).

A draft names the question by its code, so that a new title changes nothing; drafts of before and those whose question
was taken away name it by its title.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from cpegi_app.services.forms import normalise
from cpegi_app.services.policy_definition import Question
from cpegi_app.vocabulary.policy import QuestionKind

NAME, UNITS = "base_question", ("元", "万元")
_PARTS = ("title", "kind", "unit", "required")
_LACKS = "发布前须设为必填，单位为元或万元"


class BaseChoice(BaseModel):
    """An option of the drop-down; one that is not offered is there only for a draft that names it."""

    value: str
    label: str
    offered: bool


def told(codes: Sequence[str]) -> list[str]:
    """Return the names of what the drop-down follows as it is typed."""
    return [NAME, *(f"q_{code}_{part}" for code in codes for part in _PARTS)]


def _title(codes: Sequence[str], values: Mapping[str, str], code: str) -> str:
    return normalise(values.get(f"q_{code}_title", "")) or f"问题 {codes.index(code) + 1}（未填写名称）"


def choices(codes: Sequence[str], values: Mapping[str, str]) -> list[BaseChoice]:
    """Return the options: every number question, and what can be chosen no more as long as it is named."""
    found = [_choice(codes, values, code) for code in codes]
    named = values.get(NAME, "")
    if named and named not in codes:
        found.append(BaseChoice(value=named, label=f"“{named}”已不在附加问题中，请改选", offered=False))
    return found


def _choice(codes: Sequence[str], values: Mapping[str, str], code: str) -> BaseChoice:
    title, unit = _title(codes, values, code), normalise(values.get(f"q_{code}_unit", ""))
    if values.get(f"q_{code}_kind", "") == QuestionKind.NUMBER:
        good = unit in UNITS and values.get(f"q_{code}_required", "") == "YES"
        said = "，".join(filter(None, (unit, "" if good else _LACKS)))
        return BaseChoice(value=code, label=f"{title}（{said}）" if said else title, offered=True)
    return BaseChoice(value=code, label=f"“{title}”不是数字问题，请改选", offered=False)


def code_of(draft: dict[str, Any]) -> str:
    """Return what a draft names, by its code where the question is there."""
    named, values = draft["values"].get(NAME, ""), draft["values"]
    titles = {normalise(values.get(f"q_{code}_title", "")): code for code in reversed(draft["questions"])}
    return named if named in draft["questions"] else titles.get(normalise(named), named)


def let_go(draft: dict[str, Any], code: str) -> dict[str, str]:
    """Return what to change in a draft's values as a question goes: what named it keeps its title, to be told by."""
    if code_of(draft) != code or code not in draft["questions"]:
        return {}
    return {NAME: _title(draft["questions"], draft["values"], code)[:60]}


def find(named: str | None, questions: Sequence[Question]) -> Question | None:
    """Return the question that a draft names, whatever it is like."""
    wanted = normalise(named or "")
    by_code = next((q for q in questions if q.code == wanted), None)
    return by_code or next((q for q in questions if wanted and q.title == wanted), None)


def why_not(named: str | None, questions: Sequence[Question]) -> str:
    """Return why what is named gives no base, and what to do; empty when it does."""
    found = find(named, questions)
    if not named:
        return "请选择作为基数的数字问题；还没有的，请先在“附加问题”中添加，须为必填，单位为元或万元"
    if found is None:
        return f"所选的“{normalise(named)}”已不在附加问题中，请改选其他数字问题，或重新添加"
    if found.kind != QuestionKind.NUMBER:
        return f"所选的“{found.title}”不是数字问题，请改选，或在附加问题中将其类型改为数字"
    if not found.required or found.unit not in UNITS:
        return f"所选的“{found.title}”须为必填，单位为元或万元，请在附加问题中更正，或改选"
    return ""

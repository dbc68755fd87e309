"""The demo's policies: loan interest, investment reward, audit fees; one past, one being written (manual §8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cpegi_app import clock, demo_paper
from cpegi_app.demo_world import Story, World
from cpegi_app.models import Organisation, Policy, PolicyApplication
from cpegi_app.services import (
    files,
    policy,
    policy_application,
    policy_choice,
    policy_form,
    policy_records,
    policy_review,
)
from cpegi_app.services.policy_definition import of_version
from cpegi_app.vocabulary import Action, FileSlot
from cpegi_app.vocabulary.policy import QuestionKind

FLOW = policy_application.FLOW
OFFICE = {"department": "市金融工作办公室", "phone": "0371-60000000"}
FORM = {"name": "奖补资金申请表", "required": "YES", "note": "下载模板填写，加盖公章"}
INTEREST_MATERIALS = (
    FORM,
    {"name": "借款合同和借据", "required": "YES", "note": "每笔记录各一份，可合并为一个 PDF"},
    {"name": "利息支付凭证", "required": "", "note": "银行付息回单或明细", "formats": "PDF,PICTURE,EXCEL"},
)
INTEREST_QUESTIONS = (
    {"title": "资金用途", "kind": QuestionKind.TEXT, "required": "YES", "note": "贷款实际用途"},
    {"title": "本年新增就业", "kind": QuestionKind.NUMBER, "required": "YES", "unit": "人", "low": "0"},
)
AUDIT_QUESTIONS = (
    {"title": "会计师事务所名称", "kind": QuestionKind.TEXT, "required": "YES"},
    {"title": "审计合同日期", "kind": QuestionKind.DATE, "required": "YES"},
    {
        "title": "审计费",
        "kind": QuestionKind.NUMBER,
        "required": "YES",
        "unit": "元",
        "low": "1000",
        "high": "1000000",
    },
    {
        "title": "审计类型",
        "kind": QuestionKind.CHOICE,
        "required": "YES",
        "options": "年报审计、专项审计、高新技术企业专项审计",
    },
)
AUDIT_MATERIALS = (
    FORM,
    {"name": "审计业务约定书", "required": "YES"},
    {"name": "审计费发票", "required": "YES"},
)
# Who applies under which policy, days ago, how it went.
APPLICATIONS = (
    ("songyue", "interest", 11, "formal"),
    ("f02", "audit", 9, "business"),
    ("f03", "audit", 8, "returned"),
    ("f04", "audit", 17, "approved"),
    ("f05", "audit", 16, "rejected"),
    ("f06", "audit", 3, "pending"),
    ("f01", "audit", 1, "draft"),
)
RETURN = {"a_q5": "填写的合同日期与约定书不一致，请核对", "file_m3": "发票照片不清晰，请重新上传"}


def stories(world: World) -> list[Story]:
    """Return the story of every policy and every application."""
    return [
        *(_published(world, key) for key in _POLICIES),
        _written(world),
        *(_applied(world, *case) for case in APPLICATIONS),
    ]


def _day(world: World, days: int) -> str:
    return (world.now.astimezone(clock.SHANGHAI).date() + timedelta(days=days)).isoformat()


def _interest(world: World) -> dict[str, str]:
    return OFFICE | {
        "name": "科技型中小企业贷款贴息",
        "category": "LOAN_INTEREST",
        "document_no": "郑金文〔2026〕18号",
        "summary": "对科技型中小企业获得的贷款，按实际占用天数给予贴息；借款企业和放款机构均可申报，每笔贷款由先申报的一方使用。",
        "opens_on": _day(world, -30),
        "closes_on": _day(world, 20),
        "closes_time": "17:30",
        "kinds": "ENTERPRISE,DEBT",
        "most": "3",
        "source": "LOAN",
        "side": "EITHER",
        "record_from": _day(world, -300),
        "rule": "INTEREST",
        "interest_from": _day(world, -300),
        "interest_to": _day(world, 60),
        "share": "50",
        "record_cap": "20",
        "case_cap": "100",
        "applicant_cap": "200",
        "budget": "2000",
        "promise_days": "10",
        "publicity_days": "5",
    }


def _investment(world: World) -> dict[str, str]:
    return OFFICE | {
        "name": "投早投小投资奖励",
        "category": "INVEST_REWARD",
        "document_no": "郑金文〔2026〕22号",
        "summary": "对投资本市种子期、初创期企业的股权投资机构，按实际到账投资额给予奖励。",
        "opens_on": _day(world, 12),
        "closes_on": _day(world, 70),
        "kinds": "EQUITY,ENTERPRISE",
        "source": "INVESTMENT",
        "side": "EITHER",
        "rule": "PERCENT",
        "percent": "2",
        "base": "RECORDS",
        "case_cap": "100",
        "budget": "1000",
    }


def _audit(world: World) -> dict[str, str]:
    return OFFICE | {
        "name": "中小企业审计费补贴",
        "category": "FEE_SUBSIDY",
        "document_no": "郑金文〔2026〕20号",
        "summary": "委托入驻平台的会计师事务所出具审计报告的中小企业，按审计费的一定比例给予补贴。",
        "opens_on": _day(world, -25),
        "closes_on": _day(world, 35),
        "redeem_opens_on": _day(world, -10),
        "redeem_closes_on": _day(world, 90),
        "kinds": "ENTERPRISE",
        "rule": "PERCENT",
        "percent": "50",
        "base": "ANSWER",
        "base_question": "审计费",
        "case_cap": "3",
        "budget": "50",
    }


def _past(world: World) -> dict[str, str]:
    return OFFICE | {
        "name": "首次贷款企业一次性奖励",
        "category": "OTHER",
        "document_no": "郑金文〔2026〕9号",
        "summary": "对首次获得银行贷款的小微企业给予一次性奖励。",
        "opens_on": _day(world, -80),
        "closes_on": _day(world, -40),
        "redeem_opens_on": _day(world, -20),
        "redeem_closes_on": _day(world, 45),
        "kinds": "ENTERPRISE",
        "rule": "FIXED",
        "fixed": "1",
    }


# Key → its form, its materials, its questions, days ago that it was published.
_POLICIES = {
    "past": (_past, (), (), 82),
    "interest": (_interest, INTEREST_MATERIALS, INTEREST_QUESTIONS, 32),
    "audit": (_audit, AUDIT_MATERIALS, AUDIT_QUESTIONS, 27),
    "investment": (_investment, (FORM,), (), 4),
}


def _published(world: World, key: str) -> Story:
    """Write a policy and publish it."""
    form, materials, questions, days = _POLICIES[key]
    yield world.at(days, 9, 30)
    session, staff = world.session, world.actor("staff")
    row = policy.begin(session, staff)
    values = row.draft["values"] | form(world)
    if key == "interest":
        # One person at each stage; the other policies are open to everybody on the staff.
        values |= {
            f"people_{s}": str(world.user_id(w)) for s, w in (("FORMAL", "staff"), ("BUSINESS", "staff2"))
        }
    for what, parts in (("materials", materials), ("questions", questions)):
        for part in parts:
            row.draft = policy_form.with_row(row.draft, what)
            code = row.draft[what][-1]
            values |= {f"{what[0]}_{code}_{name}": value for name, value in part.items()}
    policy.save(session, staff, row.id or 0, row.version, values)
    name, content = demo_paper.paper(FileSlot.REPORT)
    for code in row.draft["materials"][:1]:
        for what, title in (("templates", "申请表模板"), ("samples", "申请表填写示例")):
            said = f"{title}{name[-4:]}"
            policy.attach_file(session, staff, row.id or 0, row.version, what, code, said, content)
    policy.publish(session, staff, row.id or 0, row.version)
    world.policies[key] = row.id or 0


def _written(world: World) -> Story:
    """Begin a policy that is not published yet."""
    yield world.at(2, 16, 10)
    staff = world.actor("staff2")
    row = policy.begin(world.session, staff)
    values = row.draft["values"] | OFFICE | {"name": "融资担保费补贴（拟稿）", "category": "FEE_SUBSIDY"}
    policy.save(world.session, staff, row.id or 0, row.version, values)


def _applied(world: World, key: str, of: str, days: int, fate: str) -> Story:
    """Apply, and let the staff come as far as it came."""
    yield world.at(days, 10, 20 + days)
    row = applied(world, key, of, send=fate != "draft")
    if fate in ("draft", "pending", "formal"):
        return
    yield world.at(days - 2 if days > 2 else 1, 15, 10)
    _decide(world, row, fate)


def applied(world: World, key: str, of: str, *, send: bool = True) -> PolicyApplication:
    """Write an application with its materials, and send it."""
    session, actor = world.session, world.actor(key)
    row = policy_application.start(session, actor, world.policies[of], _records(world, key, of))
    data = _answers(world, of, key)
    version = policy_application.save(session, actor, row.id or 0, row.version, data)
    if not send:
        return row
    d = of_version(session, row.version_id)
    for m in (m for m in d.materials if m.required):
        name, content = demo_paper.paper(FileSlot.CONTRACT)
        files.attach(session, actor, FLOW.name, row.id or 0, m.code, f"{m.name}{name[-4:]}", content)
    key_once = f"demo-policy-{row.id}"
    return policy_application.submit(session, actor, row.id or 0, version, data, key_once)


def _decide(world: World, row: PolicyApplication, fate: str) -> None:
    if fate == "returned":
        decide(world, "staff", row, Action.RETURN, marks=RETURN)
    elif fate == "rejected":
        said = "审计业务约定书的委托方不是申请单位，不符合政策规定。"
        decide(world, "staff", row, Action.REJECT, comment=said)
    else:
        decide(world, "staff", row, Action.APPROVE, comment="材料齐全，符合形式要求。")
        if fate == "approved":
            decide(world, "staff2", row, Action.APPROVE, comment="审计费与发票一致，同意。")


def decide(world: World, key: str, row: PolicyApplication, action: Action, **more: Any) -> None:
    """Decide at the desk, as the page does: taken first, the promise stopped while it is corrected."""
    version = world.session.get_one(PolicyApplication, row.id).version
    policy_review.decide(world.session, world.actor(key), row.id or 0, action, version, **more)


def _records(world: World, key: str, of: str) -> str:
    """Return the first records that the policy takes."""
    session = world.session
    d = of_version(session, session.get_one(Policy, world.policies[of]).version_id or 0)
    org = session.get_one(Organisation, world.actor(key).org_id)
    found = policy_choice.newest(session, org, d, 50) if d.source else []
    return ",".join(r.key for r in found[:6] if not policy_records.why_not(d, r, org))


def _answers(world: World, of: str, key: str) -> dict[str, str]:
    data = {"contact": "财务部", "phone": "0371-60000001", "promise": "YES"}
    if of == "past":
        return data
    if of == "interest":
        return data | {"a_q4": "企业流动资金周转", "a_q5": "12"}
    on = date.fromisoformat(_day(world, -60)).isoformat()
    fee = str(20_000 + 3_500 * (sum(map(ord, key)) % 9))
    return data | {"a_q4": "河南慎衡会计师事务所（普通合伙）", "a_q5": on, "a_q6": fee, "a_q7": "年报审计"}

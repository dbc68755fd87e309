"""The demo's equity: financing projects in every state, recommendations, favourites, leads on the board (manual §6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import select

from cpegi_app import clock
from cpegi_app.demo_parties import rng
from cpegi_app.demo_world import Story, World
from cpegi_app.models import EquityLead, EquityProject, StoredFile
from cpegi_app.services import (
    equity_interest,
    equity_lead,
    equity_match,
    equity_plan,
    equity_project,
    equity_recommend,
    files,
)
from cpegi_app.vocabulary import Action, FileSlot
from cpegi_app.vocabulary.equity import Interest

FLOW = equity_project.FLOW


@dataclass(frozen=True)
class Case:
    """A project: whose, how many days ago it was begun, how it went, and what it says."""

    key: str
    firm: str
    days: int
    fate: str
    name: str
    industry: str
    region: str
    stage: str
    round: str
    amount: int
    share: float
    intro: str
    advantage: str


# Amounts in 万元; the valuation follows from amount and share.
PROJECTS: tuple[Case, ...] = (
    Case("spindle", "f01", 96, "listed", "高速电主轴国产化扩产项目", "C", "GAOXIN", "GROWTH", "A", 3000, 10,
         "面向五轴加工中心的高速电主轴，已在三家主机厂批量装机，本轮用于二期产线建设。",
         "自研陶瓷轴承与热补偿算法，转速稳定性达到进口同类水平，交付周期缩短一半。"),
    Case("reagent", "f02", 66, "listed", "呼吸道病原体联检试剂产业化", "C", "AIRPORT", "STARTUP", "PRE_A", 1200, 8,
         "一管联检八种呼吸道病原体的核酸试剂，注册检验已完成。",
         "常温运输冻干微球工艺，基层医院无需冷链。"),
    Case("datasafe", "f21", 70, "listed change", "数据安全网关与合规审计平台", "I", "ZHENGDONG", "GROWTH", "B", 5000, 12.5,
         "为政务和医疗行业提供数据出域审计与脱敏网关，年续费率九成以上。",
         "密文检索性能领先，已获商用密码产品认证。"),
    Case("robot", "f29", 84, "listed", "包装机器人柔性产线项目", "C", "GAOXIN", "GROWTH", "A", 2600, 13,
         "视觉引导的快递与食品包装机器人整线，单线替代十二名工人。",
         "自研控制器与快换夹具，换型时间十分钟以内。"),
    Case("solar", "f24", 61, "listed", "工商业分布式光储一体化项目", "D", "GAOXIN", "STARTUP", "ANGEL", 800, 10,
         "为园区企业提供光伏、储能和能量管理的整体方案，已签约屋顶二十八万平方米。",
         "自研能量管理系统，峰谷套利收益提高两成。"),
    Case("service", "f09", 69, "listed", "智能客服大模型应用平台", "I", "ZHENGDONG", "STARTUP", "ANGEL", 600, 8,
         "面向中小银行和电商的智能客服平台，按坐席订阅收费。",
         "行业知识库与人机协同流程，上线周期一周。"),
    Case("film", "f06", 66, "listed", "车载光学镜头模组扩能", "C", "AIRPORT", "MATURE", "PRE_IPO", 12000, 6,
         "车载镜头年出货八百万颗，拟扩建二期并筹备上市。",
         "非球面玻璃模压良率行业前列，通过多家整车厂审核。"),
    Case("seed", "f23", 58, "down", "抗病小麦新品种产业化", "A", "OTHER", "GROWTH", "A", 1500, 9,
         "自主选育的抗赤霉病小麦新品种推广与制种基地建设。",
         "品种权五项，与省农科单位共建试验站。"),
    Case("test", "f16", 40, "bounced", "建材绿色检测实验室扩建", "M", "GAOXIN", "GROWTH", "A", 900, 15,
         "扩建绿色建材与碳足迹检测实验室，新增资质参数二百项。",
         "本地唯一同时具备三项认可资质的第三方机构。"),
    Case("water", "f13", 9, "returned", "工业废水近零排放成套装备", "N", "ZHONGYUAN", "GROWTH", "A", 2000, 20,
         "膜浓缩与结晶一体化装备，面向电镀与印染园区。",
         "吨水能耗低于同类装备三成。"),
    Case("motor", "f01", 3, "pending", "精密滚动功能部件海外市场拓展", "C", "GAOXIN", "GROWTH", "B", 4000, 8,
         "滚珠丝杠与导轨出口欧洲，已与两家代理商签约。",
         "精度等级 C3，价格为欧洲品牌的六成。"),
    Case("eco", "f10", 2, "draft", "设施蔬菜数字化育苗工厂", "A", "HUIJI", "GROWTH", "A", 700, 10,
         "建设年育苗六千万株的数字化育苗工厂。", "自有环境控制系统，成苗率九成五。"),
)  # fmt: skip
RETURN = {
    "share": "出让比例与估值测算不一致，请核对或在“比例说明”中说明。",
    "use": "请按用途列出金额，与商业计划书的财务预测一致。",
}
# Institution, project, days ago, what it did, its word.
INTERESTS = """
chuanze spindle  60 recommended INTERESTED 技术壁垒清晰，希望现场走访
chuanze reagent  58 recommended INTERESTED 关注注册进度
chuanze datasafe 57 recommended NOT_INTERESTED 估值偏高，暂不跟进
chuanze robot    52 favourite - -
chuanze service  36 favourite - -
chuanze film     34 favourite - -
chuanze solar    12 recommended - -
chuanze test      4 recommended - -
yuanshu spindle  50 favourite - -
yuanshu film     48 recommended INTERESTED 可参与基石份额
yuanshu robot    30 recommended INTERESTED 与被投企业有协同
yuanshu seed     28 favourite - -
yuanshu reagent  20 recommended NOT_INTERESTED 阶段早于本机构偏好
"""
# Institution, project, days after the lead came, what the staff did.
FOLLOWED: str = """
chuanze spindle  1 take
chuanze spindle  2 CALL 机构希望查看近两年审计报告，已转告企业。
chuanze spindle  9 VISIT 陪同走访一期产线，企业演示跑合测试。
chuanze spindle 20 DILIGENCE 进入尽职调查
chuanze spindle 21 plan 协调企业提交尽调清单第二批资料
chuanze reagent  1 take
chuanze reagent  3 CALL 机构关注注册检验报告，约定下周线上沟通。
chuanze reagent  5 plan 组织线上沟通会
chuanze robot    2 take
chuanze robot    4 CALL 双方已交换资料。
chuanze robot   15 close INSTITUTION_DECLINED 机构内部立项未通过，保持联系。
yuanshu film     1 take
yuanshu film     3 MEETING 双方在企业会面，讨论上市时间表。
yuanshu film    14 TERMS 进入条款谈判
yuanshu film    15 late 等待机构反馈投资条款清单
yuanshu spindle  2 take
yuanshu spindle 10 close NO_CONTACT 多次联系未果，暂时了结。
"""
PREFERENCE = {
    "industries": "C,I,M",
    "rounds": "ANGEL,PRE_A,A",
    "stages": "STARTUP,GROWTH",
    "amount_min": "500",
    "amount_max": "3000",
    "note": "优先本市企业，单项目投资 300–3,000 万元，可领投。",
}


def stories(world: World) -> list[Story]:
    """Return the story of the preference, of every project, of every interest, and of the leads."""
    told = [line.split(maxsplit=4) for line in INTERESTS.strip().splitlines()]
    return [
        _preference(world),
        *(tell_project(world, case) for case in PROJECTS),
        *(_interest(world, *row) for row in told),
        *(_followed(world, who, key) for who, key in dict.fromkeys((r[0], r[1]) for r in _steps())),
    ]


def _steps() -> list[list[str]]:
    return [list(line.split(maxsplit=4)) for line in FOLLOWED.strip().splitlines()]


def _preference(world: World) -> Story:
    yield world.at(75, 10, 5)
    equity_match.save(world.session, world.actor("chuanze"), PREFERENCE)


def data_of(case: Case, phone: str) -> dict[str, str]:
    """Return a project as its form's strings."""
    chance = rng(case.key)
    post = round(case.amount / case.share * 100)
    share = {"share": f"{case.share:g}"}
    if case.fate == "returned":
        share = {"share": f"{case.share - 6:g}", "share_note": "含员工持股平台预留份额"}
    half = case.amount * 6 // 10
    return {
        "name": case.name,
        "industry": case.industry,
        "region": case.region,
        "stage": case.stage,
        "intro": case.intro,
        "advantage": case.advantage,
        "round": case.round,
        "amount": str(case.amount),
        "pre": str(post - case.amount),
        "post": str(post),
        "team": f"创始人从业{chance.randint(9, 22)}年，核心团队{chance.randint(6, 18)}人，研发人员过半。",
        "use": f"产能与研发投入 {half} 万元；市场与运营 {case.amount - half} 万元。",
        "contact": "项目负责人",
        "contact_phone": phone,
    } | share


def tell_project(world: World, case: Case) -> Story:
    """Tell how a project was written, sent, decided, and what followed."""
    yield world.at(case.days, 9, 12)
    row = equity_project.new_draft(world.session, world.actor(case.firm))
    world.projects[case.key] = row.project_id
    data = data_of(case, world.phones[case.firm])
    row = world.save(case.firm, FLOW, row, data)
    if case.fate == "draft":
        return
    world.attach(case.firm, FLOW, row, FileSlot.PLAN, FileSlot.PICTURE)
    yield world.at(case.days, 11, 40)
    row = world.submit(case.firm, FLOW, row, data)
    if case.fate == "pending":
        return
    yield world.at(case.days - 1, 15, 25)
    if case.fate in ("returned", "bounced"):
        world.staff_decides(FLOW, row.id, Action.RETURN, field_reasons=RETURN)
        if case.fate == "returned":
            return
        yield world.at(case.days - 2, 10, 30)
        again = world.session.get_one(FLOW.model, row.id)
        row = world.submit(case.firm, FLOW, again, data | {"share_note": "与财务顾问测算一致"})
        yield world.at(case.days - 3, 9, 50)
    world.staff_decides(FLOW, row.id, Action.APPROVE, "内容完整，同意发布。")
    if case.fate == "down":
        yield world.at(14, 16, 40)
        equity_project.take_down(world.session, world.actor(case.firm), row.project_id, down=True)
    if case.fate == "listed change":
        yield world.at(1, 14, 20)
        change = equity_project.change_draft(world.session, world.actor(case.firm), row.project_id)
        world.submit(case.firm, FLOW, change, data | {"amount": "6000", "pre": "42000", "post": "48000"})


def _interest(world: World, who: str, key: str, days: str, how: str, rest: str) -> Story:
    """Tell how an institution came to a project, looked at it, opened its plan, and answered."""
    chance, ago = rng(who + key), int(days)
    answer, _, word = rest.partition(" ")
    yield world.at(ago, chance.randint(9, 11), chance.randint(0, 59))
    project_id = world.projects[key]
    if how == "recommended":
        org = world.actor(who).org_id or 0
        note = "与贵机构投资方向接近，供参考。" if chance.random() < 0.6 else ""
        equity_recommend.recommend(world.session, world.actor("staff"), [project_id], [org], note)
        if answer == "-":
            return
        yield world.at(ago - 1, chance.randint(13, 16), chance.randint(0, 59))
    actor = world.actor(who)
    equity_plan.note_view(world.session, actor, project_id)
    if answer != Interest.NOT_INTERESTED:
        files.content(world.session, actor, _plan(world, project_id))
    if how == "recommended":
        equity_interest.answer(world.session, actor, project_id, answer, word)
    else:
        equity_interest.favourite(world.session, actor, project_id, on=True)


def _plan(world: World, project_id: int) -> int:
    project = world.session.get_one(EquityProject, project_id)
    query = select(StoredFile.id).where(
        StoredFile.flow == FLOW.name,
        StoredFile.subject_id == project.revision_id,
        StoredFile.slot == FileSlot.PLAN.value,
    )
    return world.session.exec(query).first() or 0


def _followed(world: World, who: str, key: str) -> Story:
    """Tell what the staff did with a lead."""
    came = next(int(r[2]) for r in (x.split() for x in INTERESTS.strip().splitlines()) if r[:2] == [who, key])
    for step in (r for r in _steps() if r[:2] == [who, key]):
        what, text = step[3], step[4] if len(step) > 4 else ""
        yield world.at(max(came - 1 - int(step[2]), 1), 17, rng(who + key + step[2]).randint(0, 59))
        _step(world, who, key, what, text)


def _step(world: World, who: str, key: str, what: str, text: str) -> None:
    session, staff = world.session, world.actor("staff")
    org_id, project_id = world.actor(who).org_id, world.projects[key]
    query = select(EquityLead).where(EquityLead.project_id == project_id, EquityLead.org_id == org_id)
    lead = session.exec(query).one()
    at = (session, staff, lead.id or 0, lead.version)
    if what == "take":
        equity_lead.assign(*at, staff.user_id)
    elif what in ("plan", "late"):
        # One plan has passed when the demo is looked at, the others are still ahead.
        day = clock.local_date(world.now + timedelta(days=-2 if what == "late" else 4))
        equity_lead.plan(*at, {"next_step": text, "next_on": day})
    elif what == "close":
        outcome, _, note = text.partition(" ")
        equity_lead.close(*at, {"outcome": outcome, "outcome_note": note})
    elif what in ("CALL", "VISIT", "MEETING"):
        equity_lead.contact(*at, {"kind": what, "happened_on": clock.today().isoformat(), "text": text})
        if what == "MEETING":
            equity_lead.move(session, staff, lead.id or 0, lead.version, "MEETING")
    else:
        equity_lead.move(*at, what)

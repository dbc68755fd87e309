"""How the demo's organisations registered, were verified, and changed their profiles."""

from __future__ import annotations

from functools import partial
from random import Random

from cpegi_app.access import Role
from cpegi_app.demo_parties import (
    INSTITUTIONS,
    LAW_FIRM,
    Data,
    Party,
    enterprise,
    firms,
    institution,
    rng,
    rows_of,
)
from cpegi_app.demo_world import STAFF, Story, World
from cpegi_app.services import account, notices, staff, verification
from cpegi_app.services.profile_forms import required_files
from cpegi_app.services.verification import CHANGE, VERIFY
from cpegi_app.vocabulary import KIND_OF, Action, FileSlot, OrgClass

APPROVALS = (
    "资料齐全，与证照一致，同意通过。",
    "经核对营业执照和身份证明，审核通过。",
    "信息完整，同意。",
    "",
)
# Enterprises that had to hand in something again before they were verified.
FIRST_RETURNED: dict[str, Data] = {
    "f07": {"term_until": "营业执照载明营业期限，请补充。", "office": "实际经营地址请写到楼层或房间号。"},
    "f12": {"liabilities": "负债总额与所附资产负债表不一致，请核对。"},
    "f20": {"scope": "经营范围请与营业执照逐字一致。"},
    "heze": {"licence_no": "许可证号与所附金融许可证不一致，请核对。"},
}


def founders(world: World) -> Story:
    """The platform's own people: three of the staff, one of whom pays, and the regulator."""
    yield world.at(121, 9, 0)
    world.appoint("staff", "13900000001", Role.STAFF, "林知远")
    world.appoint("staff2", "13900000003", Role.STAFF, "苏若宁")
    world.appoint("finance", "13900000004", Role.STAFF, "何清越")
    world.appoint("regulator", "13900000002", Role.REGULATOR, "市金融工作办公室")
    yield world.at(2, 9, 12)
    world.sign_in("regulator")


def parties() -> list[Party]:
    """Return everybody who is verified."""
    return [institution(row, 119 - n) for n, row in enumerate(INSTITUTIONS)] + firms()


def enter(world: World, party: Party) -> None:
    """Sign in for the first time: an institution states its class."""
    if party.is_enterprise:
        world.sign_in(party.key)
        return
    actor = world.sign_in(party.key, "INSTITUTION")
    account.choose_identity(world.session, actor, party.org_class.value)


def verified(world: World, party: Party) -> Story:
    """Tell how a party registered and was verified, some only at the second try."""
    chance = rng(party.key + "!")
    yield world.at(party.days, chance.randint(8, 11), chance.randint(0, 59))
    world.register(party.key, party.phone)
    yield world.at(party.days, 13, chance.randint(0, 59))
    enter(world, party)
    row = _sent(world, party, party.data())
    yield _next_day(world, party.days - 1, chance)
    if reasons := FIRST_RETURNED.get(party.key):
        world.staff_decides(VERIFY, row.id, Action.RETURN, field_reasons=reasons)
        yield _next_day(world, party.days - 2, chance)
        again = world.session.get_one(VERIFY.model, row.id)
        world.submit(party.key, VERIFY, again, again.data)
        yield _next_day(world, party.days - 3, chance)
    world.staff_decides(VERIFY, row.id, Action.APPROVE, chance.choice(APPROVALS))


def _sent(world: World, party: Party, data: Data):
    row = verification.open_verification(world.session, world.actor(party.key))
    row = world.save(party.key, VERIFY, row, data)
    world.attach(party.key, VERIFY, row, *required_files(KIND_OF[party.org_class], data))
    return world.submit(party.key, VERIFY, row, data)


def _next_day(world: World, days: int, chance: Random):
    return world.at(days, chance.randint(9, 17), chance.randint(0, 59))


# --- those who are not verified -------------------------------------------------------------------

NEWCOMERS = """
name region industry trade owner years staff revenue growth margin assets debt liquidity research patents ip rating quals borrowed record missing business
郑州霖苑智能仪表有限公司 GAOXIN C MANUFACTURING PRIVATE 6 71 3120 16.4 7.2 3650 51.7 1.41 6.3 6 20 B TH 420 YYY - 智能水表制造
郑州岫云茶业有限公司 ERQI F RETAIL PRIVATE 4 16 410 8.1 5.5 320 40.2 1.6 0 0 2 M - 0 YYY - 茶叶零售
河南垣曜电气有限公司 JINGKAI C MANUFACTURING PRIVATE 9 97 5480 10.5 5.9 6700 57.1 1.3 4.1 5 19 A HI 980 YYY - 配电成套设备制造
"""
RETURNED = {
    "name": "名称与营业执照不一致，营业执照上没有“智能”二字，请更正。",
    "established_on": "成立日期应与营业执照一致。",
    "revenue": "营业收入请按年度审计报告填写，当前数值为季度数。",
}


def newcomers() -> dict[str, Party]:
    """Return the enterprises that wait for their verification, or have yet to send it."""
    out = {}
    for number, (key, row) in enumerate(
        zip(("returned", "draft", "pending"), rows_of(NEWCOMERS), strict=True)
    ):
        phone = f"1390000004{number + 1}"
        data = partial(enterprise, key, phone, row)
        out[key] = Party(key, phone, OrgClass.ENTERPRISE, 0, data)
    return out


def unverified(world: World) -> list[Story]:
    """Return the stories of those whom the platform has not let in yet."""
    new = newcomers()
    return [
        _waits(world, new["pending"], world.at(2, 16, 20)),
        _waits(world, institution(LAW_FIRM, 0), world.at(0, 3)),
        _is_returned(world, new["returned"]),
        _drafts(world, new["draft"]),
        _fresh(world),
        _undecided(world),
        _disabled(world),
    ]


def _waits(world: World, party: Party, moment) -> Story:
    yield moment
    world.register(party.key, party.phone)
    enter(world, party)
    _sent(world, party, party.data())


def _is_returned(world: World, party: Party) -> Story:
    yield world.at(5, 15, 3)
    world.register(party.key, party.phone)
    enter(world, party)
    row = _sent(world, party, party.data())
    yield world.at(4, 10, 26)
    world.staff_decides(
        VERIFY, row.id, Action.RETURN, "请按各栏目说明更正后重新提交。", field_reasons=RETURNED
    )


def _drafts(world: World, party: Party) -> Story:
    yield world.at(3, 20, 15)
    world.register(party.key, party.phone)
    enter(world, party)
    row = verification.open_verification(world.session, world.actor(party.key))
    typed = {
        k: v for k, v in party.data().items() if k in ("org_class", "name", "region", "capital", "contact")
    }
    row = world.save(party.key, VERIFY, row, typed)
    world.attach(party.key, VERIFY, row, FileSlot.LICENCE)


def _fresh(world: World) -> Story:
    """The named login that has done nothing yet but sign in as an enterprise."""
    yield world.at(1, 11, 30)
    world.register("fresh", "13900000022")
    yield world.at(1, 11, 34)
    world.sign_in("fresh")


def _undecided(world: World) -> Story:
    """The named login that has not chosen its class."""
    yield world.at(1, 14, 48)
    world.register("undecided", "13900000023")


def _disabled(world: World) -> Story:
    yield world.at(31, 22, 40)
    world.register("disabled", "13900000049")
    yield world.at(31, 22, 44)
    for _ in range(2):
        world.mistype("disabled")
    world.sign_in("disabled")
    yield world.at(30, 9, 15)
    actor = world.actor("staff2")
    staff.reveal(world.session, actor, world.user_id("disabled"))
    staff.disable(world.session, actor, world.user_id("disabled"), "经电话核实，注册人并非该号码机主")


# --- changes of a profile -------------------------------------------------------------------------


def changes(world: World) -> list[Story]:
    """Return the changes of approved profiles: one in force, two waiting, one returned, one draft."""
    grown = {
        "staff": "203",
        "capital": "3000",
        "position": "财务总监",
        "mobile": "13900000051",
        "office": "河南省郑州市高新区砺新街 66 号 3 号厂房",
    }
    reclassed = {
        "org_class": "PRIVATE_FUND",
        "registration_no": "P1080023",
        "scope": "私募股权投资基金管理服务；以自有资金从事投资活动；创业投资。",
    }
    renamed = {"name": "郑州穗嘉粮油集团有限公司", "capital": "5000"}
    raised = {"fund_size": "102000", "ticket_max": "5000", "invest_industries": "C,I,M,Q"}
    return [
        _change(world, "chuanze", raised, 7, Action.APPROVE, "已核对基金备案信息，同意。"),
        _change(world, "f08", renamed, 6, Action.RETURN, "", RENAMED),
        _change(world, "f29", grown, 1, None),
        _change(world, "yuanshu", reclassed, 2, None),
        _change(world, "heze", {"contact": "许佳宁", "position": "小微金融部经理"}, 4, Action.SUBMIT),
    ]


RENAMED = {
    "name": "登记机关尚未核准该名称，请取得新营业执照后再申请变更。",
    "capital": "请上传载有新注册资本的营业执照。",
}


def _change(
    world: World,
    key: str,
    data: Data,
    days: int,
    outcome: Action | None,
    comment: str = "",
    reasons: Data | None = None,
) -> Story:
    """Tell how a change was typed and sent; `outcome` SUBMIT leaves it as a draft, None leaves it waiting."""
    yield world.at(days, 10, 18)
    row = verification.open_change(world.session, world.actor(key))
    row = world.save(key, CHANGE, row, row.data | data)
    if outcome is Action.SUBMIT:
        return
    world.attach(key, CHANGE, row, FileSlot.ATTACHMENT)
    row = world.submit(key, CHANGE, row, row.data)
    if outcome is None:
        return
    yield world.at(days - 1, 15, 36)
    world.staff_decides(CHANGE, row.id, outcome, comment, field_reasons=reasons)


def readers(world: World) -> Story:
    """Everybody has read the notices of the earlier months; those of the last days are new."""
    yield world.at(5, 8, 0)
    for key in list(world.phones):
        if key not in ("disabled", "undecided", "fresh"):
            notices.read_all(world.session, world.actor(key))
    for key in STAFF:
        world.mistype(key)

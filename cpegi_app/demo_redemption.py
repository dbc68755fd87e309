"""The demo's grants on their way to the money: published, objected to, redeemed, paid, failed (manual §8.1, §8.2)."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from cpegi_app import clock, demo_paper
from cpegi_app.demo_policies import applied, decide
from cpegi_app.demo_world import Story, World
from cpegi_app.models import Organisation, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import (
    files,
    policy_claim,
    policy_claim_list,
    policy_objection,
    policy_payment,
    policy_payment_result,
    policy_publicity,
    review,
)
from cpegi_app.vocabulary import Action, FileSlot

POLICY = "audit"
# Who was in the first publication, and how far each has come since.
FIRST = {
    "f08": "paid",
    "f09": "paid",
    "f10": "failed",
    "f11": "batched",
    "f13": "payable",
    "f14": "returned",
    "f15": "waiting",
    "f16": "draft",
    "f17": "confirmed",
    "f18": "revoked",
    "f12": "rejected",
}
# In the second one, which is still public; and one that waits for the next.
SECOND, THIRD = ("f19", "f20"), ("f21",)
DECISIONS: dict[str, tuple[Action, dict[str, Any]]] = {
    "returned": (Action.RETURN, {"marks": {"bank": "请填写开户行到支行一级"}}),
    "rejected": (
        Action.REJECT,
        {"comment": "收据金额与核定金额不一致，且单位账户已冻结，请处理后重新申请兑付。"},
    ),
}
BANKS = ("中国银行郑州科学大道支行", "郑州银行高新支行", "中信银行郑州商务外环支行", "工商银行郑州花园路支行")


def stories(world: World) -> list[Story]:
    """Return the stories of every application, publication, claim and batch."""
    groups = ((FIRST, 24), (SECOND, 14), (THIRD, 4))
    return [
        *(_approved(world, key, days, n) for keys, days in groups for n, key in enumerate(keys)),
        _publications(world),
        *(_claimed(world, key, fate, n) for n, (key, fate) in enumerate(FIRST.items())),
        _batches(world),
        _ready_to_redeem(world),
    ]


def _approved(world: World, key: str, days: int, n: int) -> Story:
    """Apply, and be approved at both stages."""
    yield world.at(days, 9 + n // 4, 7 * n % 60)
    row = applied(world, key, POLICY)
    yield world.at(days - 1, 10 + n // 4, 11 * n % 60)
    decide(world, "staff", row, Action.APPROVE, comment="材料齐全。")
    yield world.at(days - 2, 14 + n // 4, 13 * n % 60)
    more = {}
    if key == "f13":
        asked = world.session.get_one(PolicyApplication, row.id).asked_fen
        amount = f"{(asked - 50_000) / 100:.2f}"
        more = {"payload": {"reviewed": amount, "reviewed_reason": "发票中 1,000 元为差旅费，按规定核减。"}}
    decide(world, "staff2", row, Action.APPROVE, comment="同意。", **more)


def _ready_to_redeem(world: World) -> Story:
    """The enterprise of the demo's login may redeem the reward of a policy that is past."""
    yield world.at(60, 10, 30)
    row = applied(world, "f01", "past")
    for days, key in ((58, "staff"), (57, "staff2")):
        yield world.at(days, 11, 20)
        decide(world, key, row, Action.APPROVE, comment="经核查为首次贷款，同意。")
    yield world.at(55, 9, 50)
    number = _publish(world, "past")
    yield world.at(48, 10, 5)
    policy_publicity.confirm(world.session, world.actor("staff2"), number)


def _grant(world: World, key: str) -> PolicyGrant:
    org_id = world.actor(key).org_id
    query = select(PolicyGrant).where(
        PolicyGrant.org_id == org_id, PolicyGrant.policy_id == world.policies[POLICY]
    )
    return world.session.exec(query).one()


def _publish(world: World, policy: str = POLICY) -> int:
    session, staff, of = world.session, world.actor("staff2"), world.policies[policy]
    seen = policy_publicity.preview(session, staff, of)
    return policy_publicity.publish(session, staff, of, seen.count, seen.total_fen)


def _publications(world: World) -> Story:
    """Publish twice; one objection is upheld, one waits."""
    session = world.session
    yield world.at(21, 16, 20)
    first = _publish(world)
    yield world.at(19, 11, 5)
    _object(world, first, "f18", 19, "该单位的审计费发票与另一项补贴重复使用。")
    yield world.at(17, 15, 40)
    [found] = policy_objection.listing(session, world.actor("staff2"), first)
    said = "经核实，同一张发票已在市级补贴中使用，异议成立。"
    policy_objection.decide(session, world.actor("staff2"), first, found.id, True, said)
    yield world.at(15, 9, 30)
    policy_publicity.confirm(session, world.actor("staff2"), first)
    yield world.at(3, 16, 10)
    second = _publish(world)
    yield world.at(1, 14, 25)
    _object(world, second, "f20", 1, "名单中单位的注册地址已迁出本市，请核实。")


def _object(world: World, publicity_id: int, key: str, days: int, text: str) -> None:
    day = clock.today().isoformat()
    data = {"from_name": "匿名来信", "contact": "0371-60000009", "received_on": day, "text": text}
    data |= {"grant": str(_grant(world, key).id)}
    policy_objection.record(world.session, world.actor("staff"), publicity_id, data)


def _claimed(world: World, key: str, fate: str, n: int) -> Story:
    """Redeem, as far as it came."""
    if fate in ("confirmed", "revoked"):
        yield world.at(9, 9)
        return
    yield world.at(2 if fate in ("waiting", "draft", "returned", "rejected") else 9, 10 + n // 3, 17 * n % 60)
    session, actor = world.session, world.actor(key)
    row = policy_claim.start(session, actor, _grant(world, key).id or 0)
    if fate == "draft":
        return
    content = demo_paper.paper(FileSlot.VOUCHER)[1]
    files.attach(session, actor, policy_claim.NAME, row.id or 0, policy_claim.RECEIPT, "收据.png", content)
    _send(world, key, row, n)
    if fate == "waiting":
        return
    action, more = DECISIONS.get(fate, (Action.APPROVE, {}))
    yield world.at(8 if action is Action.APPROVE else 1, 15, 19 * n % 60)
    version = session.get_one(PolicyClaim, row.id).version
    policy_claim_list.decide(session, world.actor("staff"), row.id or 0, action, version, **more)


def _send(world: World, key: str, row: PolicyClaim, n: int) -> None:
    org = world.session.get_one(Organisation, world.actor(key).org_id)
    bank = "中国银行" if FIRST[key] == "returned" else BANKS[n % len(BANKS)]
    data = {"payee_name": org.name, "bank": bank, "account_no": f"4105 0100 {n:04d} {n * 7919 % 10**4:04d}"}
    values = {"data": data | {"confirmed": "YES"}}
    review.act(
        world.session,
        policy_claim.FLOW,
        world.actor(key),
        row.id or 0,
        Action.SUBMIT,
        row.version,
        key=f"demo-claim-{row.id}",
        values=values,
    )


def _claim(world: World, key: str) -> PolicyClaim:
    query = select(PolicyClaim).where(PolicyClaim.grant_id == _grant(world, key).id)
    return world.session.exec(query.order_by(col(PolicyClaim.id))).one()


def _batches(world: World) -> Story:
    """One batch is paid but for one line, a second is with the finance office."""
    session = world.session
    yield world.at(7, 10, 15)
    first = _batch(world, "第一批", "paid", "failed")
    yield world.at(5, 16, 45)
    clerk, day = world.actor("finance"), clock.today().isoformat()
    shown, _ = policy_payment.lines(session, clerk, first, size=50)
    broken = world.session.get_one(Organisation, world.actor("f10").org_id).name
    lines = [
        (
            n,
            {"付款编号": p.number, "拨付结果": "失败", "失败原因": "收款账号已销户"}
            if p.payee == broken
            else {"付款编号": p.number, "拨付结果": "成功", "拨付日期": day, "凭证号": f"PZ2026-{n:04d}"},
        )
        for n, p in enumerate(shown, 2)
    ]
    policy_payment_result.take(session, clerk, first, "第一批拨付结果.xlsx", repr(lines).encode(), lines)
    yield world.at(2, 11, 30)
    _batch(world, "第二批", "batched")


def _batch(world: World, name: str, *fates: str) -> int:
    clerk = world.actor("finance")
    ids = [_claim(world, key).id or 0 for key, fate in FIRST.items() if fate in fates]
    batch = policy_payment.make(world.session, clerk, ids, f"审计费补贴{name}")
    policy_payment.send_out(world.session, clerk, batch, 1)
    return batch

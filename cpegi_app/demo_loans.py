"""The demo's applications and disbursements: what was asked for, what was decided, what was paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from cpegi_app import clock
from cpegi_app.demo_parties import rng
from cpegi_app.demo_world import Story, World
from cpegi_app.models import Application, Product
from cpegi_app.services import application, disbursement
from cpegi_app.vocabulary import Action, FileSlot

Data = dict[str, str]

# Who, product, 万元, months, 担保方式, days ago, how it went, what was approved (万元/months), what was paid.
# A payment reads 万元@days ago, then how it went: nothing approved, b returned first, p pending, r returned, d draft.
CASES = """
f01 tech  500 12 CREDIT            64 approved  500/12 300@57 200@41
f01 ip    800 24 PLEDGE            44 approved  600/24 200@36 150@16b 100@2p
f01 mort 1500 36 MORTGAGE          35 rejected  -
f01 lease 400 36 SURETY             6 returned  -
f01 chain 200 12 CREDIT             2 pending   -
f01 quick  50  6 CREDIT             1 draft     -
f02 tech  300 12 CREDIT            61 approved  300/12 300@55
f02 ip    500 24 PLEDGE             3 pending   -
f03 tech  150 12 CREDIT            58 approved  120/12 120@50
f03 cover 200 12 GUARANTEE_COMPANY 12 approved  200/12 80@7 60@3p
f04 chain  80  6 PLEDGE            52 rejected  -
f04 tech  120 12 CREDIT             1 pending   -
f04 agri  100 12 SURETY            20 approved  80/12  80@14
f05 mort 2000 60 MORTGAGE          55 approved  1800/60 800@47 600@33 400@13
f05 tech  900 24 CREDIT             1 pending   -
f06 mort 1900 48 COMBINED          30 approved  1700/36 700@22 500@4p
f07 chain 300  6 CREDIT            40 rejected  -
f07 quick 150  3 MORTGAGE          27 approved  150/3  150@23
f08 agri  260 12 GUARANTEE_COMPANY 38 bounced   240/12 240@28
f09 first  60 12 CREDIT            33 approved  60/12  60@26
f09 tech   80 12 CREDIT             5 returned  -
f10 agri  120 24 CREDIT            49 approved  120/24 70@43 50@21
f11 lease 600 36 SURETY            36 approved  480/36 480@24
f12 shop   90 12 SURETY            18 rejected  -
f13 ip    300 24 PLEDGE            26 bounced   280/24 150@9 80@5r
f14 chain 400 12 PLEDGE             8 approved  350/12 200@3p
f15 lease 700 48 COMBINED           0 pending   -
f16 first 100 12 CREDIT            29 approved  100/12 100@19
f17 first  40 12 SURETY_INSURANCE   4 pending   -
f18 mort  900 36 MORTGAGE          16 approved  800/36 400@6r
f19 mort 1600 36 MORTGAGE          45 approved  1500/36 800@37 400@15
f20 quick  60  6 CREDIT             7 returned  -
f21 tech  400 12 CREDIT            24 approved  400/12 250@17
f21 cover 300 24 GUARANTEE_COMPANY  1 pending   -
f22 quick  40  6 SURETY            13 rejected  -
f23 agri  150 24 SURETY             9 approved  150/24 -
f24 lease 800 48 SURETY            11 withdrawn -
f25 chain 500  3 CREDIT            21 rejected  -
f26 shop   60 12 CREDIT            10 approved  50/12  50@3d
f28 first  30 12 CREDIT             3 draft     -
f29 tech  600 24 CREDIT             3 returned  -
f31 first  20 12 CREDIT             2 pending   -
f32 tax   100 12 CREDIT            48 approved  80/12  80@42
shenheng quick 80 6 CREDIT          6 approved  80/6   80@3
zhiheng first 50 12 CREDIT         15 rejected  -
chuanze shop 50 12 SURETY           4 returned  -
"""
PURPOSES = (
    "采购原材料并支付年末供应商货款，保障已签订单按期交付。",
    "新产品研发投入及中试线改造，缩短从样机到量产的周期。",
    "购置生产和检测设备，扩大现有产能约两成。",
    "补充流动资金，用于发放工资、支付水电和物流费用。",
    "置换即将到期的短期借款，优化债务期限结构。",
)
SOURCES = (
    "主营业务销售回款，近三个月平均月回款额可覆盖当期本息。",
    "在手订单和应收账款回款，主要客户账期 60–90 天。",
    "经营性现金流，不足部分由股东增资补充。",
)
# Why each refused application was refused: the reason fits the figures.
REFUSALS = {
    "f01-mort": "所提供的厂房已设定在先抵押，剩余价值不足以覆盖申请额度，建议释放抵押后重新申请。",
    "f04-chain": "质押应收账款的付款方不在核心企业名单内，无法完成确权。",
    "f07-chain": "行政处罚尚未整改完毕，且资产负债率接近本产品上限，暂不予受理。",
    "f12-shop": "存在逾期记录且上年度亏损，不符合本产品准入条件。",
    "f22-quick": "存在未履行完毕的被执行记录，履行完毕后可再次申请。",
    "f25-chain": "单笔申请额度与近三个月订单规模不匹配，且同一核心企业授信已达集中度上限。",
    "zhiheng-first": "本产品仅面向首次贷款的生产经营类企业，纳税信用、首贷等信息未提供，无法认定。",
}
RETURNS = (
    {"purpose": "请补充用途对应的购销合同或设备采购合同，并说明支付计划。"},
    {"source": "还款来源请列明主要客户和近六个月回款情况。", "amount": "申请额度请与所附测算表一致。"},
    {"contact_phone": "联系电话无法接通，请核对。"},
    {"term": "申请期限与还款来源的回款周期不匹配，请调整。"},
)
CONSENTS = ("同意授信，请携带原件到网点签约。", "经审批委员会通过，按批准额度执行。", "符合准入条件，同意。")
PAYMENT_RETURN = {
    "iou_no": "借据编号与所附放款凭证不一致，请核对。",
    "lent_on": "放款日期应以凭证入账日为准。",
}


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    key: str
    firm: str
    product: str
    amount: str
    term: str
    guarantee: str
    days: int
    outcome: str
    approved: str
    payments: tuple[str, ...]


def cases() -> list[Case]:
    """Return the table's lines."""
    found = []
    for line in CASES.strip().splitlines():
        firm, product, amount, term, guarantee, days, outcome, approved, *payments = line.split()
        paid = tuple(p for p in payments if p != "-")
        found.append(
            Case(
                f"{firm}-{product}",
                firm,
                product,
                amount,
                term,
                guarantee,
                int(days),
                outcome,
                approved,
                paid,
            )
        )
    return found


def stories(world: World) -> list[Story]:
    """Return every application's story."""
    return [_asked(world, case) for case in cases()]


def _asked(world: World, case: Case) -> Story:
    """Tell how an application was made and, unless it still waits, decided."""
    chance = rng(case.key)
    flow = application.FLOW
    yield world.at(case.days, *_hour(case.days, chance))
    row = application.open_application(world.session, world.actor(case.firm), world.products[case.product])
    data = row.data | _need(case, chance)
    row = world.save(case.firm, flow, row, data)
    world.attach(case.firm, flow, row, FileSlot.ATTACHMENT)
    if case.outcome == "draft":
        return
    row = world.submit(case.firm, flow, row, data)
    lender = world.orgs[row.institution_id]
    if case.outcome == "pending":
        return
    yield world.at(case.days - 1, *_hour(case.days - 1, chance))
    if case.outcome == "withdrawn":
        world.decide(case.firm, flow, row.id, Action.WITHDRAW)
        return
    if case.outcome == "rejected":
        world.decide(lender, flow, row.id, Action.REJECT, REFUSALS[case.key])
        return
    if case.outcome in ("returned", "bounced"):
        world.decide(lender, flow, row.id, Action.RETURN, field_reasons=chance.choice(RETURNS))
        if case.outcome == "returned":
            return
        yield world.at(case.days - 2, *_hour(case.days - 2, chance))
        again = world.session.get_one(Application, row.id)
        row = world.submit(case.firm, flow, again, data | {"source": data["source"] + "（已补充回款明细）"})
        yield world.at(case.days - 3, *_hour(case.days - 3, chance))
    amount, _, months = case.approved.partition("/")
    given = {"approved_amount": amount, "approved_term": months}
    world.decide(lender, flow, row.id, Action.APPROVE, chance.choice(CONSENTS), payload=given)
    for number, payment in enumerate(case.payments, 1):
        yield from _paid(world, case, row.id, number, payment)


def _hour(days: int, chance: Random) -> tuple[int, int]:
    return (chance.randint(9, 17) if days else chance.randint(1, 4)), chance.randint(0, 59)


def _need(case: Case, chance: Random) -> Data:
    return {
        "amount": case.amount,
        "term": case.term,
        "guarantee": case.guarantee,
        "purpose": chance.choice(PURPOSES),
        "source": chance.choice(SOURCES),
        "authorised": "YES",
    }


# --- payments -------------------------------------------------------------------------------------


def _paid(world: World, case: Case, application_id: int, number: int, payment: str) -> Story:
    """Tell how a payment was recorded by the lender and confirmed by the platform."""
    chance, flow = rng(f"{case.key}/{number}"), disbursement.FLOW
    amount, _, rest = payment.partition("@")
    days, fate = int(rest.rstrip("bprd")), rest.lstrip("0123456789")
    yield world.at(days, *_hour(days, chance))
    app = world.session.get_one(Application, application_id)
    lender = world.orgs[app.institution_id]
    row = disbursement.open_disbursement(world.session, world.actor(lender), application_id)
    data = row.data | _payment(world, app, amount, number, chance)
    row = world.save(lender, flow, row, data)
    world.attach(lender, flow, row, FileSlot.CONTRACT, FileSlot.VOUCHER)
    if fate == "d":
        return
    row = world.submit(lender, flow, row, data)
    if fate == "p":
        return
    yield world.at(days - 1, *_hour(days - 1, chance))
    if fate in ("b", "r"):
        world.staff_decides(flow, row.id, Action.RETURN, field_reasons=PAYMENT_RETURN)
        if fate == "r":
            return
        yield world.at(days - 2, *_hour(days - 2, chance))
        again = world.session.get_one(flow.model, row.id)
        row = world.submit(lender, flow, again, data | {"iou_no": data["iou_no"] + "-1"})
        yield world.at(days - 3, *_hour(days - 3, chance))
    world.staff_decides(flow, row.id, Action.APPROVE, "合同与凭证一致。")


def _payment(world: World, app: Application, amount: str, number: int, chance: Random) -> Data:
    lent = clock.today() - timedelta(days=1)
    product = world.session.get_one(Product, app.product_id)
    low, high = product.rate_min_bp, product.rate_max_bp
    contract = app.decided_at or clock.now()
    return {
        "contract_no": f"HT{contract:%Y%m}-{app.id:04d}",
        "contract_amount": f"{app.approved_fen // 1_000_000}",
        "iou_no": f"JJ{lent:%Y%m%d}-{app.id:04d}{number:02d}",
        "amount": amount,
        "lent_on": lent.isoformat(),
        "due_on": _months_after(lent, app.approved_months).isoformat(),
        "rate": f"{(low + chance.randint(0, 10) * (high - low) // 10) / 100:.2f}",
        "guarantee": app.data["guarantee"],
        "repayment": product.data["repayments"].split(",")[0],
        "is_first": app.profile.get("first_loan") or "NO",
    }


def _months_after(day: date, months: int) -> date:
    total = day.month - 1 + months
    return date(day.year + total // 12, total % 12 + 1, min(day.day, 28))

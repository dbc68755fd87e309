"""The demo's 14 credit products, and how each came to where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cpegi_app import clock
from cpegi_app.demo_world import Story, World
from cpegi_app.services import conditions, product
from cpegi_app.services.product import FLOW
from cpegi_app.vocabulary import Action

Data = dict[str, str]
TAX_LINE = "营业执照、公司章程、近两年财务报表、近一年纳税申报表"
STEPS = "在线提交申请 → 机构初审 → 尽职调查 → 审批 → 签约放款"


@dataclass(frozen=True)
class Offer:
    """A product in short: spans are `low-high`, conditions one `name>=value`, `name<=value` or `name=codes` each."""

    key: str
    org: str
    days: int
    fate: str
    name: str
    type: str
    amount: str
    term: str
    rate: str
    fees: str
    guarantees: str
    repayments: str
    within: int
    intro: str
    limits: str
    purpose: str = "补充流动资金，用于原材料采购、支付货款等日常经营周转"
    industries: str = ""
    regions: str = ""
    valid_days: int = 0


OFFERS = (
    Offer(
        "tech", "songyue", 97, "listed", "嵩岳科创信用贷", "CREDIT_LOAN", "50-1000", "6-24", "3.45-4.35", "0 0",
        "CREDIT,SURETY,GUARANTEE_COMPANY", "INTEREST_FIRST,EQUAL_INSTALMENT,REVOLVING", 5,
        "面向科技型企业的纯信用贷款，以研发投入、专利和成长性核定额度，随借随还。",
        "revenue>=500 revenue_growth>=0 debt_ratio<=65 age>=24 tax_rating=A,B,M qualifications=HIGH_TECH,TECH_SME,SRDI"
        " research_ratio>=3 no_overdue=YES no_enforcement=YES",
        industries="C,D,I,M,N", valid_days=420,
    ),
    Offer(
        "ip", "songyue", 95, "listed change", "嵩岳知识产权质押贷", "IP_PLEDGE", "100-2000", "12-36", "3.65-4.80", "0 0.5",
        "PLEDGE,COMBINED", "INTEREST_FIRST,EQUAL_PRINCIPAL", 12,
        "以发明专利权质押为主要担保方式，引入第三方评估，可享受政府贴息和评估费补贴。",
        "net_profit>=50 profit_years>=2 debt_ratio<=70 patents>=2 ip_total>=10 no_overdue=YES no_enforcement=YES",
        purpose="技术研发、成果转化和生产经营", industries="A,C,D,I,M,N",
    ),
    Offer(
        "chain", "songyue", 90, "listed", "嵩岳链易贷", "ORDER_FINANCE", "20-500", "3-12", "3.85-5.20", "0 0",
        "CREDIT,PLEDGE", "BULLET,INTEREST_FIRST", 3,
        "依托核心企业确权的应收账款和订单，为上下游企业提供线上融资。",
        "revenue>=300 age>=12 debt_ratio<=75 no_overdue=YES",
        purpose="履行订单所需的备货与生产",
    ),
    Offer(
        "tax", "songyue", 93, "delisted", "嵩岳税易贷", "CREDIT_LOAN", "10-300", "6-12", "4.05-5.60", "0 0",
        "CREDIT", "REVOLVING,EQUAL_INSTALMENT", 2,
        "以连续纳税记录核定额度的线上信用贷款，已并入科创信用贷统一受理。",
        "tax>=10 tax_rating=A,B age>=24 no_overdue=YES no_enforcement=YES no_penalty=YES",
    ),
    Offer(
        "order", "songyue", 9, "returned", "嵩岳外贸订单贷", "ORDER_FINANCE", "50-800", "3-12", "3.95-5.50", "0 0.3",
        "CREDIT,SURETY_INSURANCE", "BULLET", 5,
        "面向出口企业，以出口订单和信用保险保单为依据核定额度。",
        "revenue>=1000 age>=24 industry=C,F,L no_overdue=YES",
        purpose="出口订单备货", industries="C,F,L",
    ),
    Offer(
        "green", "songyue", 3, "draft", "嵩岳绿色转型贷", "OTHER", "100-2000", "12-60", "", "0 0",
        "MORTGAGE,COMBINED", "EQUAL_PRINCIPAL", 15, "支持企业节能改造与清洁生产项目。", "debt_ratio<=70",
    ),
    Offer(
        "agri", "heze", 92, "listed", "禾垣惠农贷", "GUARANTEED_LOAN", "10-300", "6-36", "4.15-5.80", "0.5 0",
        "CREDIT,SURETY,GUARANTEE_COMPANY", "INTEREST_FIRST,EQUAL_INSTALMENT", 6,
        "服务种植、养殖和农产品加工企业，可按生产周期设定还款计划。",
        "revenue>=100 age>=12 debt_ratio<=70 no_overdue=YES",
        purpose="购买农资、收购农产品及设施建设", industries="A,C,F",
    ),
    Offer(
        "shop", "heze", 88, "bounced", "禾垣商户流水贷", "CREDIT_LOAN", "5-100", "3-24", "4.35-6.50", "0 0",
        "CREDIT,SURETY", "EQUAL_INSTALMENT,REVOLVING", 3,
        "以收单和结算流水核定额度，适合零售、餐饮、住宿和居民服务商户。",
        "revenue>=50 age>=12 scale=SMALL,MICRO no_overdue=YES",
        industries="F,H,O,P,Q,R", regions="HUIJI,JINSHUI,ERQI,ZHONGYUAN,GUANCHENG",
    ),
    Offer(
        "travel", "heze", 2, "pending", "禾垣文旅消费贷", "CREDIT_LOAN", "10-200", "6-24", "4.20-5.90", "0 0",
        "CREDIT,SURETY", "EQUAL_INSTALMENT", 4,
        "面向文化、旅游、住宿和餐饮企业，支持旺季备货和门店升级。",
        "revenue>=80 age>=18 debt_ratio<=70 industry=H,R no_overdue=YES",
        purpose="门店升级、旺季备货", industries="H,R",
    ),
    Offer(
        "mort", "heluo", 94, "listed", "融和厂房抵押贷", "MORTGAGE_LOAN", "100-2000", "12-60", "3.35-4.20", "0 0",
        "MORTGAGE,COMBINED", "EQUAL_PRINCIPAL,INTEREST_FIRST", 15,
        "以工业厂房、土地使用权抵押，额度高、期限长，支持技术改造和扩产。",
        "revenue>=2000 profit_years>=1 age>=36 debt_ratio<=70 current_ratio>=1 no_enforcement=YES",
        purpose="技术改造、设备购置、厂房扩建及经营周转",
    ),
    Offer(
        "first", "heluo", 86, "listed", "融和首贷通", "CREDIT_LOAN", "10-200", "6-12", "3.95-4.95", "0.3 0",
        "CREDIT,SURETY_INSURANCE", "INTEREST_FIRST,EQUAL_INSTALMENT", 4,
        "专为从未获得银行贷款的小微企业设计，配套首贷辅导员全程服务。",
        "first_loan=YES age>=12 scale=SMALL,MICRO tax_rating=A,B,M no_overdue=YES no_enforcement=YES",
        valid_days=240,
    ),
    Offer(
        "quick", "guanghui", 84, "listed", "广穗源小微周转贷", "OTHER", "5-200", "1-12", "8.50-12.00", "0 1",
        "CREDIT,SURETY,MORTGAGE", "BULLET,EQUAL_INSTALMENT", 2,
        "手续简便，最快两个工作日放款，适合短期周转。",
        "age>=6 no_enforcement=YES", purpose="短期资金周转",
    ),
    Offer(
        "cover", "hengxin", 82, "listed", "衡岱科技融资担保", "GUARANTEE", "50-1000", "6-36", "3.60-4.60", "0.8 0",
        "GUARANTEE_COMPANY,COMBINED", "INTEREST_FIRST,EQUAL_INSTALMENT", 10,
        "与合作银行二八分险，为科技型小微企业提供低费率增信，保费可申请补贴。",
        "revenue>=300 debt_ratio<=72 age>=24 qualifications=HIGH_TECH,TECH_SME,SRDI,LITTLE_GIANT no_overdue=YES",
        purpose="研发投入及流动资金", industries="C,D,I,M,N",
    ),
    Offer(
        "lease", "qicheng", 80, "listed", "豫启衡设备直租", "LEASING", "50-2000", "12-60", "5.20-7.20", "0 0.6",
        "SURETY,PLEDGE,COMBINED", "EQUAL_INSTALMENT", 8,
        "企业选定设备、租赁公司购买后出租，期满以名义价格留购，首付最低一成。",
        "revenue>=800 age>=24 debt_ratio<=75 current_ratio>=0.9 no_overdue=YES",
        purpose="购置生产、检测、冷链等设备", industries="C,D,E,G,M,N,Q",
    ),
)  # fmt: skip


def data_of(offer: Offer, phone: str) -> Data:
    """Return an offer as the product form's and the condition editor's values."""
    out: Data = {
        "name": offer.name,
        "product_type": offer.type,
        "intro": offer.intro,
        "days": str(offer.within),
    }
    for name, span in (("amount", offer.amount), ("term", offer.term), ("rate", offer.rate)):
        out[f"{name}_min"], _, out[f"{name}_max"] = span.partition("-")
    out["guarantee_fee"], out["service_fee"] = ("" if fee == "0" else fee for fee in offer.fees.split())
    out |= {"guarantees": offer.guarantees, "repayments": offer.repayments, "purpose": offer.purpose}
    out |= {
        "industries": offer.industries,
        "regions": offer.regions,
        "materials": TAX_LINE,
        "procedure": STEPS,
    }
    out |= {"contact": "客户经理", "contact_phone": phone}
    if offer.valid_days:
        out["valid_until"] = (clock.today() + timedelta(days=offer.valid_days)).isoformat()
    return out | limits(offer.limits)


def limits(text: str) -> Data:
    """Return conditions written in short as the editor's values: what is not named is 不限制."""
    stated: dict[str, dict[str, Any]] = {d.code: {"any": True} for d in conditions.DIMENSIONS}
    for condition in text.split():
        name, sign, value = re.split("(>=|<=|=)", condition)
        if sign == "=":
            is_set = conditions.BY_CODE[name].kind == "set"
            stated[name] = {"set": value.split(",")} if is_set else {"yes": value == "YES"}
        else:
            stated[name] = {"low" if sign == ">=" else "high": value}
    return conditions.strings(stated)


def story(world: World, offer: Offer) -> Story:
    """Tell how a product was written, sent and decided."""
    yield world.at(offer.days, 9, 5 + len(offer.name))
    row = product.new_draft(world.session, world.actor(offer.org))
    world.products[offer.key] = row.product_id
    data = data_of(offer, world.phones[offer.org])
    row = world.save(offer.org, FLOW, row, data)
    if offer.fate == "draft":
        return
    yield world.at(offer.days, 9, 50)
    row = world.submit(offer.org, FLOW, row, data)
    if offer.fate == "pending":
        return
    yield world.at(offer.days - 1, 10, 20 + offer.within)
    if offer.fate in ("returned", "bounced"):
        world.staff_decides(FLOW, row.id, Action.RETURN, field_reasons=REASONS[offer.fate])
        if offer.fate == "returned":
            return
        yield world.at(offer.days - 2, 14, 30)
        again = world.session.get_one(FLOW.model, row.id)
        row = world.submit(offer.org, FLOW, again, data | {"materials": TAX_LINE + "、近六个月收单流水"})
        yield world.at(offer.days - 3, 11, 10)
    world.staff_decides(FLOW, row.id, Action.APPROVE, "要素完整，同意发布。")
    if then := AFTERWARDS.get(offer.fate):
        yield from then(world, offer, data)


REASONS = {
    "bounced": {"materials": "以流水核定额度，所需材料中请列明收单流水的期间。"},
    "returned": {
        "rate_max": "产品介绍所附说明写的是 4.95%，与此处 5.5% 不一致，请核对。",
        "c_revenue": "营业收入下限 1000 万元与“面向小微出口企业”的定位不符，请确认。",
        "procedure": "请补充出口信用保险保单的办理环节。",
    },
}


def _change(world: World, offer: Offer, data: Data) -> Story:
    """A first 变更 was approved long ago; a second one waits."""
    for days, change in (
        (58, {"rate_min": "3.55", "c_debt_ratio_high": "76"}),
        (1, {"rate_min": "3.4", "rate_max": "4.5", "term_max": "48", "c_patents_low": "3"}),
    ):
        data = data | change
        yield world.at(days, 15, 12)
        row = product.change_draft(world.session, world.actor(offer.org), world.products[offer.key])
        row = world.submit(offer.org, FLOW, row, data)
        if days > 2:
            yield world.at(days - 1, 9, 41)
            world.staff_decides(FLOW, row.id, Action.APPROVE, "利率下调、条件放宽，同意变更。")


def _delist(world: World, offer: Offer, data: Data) -> Story:
    yield world.at(24, 16, 5)
    product.delist(world.session, world.actor(offer.org), world.products[offer.key], listed=False)


AFTERWARDS: dict[str, Callable[[World, Offer, Data], Story]] = {"listed change": _change, "delisted": _delist}

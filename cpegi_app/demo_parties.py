"""The demo's organisations: invented institutions and enterprises, and the profiles they state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random

from cpegi_app import clock
from cpegi_app.demo_firms import FIRMS, QUALIFICATIONS
from cpegi_app.services.identifiers import CHARSET, check_character
from cpegi_app.vocabulary import KIND_OF, NO_QUALIFICATION, Kind, OrgClass, Region

Data = dict[str, str]
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜"
)
# Given names, two letters each.
GIVEN = (
    "文博雅琴建平思远海燕志强晓彤俊杰丽萍国栋静怡永康慧敏振华欣悦立新佳宁德胜春梅明轩"
    "秀兰少华玉洁宏伟若涵庆丰艳红子昂素珍卫东梦琪金玲学军婉清长河云飞晨曦启明淑芬泽宇"
)
ROADS = "启明路 砺新街 汇智路 云锦街 嵩阳路 安禾路 沃野街 清沐路 瑞泰街 远程路".split()  # noqa: SIM905
POSITIONS = ("财务总监", "总经理", "财务经理", "综合部主任", "副总经理")


@dataclass(frozen=True)
class Party:
    """An organisation of the demo: who signs in, when it registered, what its profile says."""

    key: str
    phone: str
    org_class: OrgClass
    days: int
    data: Callable[[], Data] = field(repr=False)

    @property
    def is_enterprise(self) -> bool:
        """Tell whether the party chooses 企业 at its first sign-in."""
        return self.org_class is OrgClass.ENTERPRISE


def rng(key: str) -> Random:
    """Return the party's own source of chance, the same on every run."""
    return Random(f"cpegi-demo-2026:{key}")


def person(chance: Random) -> str:
    """Return an invented name."""
    at = chance.randrange(0, len(GIVEN), 2)
    return chance.choice(SURNAMES) + GIVEN[at : at + 2]


def credit_code(chance: Random) -> str:
    """Return a well-formed credit code of an enterprise in the city."""
    first = "91410100MA9" + "".join(chance.choices(CHARSET, k=6))
    return first + check_character(first)


def subject(
    key: str, phone: str, org_class: OrgClass, name: str, region: str, industry: str, *, years: int, staff: int,
    capital: int, scope: str, intro: str, owner: str = "PRIVATE",
) -> Data:  # fmt: skip
    """Return what every kind of profile states."""
    chance = rng(key)
    founded = date(clock.today().year - years, chance.randint(1, 12), chance.randint(1, 28))
    place = f"河南省郑州市{Region.label_of(region)}{chance.choice(ROADS)} {chance.randint(6, 288)} 号"
    legal, contact = person(chance), person(chance)
    own = chance.random() < 0.4
    return {
        "org_class": org_class.value,
        "name": name,
        "credit_code": credit_code(chance),
        "legal_rep": legal,
        "capital": str(capital),
        "established_on": founded.isoformat(),
        "owner_type": owner,
        "industry": industry,
        "region": region,
        "staff": str(staff),
        "address": place,
        "office": place if chance.random() < 0.7 else f"{place} {chance.randint(2, 9)} 层",
        "scope": scope,
        "website": f"www.{key}.example.com",
        "intro": intro,
        "contact": legal if own else contact,
        "position": "法定代表人" if own else chance.choice(POSITIONS),
        "mobile": phone,
        "email": f"{key}@example.com",
        "is_legal_rep": "YES" if own else "NO",
    }


# --- institutions ---------------------------------------------------------------------------------

BANK_SCOPE = "吸收公众存款；发放短期、中期和长期贷款；办理国内外结算；办理票据承兑与贴现；从事银行卡业务。"
# Key, number, class, name, region, years, staff, capital 万元, scope, what it does, own fields.
Institution = tuple[str, str, OrgClass, str, str, int, int, int, str, str, Data]
C = OrgClass
INSTITUTIONS: tuple[Institution, ...] = (
    (
        "songyue", "13900000011", C.BANK, "嵩岳商业银行股份有限公司", "ZHENGDONG", 18, 1260, 320000, BANK_SCOPE,
        "设有科技金融专营支行四家，面向科技型中小企业提供信用贷款、知识产权质押贷款和供应链融资。",
        {"licence_no": "B1041H241010001", "supervisor": "国家金融监督管理总局河南监管局"},
    ),
    (
        "heze", "13900000031", C.BANK, "郑州禾垣村镇银行股份有限公司", "HUIJI", 12, 186, 30000, BANK_SCOPE,
        "服务县域和城郊，主要客户为农业经营主体、商户和小微企业。",
        {"licence_no": "S0042H341010008", "supervisor": "国家金融监督管理总局河南监管局"},
    ),
    (
        "heluo", "13900000032", C.BANK, "河洛融和银行股份有限公司", "JINSHUI", 15, 820, 210000, BANK_SCOPE,
        "以制造业中长期贷款和首贷培育为特色，在本市设有网点二十六个。",
        {"licence_no": "B1057H241010003", "supervisor": "国家金融监督管理总局河南监管局"},
    ),
    (
        "guanghui", "13900000033", C.MICRO_LOAN, "郑州广穗源小额贷款有限公司", "ERQI", 10, 42, 20000,
        "办理各项小额贷款；办理小企业发展、管理、财务等咨询业务。",
        "单户授信以 200 万元以内为主，最快两个工作日放款。",
        {"licence_no": "豫金贷 2016-0047", "supervisor": "河南省地方金融管理局"},
    ),
    (
        "hengxin", "13900000034", C.GUARANTEE, "郑州衡岱融资担保有限公司", "GAOXIN", 14, 65, 100000,
        "主营贷款担保、票据承兑担保、贸易融资担保；兼营诉讼保全担保、履约担保。",
        "国有控股政府性融资担保机构，为科技型和“三农”小微企业增信。",
        {"licence_no": "豫融担 410100-0019", "supervisor": "河南省地方金融管理局"},
    ),
    (
        "qicheng", "13900000035", C.LEASING, "河南豫启衡融资租赁有限公司", "AIRPORT", 9, 58, 50000,
        "融资租赁业务；租赁业务；向国内外购买租赁财产；租赁财产的残值处理及维修。",
        "专注数控机床、检验检测和冷链设备的直接租赁与售后回租。",
        {"licence_no": "豫租 2018-0112", "supervisor": "河南省地方金融管理局"},
    ),
    (
        "chuanze", "13900000012", C.PRIVATE_FUND, "郑州川泽私募基金管理有限公司", "ZHENGDONG", 7, 26, 3000,
        "私募股权投资基金管理、创业投资基金管理服务（须在中国证券投资基金业协会完成登记备案后方可从事经营活动）。",
        "管理三只创业投资基金，聚焦新材料、生物医药和工业软件的早期项目。",
        {"fund_size": "86000", "ticket_min": "300", "ticket_max": "3000", "registration_no": "P1079901",
         "invest_industries": "C,I,M", "invest_stages": "STARTUP,GROWTH"},
    ),
    (
        "yuanshu", "13900000036", C.INVESTMENT, "河南远枢股权投资有限公司", "JINSHUI", 11, 33, 50000,
        "以自有资金从事投资活动；创业投资；企业管理咨询。",
        "以产业链上下游并购整合和成长期股权投资为主。",
        {"fund_size": "120000", "ticket_min": "1000", "ticket_max": "8000", "registration_no": "",
         "invest_industries": "C,G,F", "invest_stages": "GROWTH,MATURE"},
    ),
    (
        "shenheng", "13900000013", C.ACCOUNTING, "河南慎衡会计师事务所（普通合伙）", "JINSHUI", 16, 78, 300,
        "审查企业会计报表，出具审计报告；验证企业资本，出具验资报告；代理记账；会计咨询、税务咨询。",
        "为中小企业提供年报审计、高新技术企业专项审计和政策申报专项审计。",
        {"practice_no": "41010088", "practitioners": "31", "services": "年报审计、专项审计、验资、内部控制咨询、税务鉴证。"},
    ),
    (
        "zhiheng", "13900000037", C.IP_SERVICE, "郑州智珩知识产权代理有限公司", "GAOXIN", 8, 35, 500,
        "专利代理；知识产权服务；商标代理；版权代理；科技中介服务。",
        "提供专利布局、质押评估辅助和知识产权贯标服务。",
        {"practice_no": "41199", "practitioners": "14", "services": "专利申请与维权、商标注册、知识产权质押融资辅导。"},
    ),
)  # fmt: skip
LAW_FIRM: Institution = (
    "mingzhang", "13900000038", C.LAW, "河南明璋律师事务所", "ZHENGDONG", 9, 46, 200,
    "法律服务。", "以金融借款、担保和企业合规业务为主。",
    {"practice_no": "24101201710099999", "practitioners": "29", "services": "合同审查、金融诉讼、合规辅导。"},
)  # fmt: skip
INDUSTRY_OF = {Kind.DEBT: "J", Kind.EQUITY: "J", Kind.INTERMEDIARY: "L"}
OWNER_OF = {Kind.DEBT: "MIXED", Kind.EQUITY: "PRIVATE", Kind.INTERMEDIARY: "PARTNERSHIP"}


def institution(row: Institution, days: int) -> Party:
    """Return an institution as a party that registered so many days ago."""
    key, phone, org_class, name, region, years, staff, capital, scope, intro, own = row

    def data() -> Data:
        kind = KIND_OF[org_class]
        owner = OWNER_OF[kind]
        found = subject(
            key, phone, org_class, name, region, INDUSTRY_OF[kind],
            years=years, staff=staff, capital=capital, scope=scope, intro=intro, owner=owner,
        )  # fmt: skip
        if kind is Kind.DEBT:
            # A licence still good for a few years, whenever the demo is loaded.
            until = date(clock.today().year + 3, 6, 30).isoformat()
            regions = ",".join(r.value for r in Region if r is not Region.OTHER)
            found |= {"licence_until": until, "business_regions": regions}
        return found | own

    return Party(key, phone, org_class, days, data)


# --- enterprises ----------------------------------------------------------------------------------


def firms() -> list[Party]:
    """Return the enterprises of the table, `f01` first, the named login."""
    return [_firm(f"f{number:02d}", number, row) for number, row in enumerate(rows_of(FIRMS), 1)]


def rows_of(table: str) -> list[Data]:
    """Return a table's lines under the names of its first line."""
    columns, *lines = [line.split() for line in table.strip().splitlines()]
    return [{str(name): str(value) for name, value in zip(columns, line, strict=True)} for line in lines]


def _firm(key: str, number: int, row: Data) -> Party:
    phone = "13900000021" if number == 1 else f"139000001{number:02d}"
    # The first is the oldest customer; the others registered over the following two months.
    days = 104 - (number * 17) % 41 if number > 1 else 106
    return Party(key, phone, OrgClass.ENTERPRISE, days, lambda: enterprise(key, phone, row))


def enterprise(key: str, phone: str, row: Data) -> Data:
    """Return an enterprise's profile: the subject, and figures that agree with the table's ratios."""
    years, staff, line = int(row["years"]), int(row["staff"]), row["business"]
    intro = f"{row['name']}主要从事{line}业务，现有员工 {staff} 人，客户分布于省内外。"
    chance = rng(key + "+")
    data = subject(
        key, phone, OrgClass.ENTERPRISE, row["name"], row["region"], row["industry"], years=years, staff=staff,
        capital=chance.choice((200, 500, 1000, 2000, 3000, 5000)), owner=row["owner"], intro=intro,
        scope=f"一般项目：{line}；技术服务、技术开发、技术咨询（除依法须经批准的项目外，凭营业执照依法自主开展经营活动）。",
    )  # fmt: skip
    data |= figures(row, chance) | standing(row, chance)
    return data | dict.fromkeys((n for n in row["missing"].split(",") if n != "-"), "")


def _times(amount: str | Decimal, ratio: float | Decimal) -> str:
    return f"{(Decimal(amount) * Decimal(str(ratio))).quantize(Decimal('0.01')).normalize():f}"


def figures(row: Data, chance: Random) -> Data:
    """Return the amounts of the two last closed years, 万元."""
    revenue, assets, margin = row["revenue"], row["assets"], float(row["margin"])
    before = _times(revenue, Decimal(100) / (100 + Decimal(row["growth"])))
    current = _times(assets, chance.choice((0.42, 0.5, 0.55, 0.61)))
    tax_rate, assets_before = chance.choice((0.018, 0.024, 0.031, 0.038)), _times(assets, 0.92)
    return {
        "scale_industry": row["trade"],
        "fiscal_year": str(clock.today().year - 1),
        "revenue": revenue,
        "net_profit": _times(revenue, margin / 100),
        "tax": _times(revenue, tax_rate),
        "assets": assets,
        "liabilities": _times(assets, Decimal(row["debt"]) / 100),
        "current_assets": current,
        "current_liabilities": _times(current, 1 / float(row["liquidity"])),
        "research": _times(revenue, float(row["research"]) / 100),
        "revenue_prev": before,
        "net_profit_prev": _times(before, (margin - 0.8) / 100),
        "tax_prev": _times(before, tax_rate),
        "assets_prev": assets_before,
        "liabilities_prev": _times(assets_before, (float(row["debt"]) + 1.6) / 100),
    }


def standing(row: Data, chance: Random) -> Data:
    """Return how the enterprise stands: staff insured, rights, ratings, records."""
    codes = {"Y": "YES", "N": "NO", "-": ""}
    profitable = float(row["margin"]) > 0
    return {
        "profit_years": str(min(int(row["years"]), chance.randint(2, 8)) if profitable else 0),
        "insured": str(int(int(row["staff"]) * chance.choice((0.78, 0.86, 0.93, 1)))),
        "patents": row["patents"],
        "ip_total": row["ip"],
        "debt_outstanding": row["borrowed"],
        "tax_rating": row["rating"].strip("-"),
        "qualifications": ",".join(QUALIFICATIONS[letter] for letter in row["quals"].strip("-"))
        or NO_QUALIFICATION,
        "first_loan": "YES" if row["borrowed"] == "0" else "NO",
        "no_overdue": codes[row["record"][0]],
        "no_enforcement": codes[row["record"][1]],
        "no_penalty": codes[row["record"][2]],
    }

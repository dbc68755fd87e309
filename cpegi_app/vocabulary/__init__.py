"""Every enumeration with its Chinese label (domain.md §1, §3, §5, §6, §11; manual §10).

What one chapter alone uses stands in a module of its own beside this one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Term(StrEnum):
    """A code stored in tables together with the label that screens show."""

    label: str

    def __new__(cls, code: str, label: str) -> Term:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member

    @classmethod
    def options(cls) -> list[tuple[str, str]]:
        """Return (code, label) pairs in the order of declaration."""
        return [(m.value, m.label) for m in cls]

    @classmethod
    def label_of(cls, code: str | None) -> str:
        """Return the label of a code, or the code itself when it is unknown."""
        return cls(code).label if code in cls._value2member_map_ else (code or "")


class Kind(Term):
    """Account kinds (manual §3.3, §10; domain.md §1)."""

    DEBT = "DEBT", "债权金融机构"
    EQUITY = "EQUITY", "股权金融机构"
    INTERMEDIARY = "INTERMEDIARY", "中介服务机构"
    ENTERPRISE = "ENTERPRISE", "企业"


class OrgClass(Term):
    """The 15 institution classes of manual §10, and the enterprise."""

    MICRO_LOAN = "MICRO_LOAN", "小额贷款公司"
    GUARANTEE = "GUARANTEE", "融资担保公司"
    LEASING = "LEASING", "融资租赁公司"
    FACTORING = "FACTORING", "商业保理公司"
    ASSET_MANAGEMENT = "ASSET_MANAGEMENT", "资产管理公司"
    BANK = "BANK", "商业银行"
    INSURANCE = "INSURANCE", "保险公司"
    FINANCIAL_SERVICE = "FINANCIAL_SERVICE", "金融服务公司"
    INVESTMENT = "INVESTMENT", "投资公司"
    SECURITIES = "SECURITIES", "证券公司"
    PRIVATE_FUND = "PRIVATE_FUND", "私募基金"
    ACCOUNTING = "ACCOUNTING", "会计师事务所"
    LAW = "LAW", "律师事务所"
    APPRAISAL = "APPRAISAL", "评估公司"
    IP_SERVICE = "IP_SERVICE", "知识产权服务公司"
    ENTERPRISE = "ENTERPRISE", "企业"


CLASSES: dict[Kind, tuple[OrgClass, ...]] = {
    Kind.DEBT: tuple(OrgClass)[:8],
    Kind.EQUITY: tuple(OrgClass)[8:11],
    Kind.INTERMEDIARY: tuple(OrgClass)[11:15],
    Kind.ENTERPRISE: (OrgClass.ENTERPRISE,),
}
KIND_OF: dict[OrgClass, Kind] = {c: kind for kind, classes in CLASSES.items() for c in classes}


class Status(Term):
    """Statuses of everything that is reviewed (domain.md §11)."""

    DRAFT = "DRAFT", "草稿"
    PENDING = "PENDING", "待审核"
    RETURNED = "RETURNED", "已退回"
    APPROVED = "APPROVED", "审核通过"
    REJECTED = "REJECTED", "审核不通过"


TONES: dict[str, str] = {
    Status.DRAFT: "grey",
    Status.PENDING: "blue",
    Status.RETURNED: "orange",
    Status.APPROVED: "green",
    Status.REJECTED: "red",
    "WITHDRAWN": "grey",
    "CLOSED": "teal",
}


class Action(Term):
    """What can be done to a reviewed thing."""

    SUBMIT = "SUBMIT", "提交"
    WITHDRAW = "WITHDRAW", "撤回"
    RETURN = "RETURN", "退回"
    APPROVE = "APPROVE", "审核通过"
    REJECT = "REJECT", "审核不通过"


class ProductType(Term):
    """Kinds of credit product (domain.md §5)."""

    CREDIT_LOAN = "CREDIT_LOAN", "信用贷款"
    MORTGAGE_LOAN = "MORTGAGE_LOAN", "抵质押贷款"
    GUARANTEED_LOAN = "GUARANTEED_LOAN", "担保贷款"
    TECH_LOAN = "TECH_LOAN", "科技贷"
    IP_PLEDGE = "IP_PLEDGE", "知识产权质押贷"
    ORDER_FINANCE = "ORDER_FINANCE", "订单融资"
    FACTORING = "FACTORING", "保理融资"
    LEASING = "LEASING", "融资租赁"
    GUARANTEE = "GUARANTEE", "担保服务"
    OTHER = "OTHER", "其他"


class GuaranteeMode(Term):
    """担保方式 (domain.md §5)."""

    CREDIT = "CREDIT", "信用"
    SURETY = "SURETY", "保证"
    MORTGAGE = "MORTGAGE", "抵押"
    PLEDGE = "PLEDGE", "质押"
    GUARANTEE_COMPANY = "GUARANTEE_COMPANY", "担保公司担保"
    SURETY_INSURANCE = "SURETY_INSURANCE", "保证保险"
    COMBINED = "COMBINED", "组合"


class RepaymentMode(Term):
    """还款方式 (domain.md §5)."""

    EQUAL_INSTALMENT = "EQUAL_INSTALMENT", "等额本息"
    EQUAL_PRINCIPAL = "EQUAL_PRINCIPAL", "等额本金"
    INTEREST_FIRST = "INTEREST_FIRST", "先息后本"
    BULLET = "BULLET", "一次性还本付息"
    REVOLVING = "REVOLVING", "随借随还"


class Industry(Term):
    """GB/T 4754 sections (domain.md §3)."""

    A = "A", "农、林、牧、渔业"
    B = "B", "采矿业"
    C = "C", "制造业"
    D = "D", "电力、热力、燃气及水生产和供应业"
    E = "E", "建筑业"
    F = "F", "批发和零售业"
    G = "G", "交通运输、仓储和邮政业"
    H = "H", "住宿和餐饮业"
    I = "I", "信息传输、软件和信息技术服务业"  # noqa: E741
    J = "J", "金融业"
    K = "K", "房地产业"
    L = "L", "租赁和商务服务业"
    M = "M", "科学研究和技术服务业"
    N = "N", "水利、环境和公共设施管理业"
    O = "O", "居民服务、修理和其他服务业"  # noqa: E741
    P = "P", "教育"
    Q = "Q", "卫生和社会工作"
    R = "R", "文化、体育和娱乐业"
    S = "S", "公共管理、社会保障和社会组织"
    T = "T", "国际组织"


class Region(Term):
    """Districts that the platform serves (ours: an operator changes them here)."""

    GAOXIN = "GAOXIN", "高新区"
    JINSHUI = "JINSHUI", "金水区"
    ZHENGDONG = "ZHENGDONG", "郑东新区"
    ERQI = "ERQI", "二七区"
    ZHONGYUAN = "ZHONGYUAN", "中原区"
    GUANCHENG = "GUANCHENG", "管城回族区"
    HUIJI = "HUIJI", "惠济区"
    JINGKAI = "JINGKAI", "经开区"
    AIRPORT = "AIRPORT", "航空港区"
    OTHER = "OTHER", "其他地区"


class OwnerType(Term):
    """企业性质 (domain.md §4)."""

    STATE = "STATE", "国有企业"
    PRIVATE = "PRIVATE", "民营企业"
    FOREIGN = "FOREIGN", "外商投资企业"
    HMT = "HMT", "港澳台投资企业"
    MIXED = "MIXED", "混合所有制企业"
    PARTNERSHIP = "PARTNERSHIP", "合伙企业"
    OTHER = "OTHER", "其他"


class Scale(Term):
    """Enterprise scale (工信部联企业〔2011〕300号)."""

    LARGE = "LARGE", "大型"
    MEDIUM = "MEDIUM", "中型"
    SMALL = "SMALL", "小型"
    MICRO = "MICRO", "微型"


class ScaleIndustry(Term):
    """Industries of the scale standard (domain.md §3)."""

    AGRICULTURE = "AGRICULTURE", "农林牧渔"
    MANUFACTURING = "MANUFACTURING", "工业"
    CONSTRUCTION = "CONSTRUCTION", "建筑业"
    WHOLESALE = "WHOLESALE", "批发业"
    RETAIL = "RETAIL", "零售业"
    TRANSPORT = "TRANSPORT", "交通运输业"
    WAREHOUSE = "WAREHOUSE", "仓储业"
    POST = "POST", "邮政业"
    HOTEL = "HOTEL", "住宿业"
    CATERING = "CATERING", "餐饮业"
    TELECOM = "TELECOM", "信息传输业"
    SOFTWARE = "SOFTWARE", "软件和信息技术服务业"
    REAL_ESTATE = "REAL_ESTATE", "房地产开发经营"
    PROPERTY = "PROPERTY", "物业管理"
    LEASING_BUSINESS = "LEASING_BUSINESS", "租赁和商务服务业"
    OTHER = "OTHER", "其他未列明行业"


class TaxRating(Term):
    """纳税信用等级 (domain.md §6)."""

    A = "A", "A级"
    B = "B", "B级"
    M = "M", "M级"
    C = "C", "C级"
    D = "D", "D级"


class Qualification(Term):
    """资质 (domain.md §6)."""

    HIGH_TECH = "HIGH_TECH", "高新技术企业"
    TECH_SME = "TECH_SME", "科技型中小企业"
    SRDI = "SRDI", "专精特新"
    LITTLE_GIANT = "LITTLE_GIANT", "专精特新小巨人"
    ISO9001 = "ISO9001", "ISO9001"


NO_QUALIFICATION = "NONE"
# As an enterprise states it: those that it has, or that it has none; no product asks for none.
OwnQualification: Any = Term(
    "OwnQualification",
    [(q.name, (q.value, q.label)) for q in Qualification] + [("NONE", (NO_QUALIFICATION, "以上均无"))],
)


class InvestStage(Term):
    """投资阶段 (domain.md §8)."""

    SEED = "SEED", "种子期"
    STARTUP = "STARTUP", "初创期"
    GROWTH = "GROWTH", "成长期"
    MATURE = "MATURE", "成熟期"


class YesNo(Term):
    """A yes or a no, where 'not stated' is a third value."""

    YES = "YES", "是"
    NO = "NO", "否"


class MatchClass(Term):
    """How a product suits an enterprise: fits, one condition short, data missing, further from it."""

    FIT = "FIT", "符合"
    NEAR = "NEAR", "差一项"
    LACKING = "LACKING", "需补充数据"
    OTHER = "OTHER", "暂不符合"


class FileSlot(Term):
    """What an uploaded file is for (domain.md §4, §7)."""

    LICENCE = "LICENCE", "营业执照"
    LEGAL_REP_ID = "LEGAL_REP_ID", "法定代表人身份证明"
    AUTHORISATION = "AUTHORISATION", "授权委托书"
    PERMIT = "PERMIT", "许可证/备案证明"
    ATTACHMENT = "ATTACHMENT", "附件"
    CONTRACT = "CONTRACT", "借款合同"
    VOUCHER = "VOUCHER", "放款凭证"
    REPORT = "REPORT", "报告文件"
    PLAN = "PLAN", "商业计划书"
    PICTURE = "PICTURE", "项目图片"
    AGREEMENT = "AGREEMENT", "投资协议"
    PAYMENT = "PAYMENT", "到账凭证"
    REGISTRATION = "REGISTRATION", "工商变更证明"


class SmsPurpose(Term):
    """What an SMS code is good for (domain.md §2)."""

    REGISTER = "REGISTER", "注册"
    RESET = "RESET", "找回密码"
    PASSWORD = "PASSWORD", "修改密码"
    OLD_PHONE = "OLD_PHONE", "更换手机号（旧号码）"
    NEW_PHONE = "NEW_PHONE", "更换手机号（新号码）"


class LoanSource(Term):
    """How a loan came into the loan book."""

    ONLINE = "ONLINE", "线上"
    OFFLINE = "OFFLINE", "线下"


class FiveClass(Term):
    """五级分类 (domain.md §7)."""

    NORMAL = "NORMAL", "正常"
    SPECIAL = "SPECIAL", "关注"
    SUBSTANDARD = "SUBSTANDARD", "次级"
    DOUBTFUL = "DOUBTFUL", "可疑"
    LOSS = "LOSS", "损失"


class LoanStatus(Term):
    """Where a loan of the loan book stands today."""

    ACTIVE = "ACTIVE", "存续"
    DUE = "DUE", "已到期"
    REPLACED = "REPLACED", "已更正"


class LoanOwed(Term):
    """Whether anything is owed of a loan; without a registered balance all of it is."""

    OPEN = "OPEN", "有余额"
    CLEAR = "CLEAR", "余额为 0"


class LoanScale(Term):
    """Borrowers that the loan book is looked through for."""

    SMALL = "SMALL", "中小微企业"


class ReportKind(Term):
    """Kinds of report to the regulator (domain.md §9)."""

    MONTHLY = "MONTHLY", "月度统计报表"
    QUARTERLY = "QUARTERLY", "季度经营报告"
    ANNUAL = "ANNUAL", "年度报告"
    AUDIT = "AUDIT", "审计报告"
    MATERIAL = "MATERIAL", "重大事项报告"
    INTERIM = "INTERIM", "临时报告"


class PeriodType(Term):
    """What a report's 报告期 is."""

    MONTH = "MONTH", "月度"
    QUARTER = "QUARTER", "季度"
    YEAR = "YEAR", "年度"
    NONE = "NONE", "不定期"


PERIOD_OF: dict[ReportKind, PeriodType] = {
    ReportKind.MONTHLY: PeriodType.MONTH,
    ReportKind.QUARTERLY: PeriodType.QUARTER,
    ReportKind.ANNUAL: PeriodType.YEAR,
    ReportKind.AUDIT: PeriodType.YEAR,
    ReportKind.MATERIAL: PeriodType.NONE,
    ReportKind.INTERIM: PeriodType.NONE,
}


class DutyState(Term):
    """How a report that is asked for stands."""

    IN = "IN", "已报送"
    REVIEWING = "REVIEWING", "审核中"
    RETURNED = "RETURNED", "已退回"
    LATE = "LATE", "已逾期"
    SOON = "SOON", "即将到期"
    DUE = "DUE", "待报送"


DUTY_TONES: dict[str, str] = {
    DutyState.IN: "green",
    DutyState.REVIEWING: "blue",
    DutyState.RETURNED: "orange",
    DutyState.LATE: "red",
    DutyState.SOON: "orange",
    DutyState.DUE: "grey",
}

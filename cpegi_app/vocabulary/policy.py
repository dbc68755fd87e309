"""Words of policies, applications for them and their payment (manual §8, domain.md §10)."""

from __future__ import annotations

from cpegi_app.vocabulary import OrgClass, Term


class PolicyCategory(Term):
    """What a policy is for."""

    LOAN_INTEREST = "LOAN_INTEREST", "贷款贴息"
    INVEST_REWARD = "INVEST_REWARD", "投资奖励"
    FEE_SUBSIDY = "FEE_SUBSIDY", "费用补贴"
    RISK_SHARE = "RISK_SHARE", "风险补偿"
    OTHER = "OTHER", "其他奖补"


class PolicyState(Term):
    """How a policy itself stands."""

    DRAFT = "DRAFT", "草稿"
    PUBLISHED = "PUBLISHED", "已发布"
    STOPPED = "STOPPED", "已停止"


class WindowState(Term):
    """How a window of application or redemption stands now."""

    COMING = "COMING", "即将开始"
    OPEN = "OPEN", "申报中"
    PAST = "PAST", "已截止"
    UNSET = "UNSET", "时间待定"


class RecordSource(Term):
    """Which approved records an application may stand on."""

    LOAN = "LOAN", "贷款"
    INVESTMENT = "INVESTMENT", "投资"


class RecordSide(Term):
    """Which party to a record may choose it."""

    RECEIVER = "RECEIVER", "用款方（借款企业、被投企业）"
    PROVIDER = "PROVIDER", "出资方（放款机构、投资机构）"
    EITHER = "EITHER", "双方均可，先到先得"


class MaterialFormat(Term):
    """The formats in which a material may be accepted."""

    PDF = "PDF", "PDF 文件"
    PICTURE = "PICTURE", "图片（JPG、PNG）"
    WORD = "WORD", "Word 文档（.docx）"
    EXCEL = "EXCEL", "Excel 表格（.xlsx）"


class LenderClass(Term):
    """Classes of institution that lend (manual §10)."""

    MICRO_LOAN = "MICRO_LOAN", OrgClass.MICRO_LOAN.label
    GUARANTEE = "GUARANTEE", OrgClass.GUARANTEE.label
    LEASING = "LEASING", OrgClass.LEASING.label
    FACTORING = "FACTORING", OrgClass.FACTORING.label
    ASSET_MANAGEMENT = "ASSET_MANAGEMENT", OrgClass.ASSET_MANAGEMENT.label
    BANK = "BANK", OrgClass.BANK.label
    INSURANCE = "INSURANCE", OrgClass.INSURANCE.label
    FINANCIAL_SERVICE = "FINANCIAL_SERVICE", OrgClass.FINANCIAL_SERVICE.label


class AmountRule(Term):
    """How the amount follows."""

    FIXED = "FIXED", "固定金额"
    PERCENT = "PERCENT", "按比例计算"
    INTEREST = "INTEREST", "按日计算利息"


class AmountBase(Term):
    """What a percentage is taken of; a question of the policy is named by its own code."""

    RECORDS = "RECORDS", "所选记录金额合计"
    ANSWER = "ANSWER", "附加问题中填报的金额"


class BudgetMoment(Term):
    """When an application takes its part of the budget."""

    SUBMIT = "SUBMIT", "提交时占用（先到先得）"
    APPROVE = "APPROVE", "审核通过时占用"


class QuestionKind(Term):
    """Kinds of extra question."""

    TEXT = "TEXT", "文字"
    NUMBER = "NUMBER", "数字"
    DATE = "DATE", "日期"
    CHOICE = "CHOICE", "单选"
    FILE = "FILE", "文件"


class PolicyStage(Term):
    """Who acts on an application or on what follows from it."""

    FORMAL = "FORMAL", "形式审查"
    BUSINESS = "BUSINESS", "业务审核"
    REDEMPTION = "REDEMPTION", "兑现审核"
    FINANCE = "FINANCE", "财务拨付"


class AmountKind(Term):
    """The amounts of an application, each with who and why."""

    ASKED = "ASKED", "申请金额"
    COMPUTED = "COMPUTED", "系统计算金额"
    REVIEWED = "REVIEWED", "审核金额"
    CONFIRMED = "CONFIRMED", "确认金额"
    PAID = "PAID", "拨付金额"


class AssignmentMove(Term):
    """How a reviewer came to an application."""

    TAKE = "TAKE", "领取"
    HAND_OVER = "HAND_OVER", "转交"
    GIVE_BACK = "GIVE_BACK", "退回待领"


class GrantState(Term):
    """Where an approved application stands on its way to the money."""

    WAITING = "WAITING", "待公示"
    PUBLIC = "PUBLIC", "公示中"
    CONFIRMED = "CONFIRMED", "可兑现"
    REVOKED = "REVOKED", "已取消"
    PAID = "PAID", "已拨付"


class ObjectionState(Term):
    """How an objection to a publication stands."""

    OPEN = "OPEN", "待处理"
    UPHELD = "UPHELD", "异议成立"
    DISMISSED = "DISMISSED", "异议不成立"


class BatchState(Term):
    """How a payment batch stands."""

    OPEN = "OPEN", "编制中"
    EXPORTED = "EXPORTED", "已导出"
    DONE = "DONE", "已完成"
    VOID = "VOID", "已作废"


class PaymentState(Term):
    """How one payment stands."""

    WAITING = "WAITING", "待拨付"
    PAID = "PAID", "已拨付"
    FAILED = "FAILED", "拨付失败"


POLICY_TONES: dict[str, str] = {
    PolicyState.DRAFT: "grey",
    PolicyState.PUBLISHED: "green",
    PolicyState.STOPPED: "red",
}
WINDOW_TONES: dict[str, str] = {
    WindowState.COMING: "blue",
    WindowState.OPEN: "green",
    WindowState.PAST: "grey",
    WindowState.UNSET: "grey",
}
GRANT_TONES: dict[str, str] = {
    GrantState.WAITING: "blue",
    GrantState.PUBLIC: "orange",
    GrantState.CONFIRMED: "green",
    GrantState.REVOKED: "red",
    GrantState.PAID: "teal",
}
PAYMENT_TONES: dict[str, str] = {
    PaymentState.WAITING: "blue",
    PaymentState.PAID: "green",
    PaymentState.FAILED: "red",
}

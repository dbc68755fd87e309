"""Who may do what, said once: permissions, their grants, the actor, and the manual's screens."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cpegi_app.vocabulary import Kind, OrgClass


class Permission(StrEnum):
    """What a screen, a handler or a flow's stage asks for, `object:action`, alphabetical."""

    ACCOUNT_MANAGE = "account:manage"
    ACCOUNT_OWN = "account:own"
    APPLICATION_REVIEW = "application:review"
    APPLICATION_SUBMIT = "application:submit"
    AUDIT_READ = "audit:read"
    DISBURSEMENT_SUBMIT = "disbursement:submit"
    EQUITY_BROWSE = "equity:browse"
    IDENTITY_CHOOSE = "identity:choose"
    INVESTMENT_CONFIRM = "investment:confirm"
    INVESTMENT_MANAGE = "investment:manage"
    INVESTMENT_SUBMIT = "investment:submit"
    LEAD_MANAGE = "lead:manage"
    LIBRARY_OWN = "library:own"
    LIBRARY_READ = "library:read"
    LOAN_READ = "loan:read"
    LOAN_READ_ALL = "loan:readall"
    OFFLINE_SUBMIT = "offline:submit"
    POLICY_APPLY = "policy:apply"
    POLICY_MANAGE = "policy:manage"
    POLICY_PAY = "policy:pay"
    POLICY_REVIEW = "policy:review"
    PRODUCT_SUBMIT = "product:submit"
    PROFILE_CHANGE = "profile:change"
    PROJECT_SUBMIT = "project:submit"
    REPORT_DUTY_MANAGE = "report:duty"
    REPORT_READ = "report:read"
    REPORT_SUBMIT = "report:submit"
    REVIEW_PLATFORM = "review:platform"
    ROADSHOW_ATTEND = "roadshow:attend"
    ROADSHOW_MANAGE = "roadshow:manage"
    STATISTICS_READ = "statistics:read"
    VERIFICATION_SUBMIT = "verification:submit"


class Role(StrEnum):
    """What a user is to the platform."""

    MEMBER = "MEMBER"
    STAFF = "STAFF"
    REGULATOR = "REGULATOR"


P = Permission
# Every signed-in account, verified or not.
BASE_GRANTS = frozenset({P.ACCOUNT_OWN})
# A member before 真实性认证 (manual §3.1): nothing but its own account and the verification itself.
NEW_MEMBER_GRANTS = BASE_GRANTS | {P.IDENTITY_CHOOSE, P.VERIFICATION_SUBMIT}
# Institutions keep every enterprise function (manual §3.3).
ENTERPRISE_GRANTS = NEW_MEMBER_GRANTS | {
    P.PROFILE_CHANGE,
    P.APPLICATION_SUBMIT,
    P.REPORT_SUBMIT,
    P.PROJECT_SUBMIT,
    P.INVESTMENT_CONFIRM,
    P.ROADSHOW_ATTEND,
    P.LIBRARY_OWN,
    P.POLICY_APPLY,
}
GRANTS: dict[str, frozenset[Permission]] = {
    Kind.ENTERPRISE: ENTERPRISE_GRANTS,
    Kind.INTERMEDIARY: ENTERPRISE_GRANTS,
    Kind.EQUITY: ENTERPRISE_GRANTS | {P.EQUITY_BROWSE, P.INVESTMENT_SUBMIT},
    Kind.DEBT: ENTERPRISE_GRANTS
    | {P.PRODUCT_SUBMIT, P.APPLICATION_REVIEW, P.DISBURSEMENT_SUBMIT, P.OFFLINE_SUBMIT, P.LOAN_READ},
    Role.STAFF: BASE_GRANTS
    | {
        P.REVIEW_PLATFORM,
        P.ACCOUNT_MANAGE,
        P.AUDIT_READ,
        P.STATISTICS_READ,
        P.LOAN_READ_ALL,
        P.REPORT_READ,
        P.REPORT_DUTY_MANAGE,
        P.LEAD_MANAGE,
        P.INVESTMENT_MANAGE,
        P.ROADSHOW_MANAGE,
        P.LIBRARY_READ,
        P.POLICY_MANAGE,
        P.POLICY_REVIEW,
        P.POLICY_PAY,
    },
    Role.REGULATOR: BASE_GRANTS | {P.STATISTICS_READ, P.REPORT_READ},
}


@dataclass(frozen=True)
class Actor:
    """Who is asking; loaded afresh from the session table for every event."""

    user_id: int
    role: Role
    name: str = ""
    phone_masked: str = ""
    org_id: int | None = None
    kind: Kind | None = None
    org_class: OrgClass | None = None
    verified: bool = False
    login_id: int | None = None
    address: str = ""
    # Whether the rights have changed since the login: its id is due to be replaced.
    renew: bool = False

    @property
    def full_grants(self) -> frozenset[Permission]:
        """Return what the account may do once it is verified."""
        if self.role is not Role.MEMBER:
            return GRANTS[self.role]
        # What every kind will have, as long as none is chosen (manual §3.3).
        return GRANTS[self.kind] if self.kind else ENTERPRISE_GRANTS

    @property
    def grants(self) -> frozenset[Permission]:
        """Return what the account may do now."""
        if self.role is Role.MEMBER and not (self.verified and self.kind):
            return NEW_MEMBER_GRANTS
        return self.full_grants

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor holds a permission now."""
        return permission in self.grants

    def locked(self, permission: Permission) -> bool:
        """Tell whether only the missing verification keeps a permission from the actor."""
        return permission not in self.grants and permission in self.full_grants


@dataclass(frozen=True)
class Screen:
    """One screen of the manual; `permission` None means public, `route` empty means part of every page."""

    manual: str
    route: str
    title: str
    permission: Permission | None = None
    menu: str = ""
    icon: str = ""
    also: tuple[str, ...] = field(default=())

    def url(self, **parts: object) -> str:
        """Return the route with its bracketed parts filled in."""
        path = self.route
        for name, value in parts.items():
            path = path.replace(f"[{name}]", str(value))
        return path


# Part of every page: the message bar and, once signed in, the shell around the console.
MESSAGE_BAR = Screen("1.1", "", "消息栏")
SHELL = Screen("1.1", "", "管理中心", P.ACCOUNT_OWN, also=("2.6",))

HOME = Screen("1.1", "/", "首页")
ABOUT = Screen("9", "/about", "平台介绍与联系方式")
PUBLIC_PRODUCTS = Screen("4.1", "/products", "金融产品")
PUBLIC_PRODUCT = Screen("4.1", "/products/[pid]", "产品详情")
PUBLIC_PROJECTS = Screen("6.1", "/projects", "股权融资")
PUBLIC_PROJECT = Screen("6.1", "/projects/[pid]", "融资项目详情")
PUBLIC_POLICIES = Screen("8.1", "/policies", "奖补政策")
PUBLIC_PUBLICITIES = Screen("8.1", "/publicity", "奖补公示")
PUBLIC_PUBLICITY = Screen("8.1", "/publicity/[nid]", "公示详情")
PUBLIC_POLICY = Screen("8.1", "/policies/[pid]", "政策详情")
REGISTER = Screen("2.1", "/register", "注册")
LOGIN = Screen("2.2", "/login", "用户登录")
FORGOT = Screen("2.3", "/forgot", "忘记密码")

WORKBENCH = Screen("2.2", "/console", "工作台", P.ACCOUNT_OWN, menu="工作台", icon="home")
IDENTITY = Screen("2.2", "/console/identity", "选择机构类型", P.IDENTITY_CHOOSE, also=("10",))
PASSWORD = Screen("2.4", "/console/password", "修改密码", P.ACCOUNT_OWN)
PHONE = Screen("2.5", "/console/phone", "更换手机号", P.ACCOUNT_OWN)
NOTICES = Screen("2.2", "/console/notices", "消息通知", P.ACCOUNT_OWN)
VERIFICATION = Screen(
    "3.1", "/console/verification", "用户真实性认证", P.VERIFICATION_SUBMIT, "账户资料维护", "shield"
)
PROFILE = Screen(
    "3.2", "/console/profile", "企业认证", P.PROFILE_CHANGE, "账户资料维护", "building", also=("3.3",)
)
PROFILE_EDIT = Screen("3.2", "/console/profile/change", "修改资料", P.PROFILE_CHANGE)
PRODUCTS = Screen("4.1", "/console/products", "金融产品发布", P.PRODUCT_SUBMIT, "金融产品", "product")
PRODUCT_EDIT = Screen("4.1", "/console/products/edit/[rid]", "编辑金融产品", P.PRODUCT_SUBMIT)
PRODUCT_PUSHES = Screen("4.1", "/console/products/pushes/[pid]", "推送记录", P.PRODUCT_SUBMIT)
REQUESTS = Screen(
    "4.2", "/console/requests", "企业申请管理", P.APPLICATION_REVIEW, "金融产品", "inbox", also=("4.3",)
)
REQUEST = Screen("4.2", "/console/requests/[aid]", "办理融资申请", P.APPLICATION_REVIEW)
DISBURSE = Screen("4.3", "/console/requests/disburse/[did]", "放款", P.DISBURSEMENT_SUBMIT)
FILINGS = Screen("5.1", "/console/filings", "备案申请", P.OFFLINE_SUBMIT, "线下贷款备案", "file")
FILING = Screen("5.1", "/console/filings/[bid]", "编辑备案", P.OFFLINE_SUBMIT)
LOANS = Screen("5.1", "/console/loans", "贷款台账", P.LOAN_READ, "贷款台账", "list")
APPLICATIONS = Screen(
    "4.2", "/console/applications", "我的融资申请", P.APPLICATION_SUBMIT, "融资申请", "file"
)
MATCHES = Screen("4.1", "/console/matches", "适合我的产品", P.APPLICATION_SUBMIT, "融资申请", "product")
MATCH = Screen("4.1", "/console/matches/[pid]", "产品匹配详情", P.APPLICATION_SUBMIT)
APPLICATION = Screen("4.2", "/console/applications/[aid]", "融资申请详情", P.APPLICATION_SUBMIT)
APPLY = Screen("4.2", "/console/apply/[pid]", "申请金融产品", P.APPLICATION_SUBMIT)
FIGURES = Screen("4.2", "/console/figures", "业务统计", P.APPLICATION_SUBMIT, "业务统计", "chart")
PROJECTS = Screen("6.1", "/console/projects", "我的融资项目", P.PROJECT_SUBMIT, "股权融资项目", "gift")
PROJECT_EDIT = Screen("6.1", "/console/projects/edit/[rid]", "编辑融资项目", P.PROJECT_SUBMIT)
PROJECT_READERS = Screen("6.1", "/console/projects/[pid]", "关注与查阅", P.PROJECT_SUBMIT)
DEALS = Screen("6.1", "/console/equity/projects", "收藏与推荐", P.EQUITY_BROWSE, "股权融资项目", "coins")
PREFERENCE = Screen(
    "6.1", "/console/equity/preference", "投资偏好", P.EQUITY_BROWSE, "股权融资项目", "settings"
)
CONFIRMATIONS = Screen(
    "6.4",
    "/console/investments",
    "线下投资确认",
    P.INVESTMENT_CONFIRM,
    "股权融资项目",
    "check",
    also=("6.2",),
)
CONFIRM = Screen("6.4", "/console/investments/[iid]", "确认线下投资", P.INVESTMENT_CONFIRM)
CONFIRM_ONLINE = Screen("6.2", "/console/investments/online/[oid]", "确认线上投资", P.INVESTMENT_CONFIRM)
RECORDS = Screen(
    "6.2", "/console/equity/records", "投资记录", P.INVESTMENT_SUBMIT, "股权融资项目", "list", also=("6.4",)
)
RECORD = Screen("6.2", "/console/equity/records/[oid]", "线上投资记录", P.INVESTMENT_SUBMIT)
INVESTMENT_EDIT = Screen("6.4", "/console/equity/offline/[iid]", "添加线下投资记录", P.INVESTMENT_SUBMIT)
ROADSHOWS = Screen("6.3", "/console/roadshows", "项目路演", P.ROADSHOW_ATTEND, "股权融资项目", "calendar")
ROADSHOW = Screen("6.3", "/console/roadshows/[mid]", "路演详情", P.ROADSHOW_ATTEND)
LIBRARY = Screen("6.5", "/console/library", "股权投资项目库", P.LIBRARY_OWN, "股权融资项目", "bank")
REPORTS = Screen("7", "/console/reports", "报告管理", P.REPORT_SUBMIT, "报告管理", "file")
REPORT_EDIT = Screen("7", "/console/reports/[rid]", "填报报告", P.REPORT_SUBMIT)
POLICY_APPLICATIONS = Screen("8.1", "/console/policies", "政策申请", P.POLICY_APPLY, "政策奖补", "gift")
POLICY_START = Screen("8.1", "/console/policies/start", "发起政策申请", P.POLICY_APPLY)
POLICY_APPLICATION = Screen("8.1", "/console/policies/[aid]", "政策申请详情", P.POLICY_APPLY)
POLICY_CLAIMS = Screen("8.2", "/console/policy-claims", "政策兑现", P.POLICY_APPLY, "政策奖补", "coins")
POLICY_CLAIM = Screen("8.2", "/console/policy-claims/[cid]", "兑现申请", P.POLICY_APPLY)
QUEUE = Screen("3.1", "/staff/queue", "审核队列", P.REVIEW_PLATFORM, "审核管理", "inbox")
REVIEW = Screen("3.1", "/staff/review/[flow]/[rid]", "审核办理", P.REVIEW_PLATFORM)
POLICY_QUEUE = Screen("8.1", "/staff/policy-queue", "政策审核", P.POLICY_REVIEW, "政策奖补", "gift")
POLICY_REVIEW = Screen("8.1", "/staff/policy-review/[aid]", "办理政策申请", P.POLICY_REVIEW)
POLICIES = Screen("8.1", "/staff/policies", "政策管理", P.POLICY_MANAGE, "政策奖补", "list")
POLICY_EDIT = Screen("8.1", "/staff/policies/[pid]", "编辑政策", P.POLICY_MANAGE)
POLICY_PREVIEW = Screen("8.1", "/staff/policies/preview/[pid]", "政策预览", P.POLICY_MANAGE)
PUBLICITIES = Screen("8.1", "/staff/publicities", "公示管理", P.POLICY_REVIEW, "政策奖补", "list")
PUBLICITY = Screen("8.1", "/staff/publicities/[nid]", "公示办理", P.POLICY_REVIEW)
POLICY_OVERVIEW = Screen(
    "8.1", "/staff/policy-overview", "政策办理概览", P.POLICY_REVIEW, "政策奖补", "chart"
)
POLICY_TRAIL = Screen("8.2", "/staff/policy-trail/[aid]", "来龙去脉", P.POLICY_REVIEW)
CLAIM_QUEUE = Screen("8.2", "/staff/policy-claims", "兑现审核", P.POLICY_REVIEW, "政策奖补", "inbox")
CLAIM_REVIEW = Screen("8.2", "/staff/policy-claims/[cid]", "办理兑现申请", P.POLICY_REVIEW)
PAYMENT_BATCHES = Screen("8.2", "/staff/payments", "拨付批次", P.POLICY_PAY, "政策奖补", "coins")
PAYMENT_BATCH = Screen("8.2", "/staff/payments/[bid]", "拨付批次详情", P.POLICY_PAY)
STAFF_LOANS = Screen("5.1", "/staff/loans", "全平台贷款台账", P.LOAN_READ_ALL, "统计", "list")
FILING_REVIEW = Screen("5.1", "/staff/filings/[bid]", "审核线下贷款备案", P.REVIEW_PLATFORM)
RECOMMEND = Screen("6.1", "/staff/equity/recommend", "项目推荐", P.LEAD_MANAGE, "股权融资", "gift")
RECOMMEND_PROJECT = Screen("6.1", "/staff/equity/recommend/project/[pid]", "为项目推荐机构", P.LEAD_MANAGE)
RECOMMEND_TO = Screen("6.1", "/staff/equity/recommend/institution/[oid]", "为机构推荐项目", P.LEAD_MANAGE)
LEADS = Screen("6.1", "/staff/equity/leads", "对接线索", P.LEAD_MANAGE, "股权融资", "users")
LEAD = Screen("6.1", "/staff/equity/leads/[lid]", "线索跟进", P.LEAD_MANAGE)
STAFF_RECORDS = Screen(
    "6.2", "/staff/equity/records", "投资记录与疑问", P.INVESTMENT_MANAGE, "股权融资", "list"
)
STAFF_RECORD = Screen("6.2", "/staff/equity/records/[oid]", "线上投资记录详情", P.INVESTMENT_MANAGE)
STAFF_QUESTION = Screen("6.2", "/staff/equity/questions/[qid]", "线下投资疑问", P.INVESTMENT_MANAGE)
STAFF_ROADSHOWS = Screen(
    "6.3", "/staff/equity/roadshows", "路演管理", P.ROADSHOW_MANAGE, "股权融资", "calendar"
)
STAFF_ROADSHOW = Screen("6.3", "/staff/equity/roadshows/[mid]", "路演安排", P.ROADSHOW_MANAGE)
STAFF_LIBRARY = Screen("6.5", "/staff/equity/library", "全平台投资项目库", P.LIBRARY_READ, "股权融资", "bank")
EQUITY_FIGURES = Screen("6.5", "/staff/equity/figures", "股权数据", P.LIBRARY_READ, "股权融资", "chart")
REPORTS_READ = Screen("7", "/regulator/reports", "报告查阅", P.REPORT_READ, "报告管理", "file")
REPORT_READ = Screen("7", "/regulator/reports/[rid]", "报告详情", P.REPORT_READ)
REPORT_MATRIX = Screen("7", "/regulator/report-matrix", "报送情况", P.REPORT_READ, "报告管理", "list")
REPORT_DUTIES = Screen("7", "/staff/report-duties", "报送要求", P.REPORT_DUTY_MANAGE, "报告管理", "list")
ACCOUNTS = Screen("3.3", "/staff/accounts", "账号管理", P.ACCOUNT_MANAGE, "平台管理", "users")
AUDIT = Screen("3.3", "/staff/audit", "操作日志", P.AUDIT_READ, "平台管理", "list")
STATISTICS = Screen("3.3", "/staff/statistics", "数据概览", P.STATISTICS_READ, "统计", "chart")

SCREENS: tuple[Screen, ...] = tuple(v for v in list(globals().values()) if isinstance(v, Screen))
PAGES: tuple[Screen, ...] = tuple(s for s in SCREENS if s.route)
MENU: tuple[Screen, ...] = tuple(s for s in PAGES if s.menu)


def locked_sentence(title: str) -> str:
    """Return why a function is locked and how to open it (manual §3.1)."""
    return f"“{title}”需在完成用户真实性认证后使用。请点击“去认证”填写认证资料，平台审核通过后自动开通。"

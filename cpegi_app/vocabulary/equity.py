"""Words of the equity chapter (manual §6; domain.md §8)."""

from __future__ import annotations

from cpegi_app.vocabulary import Term


class Round(Term):
    """轮次 of a financing."""

    SEED = "SEED", "种子轮"
    ANGEL = "ANGEL", "天使轮"
    PRE_A = "PRE_A", "Pre-A轮"
    A = "A", "A轮"
    B = "B", "B轮"
    C = "C", "C轮"
    D = "D", "D轮"
    E_LATER = "E_LATER", "E轮及以后"
    PRE_IPO = "PRE_IPO", "Pre-IPO轮"
    STRATEGIC = "STRATEGIC", "战略投资"


class InvestMode(Term):
    """投资方式 of an investment."""

    EQUITY = "EQUITY", "股权"
    CONVERTIBLE = "CONVERTIBLE", "可转债"


class ProjectState(Term):
    """Where a published project stands; a project that was never published has none."""

    OPEN = "OPEN", "融资中"
    CLOSED = "CLOSED", "已结项"
    DOWN = "DOWN", "已撤下"


PROJECT_TONES: dict[str, str] = {
    ProjectState.OPEN: "green",
    ProjectState.CLOSED: "teal",
    ProjectState.DOWN: "grey",
}


class Interest(Term):
    """An institution's answer to a recommended project."""

    INTERESTED = "INTERESTED", "感兴趣"
    NOT_INTERESTED = "NOT_INTERESTED", "不感兴趣"


INTEREST_TONES: dict[str, str] = {"": "blue", Interest.INTERESTED: "green", Interest.NOT_INTERESTED: "grey"}


class LeadSource(Term):
    """What made a lead."""

    FAVOURITE = "FAVOURITE", "收藏"
    INTEREST = "INTEREST", "感兴趣"
    STAFF = "STAFF", "平台登记"


class LeadStage(Term):
    """How far 沟通对接 has come: the columns of the board."""

    NEW = "NEW", "待联系"
    CONTACTED = "CONTACTED", "已联系"
    MEETING = "MEETING", "约见洽谈"
    DILIGENCE = "DILIGENCE", "尽职调查"
    TERMS = "TERMS", "条款谈判"
    CLOSED = "CLOSED", "已了结"


LEAD_TONES: dict[str, str] = {
    LeadStage.NEW: "blue",
    LeadStage.CONTACTED: "blue",
    LeadStage.MEETING: "orange",
    LeadStage.DILIGENCE: "orange",
    LeadStage.TERMS: "orange",
    LeadStage.CLOSED: "teal",
}


class LeadOutcome(Term):
    """What became of a lead that is closed."""

    INVESTED = "INVESTED", "达成投资"
    INSTITUTION_DECLINED = "INSTITUTION_DECLINED", "机构放弃"
    PROJECT_DECLINED = "PROJECT_DECLINED", "项目方放弃"
    ELSEWHERE = "ELSEWHERE", "项目已获其他投资"
    NO_CONTACT = "NO_CONTACT", "无法取得联系"


class LeadEventKind(Term):
    """One entry in a lead's log."""

    BEGUN = "BEGUN", "建立线索"
    SIGNAL = "SIGNAL", "机构反馈"
    OWNER = "OWNER", "变更负责人"
    CALL = "CALL", "电话沟通"
    VISIT = "VISIT", "走访"
    MEETING = "MEETING", "约见洽谈"
    NOTE = "NOTE", "备注"
    STAGE = "STAGE", "推进阶段"
    PLAN = "PLAN", "下一步安排"
    CLOSED = "CLOSED", "了结"
    REOPENED = "REOPENED", "重新跟进"


# What staff write by hand; the rest is written by what happens.
CONTACT_KINDS = (LeadEventKind.CALL, LeadEventKind.VISIT, LeadEventKind.MEETING, LeadEventKind.NOTE)


class InvestmentSource(Term):
    """How an investment came into the 股权投资项目库."""

    ONLINE = "ONLINE", "线上"
    OFFLINE = "OFFLINE", "线下"


class FilingState(Term):
    """Where an offline filing stands, told from its status, its stage and who sent it back."""

    DRAFT = "DRAFT", "草稿"
    PARTY = "PARTY", "待项目方确认"
    OBJECTED = "OBJECTED", "项目方有异议"
    PLATFORM = "PLATFORM", "待平台确认"
    RETURNED = "RETURNED", "平台已退回"
    FILED = "FILED", "已备案"


FILING_TONES: dict[str, str] = {
    FilingState.DRAFT: "grey",
    FilingState.PARTY: "blue",
    FilingState.OBJECTED: "orange",
    FilingState.PLATFORM: "blue",
    FilingState.RETURNED: "orange",
    FilingState.FILED: "green",
}


class OnlineState(Term):
    """Where an online investment record stands, which both sides confirm."""

    WAITING = "WAITING", "待双方确认"
    DISPUTED = "DISPUTED", "有异议"
    DONE = "DONE", "已结项"
    VOID = "VOID", "已作废"


ONLINE_TONES: dict[str, str] = {
    OnlineState.WAITING: "blue",
    OnlineState.DISPUTED: "orange",
    OnlineState.DONE: "teal",
    OnlineState.VOID: "grey",
}


class QuestionState(Term):
    """Where a 对记录有疑问 stands."""

    OPEN = "OPEN", "待平台答复"
    ANSWERED = "ANSWERED", "已答复"
    CLOSED = "CLOSED", "已解决"


QUESTION_TONES: dict[str, str] = {
    QuestionState.OPEN: "orange",
    QuestionState.ANSWERED: "blue",
    QuestionState.CLOSED: "green",
}


class RoadshowState(Term):
    """Where a roadshow stands; that it is over is told by the clock."""

    DRAFT = "DRAFT", "草稿"
    PUBLISHED = "PUBLISHED", "报名中"
    CANCELLED = "CANCELLED", "已取消"


ROADSHOW_TONES: dict[str, str] = {
    RoadshowState.DRAFT: "grey",
    RoadshowState.PUBLISHED: "green",
    RoadshowState.CANCELLED: "red",
}


class RegistrationState(Term):
    """Where an invited organisation's 报名 stands."""

    REGISTERED = "REGISTERED", "已报名"
    WITHDRAWN = "WITHDRAWN", "已取消报名"


class Attendance(Term):
    """签到, noted by the staff afterwards; empty before."""

    PRESENT = "PRESENT", "已签到"
    ABSENT = "ABSENT", "未到场"


class InviteRole(Term):
    """As what an organisation is invited to a roadshow."""

    INVESTOR = "INVESTOR", "投资机构"
    PROJECT = "PROJECT", "参与项目方"
    GUEST = "GUEST", "受邀企业"

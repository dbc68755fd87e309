"""The forms of 真实性认证 by kind (manual §3.1; fields: domain.md §4 and §6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import field_validator

from cpegi_app import clock
from cpegi_app.services import identifiers
from cpegi_app.services.forms import Codes, Day, Form, Number, Text, Whole, Widget, input_field, not_in_future
from cpegi_app.vocabulary import (
    KIND_OF,
    NO_QUALIFICATION,
    FileSlot,
    Industry,
    InvestStage,
    Kind,
    OrgClass,
    OwnerType,
    OwnQualification,
    Region,
    ScaleIndustry,
    TaxRating,
    YesNo,
)

SUBJECT, CONTACT = "主体信息", "联系人"
DEBT, EQUITY, AGENCY = "金融业务信息", "股权投资信息", "中介服务信息"
YEAR, YEAR_BEFORE, STANDING = "最近一个会计年度", "上一会计年度", "经营与信用情况"
F, W = input_field, Widget


def _wan(title: str, group: str, *, required: bool = False, low: float | None = 0, help: str = "") -> Any:
    return F(
        title, group, widget=W.NUMBER, unit="万元", required=required, low=low, high=99_999_999, help=help
    )


class ProfileForm(Form):
    """What every kind states: the subject and its contact."""

    org_class: Text = F(
        "机构类别",
        SUBJECT,
        widget=W.SELECT,
        options=OrgClass,
        help="请按实际类别选择；选择错误可能导致政策申请及政策兑现无法进行。",
    )
    name: Text = F("机构/企业名称", SUBJECT, max_len=100, help="与营业执照一致")
    credit_code: Text = F(
        "统一社会信用代码", SUBJECT, max_len=18, placeholder="18 位", help="录入时自动校验校验位"
    )
    legal_rep: Text = F("法定代表人", SUBJECT, max_len=40)
    capital: Number = _wan("注册资本", SUBJECT, required=True, low=0)
    established_on: Day = F("成立日期", SUBJECT, widget=W.DATE)
    term_until: Day = F("营业期限至", SUBJECT, widget=W.DATE, required=False, help="长期有效可不填")
    owner_type: Text = F("企业性质", SUBJECT, widget=W.SELECT, options=OwnerType)
    industry: Text = F("所属行业", SUBJECT, widget=W.SELECT, options=Industry)
    region: Text = F("注册地区", SUBJECT, widget=W.SELECT, options=Region)
    staff: Whole = F("员工数", SUBJECT, widget=W.NUMBER, unit="人", low=0, high=9_999_999)
    address: Text = F("注册地址", SUBJECT, max_len=200, wide=True)
    office: Text = F("实际经营地址", SUBJECT, max_len=200, wide=True)
    scope: Text = F("经营范围", SUBJECT, widget=W.AREA, max_len=2000)
    website: Text = F("网址", SUBJECT, required=False, max_len=120, placeholder="例如 www.example.com")
    intro: Text = F("简介", SUBJECT, widget=W.AREA, required=False, max_len=1000)
    contact: Text = F("联系人", CONTACT, max_len=40)
    position: Text = F("职务", CONTACT, max_len=40)
    mobile: Text = F("手机", CONTACT, max_len=20, secret=True)
    email: Text = F("邮箱", CONTACT, max_len=100)
    is_legal_rep: Text = F(
        "经办人是否为法定代表人本人", CONTACT, widget=W.SELECT, options=YesNo, help="选“否”时须上传授权委托书"
    )

    @field_validator("credit_code", mode="after")
    @classmethod
    def _credit_code(cls, value: str) -> str:
        return identifiers.credit_code(value)

    @field_validator("mobile", mode="after")
    @classmethod
    def _mobile(cls, value: str) -> str:
        return identifiers.phone(value)

    @field_validator("email", mode="after")
    @classmethod
    def _email(cls, value: str) -> str:
        name, at, host = value.partition("@")
        if not (name and at and "." in host.strip(".")) or " " in value or "@" in host:
            raise ValueError("请填写邮箱地址，例如 name@example.com")
        return value

    @field_validator("established_on", mode="after")
    @classmethod
    def _established(cls, value: date) -> date:
        if why := not_in_future(value, "成立日期"):
            raise ValueError(why)
        return value

    @field_validator("term_until", mode="after")
    @classmethod
    def _term(cls, value: date | None) -> date | None:
        if value and value < clock.today():
            raise ValueError("营业期限已届满，请先办理延期登记，或核对日期")
        return value


class DebtProfile(ProfileForm):
    """债权金融机构."""

    licence_no: Text = F("金融许可证/经营许可证号", DEBT, max_len=60)
    licence_until: Day = F("许可证有效期至", DEBT, widget=W.DATE, required=False, help="长期有效可不填")
    supervisor: Text = F("监管部门", DEBT, max_len=100)
    business_regions: Codes = F("业务区域", DEBT, widget=W.CHECKS, options=Region)

    @field_validator("licence_until", mode="after")
    @classmethod
    def _licence(cls, value: date | None) -> date | None:
        if value and value < clock.today():
            raise ValueError("许可证已过有效期，请换证后填写新的有效期")
        return value


class EquityProfile(ProfileForm):
    """股权金融机构."""

    fund_size: Number = _wan("管理规模", EQUITY, required=True)
    ticket_min: Number = _wan("单笔投资额度下限", EQUITY, required=True)
    ticket_max: Number = _wan("单笔投资额度上限", EQUITY, required=True)
    registration_no: Text = F("中基协登记/备案编号", EQUITY, required=False, max_len=40, help="私募基金必填")
    invest_industries: Codes = F("投资行业", EQUITY, widget=W.CHECKS, options=Industry)
    invest_stages: Codes = F("投资阶段", EQUITY, widget=W.CHECKS, options=InvestStage)


class IntermediaryProfile(ProfileForm):
    """中介服务机构."""

    practice_no: Text = F("执业资质证号", AGENCY, max_len=60)
    practitioners: Whole = F("执业人数", AGENCY, widget=W.NUMBER, unit="人", low=1, high=99_999)
    services: Text = F("服务内容", AGENCY, widget=W.AREA, max_len=1000)


class EnterpriseProfile(ProfileForm):
    """企业, with the figures that products' conditions are compared with."""

    scale_industry: Text = F(
        "划型行业", SUBJECT, widget=W.SELECT, options=ScaleIndustry, help="用于按国家标准计算企业规模"
    )
    fiscal_year: Whole = F(
        "会计年度",
        YEAR,
        unit="年",
        low=2015,
        high=2100,
        help="最近一个完整会计年度，例如 2025",
    )
    revenue: Number = _wan("营业收入", YEAR, required=True)
    net_profit: Number = _wan("净利润", YEAR, required=True, low=-99_999_999, help="亏损填负数")
    tax: Number = _wan("纳税额", YEAR)
    assets: Number = _wan("资产总额", YEAR, required=True)
    liabilities: Number = _wan("负债总额", YEAR, required=True)
    current_assets: Number = _wan("流动资产", YEAR)
    current_liabilities: Number = _wan("流动负债", YEAR)
    research: Number = _wan("研发费用", YEAR)
    revenue_prev: Number = _wan("营业收入", YEAR_BEFORE)
    net_profit_prev: Number = _wan("净利润", YEAR_BEFORE, low=-99_999_999)
    tax_prev: Number = _wan("纳税额", YEAR_BEFORE)
    assets_prev: Number = _wan("资产总额", YEAR_BEFORE)
    liabilities_prev: Number = _wan("负债总额", YEAR_BEFORE)
    profit_years: Whole = F(
        "连续盈利年数", STANDING, widget=W.NUMBER, unit="年", required=False, low=0, high=100
    )
    insured: Whole = F(
        "社保人数", STANDING, widget=W.NUMBER, unit="人", required=False, low=0, high=9_999_999
    )
    patents: Whole = F(
        "发明专利数", STANDING, widget=W.NUMBER, unit="件", required=False, low=0, high=999_999
    )
    ip_total: Whole = F(
        "知识产权总数", STANDING, widget=W.NUMBER, unit="件", required=False, low=0, high=999_999
    )
    debt_outstanding: Number = _wan("存量融资余额", STANDING)
    tax_rating: Text = F("纳税信用等级", STANDING, widget=W.SELECT, options=TaxRating, required=False)
    first_loan: Text = F(
        "是否首贷（从未获得过金融机构贷款）", STANDING, widget=W.SELECT, options=YesNo, required=False
    )
    no_overdue: Text = F("是否无逾期", STANDING, widget=W.SELECT, options=YesNo, required=False)
    no_enforcement: Text = F(
        "是否无被执行/失信记录", STANDING, widget=W.SELECT, options=YesNo, required=False
    )
    no_penalty: Text = F("是否无行政处罚", STANDING, widget=W.SELECT, options=YesNo, required=False)
    qualifications: Codes = F(
        "资质",
        STANDING,
        widget=W.CHECKS,
        options=OwnQualification,
        required=False,
        help="没有以上资质的请勾选“以上均无”，未勾选视为未提供",
    )

    @field_validator("qualifications", mode="after")
    @classmethod
    def _none_or_some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if NO_QUALIFICATION in value and len(value) > 1:
            raise ValueError("“以上均无”不能与其他资质同时勾选，请核对")
        return value

    @field_validator("fiscal_year", mode="after")
    @classmethod
    def _year(cls, value: int) -> int:
        if value >= clock.today().year:
            raise ValueError(f"会计年度应为已结束的年度，例如 {clock.today().year - 1}")
        return value


FORMS: dict[Kind, type[ProfileForm]] = {
    Kind.DEBT: DebtProfile,
    Kind.EQUITY: EquityProfile,
    Kind.INTERMEDIARY: IntermediaryProfile,
    Kind.ENTERPRISE: EnterpriseProfile,
}


def kind_of(data: Mapping[str, str], fallback: str = "") -> Kind:
    """Return the kind whose form the data is for."""
    org_class = data.get("org_class", "")
    if org_class in OrgClass._value2member_map_:
        return KIND_OF[OrgClass(org_class)]
    return Kind(fallback) if fallback else Kind.ENTERPRISE


ALL_NAMES: frozenset[str] = frozenset(name for form in FORMS.values() for name in form.model_fields)


def required_files(kind: Kind, data: dict[str, str]) -> tuple[FileSlot, ...]:
    """Return the files that must be there before submission."""
    slots = [FileSlot.LICENCE, FileSlot.LEGAL_REP_ID]
    if kind is not Kind.ENTERPRISE:
        slots.append(FileSlot.PERMIT)
    if data.get("is_legal_rep") == YesNo.NO:
        slots.append(FileSlot.AUTHORISATION)
    return tuple(slots)

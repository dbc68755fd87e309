"""Credit products: drafts, 变更, publication, the public list (manual §4.1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from pydantic import field_validator
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PRODUCT_EDIT, REVIEW, Actor, Permission
from cpegi_app.errors import Conflict, FormInvalid, NotFound
from cpegi_app.models import Organisation, Product, ProductRevision
from cpegi_app.services import conditions, facts, push, review, review_draft, shelf
from cpegi_app.services.forms import (
    Codes,
    Day,
    Form,
    Number,
    Text,
    Whole,
    Widget,
    basis_points,
    fen,
    input_field,
    plain_number,
)
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.review import Description, Flow, Line, Payload
from cpegi_app.vocabulary import (
    Action,
    GuaranteeMode,
    Industry,
    Kind,
    ProductType,
    Region,
    RepaymentMode,
    Status,
)

BASIC, TERMS, PROCESS = "基本信息", "额度、期限与成本", "办理要求"
F, W = input_field, Widget


class ProductForm(Form):
    """A credit product (domain.md §5); amounts in 万元, terms in months, rates in per cent a year."""

    blanks = {
        "industries": "不限",
        "regions": "不限",
        "guarantee_fee": "无",
        "service_fee": "无",
        "valid_until": "长期有效",
    }

    name: Text = F("产品名称", BASIC, max_len=60)
    product_type: Text = F("产品类型", BASIC, widget=W.SELECT, options=ProductType)
    valid_until: Day = F(
        "有效期至", BASIC, widget=W.DATE, required=False, help="到期后自动不再接受申请；长期有效可不填"
    )
    intro: Text = F("产品介绍", BASIC, widget=W.AREA, max_len=2000)
    amount_min: Number = F("额度下限", TERMS, widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    amount_max: Number = F("额度上限", TERMS, widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    term_min: Whole = F("期限下限", TERMS, widget=W.NUMBER, unit="个月", low=1, high=360)
    term_max: Whole = F("期限上限", TERMS, widget=W.NUMBER, unit="个月", low=1, high=360)
    rate_min: Number = F("年利率下限", TERMS, widget=W.NUMBER, unit="%", low=0, high=36)
    rate_max: Number = F("年利率上限", TERMS, widget=W.NUMBER, unit="%", low=0, high=36)
    guarantee_fee: Number = F(
        "担保费率", TERMS, widget=W.NUMBER, unit="%/年", low=0, high=20, required=False, help="没有可不填"
    )
    service_fee: Number = F(
        "服务费率", TERMS, widget=W.NUMBER, unit="%/年", low=0, high=20, required=False, help="没有可不填"
    )
    guarantees: Codes = F("担保方式", TERMS, widget=W.CHECKS, options=GuaranteeMode)
    repayments: Codes = F("还款方式", TERMS, widget=W.CHECKS, options=RepaymentMode)
    days: Whole = F("放款时效", PROCESS, widget=W.NUMBER, unit="工作日", low=1, high=365)
    industries: Codes = F(
        "适用行业", PROCESS, widget=W.CHECKS, options=Industry, required=False, help="不选表示不限行业"
    )
    regions: Codes = F(
        "适用地区", PROCESS, widget=W.CHECKS, options=Region, required=False, help="不选表示不限地区"
    )
    purpose: Text = F("贷款用途", PROCESS, max_len=200, wide=True)
    materials: Text = F("所需材料", PROCESS, widget=W.AREA, max_len=2000)
    procedure: Text = F("申请流程", PROCESS, widget=W.AREA, max_len=2000)
    contact: Text = F("联系人", PROCESS, max_len=40)
    contact_phone: Text = F("联系电话", PROCESS, max_len=40)

    @field_validator("valid_until", mode="after")
    @classmethod
    def _valid(cls, value: date | None) -> date | None:
        if value and value < clock.today():
            raise ValueError("有效期不能早于今天，请填写以后的日期")
        return value


def _spans(fields: dict[str, str]) -> dict[str, str]:
    """Return the spans that are upside down, whatever else is wrong with the form."""
    found = {}
    for name, label in (("amount", "额度"), ("term", "期限"), ("rate", "年利率")):
        try:
            low, high = (plain_number(str(fields.get(f"{name}_{end}", ""))) for end in ("min", "max"))
        except ValueError:
            continue
        if low > high:
            found[f"{name}_max"] = f"{label}上限不能小于下限，请核对后更正"
    return found


def yearly_cost(form: ProductForm) -> Decimal:
    """Return 综合年化成本 at the lowest rate, in per cent: rate plus guarantee and service fees."""
    return form.rate_min + (form.guarantee_fee or 0) + (form.service_fee or 0)


def parse(data: dict[str, str]) -> tuple[ProductForm, dict[str, Any]]:
    """Return the checked form and the stated conditions, or every mistake of both at once."""
    errors: dict[str, str] = {}
    form: ProductForm | None = None
    stated: dict[str, Any] = {}
    fields, limits = split(data)
    errors |= _spans(fields)
    try:
        form = ProductForm.parse(fields)
    except FormInvalid as refusal:
        errors |= refusal.fields
    try:
        stated = conditions.parse(limits)
        errors |= conditions.apart(stated, fields)
    except FormInvalid as refusal:
        errors |= refusal.fields
    if errors or form is None:
        raise FormInvalid(errors)
    return form, stated


NAMES: frozenset[str] = frozenset(ProductForm.model_fields) | conditions.names()


def split(data: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the product's fields and the condition editor's values apart."""
    limits = {k: v for k, v in data.items() if k.startswith("c_")}
    return {k: v for k, v in data.items() if k not in limits}, limits


# --- the institution's side -----------------------------------------------------------------------


def new_draft(session: Session, actor: Actor) -> ProductRevision:
    """Begin a product (添加产品), or go on with the one that was begun and never written in."""
    review.require(FLOW, actor)
    one_at_a_time(session, "product-draft", actor.org_id)
    query = select(ProductRevision).join(Product, col(Product.id) == ProductRevision.product_id)
    query = query.where(Product.org_id == actor.org_id, col(Product.revision_id).is_(None))
    drafts = session.exec(query.where(ProductRevision.status == Status.DRAFT.value)).all()
    org = session.get_one(Organisation, actor.org_id)
    # Whom a product names is asked for once: it can be changed here.
    known = {"contact": org.profile.get("contact", ""), "contact_phone": org.profile.get("mobile", "")}
    if blank := next((row for row in drafts if row.data in ({}, known)), None):
        return blank
    product = Product(org_id=actor.org_id or 0)
    session.add(product)
    session.flush()
    return _revision(session, product, known)


def change_draft(session: Session, actor: Actor, product_id: int) -> ProductRevision:
    """Return the open revision of a product, or begin a 变更 from what is in force."""
    review.require(FLOW, actor)
    product = own(session, actor, product_id)
    one_at_a_time(session, "product", product_id)
    query = select(ProductRevision).where(ProductRevision.product_id == product_id)
    latest = session.exec(query.order_by(col(ProductRevision.id).desc())).first()
    if latest is not None and latest.status in review.OPEN:
        return latest
    if latest is not None and not product.revision_id:
        return _revision(session, product, dict(latest.data))
    return _revision(session, product, product.data | conditions.strings(product.conditions))


def _revision(session: Session, product: Product, data: dict[str, str]) -> ProductRevision:
    return review_draft.begin(session, FLOW, org_id=product.org_id, product_id=product.id or 0, data=data)


def own(session: Session, actor: Actor, product_id: int) -> Product:
    """Return the actor's own product."""
    product = session.get(Product, product_id) if is_id(product_id) else None
    if product is None or product.org_id != actor.org_id:
        raise NotFound("金融产品")
    return product


def is_change(session: Session, actor: Actor, revision_id: int) -> bool:
    """Tell whether a revision of the actor's own changes a product that is published already."""
    row = review.load_own(session, FLOW, actor, revision_id)
    return bool(own(session, actor, row.product_id).revision_id)


def delist(session: Session, actor: Actor, product_id: int, *, listed: bool) -> None:
    """Take a published product off the public list (下架), or put it back."""
    review.require(FLOW, actor)
    product = own(session, actor, product_id)
    if not product.revision_id:
        raise Conflict("该产品尚未通过审核，不能上架或下架。")
    if product.is_listed == listed:
        return
    shelf.put(session, actor, product, listed=listed)
    if listed:
        push.product_reopened(session, product)


# --- the flow -------------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    form, stated = parse(row.data)
    return {"data": form.strings() | conditions.strings(stated), "conditions": stated}


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    if session.get_one(Organisation, row.org_id).kind != Kind.DEBT.value:
        raise Conflict("不能通过：该机构的类型已变更，不再是债权类机构，不能发布金融产品。请退回并说明。")
    try:
        # Once more, as the product's own date may have passed while it waited.
        parse(row.data)
    except FormInvalid as refusal:
        raise Conflict("不能通过：" + "；".join(refusal.fields.values()) + "。请退回机构更正。") from None


def _publish(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    product = session.get(Product, row.product_id)
    org = session.get(Organisation, row.org_id)
    assert product is not None and org is not None
    was_closed = bool(product.revision_id and shelf.closed_why(product))
    if product.revision_id:
        facts.renew(session, product)
    publish(product, org, row)
    session.add(product)
    push.product_approved(session, product, was_closed=was_closed)


def publish(product: Product, org: Organisation, row: ProductRevision) -> None:
    """Copy an approved revision onto its product; a delisted product stays off the list until put back."""
    fields, _ = split(row.data)
    form = ProductForm.model_validate({k: v for k, v in fields.items() if v})
    first = product.revision_id is None
    product.revision_id = row.id
    product.name, product.product_type, product.org_class = form.name, form.product_type, org.org_class
    product.amount_min_fen, product.amount_max_fen = fen(form.amount_min), fen(form.amount_max)
    product.term_min, product.term_max = form.term_min, form.term_max
    product.rate_min_bp, product.rate_max_bp = basis_points(form.rate_min), basis_points(form.rate_max)
    product.cost_bp = basis_points(yearly_cost(form))
    # Bounded by commas, so that one code can be looked for without meeting another's part.
    product.guarantees = f",{','.join(form.guarantees)},"
    product.valid_until = form.valid_until.isoformat() if form.valid_until else ""
    product.data, product.conditions = fields, row.conditions
    if first:
        product.is_listed, product.listed_at = True, clock.now()


def _published(session: Session, row: Any) -> str:
    """Return what the approval means: what is off the list stays off it."""
    why = shelf.closed_why(session.get_one(Product, row.product_id))
    if why:
        return (
            "修改已生效，但产品未在平台首页展示：请在“金融产品发布”中重新上架，有效期已过的请先变更有效期。"
        )
    return "产品已发布到平台首页。"


def _drop_unpublished(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    """Take a product that was never published off with its only draft."""
    product = session.get_one(Product, row.product_id)
    if not product.revision_id:
        session.delete(product)


def _describe(session: Session, row: Any) -> Description:
    product = session.get(Product, row.product_id)
    # What was approved once is not held against what came after it.
    is_open = row.status != Status.APPROVED and product and product.revision_id
    in_force = product.data if product and is_open and product.revision_id != row.id else None
    old = product.conditions if in_force is not None and product else {}
    lines = tuple(
        Line(
            "授信条件",
            f"c_{d.code}",
            d.label,
            conditions.show(d, row.conditions.get(d.code)),
            conditions.show(d, old.get(d.code)) if old else None,
            then=partial(conditions.as_sent, d),
        )
        for d in conditions.DIMENSIONS
    )
    return Description(ProductForm, in_force, lines, _checks(row))


def _checks(row: Any) -> tuple[review.Check, ...]:
    stated = row.conditions or {}
    free = sum(bool(c.get("any")) for c in stated.values())
    found = [review.Check("授信条件", "ok", f"{len(stated)} 项均已明确，其中 {free} 项不限制")]
    try:
        cost = yearly_cost(ProductForm.model_validate({k: v for k, v in split(row.data)[0].items() if v}))
        level, note = ("warn", "，高于 24%，请核对") if cost > 24 else ("ok", "")
        found.append(review.Check("综合年化成本", level, f"{cost.normalize():f}%{note}"))
    except ValueError:
        found.append(review.Check("综合年化成本", "warn", "无法计算，请核对费率"))
    return tuple(found)


FLOW = review.register(
    Flow(
        name="product",
        label="金融产品",
        model=ProductRevision,
        submit=Permission.PRODUCT_SUBMIT,
        submit_screen=PRODUCT_EDIT,
        review_screen=REVIEW,
        title=lambda s, row: row.data.get("name") or "未命名产品",
        describe=_describe,
        submitter_href=lambda row: PRODUCT_EDIT.url(rid=row.id),
        reviewer_href=lambda row: REVIEW.url(flow="product", rid=row.id),
        before_submit=_before_submit,
        before_approve=_before_approve,
        after_approve=_publish,
        gives_up=True,
        discards=True,
        after_discard=_drop_unpublished,
        outcome={Action.APPROVE: _published},
    )
)

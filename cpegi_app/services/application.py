"""Applications for credit products: the enterprise applies, the institution decides (manual §4.2)."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, false, select

from cpegi_app import clock
from cpegi_app.access import APPLICATION, APPLY, REQUEST, Actor, Permission
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Application, Organisation, Product
from cpegi_app.services import application_list, conditions, matches, notices, review, review_draft, shelf
from cpegi_app.services.forms import Form, Number, Text, Whole, Widget, fen, input_field, wan
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.profile_forms import FORMS
from cpegi_app.services.review import Description, Flow, Line, Payload, Stage
from cpegi_app.services.shelf import closed_why, nobody_handles
from cpegi_app.vocabulary import Action, GuaranteeMode, Kind, Scale, Status, Term

NEED, PROOF = "融资需求", "授权"
F, W = input_field, Widget
# Kept with each application; another text is another version.
AUTHORISATION_VERSION = "2026-11"
AUTHORISATION_TEXT = (
    "我单位同意受理机构查阅本次申请中冻结的企业资料、经营数据及所附文件，仅用于本次融资申请的审核。"
)


class Consent(Term):
    """The enterprise's authorisation."""

    YES = "YES", AUTHORISATION_TEXT


class ApplicationForm(Form):
    """An application (domain.md §7); amount in 万元, term in months."""

    amount: Number = F("申请额度", NEED, widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    term: Whole = F("申请期限", NEED, widget=W.NUMBER, unit="个月", low=1, high=360)
    guarantee: Text = F("担保方式", NEED, widget=W.SELECT, options=GuaranteeMode)
    purpose: Text = F("用途", NEED, widget=W.AREA, max_len=500)
    source: Text = F("还款来源", NEED, widget=W.AREA, max_len=500)
    contact: Text = F("联系人", NEED, max_len=40)
    contact_phone: Text = F("联系电话", NEED, max_len=20, secret=True)
    authorised: Text = F(
        "数据授权",
        PROOF,
        widget=W.CHECKS,
        options=Consent,
        help="未授权时，受理机构无法查看贵单位的任何数据，也就无法审核。",
    )


class DecisionForm(Form):
    """What an institution states when it approves."""

    approved_amount: Number = F("批准额度", "审批结果", widget=W.NUMBER, unit="万元", low=0.01, high=999_999)
    approved_term: Whole = F("批准期限", "审批结果", widget=W.NUMBER, unit="个月", low=1, high=360)


def open_application(session: Session, actor: Actor, product_id: int) -> Application:
    """Return the organisation's open application for a product, begun when there is none."""
    review.require(FLOW, actor)
    one_at_a_time(session, "application", actor.org_id, product_id)
    query = select(Application).where(
        Application.org_id == actor.org_id, Application.product_id == product_id
    )
    found = session.exec(query.where(col(Application.status).in_([s.value for s in review.OPEN]))).first()
    if found is not None:
        return found
    target = _open_product(session, product_id)
    matches.mark_read(session, actor, product_id)
    org = session.get(Organisation, actor.org_id)
    if org is None:
        raise NotFound("机构")
    if target.org_id == org.id:
        raise DomainError(
            "这是贵机构自己发布的产品，不能向自己申请。您可以在“金融产品”中查看其他机构的产品。"
        )
    data = {k: org.profile.get(k, "") for k in ("contact",)} | {
        "contact_phone": org.profile.get("mobile", "")
    }
    return review_draft.begin(
        session,
        FLOW,
        org_id=org.id or 0,
        product_id=product_id,
        institution_id=target.org_id,
        product_name=target.name,
        data=data,
    )


def at_hand(session: Session, actor: Actor, product_id: int) -> int:
    """Return the organisation's latest application for a product, 0 when there is none.

    Who comes back to the form after the decision reads the decision, and not an empty form.
    """
    review.require(FLOW, actor)
    mine = select(Application.id).where(
        Application.org_id == actor.org_id,
        Application.product_id == product_id if is_id(product_id) else false(),
    )
    return session.exec(mine.order_by(col(Application.id).desc()).limit(1)).first() or 0


def standing(session: Session, actor: Actor, product_id: int) -> str:
    """Return the status of the organisation's latest application for a product, empty when there is none."""
    found = session.get(Application, at_hand(session, actor, product_id))
    return found.status if found else ""


def submit(
    session: Session, actor: Actor, row_id: int, version: int, data: dict[str, str], key: str
) -> Application:
    """Freeze the figures and send the application to the institution."""
    return review.act(session, FLOW, actor, row_id, Action.SUBMIT, version, key=key, values={"data": data})


def _open_product(session: Session, product_id: int) -> Product:
    target = session.get(Product, product_id, populate_existing=True) if is_id(product_id) else None
    if target is None or not target.revision_id:
        raise NotFound("金融产品")
    if why := closed_why(target):
        raise Conflict(why)
    return target


def _product_of(session: Session, row: Application) -> Product:
    """Return the product that is applied for; what the institution gave back may come again though the list is closed."""
    if row.status != Status.RETURNED:
        return _open_product(session, row.product_id)
    target = session.get_one(Product, row.product_id)
    if why := nobody_handles(session, target.org_id):
        raise Conflict(why)
    return target


def product_for(session: Session, actor: Actor, row_id: int) -> tuple[Product, str]:
    """Return the product of an own application, on the list or not, and why it cannot be sent now (empty when it can)."""
    row = review.load_own(session, FLOW, actor, row_id)
    target = session.get_one(Product, row.product_id)
    if row.status == Status.RETURNED:
        return target, nobody_handles(session, target.org_id)
    return target, "" if row.status == Status.PENDING else closed_why(target)


def offered(target: Product) -> list[tuple[str, str]]:
    """Return the ways of guarantee that a product takes, as its form offers them."""
    taken = target.guarantees.strip(",").split(",")
    return [(mode.value, mode.label) for mode in GuaranteeMode if mode.value in taken]


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    form: Any = ApplicationForm.parse(row.data)
    # Sent and told that nobody handles it any more, at once: one sees what the other has done.
    shelf.hold(session, row.institution_id)
    target = _product_of(session, row)
    errors: dict[str, str] = {}
    if not target.amount_min_fen <= fen(form.amount) <= target.amount_max_fen:
        span = f"{wan(target.amount_min_fen)}–{wan(target.amount_max_fen)} 万元"
        errors["amount"] = f"该产品的额度为 {span}，请在此范围内填写"
    if not target.term_min <= form.term <= target.term_max:
        errors["term"] = f"该产品的期限为 {target.term_min}–{target.term_max} 个月，请在此范围内填写"
    offered = target.guarantees.strip(",").split(",")
    if form.guarantee not in offered:
        labels = "、".join(GuaranteeMode.label_of(g) for g in offered)
        errors["guarantee"] = f"该产品接受的担保方式为：{labels}"
    if errors:
        raise FormInvalid(errors)
    org = session.get(Organisation, row.org_id)
    assert org is not None
    return {
        "data": form.strings(),
        "amount_fen": fen(form.amount),
        "term_months": form.term,
        "authorised_at": clock.now(),
        # Frozen: what the institution judges is what stood on the day of the application.
        "profile": org.profile
        | {"profile_on": clock.local_date(org.profile_at), "authorisation": AUTHORISATION_VERSION},
        "product_data": dict(target.data),
        "conditions": conditions.effective(target.conditions, target.data),
        "product_name": target.name,
        "applicant": org.name,
    }


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    given = {k: payload.get(k, "") for k in DecisionForm.model_fields}
    form: Any = DecisionForm.parse(given)
    if fen(form.approved_amount) > row.amount_fen:
        raise FormInvalid({"approved_amount": f"批准额度不能超过申请额度 {wan(row.amount_fen)} 万元"})
    longest = int(row.product_data.get("term_max") or row.term_months)
    if form.approved_term > longest:
        raise FormInvalid({"approved_term": f"批准期限不能超过该产品的期限上限 {longest} 个月"})
    return {"approved_fen": fen(form.approved_amount), "approved_months": form.approved_term}


def _describe(session: Session, row: Any) -> Description:
    lines = []
    kind = Kind.ENTERPRISE if row.profile.get("scale_industry") else None
    form = FORMS[kind] if kind else FORMS[product_kind(row)]
    if row.authorised_at:
        for spec in form.specs():
            lines.append(
                Line(
                    f"申请人 · {spec.group}",
                    f"p_{spec.name}",
                    spec.title,
                    spec.show(row.profile.get(spec.name)),
                    secret=spec.secret,
                )
            )
        if kind:
            lines.append(
                Line(
                    "申请人 · 主体信息",
                    "p_scale",
                    "企业规模",
                    Scale.label_of(row.profile.get("scale")) or "数据不足，未划型",
                )
            )
        if version := row.profile.get("authorisation"):
            lines.append(Line(PROOF, "authorisation", "授权书版本", version))
    if row.approved_fen:
        lines.append(Line("审批结果", "approved_amount", "批准额度", f"{wan(row.approved_fen)} 万元"))
        lines.append(Line("审批结果", "approved_term", "批准期限", f"{row.approved_months} 个月"))
    return Description(ApplicationForm, None, tuple(lines), first="审批结果")


def _approved(session: Session, row: Any) -> str:
    return (
        f"受理机构已批准 {wan(row.approved_fen)} 万元，期限 {row.approved_months} 个月，等待放款。"
        "可在“我的融资申请”查看进度。"
    )


def product_kind(row: Any) -> Kind:
    """Return the kind whose profile form the frozen profile was made with."""
    from cpegi_app.services.verification import kind_of

    return kind_of(row.profile)


def institution_stage_users(session: Session, row: Any) -> list[int]:
    """Return who works on an application: the institution's users."""
    return notices.users_of(session, row.institution_id)


INSTITUTION = Stage(
    "institution",
    "机构审核",
    Permission.APPLICATION_REVIEW,
    lambda actor, row: actor.org_id is not None and actor.org_id == row.institution_id,
    institution_stage_users,
)

FLOW = review.register(
    Flow(
        name="application",
        label="融资申请",
        model=Application,
        submit=Permission.APPLICATION_SUBMIT,
        submit_screen=APPLY,
        review_screen=REQUEST,
        title=lambda s, row: f"{row.product_name}（{row.profile.get('name') or '申请人'}）",
        describe=_describe,
        # Never the form: the product's form opens another application once this one is decided.
        submitter_href=lambda row: APPLICATION.url(aid=row.id),
        reviewer_href=lambda row: REQUEST.url(aid=row.id),
        stages=(INSTITUTION,),
        decisions=(Action.APPROVE, Action.REJECT, Action.RETURN),
        before_submit=_before_submit,
        before_approve=_before_approve,
        gives_up=True,
        discards=True,
        outcome={Action.APPROVE: _approved},
    )
)


# --- details -------------------------------------------------------------------------------------


def one(
    session: Session, actor: Actor, application_id: int
) -> tuple[Application, application_list.ApplicationRow]:
    """Return an application that the actor made or decides on."""
    row = review.load(session, FLOW, actor, application_id)
    return row, application_list.rows(session, [row])[0]


def condition_rows(row: Application) -> list[conditions.ConditionRow]:
    """Return the product's frozen conditions beside the enterprise's frozen figures."""
    if not row.authorised_at:
        return []
    on = row.authorised_at.astimezone(clock.SHANGHAI).date()
    return conditions.compare(
        row.conditions, row.profile, on=on, profile_on=row.profile.get("profile_on", "")
    )


def default_decision(row: Application) -> dict[str, str]:
    """Return what the decision form opens with: what was applied for."""
    return {
        "approved_amount": wan(row.amount_fen).replace(",", ""),
        "approved_term": str(row.term_months),
    }

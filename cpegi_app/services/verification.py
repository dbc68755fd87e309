"""真实性认证 and the change of an approved profile (manual §3.1, §3.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import PROFILE, REVIEW, VERIFICATION, Actor, Permission
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Organisation, Product, ProfileChange, Verification
from cpegi_app.services import files, identifiers, policy_renamed, push, review, review_draft, scale, shelf
from cpegi_app.services.forms import normalise
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.profile_forms import FORMS, ProfileForm, kind_of, required_files
from cpegi_app.services.review import Check, Description, Flow, Line, Payload
from cpegi_app.services.review_files import latest_approved
from cpegi_app.vocabulary import Action, Kind, OrgClass, ScaleIndustry

CLEARED = "已清空"
# Words that a name of the class usually holds; their absence is a hint for the reviewer, no refusal.
CLASS_WORDS = {
    OrgClass.BANK: ("银行",),
    OrgClass.MICRO_LOAN: ("小额贷款", "小贷"),
    OrgClass.GUARANTEE: ("担保",),
    OrgClass.LEASING: ("租赁",),
    OrgClass.FACTORING: ("保理",),
    OrgClass.INSURANCE: ("保险",),
    OrgClass.SECURITIES: ("证券",),
    OrgClass.PRIVATE_FUND: ("基金", "投资", "创投", "资本"),
    OrgClass.ACCOUNTING: ("会计师",),
    OrgClass.LAW: ("律师",),
    OrgClass.APPRAISAL: ("评估",),
    OrgClass.IP_SERVICE: ("知识产权", "专利", "商标"),
}


def open_verification(session: Session, actor: Actor) -> Verification:
    """Return the organisation's verification, made at the first look."""
    org = organisation(session, actor)
    one_at_a_time(session, "verification", org.id)
    found = session.exec(select(Verification).where(Verification.org_id == actor.org_id)).first()
    if found is None:
        found = Verification(org_id=org.id or 0, data={"org_class": org.org_class} if org.org_class else {})
        session.add(found)
        session.flush()
    return found


def latest_change(session: Session, actor: Actor) -> ProfileChange | None:
    """Return the newest change of the own profile, decided or not."""
    query = select(ProfileChange).where(ProfileChange.org_id == actor.org_id)
    return session.exec(query.order_by(col(ProfileChange.id).desc())).first()


def open_change(session: Session, actor: Actor) -> ProfileChange:
    """Return the open change of the own profile, made from the profile in force when there is none (§3.2)."""
    review.require(CHANGE, actor)
    org = organisation(session, actor)
    one_at_a_time(session, "profile_change", org.id)
    found = latest_change(session, actor)
    if found is not None and found.status in review.OPEN:
        return found
    if not org.verified_at:
        raise Conflict("真实性认证通过后才能修改资料，请先完成认证。")
    base = dict(org.profile)
    change: ProfileChange = review_draft.begin(session, CHANGE, org_id=org.id or 0, data=base, base=base)
    source = latest_approved(session, org.id or 0)
    if source:
        files.copy(session, actor, source, ("profile_change", change.id or 0))
    return change


def save(session: Session, flow: Flow, actor: Actor, row_id: int, version: int, data: dict[str, str]) -> Any:
    """Keep a draft as typed (暂存)."""
    return review.save_draft(session, flow, actor, row_id, version, data)


def submit(
    session: Session, flow: Flow, actor: Actor, row_id: int, version: int, data: dict[str, str], key: str
) -> Any:
    """Check and send the form to the platform."""
    return review.act(session, flow, actor, row_id, Action.SUBMIT, version, key=key, values={"data": data})


def organisation(session: Session, actor: Actor) -> Organisation:
    """Return the actor's organisation."""
    org = session.get(Organisation, actor.org_id) if actor.org_id else None
    if org is None:
        raise NotFound("机构")
    return org


def _check(session: Session, flow_name: str, row: Any) -> ProfileForm:
    data = {k: normalise(v) for k, v in row.data.items()}
    kind = kind_of(data)
    names = FORMS[kind].model_fields
    errors: dict[str, str] = {}
    form: ProfileForm | None = None
    try:
        # Fields of another kind may linger from before the class was changed.
        form = FORMS[kind].parse({k: v for k, v in data.items() if k in names})
    except FormInvalid as refusal:
        errors |= refusal.fields
    errors |= files.require(session, flow_name, row.id, required_files(kind, data))
    if form is not None:
        errors |= _cross_checks(session, form, row.org_id)
    if errors or form is None:
        raise FormInvalid(errors)
    return form


def _cross_checks(session: Session, form: Any, org_id: int) -> dict[str, str]:
    errors: dict[str, str] = {}
    taken = session.exec(
        select(Organisation).where(
            Organisation.credit_code == form.credit_code,
            Organisation.id != org_id,
            col(Organisation.verified_at).is_not(None),
        )
    ).first()
    if taken:
        errors["credit_code"] = (
            "该统一社会信用代码已由其他账号完成认证。如为本单位账号请直接登录；如被他人占用请致电 400 056 5005。"
        )
    if getattr(form, "ticket_min", None) is not None and form.ticket_min > form.ticket_max:
        errors["ticket_max"] = "上限不能小于下限，请核对单笔投资额度"
    if form.org_class == OrgClass.PRIVATE_FUND and not form.registration_no:
        errors["registration_no"] = "私募基金请填写中基协登记/备案编号"
    if getattr(form, "current_assets", None) is not None and form.current_assets > form.assets:
        errors["current_assets"] = "流动资产不能大于资产总额，请核对"
    return errors


def _before_submit_verification(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    form = _check(session, "verification", row)
    org = session.get(Organisation, row.org_id)
    if org is None:
        raise NotFound("机构")
    # The class stated in the form is the one chosen: the choice is shown again before submission.
    org.kind, org.org_class = kind_of(row.data).value, str(form.org_class)
    session.add(org)
    return {"data": form.strings()}


def _before_submit_change(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    form = _check(session, "profile_change", row)
    if why := _still_lends(session, row):
        raise FormInvalid({"org_class": why})
    if form.strings() == {
        k: v for k, v in row.base.items() if k in type(form).model_fields
    } and not _files_differ(session, row):
        raise DomainError("资料与现行资料完全一致，没有需要审核的修改。请修改后再提交。")
    return {"data": form.strings()}


def _still_lends(session: Session, row: Any) -> str:
    """Return why an institution cannot leave the lenders yet: somebody waits for its decision."""
    org = session.get_one(Organisation, row.org_id)
    if org.kind != Kind.DEBT.value or kind_of(row.data) is Kind.DEBT:
        return ""
    shelf.hold(session, row.org_id)
    if not (count := shelf.undecided(session, row.org_id)):
        return ""
    return f"还有 {count} 笔融资申请等待办理，变更为其他类型后将无法办理。请先在“企业申请管理”中办结"


def _files_differ(session: Session, row: Any) -> bool:
    source = latest_approved(session, row.org_id)
    if source is None:
        return True
    return files.contents(session, *source) != files.contents(session, "profile_change", row.id)


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    one_at_a_time(session, "credit_code", row.data.get("credit_code"))
    try:
        # Once more, as a licence may have run out while the form waited.
        form = FORMS[kind_of(row.data)].parse(_own_fields(row.data))
    except FormInvalid as refusal:
        raise Conflict("不能通过：" + "；".join(refusal.fields.values()) + "。请退回申请人更正。") from None
    if clash := _cross_checks(session, form, row.org_id):
        raise Conflict("不能通过：" + "；".join(clash.values()))
    if why := _still_lends(session, row):
        raise Conflict(f"不能通过：该机构{why}。")


def _own_fields(data: dict[str, str]) -> dict[str, str]:
    names = FORMS[kind_of(data)].model_fields
    return {k: v for k, v in data.items() if k in names}


def _go_live(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    org = session.get(Organisation, row.org_id)
    if org is None:
        raise NotFound("机构")
    lent, before = org.kind == Kind.DEBT.value, org.name
    put_in_force(org, _own_fields(row.data))
    session.add(org)
    if lent and org.kind != Kind.DEBT.value:
        shelf.clear(session, actor, org.id or 0, f"机构类型已变更为{OrgClass.label_of(org.org_class)}")
    # The public list filters by the class of the lender.
    session.exec(update(Product).where(col(Product.org_id) == org.id).values(org_class=org.org_class))
    push.figures_approved(session, org)
    policy_renamed.tell(session, org, before)


def put_in_force(org: Organisation, data: dict[str, str]) -> None:
    """Copy approved data onto the organisation, with the scale that the national standard gives it."""
    form: Any = FORMS[kind_of(data)].parse(data)
    profile = form.strings()
    if isinstance(form, FORMS[Kind.ENTERPRISE]):
        industry = ScaleIndustry(form.scale_industry)  # pyright: ignore[reportAttributeAccessIssue]
        found = scale.scale(industry, form.staff, form.revenue, form.assets)  # pyright: ignore
        profile["scale"] = found.value if found else ""
    org.kind, org.org_class = kind_of(data).value, form.org_class
    org.name, org.credit_code, org.region = form.name, form.credit_code, form.region
    org.profile, org.profile_at = profile, clock.now()
    org.verified_at = org.verified_at or clock.now()


def _checks(session: Session, row: Any) -> tuple[Check, ...]:
    data = row.data
    found = []
    try:
        identifiers.credit_code(data.get("credit_code", ""))
        found.append(Check("统一社会信用代码校验", "ok", "18 位，校验位正确"))
    except ValueError as error:
        found.append(Check("统一社会信用代码校验", "bad", str(error)))
    others = session.exec(
        select(Organisation).where(
            Organisation.id != row.org_id,
            (Organisation.credit_code == data.get("credit_code")) | (Organisation.name == data.get("name")),
            col(Organisation.verified_at).is_not(None),
        )
    ).all()
    if others:
        text = "已有认证机构使用相同名称或代码：" + "、".join(
            f"{o.name}（{o.credit_code}）" for o in others[:3]
        )
        found.append(Check("机构查重", "bad", text))
    else:
        found.append(Check("机构查重", "ok", "未发现相同名称或统一社会信用代码的认证机构"))
    words = (
        CLASS_WORDS.get(OrgClass(data["org_class"]))
        if data.get("org_class") in OrgClass._value2member_map_
        else None
    )
    if words and not any(w in data.get("name", "") for w in words):
        label = OrgClass.label_of(data["org_class"])
        found.append(Check("名称与类别", "warn", f"名称中没有“{'”“'.join(words)}”字样，请核对是否为{label}"))
    else:
        found.append(Check("名称与类别", "ok", "名称与所选类别相符"))
    return tuple(found)


def _describe_verification(session: Session, row: Any) -> Description:
    return Description(FORMS[kind_of(row.data)], None, (), _checks(session, row))


def _describe_change(session: Session, row: Any) -> Description:
    lines, kept = list[Line](), FORMS[kind_of(row.data)].model_fields
    for spec in FORMS[kind_of(row.base)].specs():
        # Of another kind: the approval takes it off the profile.
        if spec.name not in kept and (before := row.base.get(spec.name)):
            lines.append(Line(spec.group, spec.name, spec.title, CLEARED, spec.show(before)))
    return Description(FORMS[kind_of(row.data)], row.base, tuple(lines), _checks(session, row))


VERIFY = review.register(
    Flow(
        name="verification",
        label="真实性认证",
        model=Verification,
        submit=Permission.VERIFICATION_SUBMIT,
        submit_screen=VERIFICATION,
        review_screen=REVIEW,
        title=lambda s, row: row.data.get("name") or "未填写名称",
        describe=_describe_verification,
        submitter_href=lambda row: VERIFICATION.route,
        reviewer_href=lambda row: REVIEW.url(flow="verification", rid=row.id),
        before_submit=_before_submit_verification,
        before_approve=_before_approve,
        after_approve=_go_live,
        outcome={Action.APPROVE: "账号已正式生效，全部功能已开通。"},
    )
)
CHANGE = review.register(
    Flow(
        name="profile_change",
        label="资料修改",
        model=ProfileChange,
        submit=Permission.PROFILE_CHANGE,
        submit_screen=PROFILE,
        review_screen=REVIEW,
        title=lambda s, row: row.data.get("name") or "资料修改",
        describe=_describe_change,
        submitter_href=lambda row: PROFILE.route,
        reviewer_href=lambda row: REVIEW.url(flow="profile_change", rid=row.id),
        before_submit=_before_submit_change,
        before_approve=_before_approve,
        after_approve=_go_live,
        gives_up=True,
        discards=True,
        outcome={Action.APPROVE: "新资料已生效。"},
    )
)

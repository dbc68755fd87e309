"""Disbursements under an approved application, and the loan book (manual §4.3)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from cpegi_app import clock
from cpegi_app.access import DISBURSE, REQUEST, REVIEW, Actor, Permission
from cpegi_app.errors import Conflict, Doubtful, FormInvalid, NotFound
from cpegi_app.models import Application, Disbursement, FilingBatch, Loan, OfflineLoan, Organisation
from cpegi_app.services import (
    application,
    application_list,
    disbursement_check,
    files,
    notices,
    offline_contract,
    offline_trial,
    review,
    review_draft,
)
from cpegi_app.services.corrections import in_force
from cpegi_app.services.disbursement_form import DisbursementForm
from cpegi_app.services.forms import (
    basis_points,
    fen,
    wan,
)
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import booking, one_at_a_time
from cpegi_app.services.review import Description, Flow, Line, Payload
from cpegi_app.services.review_view import CheckView, check_views
from cpegi_app.vocabulary import (
    TONES,
    Action,
    FileSlot,
    LoanSource,
    Status,
)

FILES = (FileSlot.CONTRACT, FileSlot.VOUCHER)
# Sent along with a submission that is to be held while the staff would be asked to look at something in it.
WEIGH = "weigh"


def open_disbursement(session: Session, actor: Actor, application_id: int) -> Disbursement:
    """Return the open draft of an application's disbursement, begun when there is none (放款)."""
    app = session.get(Application, application_id) if is_id(application_id) else None
    if app is None or app.institution_id != actor.org_id:
        raise NotFound("融资申请")
    review.require(FLOW, actor)
    locked_application(session, application_id)
    if app.status != Status.APPROVED:
        raise Conflict("该申请尚未审核通过，不能放款。请先在“企业申请管理”中办理审核。")
    query = select(Disbursement).where(Disbursement.application_id == application_id)
    editable = col(Disbursement.status).in_([Status.DRAFT.value, Status.RETURNED.value])
    if found := session.exec(query.where(editable).order_by(col(Disbursement.id))).first():
        return found
    left = remaining(session, app)
    if left <= 0:
        raise Conflict(f"批准额度 {wan(app.approved_fen)} 万元已全部放款或待审核，不能再次放款。")
    previous = session.exec(query.order_by(col(Disbursement.id).desc())).first()
    # A further payment under the same contract: nobody types the contract twice.
    same = ("contract_no", "contract_amount", "rate", "guarantee", "repayment")
    data = (
        {k: previous.data.get(k, "") for k in same}
        if previous
        else {
            "contract_amount": wan(app.approved_fen).replace(",", ""),
            "guarantee": app.data.get("guarantee", ""),
            "is_first": app.profile.get("first_loan", ""),
        }
    )
    data["amount"] = wan(left).replace(",", "")
    of = {"application_id": application_id, "borrower_id": app.org_id}
    return review_draft.begin(session, FLOW, org_id=app.institution_id, data=data, **of)


def _sums(session: Session, app: Application) -> tuple[int, int]:
    """Return the 分 disbursed under an application, and those that wait for review."""
    return application_list.disbursed(session, [app.id or 0]).get(app.id or 0, (0, 0))


def remaining(session: Session, app: Application) -> int:
    """Return the 分 that may still be disbursed: approved less disbursed and waiting."""
    done, waiting = _sums(session, app)
    return app.approved_fen - done - waiting


def submit(
    session: Session, actor: Actor, row_id: int, version: int, data: dict[str, str], key: str
) -> Disbursement:
    """Check and send a disbursement to the platform."""
    return review.act(session, FLOW, actor, row_id, Action.SUBMIT, version, key=key, values={"data": data})


def locked_application(session: Session, application_id: int) -> Application:
    """Return the application, held, on which payments have not been ended: two at once must not see the same remainder."""
    found = session.exec(select(Application).where(Application.id == application_id).with_for_update()).one()
    if why := application_list.ended(session, [application_id]).get(application_id):
        raise Conflict(f"{why}。不能再登记放款；如需继续，请由企业重新申请。")
    return found


def _application(session: Session, row: Any) -> Application:
    return session.get_one(Application, row.application_id)


def _before_submit(session: Session, actor: Actor, row: Any, payload: Payload) -> dict[str, Any]:
    errors: dict[str, str] = files.require(session, "disbursement", row.id, FILES)
    form: Any = None
    try:
        form = DisbursementForm.parse(row.data)
    except FormInvalid as refusal:
        errors |= refusal.fields
    if form is not None:
        errors |= _cross_checks(session, row, form)
    if errors or form is None:
        raise FormInvalid(errors)
    app = _application(session, row)
    if payload.get(WEIGH) and disbursement_check.doubts(app, _sums(session, app), form.strings()):
        raise Doubtful(
            "尚未提交：有内容在平台审核时会被提示核对，已标在各栏目下。有误的请更正；确认无误，请点“仍然提交”。"
        )
    return {
        "data": form.strings(),
        "contract_no": form.contract_no,
        "iou_no": form.iou_no,
        "amount_fen": fen(form.amount),
        "lent_on": form.lent_on,
    }


def _cross_checks(session: Session, row: Any, form: Any) -> dict[str, str]:
    app = locked_application(session, row.application_id)
    errors: dict[str, str] = {}
    if form.due_on <= form.lent_on:
        errors["due_on"] = "到期日应晚于放款日期，请核对"
    if form.amount > form.contract_amount:
        errors["amount"] = f"放款金额不能大于合同金额 {form.contract_amount:,f} 万元"
    left = remaining(session, app)
    if fen(form.amount) > left:
        errors["amount"] = f"批准额度还可放款 {wan(max(left, 0))} 万元（含待审核的放款），请减少放款金额"
    one_at_a_time(session, "iou", row.org_id)
    errors = _over_contract(session, row, form, offline_contract.lent) | errors
    twin = select(Disbursement.id).where(
        Disbursement.org_id == row.org_id,
        Disbursement.iou_no == form.iou_no,
        Disbursement.id != row.id,
        col(Disbursement.status).in_([Status.PENDING.value, Status.APPROVED.value]),
    )
    where = offline_trial.filed(session, row.org_id, [form.iou_no]).get(form.iou_no, "")
    if where or session.exec(twin).first():
        place = f"（{where}）" if where else ""
        errors["iou_no"] = f"该借据编号已登记过放款{place}，同一借据只能登记一次，请核对编号"
    elif filed := _filed_offline(session, row, form):
        errors["iou_no"] = (
            f"与线下备案的借据 {filed} 是同一笔（企业、日期、金额相同）。如确为同一笔，请先在线下贷款备案中删除或更正该笔"
        )
    return errors


def _over_contract(session: Session, row: Any, form: Any, count: Any) -> dict[str, str]:
    """Return the sentence for a payment beyond its contract, which may have been filed offline as well."""
    lent = {"contract_no": form.contract_no, "contract_fen": fen(form.contract_amount)}
    known = count(session, row.org_id, [form.contract_no]).get(form.contract_no)
    return offline_contract.over_contract(lent | {"amount_fen": fen(form.amount)}, known)


def _filed_offline(session: Session, row: Any, form: Any) -> str:
    """Return the 借据编号 under which the same loan was filed offline, empty when it was not."""
    code = session.exec(select(Organisation.credit_code).where(Organisation.id == row.borrower_id)).first()
    same = {"borrower_code": code or "", "lent_on": form.lent_on, "amount_fen": fen(form.amount)}
    booked = select(Loan.iou_no).where(
        Loan.institution_id == row.org_id, Loan.source == LoanSource.OFFLINE.value, in_force()
    )
    # What is not booked yet stands in the batches that are not approved: few rows, and their index serves.
    batches = select(FilingBatch.id).where(
        FilingBatch.org_id == row.org_id, FilingBatch.status != Status.APPROVED.value
    )
    drafts = select(OfflineLoan.iou_no).where(col(OfflineLoan.batch_id).in_(batches))
    for query in (booked.filter_by(**same), drafts.filter_by(**same)):
        if found := session.exec(query).first():
            return found
    return ""


def _before_approve(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    app = locked_application(session, row.application_id)
    done, _ = _sums(session, app)
    if done + row.amount_fen > app.approved_fen:
        raise Conflict(f"通过后累计放款将超过批准额度 {wan(app.approved_fen)} 万元，请退回机构核对。")
    one_at_a_time(session, "iou", row.org_id)
    form = DisbursementForm.model_validate(row.data)
    for told in _over_contract(session, row, form, offline_contract.booked).values():
        raise Conflict(f"不能通过：{told}；确有不符的，请退回机构更正。")
    if filed := _filed_offline(session, row, form):
        raise Conflict(
            f"不能通过：与线下备案的借据 {filed} 是同一笔（企业、日期、金额相同），请退回机构核对。"
        )


def _book(session: Session, actor: Actor, row: Any, payload: Payload) -> None:
    borrower = session.get(Organisation, row.borrower_id)
    assert borrower is not None
    booking(session)
    session.add(loan_of(row, borrower))
    text = f"{wan(row.amount_fen)} 万元，放款日期 {row.lent_on}。"
    href = application.APPLICATION.url(aid=row.application_id)
    app = _application(session, row)
    head = f"放款已登记：{app.product_name}"
    notices.notify(session, notices.users_of(session, row.borrower_id), head, text, href, "green")


def loan_of(row: Disbursement, borrower: Organisation) -> Loan:
    """Return the loan book's entry for an approved disbursement."""
    form: Any = DisbursementForm.model_validate(row.data)
    return Loan(
        source=LoanSource.ONLINE.value,
        institution_id=row.org_id,
        borrower_id=borrower.id,
        borrower_name=borrower.name,
        borrower_code=borrower.credit_code or "",
        disbursement_id=row.id,
        contract_no=form.contract_no,
        iou_no=form.iou_no,
        contract_fen=fen(form.contract_amount),
        amount_fen=fen(form.amount),
        lent_on=form.lent_on,
        due_on=form.due_on,
        rate_bp=basis_points(form.rate),
        guarantee=form.guarantee,
        repayment=form.repayment,
        is_first=form.is_first,
    )


def _describe(session: Session, row: Any) -> Description:
    app = _application(session, row)
    borrower = session.get(Organisation, row.borrower_id)
    lender = session.get(Organisation, row.org_id)
    assert borrower is not None and lender is not None
    sums = _sums(session, app)
    lines = (
        Line("对应申请", "lender", "放款机构", lender.name, fixed=True),
        Line("对应申请", "borrower", "借款企业", f"{borrower.name}（{borrower.credit_code}）", fixed=True),
        Line("对应申请", "product", "金融产品", app.product_name, fixed=True),
        Line("对应申请", "approved", "批准额度", f"{wan(app.approved_fen)} 万元", fixed=True),
        Line("对应申请", "done", "已登记放款", f"{wan(sums[0])} 万元", fixed=True),
    )
    return Description(DisbursementForm, None, lines, disbursement_check.checks(app, sums, row.data))


def doubts(session: Session, actor: Actor, row_id: int, data: dict[str, str]) -> list[CheckView]:
    """Return what the staff will be asked to look at, were the actor's own payment sent as it is typed."""
    row = review.load_own(session, FLOW, actor, row_id)
    app = _application(session, row)
    return check_views(disbursement_check.doubts(app, _sums(session, app), data))


class Cover(BaseModel):
    """What the form of a disbursement says of its application."""

    application_id: int = 0
    borrower: str = ""
    code: str = ""
    product: str = ""
    approved: str = ""
    disbursed: str = ""
    waiting: str = ""
    left: str = ""


def cover(session: Session, actor: Actor, row_id: int) -> Cover:
    """Return what the actor's own disbursement belongs to, in 万元."""
    row = review.load_own(session, FLOW, actor, row_id)
    app, borrower = _application(session, row), session.get(Organisation, row.borrower_id)
    assert borrower is not None
    done, waiting = _sums(session, app)
    return Cover(
        application_id=app.id or 0,
        borrower=borrower.name,
        code=borrower.credit_code or "",
        product=app.product_name,
        approved=f"{wan(app.approved_fen)} 万元",
        disbursed=f"{wan(done)} 万元",
        waiting=f"{wan(waiting)} 万元",
        left=f"{wan(app.approved_fen - done - waiting)} 万元",
    )


class DisbursementRow(BaseModel):
    """A disbursement under an application."""

    id: int
    iou_no: str
    amount: str
    lent_on: str
    status_label: str
    tone: str
    reason: str
    at: str
    editable: bool
    returned: bool


def of_application(session: Session, actor: Actor, application_id: int) -> list[DisbursementRow]:
    """Return the disbursements of an application; drafts only to the institution that writes them."""
    app = review.load(session, application.FLOW, actor, application_id)
    query = select(Disbursement).where(Disbursement.application_id == app.id).order_by(col(Disbursement.id))
    own = app.institution_id == actor.org_id
    return [_row(d, own) for d in session.exec(query) if own or d.status in (Status.PENDING, Status.APPROVED)]


def _row(d: Disbursement, own: bool) -> DisbursementRow:
    amount = f"{wan(d.amount_fen)} 万元" if d.amount_fen else f"{d.data.get('amount') or '—'} 万元"
    return DisbursementRow(
        id=d.id or 0,
        iou_no=d.data.get("iou_no") or "—",
        amount=amount,
        lent_on=d.data.get("lent_on") or "—",
        status_label=Status.label_of(d.status),
        tone=TONES[d.status],
        reason=d.reason if own else "",
        at=clock.local(d.submitted_at) or "未提交",
        editable=own and d.status in review.EDITABLE,
        returned=own and d.status == Status.RETURNED,
    )


FLOW = review.register(
    Flow(
        name="disbursement",
        label="放款",
        model=Disbursement,
        submit=Permission.DISBURSEMENT_SUBMIT,
        submit_screen=DISBURSE,
        review_screen=REVIEW,
        title=lambda s, row: f"借据 {row.data.get('iou_no') or '—'} · {wan(row.amount_fen)} 万元",
        describe=_describe,
        submitter_href=lambda row: (
            DISBURSE.url(did=row.id) if row.status == Status.RETURNED else REQUEST.url(aid=row.application_id)
        ),
        reviewer_href=lambda row: REVIEW.url(flow="disbursement", rid=row.id),
        before_submit=_before_submit,
        before_approve=_before_approve,
        after_approve=_book,
        gives_up=True,
        discards=True,
        outcome={Action.APPROVE: "放款已登记到贷款台账。"},
    )
)

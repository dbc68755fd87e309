"""政策兑现: confirm what was granted, state the payee, upload the receipt; the flow (manual §8.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, field_validator
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from cpegi_app.access import CLAIM_REVIEW, POLICY_CLAIM, Actor, Permission
from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Organisation, Payment, Policy, PolicyApplication, PolicyClaim, PolicyGrant
from cpegi_app.services import files, policy_application, policy_decision, policy_people, review
from cpegi_app.services import policy_definition as definitions
from cpegi_app.services.forms import Codes, Form, Text, Widget, half_width, input_field
from cpegi_app.services.ids import is_id
from cpegi_app.services.locks import beside_others, one_at_a_time
from cpegi_app.services.policy_amount import yuan
from cpegi_app.services.review import Check, Description, Flow, Line, Slot
from cpegi_app.vocabulary import Action, Status, Term
from cpegi_app.vocabulary.policy import AmountKind, GrantState, PaymentState, PolicyStage, WindowState

NAME = "policy_claim"
RECEIPT = "RECEIPT"
PAYEE, AMOUNT = "收款账户", "确认金额"
F, W = input_field, Widget
_ACCOUNT = re.compile(r"\d{8,30}", re.ASCII)
_SIGNS = re.compile(r"[\s()（）\[\]【】·.,，。-]+")


class Confirmation(Term):
    """The tick with which the amount is confirmed."""

    YES = "YES", "本单位确认以上兑现金额，并承诺收款账户信息真实有效"


class ClaimForm(Form):
    """A redemption (domain.md §4, payee)."""

    payee_name: Text = F("户名", PAYEE, max_len=100, help="须与单位名称一致")
    bank: Text = F("开户行", PAYEE, max_len=100, help="填写到支行，例如：中国银行郑州科学大道支行")
    account_no: Text = F("账号", PAYEE, max_len=40, help="8–30 位数字，可含空格")
    confirmed: Codes = F("金额确认", AMOUNT, widget=W.CHECKS, options=Confirmation)

    @field_validator("account_no", mode="after")
    @classmethod
    def _digits(cls, value: str) -> str:
        plain = half_width(value).replace("-", "")
        if not _ACCOUNT.fullmatch(plain):
            raise ValueError("账号应为 8–30 位数字，请核对后重新填写")
        return plain


NAMES = frozenset(ClaimForm.model_fields)
TITLES = {s.name: s.title for s in ClaimForm.specs()} | {f"file_{RECEIPT}": "收款收据"}


def same_name(first: str, second: str) -> bool:
    """Tell whether two names are the same organisation's: widths, blanks and brackets do not count."""

    def plain(text: str) -> str:
        return _SIGNS.sub("", unicodedata.normalize("NFKC", text)).casefold()

    return bool(plain(first)) and plain(first) == plain(second)


class ClaimLine(BaseModel):
    """What every list of the staff's shows of a claim."""

    id: int
    org: str
    policy: str
    receipt: str
    amount: str
    payee: str
    bank: str
    account: str


def line_of(claim: PolicyClaim, application: PolicyApplication) -> dict[str, Any]:
    """Return a `ClaimLine` by name; of the account number lists show the end."""
    return {
        "id": claim.id or 0,
        "org": claim.org_name,
        "policy": application.policy_name,
        "receipt": application.receipt_no or "",
        "amount": yuan(claim.amount_fen),
        "payee": claim.payee_name,
        "bank": claim.bank,
        "account": f"尾号 {claim.account_no[-4:]}",
    }


# --- what is granted ----------------------------------------------------------------------------------


def grant_of(session: Session, actor: Actor, grant_id: int) -> PolicyGrant:
    """Return a grant of the actor's own organisation; any other does not exist."""
    review.require(FLOW, actor)
    grant = session.get(PolicyGrant, grant_id) if is_id(grant_id) else None
    if grant is None or grant.org_id != actor.org_id:
        raise NotFound("奖补记录")
    return grant


def hold(session: Session, grant: PolicyGrant) -> None:
    """Let nobody else move a grant or its claims until this transaction ends, and see it as it stands.

    Who moves the grants of a whole policy passes alone (`hold_all`): a lock for each would be too many.
    """
    beside_others(session, "redemption", grant.policy_id)
    one_at_a_time(session, "policy_grant", grant.id)
    session.refresh(grant)


def hold_all(session: Session, policy_id: int) -> None:
    """Let nobody else move any grant of a policy or its claims until this transaction ends."""
    one_at_a_time(session, "redemption", policy_id)


def latest(session: Session, grant_id: int) -> PolicyClaim | None:
    """Return the newest claim of a grant."""
    query = select(PolicyClaim).where(PolicyClaim.grant_id == grant_id)
    return session.exec(query.order_by(col(PolicyClaim.id).desc())).first()


def latest_of(session: Session, grant_ids: Sequence[int]) -> dict[int, PolicyClaim]:
    """Return the newest claim of each of some grants that has one."""
    found: dict[int, PolicyClaim] = {}
    for at in range(0, len(grant_ids), 1_000):
        query = select(PolicyClaim).where(col(PolicyClaim.grant_id).in_(grant_ids[at : at + 1_000]))
        found |= {c.grant_id: c for c in session.exec(query.order_by(col(PolicyClaim.id)))}
    return found


def living_payment(session: Session, grant_id: int) -> Payment | None:
    """Return the payment of a grant that has not failed: there is one at most."""
    query = select(Payment).where(Payment.grant_id == grant_id, Payment.state != PaymentState.FAILED.value)
    return session.exec(query).first()


def last_failure(session: Session, claim_id: int) -> Payment | None:
    """Return the newest payment of a claim, if it has failed."""
    query = select(Payment).where(Payment.claim_id == claim_id).order_by(col(Payment.id).desc())
    found = session.exec(query).first()
    return found if found and found.state == PaymentState.FAILED else None


def failures(session: Session, grant_ids: Iterable[int]) -> dict[int, str]:
    """Return why the last payment of grants did not arrive, of those that had such a payment."""
    where = (col(Payment.grant_id).in_(set(grant_ids)), col(Payment.state) == PaymentState.FAILED.value)
    return dict(
        session.exec(select(Payment.grant_id, Payment.failure).where(*where).order_by(col(Payment.id))).all()
    )


def renamed(session: Session, payees: Iterable[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return what is wrong with payees (organisation, name) whose organisation is called otherwise now."""
    wanted = set(payees)
    query = select(Organisation.id, Organisation.name).where(col(Organisation.id).in_({i for i, _ in wanted}))
    now = {i or 0: name for i, name in session.exec(query)}
    return {
        (i, name): f"单位名称已变更为“{now[i]}”，与户名不一致"
        for i, name in wanted
        if not same_name(name, now[i])
    }


def misnamed(session: Session, claim: PolicyClaim) -> str:
    """Return what is wrong with a claim's payee by now; empty when it is still the organisation's name."""
    return "".join(renamed(session, [(claim.org_id, claim.payee_name)]).values())


def closed_sentence(session: Session, grant: PolicyGrant) -> str:
    """Return why a grant cannot be redeemed now, empty when it can."""
    if grant.state == GrantState.WAITING:
        return "审核已通过，等待公示"
    if grant.state == GrantState.PUBLIC:
        return "正在公示，期满无异议后可申请兑现"
    if grant.state == GrantState.REVOKED:
        return f"奖补已取消：{grant.reason}"
    if grant.state == GrantState.PAID:
        return "奖补资金已拨付"
    policy = session.get_one(Policy, grant.policy_id)
    opens, closes = policy.redeem_opens_at, policy.redeem_closes_at
    return {
        WindowState.UNSET: "兑现时间待定，请关注平台通知",
        WindowState.COMING: f"兑现将于 {definitions.window_text(opens, closes)[:16]} 开始",
        WindowState.PAST: f"兑现已于 {definitions.window_text(opens, closes)[-16:]} 截止",
    }.get(definitions.window(opens, closes), "")


def _over(session: Session, grant: PolicyGrant) -> str:
    """Return the sentence that the window of a grant to be redeemed is over, empty while it is not."""
    policy = session.get_one(Policy, grant.policy_id)
    over = definitions.window(policy.redeem_opens_at, policy.redeem_closes_at) == WindowState.PAST
    return closed_sentence(session, grant) if over and grant.state == GrantState.CONFIRMED else ""


def still(session: Session, grant: PolicyGrant, claim: PolicyClaim | None) -> str:
    """Return how long what was sent in time may come back, for its owner; empty while the window is open."""
    over = _over(session, grant) if _may_be_late(grant, claim) else ""
    return over and f"{over}；您曾按时提交，在平台取消这笔奖补前仍可重新提交，请尽快办理"


def parting(session: Session, actor: Actor, row_id: int) -> str:
    """Return what it means to withdraw an own claim now, empty while it can be sent again in time."""
    row = review.load_own(session, FLOW, actor, row_id)
    over = _over(session, session.get_one(PolicyGrant, row.grant_id))
    return over and (
        f"{over}。撤回后这笔奖补列入“逾期未兑现”，平台可以取消；取消前您仍可修改后重新提交，请尽快办理。"
    )


def may_begin(session: Session, grant: PolicyGrant) -> bool:
    """Tell whether a claim can be begun: none yet, the last one rejected, or approved and not payable as it is."""
    claim = latest(session, grant.id or 0)
    if claim is None or claim.status == Status.REJECTED:
        return True
    if claim.status != Status.APPROVED or living_payment(session, grant.id or 0):
        return False
    return last_failure(session, claim.id or 0) is not None or bool(misnamed(session, claim))


def start(session: Session, actor: Actor, grant_id: int) -> PolicyClaim:
    """Return the open claim of a grant, begun when there is none."""
    grant = grant_of(session, actor, grant_id)
    hold(session, grant)
    claim = latest(session, grant_id)
    if claim is not None and claim.status in review.OPEN:
        return claim
    if why := why_not(session, grant, claim):
        raise DomainError(f"{why}，暂不能申请兑现。")
    if not may_begin(session, grant):
        raise Conflict("这笔奖补的兑现申请已审核通过，正在安排拨付，无需重复申请。")
    return _begin(session, actor, grant, claim)


def why_not(session: Session, grant: PolicyGrant, before: PolicyClaim | None) -> str:
    """Return why no claim can be begun now after the one before, empty when it can."""
    return "" if _may_be_late(grant, before) else closed_sentence(session, grant)


def _may_be_late(grant: PolicyGrant, claim: PolicyClaim | None) -> bool:
    """Tell whether the window does not matter any more: what was sent in time may come back until the grant is taken back.

    A further round begins only after one that was sent.
    """
    asked = claim is not None and (claim.submitted_at is not None or claim.round > 1)
    return asked and grant.state == GrantState.CONFIRMED


def _begin(session: Session, actor: Actor, grant: PolicyGrant, before: PolicyClaim | None) -> PolicyClaim:
    org = session.get_one(Organisation, actor.org_id)
    known = before.data if before else _last_payee(session, org.id or 0)
    rounds = select(PolicyClaim.round).where(PolicyClaim.grant_id == grant.id)
    data = {"payee_name": org.name, "bank": known.get("bank", ""), "account_no": known.get("account_no", "")}
    row = PolicyClaim(
        org_id=grant.org_id,
        grant_id=grant.id or 0,
        round=max(session.exec(rounds), default=0) + 1,
        application_id=grant.application_id,
        policy_id=grant.policy_id,
        org_name=org.name,
        amount_fen=grant.amount_fen,
        people=session.get_one(Policy, grant.policy_id).people,
        data=data,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        found = latest(session, grant.id or 0)
        if found is None:
            raise
        return found
    return row


def _last_payee(session: Session, org_id: int) -> dict[str, str]:
    query = select(PolicyClaim.data).where(PolicyClaim.org_id == org_id)
    found = session.exec(query.order_by(col(PolicyClaim.id).desc())).first()
    return dict(found) if found else {}


# --- the flow -----------------------------------------------------------------------------------------


def _before_submit(session: Session, actor: Actor, row: Any, payload: review.Payload) -> dict[str, Any]:
    grant = session.get_one(PolicyGrant, row.grant_id)
    hold(session, grant)
    if why := why_not(session, grant, row):
        raise DomainError(f"{why}，不能提交。已填写的内容保留为草稿。")
    wrong: dict[str, str] = {}
    form: ClaimForm | None = None
    try:
        form = ClaimForm.parse(row.data)
    except FormInvalid as refusal:
        wrong |= refusal.fields
    org = session.get_one(Organisation, row.org_id)
    typed = row.data.get("payee_name", "")
    if typed and not same_name(typed, org.name):
        wrong["payee_name"] = f"户名须与单位名称“{org.name}”一致，资金只拨付到本单位账户"
    if RECEIPT not in files.slots_of(session, NAME, row.id):
        wrong[f"file_{RECEIPT}"] = f"请上传收款收据（{files.HINT}）"
    if wrong or form is None:
        raise FormInvalid(wrong)
    if living_payment(session, grant.id or 0):
        raise Conflict("这笔奖补已在拨付中，不能再次申请兑现。")
    amount = grant.amount_fen
    note = f"户名 {form.payee_name}，账号尾号 {form.account_no[-4:]}"
    policy_decision.note_amount(session, row.application_id, AmountKind.CONFIRMED, amount, actor, note)
    return {
        "data": form.strings(),
        "amount_fen": amount,
        "org_name": org.name,
        "payee_name": org.name,
        "bank": form.bank,
        "account_no": form.account_no,
    }


def _before_approve(session: Session, actor: Actor, row: Any, payload: review.Payload) -> None:
    grant = session.get_one(PolicyGrant, row.grant_id)
    hold(session, grant)
    if grant.state != GrantState.CONFIRMED:
        raise Conflict(f"{closed_sentence(session, grant)}，不能审核通过兑现申请。")
    if row.org_id in policy_people.closed(session, [row.org_id]):
        raise DomainError("该单位的账号已全部停用，不能通过兑现申请。请核实后启用账号，或退回、不予通过。")
    org = session.get_one(Organisation, row.org_id)
    if not same_name(row.payee_name, org.name):
        raise DomainError(f"单位名称已变更为“{org.name}”，与户名不一致。请退回，由申请单位重新填写收款账户。")


def _describe(session: Session, row: Any) -> Description:
    grant = session.get_one(PolicyGrant, row.grant_id)
    application = session.get_one(PolicyApplication, row.application_id)
    lines = (
        Line(AMOUNT, "policy", "政策", application.policy_name),
        Line(AMOUNT, "receipt", "受理编号", application.receipt_no or ""),
        Line(AMOUNT, "granted", "奖补金额", f"{yuan(grant.amount_fen)} 元"),
    )
    return Description(ClaimForm, None, lines, tuple(_checks(session, row, grant)))


def _checks(session: Session, row: Any, grant: PolicyGrant) -> list[Check]:
    if row.status not in (Status.PENDING, Status.RETURNED):
        return []
    org = session.get_one(Organisation, row.org_id)
    same = same_name(row.data.get("payee_name", ""), org.name)
    found = [
        Check("户名", "ok", "与单位名称一致")
        if same
        else Check("户名", "bad", f"与单位名称“{org.name}”不一致")
    ]
    if grant.state != GrantState.CONFIRMED:
        found.append(Check("奖补状态", "bad", closed_sentence(session, grant)))
    if row.status == Status.PENDING and (over := _over(session, grant)):
        text = f"{over}；退回或审核不通过后，申请单位在平台取消这笔奖补前仍可重新提交"
        found.append(Check("兑现时间", "warn", text))
    if row.org_id in policy_people.closed(session, [row.org_id]):
        found.append(Check("申请单位", "bad", "该单位的账号已全部停用，请核实后再办理"))
    if failure := failures(session, [grant.id or 0]).get(grant.id or 0):
        found.append(Check("上次拨付", "warn", f"失败原因：{failure}；请核对新的收款账户"))
    return found


def _title(session: Session, row: Any) -> str:
    return session.get_one(PolicyApplication, row.application_id).policy_name


STAGE = policy_application.stage(PolicyStage.REDEMPTION)
FLOW = review.register(
    Flow(
        name=NAME,
        label="兑现申请",
        model=PolicyClaim,
        submit=Permission.POLICY_APPLY,
        submit_screen=POLICY_CLAIM,
        review_screen=CLAIM_REVIEW,
        title=_title,
        describe=_describe,
        submitter_href=lambda row: POLICY_CLAIM.url(cid=row.id),
        reviewer_href=lambda row: CLAIM_REVIEW.url(cid=row.id),
        stages=(STAGE,),
        decisions=(Action.APPROVE, Action.RETURN, Action.REJECT),
        before_submit=_before_submit,
        before_approve=_before_approve,
        slots=lambda session, row: {RECEIPT: Slot("收款收据")},
        outcome={Action.APPROVE: "兑现申请已通过审核，将编入拨付批次，请留意到账通知。"},
    )
)

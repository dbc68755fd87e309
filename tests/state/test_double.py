"""Twice sent is once done: twenty equal submissions at once, from one tab and from twenty."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext
from sqlmodel import func, select

from cpegi_app import access, db
from cpegi_app.access import Screen
from cpegi_app.models import (
    Application,
    AuditEntry,
    Disbursement,
    FilingBatch,
    Loan,
    Notice,
    ProductRevision,
    ReportDuty,
    ReviewEvent,
)
from cpegi_app.services import equity_project, product, verification
from cpegi_app.vocabulary import Action
from tests.services.reports import duty as set_duty
from tests.state.cast import Cast, Principal
from tests.state.rig import HYDRATE, Handler, Rig, handlers, posted_by, running

TIMES, ROUNDS = 20, int(os.environ.get("CPEGI_CLICK_ROUNDS", "10"))
# The forms of the cast that can be sent as they are; 提交 of a profile is its confirmation.
FORMS = {
    access.PRODUCT_EDIT: "submit",
    access.APPLY: "submit",
    access.DISBURSE: "submit",
    access.VERIFICATION: "confirm",
    access.PROFILE_EDIT: "confirm",
    access.REPORT_EDIT: "submit",
    access.PROJECT_EDIT: "submit",
    access.INVESTMENT_EDIT: "submit",
    access.POLICY_APPLICATION: "submit",
    access.POLICY_CLAIM: "submit",
}


def handler_of(screen: Screen, method: str) -> Handler:
    """Return a handler of a screen's own state."""
    return next(h for h in handlers() if h.screen == screen and h.method == method)


async def opened(rig: Rig, cast: Cast, screen: Screen, tab: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Open a form; return what it holds, and how to send more from there."""
    who, params = cast.who_may(screen)
    how = {"sid": who.sid, "path": screen.url(**params), "params": params}
    await rig.post(tab, HYDRATE, {}, **how)
    return posted_by(await rig.state(tab, submit_state(handler_of(screen, "submit")))), how


def counted() -> Counter[str]:
    """Count what a submission leaves behind: the trail, the audit, each person's notices."""
    with db.reading() as session:
        return Counter(
            {
                "trail": rows(ReviewEvent, action=Action.SUBMIT.value),
                "audit": rows(AuditEntry, action=f"review.{Action.SUBMIT.value}"),
                **Counter(f"notices of {user}" for user in session.exec(select(Notice.user_id))),
            }
        )


def rows(model: Any, **where: Any) -> int:
    """Count rows."""
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(model).filter_by(**where)).one()


def once(before: Counter[str]) -> bool:
    """Tell whether exactly one submission came in since, and everybody told of it was told once."""
    gained = counted() - before
    return gained["trail"] == gained["audit"] == 1 and set(gained.values()) == {1} and len(gained) > 2


async def together(rig: Rig, tabs: list[str], name: str, payload: dict, how: dict[str, Any]) -> list[str]:
    """Send the same event from each of the tabs at once; return what each tab was told last."""
    for tab in tabs:
        rig.replies.pop(tab, None)
    for tab in tabs:
        await rig.enqueue(tab, name, payload, **how)
    await rig.settle()
    return [rig.replies[tab].said for tab in dict.fromkeys(tabs) if tab in rig.replies]


@pytest.mark.parametrize("screen", FORMS, ids=lambda s: s.route)
async def test_twenty_clicks_in_one_tab_submit_once(cast: Cast, screen: Screen):
    submit, withdraw = handler_of(screen, "submit"), handler_of(screen, "withdraw")
    async with running() as rig:
        for turn in range(ROUNDS):
            values, how = await opened(rig, cast, screen, "clicks")
            before = counted()
            data = {"data": {**values, "intent": FORMS[screen]}}
            told = await together(rig, ["clicks"] * TIMES, submit.name, data, how)
            assert once(before), (turn, told, counted() - before)
            reply = await rig.post("clicks", withdraw.name, {}, **how)
            assert "已撤回" in reply.said, reply.said
        assert not rig.unforeseen, rig.unforeseen[:3]


@pytest.mark.parametrize("screen", FORMS, ids=lambda s: s.route)
async def test_twenty_tabs_submit_once_and_the_others_read_why(cast: Cast, screen: Screen):
    submit = handler_of(screen, "submit")
    tabs = [f"tab-{n}" for n in range(TIMES)]
    async with running() as rig:
        for tab in tabs:
            values, how = await opened(rig, cast, screen, tab)
        before = counted()
        told = await together(rig, tabs, submit.name, {"data": {**values, "intent": FORMS[screen]}}, how)
        assert once(before), (told, counted() - before)
        # Last what the editor in steps reads between the other's saving and its sending.
        reasons = ("无需重复提交", "请刷新页面", "正在审核中，暂不能修改", "再点一次“暂存”或“提交”")
        refused = [text for text in told if any(reason in text for reason in reasons)]
        assert len(refused) == TIMES - 1, told
        assert not rig.unforeseen, rig.unforeseen[:3]


@pytest.mark.parametrize(
    ("screen", "flow", "theirs", "mine", "title"),
    [
        (access.PRODUCT_EDIT, product.FLOW, "c_revenue_low", "purpose", "营业收入"),
        (access.PROFILE_EDIT, verification.CHANGE, "office", "address", "实际经营地址"),
        (access.PROJECT_EDIT, equity_project.FLOW, "advantage", "name", "核心竞争力"),
    ],
    ids=lambda value: value.route if isinstance(value, Screen) else None,
)
async def test_the_later_of_two_tabs_reads_what_was_changed_keeps_its_text_and_can_send_again(
    cast: Cast, screen: Screen, flow: Any, theirs: str, mine: str, title: str
):
    submit = handler_of(screen, "submit")
    async with running() as rig:
        values, how = await opened(rig, cast, screen, "later")
        await opened(rig, cast, screen, "first")
        form = (await rig.state("later", submit_state(submit))).form_key
        save = {"intent": "save"}
        reply = await rig.post("first", submit.name, {"data": {**values, theirs: "7", **save}}, **how)
        assert "已暂存" in reply.said, reply.said
        typed = {"data": {**values, mine: "我写的", **save}}
        reply = await rig.post("later", submit.name, typed, **how)
        assert "另一个窗口" in reply.said and title in reply.said and "再点一次" in reply.said, reply.said
        # The form is not mounted anew and, for the browser, still unsaved: its copy of what was typed stays.
        state = await rig.state("later", submit_state(submit))
        assert state.form_key == form and state.editable and "version_rx_state_" not in reply.text
        reply = await rig.post("later", submit.name, typed, **how)
        assert "已暂存" in reply.said, reply.said
        with db.reading() as session:
            data = session.get_one(flow.model, state.row_id).data
        assert data[mine] == "我写的" and data.get(theirs, "") == values.get(theirs, "")
        reply = await rig.post("first", submit.name, {"data": {**values, theirs: "8", **save}}, **how)
        assert "另一个窗口" in reply.said, reply.said
        assert not rig.unforeseen, rig.unforeseen[:3]


async def test_the_later_of_two_colleagues_reads_what_a_duty_has_become_and_can_save_again(cast: Cast):
    who, how = cast.people["staff"], {"sid": cast.people["staff"].sid}
    edit, save = (handler_of(access.REPORT_DUTIES, name) for name in ("edit", "save"))
    with db.transaction() as session:
        duty = set_duty(session)
    async with running() as rig:
        for tab in ("first", "later"):
            await rig.open(access.REPORT_DUTIES, sid=who.sid, tab=tab)
            await rig.post(tab, edit.name, {"duty_id": duty}, **how)
        state = await rig.state("later", submit_state(save))
        form, values = state.form_key, dict(state.values)
        reply = await rig.post("first", save.name, {"data": {**values, "due_days": "33"}}, **how)
        assert "已保存" in reply.said, reply.said
        typed = {"data": {**values, "note": "我写的"}}
        reply = await rig.post("later", save.name, typed, **how)
        assert "33 天" in reply.said and "再点一次" in reply.said, reply.said
        state = await rig.state("later", submit_state(save))
        assert (state.form_key, state.editing) == (form, duty) and "33 天" in state.rows[0].rule
        reply = await rig.post("later", save.name, typed, **how)
        assert "已保存" in reply.said, reply.said
        assert not rig.unforeseen, rig.unforeseen[:3]
    with db.reading() as session:
        kept = session.get_one(ReportDuty, duty)
        assert (kept.note, kept.due_days) == ("我写的", int(values["due_days"]))


def submit_state(handler: Handler) -> Any:
    """Return the state class that owns a handler."""
    return RegistrationContext.get().base_states[handler.name.rpartition(".")[0]]


async def test_twenty_approvals_at_once_book_one_loan(cast: Cast):
    """The staff's decision on a payment, from twenty tabs: one entry in the loan book, one decision."""
    staff = cast.people["staff"]
    with db.reading() as session:
        waiting = session.exec(select(Disbursement.id).where(Disbursement.status == "PENDING")).one()
    decide = handler_of(access.REVIEW, "decide")
    params = {"flow": "disbursement", "rid": waiting}
    how = {"sid": staff.sid, "path": access.REVIEW.url(**params), "params": params}
    tabs = [f"desk-{n}" for n in range(TIMES)]
    loans = rows(Loan)
    async with running() as rig:
        for tab in tabs:
            await rig.post(tab, HYDRATE, {}, **how)
        told = await together(rig, tabs, decide.name, {"data": {"intent": "approve", "comment": ""}}, how)
        assert not rig.unforeseen, rig.unforeseen[:3]
    assert rows(Loan) == loans + 1, told
    assert rows(ReviewEvent, flow="disbursement", subject_id=waiting, action="APPROVE") == 1
    assert sum("已被更新" in text for text in told) == TIMES - 1, told


async def click(rig: Rig, who: Principal, screen: Screen, method: str, payload: dict, times: int) -> None:
    """Click a button again and again in one tab, before its page has answered."""
    how = {"sid": who.sid, "path": screen.route}
    await rig.post("impatient", HYDRATE, {}, **how)
    await together(rig, ["impatient"] * times, handler_of(screen, method).name, payload, how)


async def test_a_double_click_disables_an_account_and_says_so(cast: Cast):
    staff = cast.people["staff"]
    ask, disable = (handler_of(access.ACCOUNTS, name) for name in ("ask_disable", "disable"))
    async with running() as rig:
        await rig.open(access.ACCOUNTS, sid=staff.sid, tab="accounts")
        state = await rig.state("accounts", submit_state(disable))
        target = next(r.id for r in state.rows if r.member and not r.disabled)
        await rig.post("accounts", ask.name, {"user_id": target}, sid=staff.sid)
        data = {"data": {"reason": "应本人要求"}}
        (said,) = await together(rig, ["accounts"] * 2, disable.name, data, {"sid": staff.sid})
        assert "已停用" in said, said
        assert rows(AuditEntry, action="account.disable") == 1


async def test_a_double_click_begins_one_batch(cast: Cast):
    bank = cast.people["bank"]
    how, before = {"sid": bank.sid}, rows(FilingBatch)
    add, create = (handler_of(access.FILINGS, name) for name in ("add", "create"))
    data = {"data": {"name": "十月备案", "period": "2026-10", "note": ""}}
    async with running() as rig:
        await rig.open(access.FILINGS, sid=bank.sid, tab="clerk")
        for number in (1, 2):
            await rig.post("clerk", add.name, {}, **how)
            await together(rig, ["clerk"] * TIMES, create.name, data, how)
            assert rows(FilingBatch) == before + number
        assert not rig.unforeseen, rig.unforeseen[:3]


async def test_a_double_click_begins_one_draft(cast: Cast):
    """放款 and 变更 lead to the open draft when there is one."""
    bank = cast.people["bank"]
    with db.reading() as session:
        approved = session.exec(
            select(Application.id).where(
                Application.institution_id == bank.org_id, Application.status == "APPROVED"
            )
        ).one()
        listed = session.exec(select(ProductRevision.product_id).where(ProductRevision.status == "APPROVED"))
        product_id = min(listed)
    drafts, revisions = rows(Disbursement), rows(ProductRevision)
    async with running() as rig:
        await click(rig, bank, access.REQUESTS, "disburse", {"application_id": approved}, TIMES)
        await click(rig, bank, access.PRODUCTS, "change", {"product_id": product_id}, TIMES)
        assert not rig.unforeseen, rig.unforeseen[:3]
    assert rows(Disbursement) == drafts
    assert rows(ProductRevision) == revisions + 1


async def test_the_application_form_opened_in_twenty_tabs_is_one_draft(cast: Cast):
    who, pid = cast.people["enterprise verified"], cast.listed[0]
    before = rows(Application)
    async with running() as rig:
        tabs = [f"apply-{n}" for n in range(TIMES)]
        params = {"pid": pid}
        how = {"sid": who.sid, "path": access.APPLY.url(**params), "params": params}
        await together(rig, tabs, HYDRATE, {}, how)
        assert not rig.unforeseen, rig.unforeseen[:3]
    assert rows(Application) == before + 1

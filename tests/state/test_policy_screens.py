"""The screens of policies: what is asked before it cannot be undone, and who gets the file of all payees."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from cpegi_app import clock, db
from cpegi_app.access import (
    PAYMENT_BATCH,
    PAYMENT_BATCHES,
    POLICIES,
    POLICY_APPLICATION,
    POLICY_CLAIM,
    POLICY_EDIT,
    POLICY_REVIEW,
    POLICY_START,
    PUBLIC_POLICY,
    Permission,
)
from cpegi_app.models import Organisation, Policy, PolicyApplication, PolicyClaim
from cpegi_app.services import policy, policy_payment, sessions
from cpegi_app.state.policy import PolicyDiscardState, PolicyEditState
from cpegi_app.state.policy_apply import PolicyApplicationState, PolicyStartState
from cpegi_app.state.policy_claim import PolicyClaimState
from cpegi_app.state.policy_desk import PolicyReviewState
from cpegi_app.state.policy_payment import PaymentBatchesState, PaymentBatchState
from cpegi_app.state.policy_public import PublicPolicyState
from cpegi_app.vocabulary import Action, Status
from cpegi_app.web import exports
from tests import factories, policies, redemption
from tests.state.cast import Cast
from tests.state.rig import HYDRATE, running
from tests.state.test_offline_trial import actor_of
from tests.statements import said_to

TAB, NAME = "firm", PolicyApplicationState.get_full_name()


async def test_after_the_window_a_withdrawal_is_asked_about_first(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_APPLICATION)
    with db.transaction() as session:
        of = policies.published(session)
        row = policies.sent(session, actor_of(session, firm), of)
        session.get_one(Policy, of.id).closes_at = clock.now() - timedelta(minutes=1)

    def status() -> str:
        with db.reading() as session:
            return session.get_one(PolicyApplication, row.id).status

    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, aid=row.id)
        await rig.send(f"{NAME}.withdraw", {}, sid=firm.sid, tab=TAB)
        assert "截止" in (await rig.state(TAB, PolicyApplicationState)).withdrawing
        assert status() == Status.PENDING
        await rig.send(f"{NAME}.stay", {}, sid=firm.sid, tab=TAB)
        assert (await rig.state(TAB, PolicyApplicationState)).withdrawing == ""
        reply = await rig.send(f"{NAME}.withdraw", {"sure": True}, sid=firm.sid, tab=TAB)
        assert reply.said.startswith("已撤回。申报已于") and status() == Status.DRAFT
        assert rig.unforeseen == []


async def test_after_the_window_the_withdrawal_of_a_claim_is_asked_about_first(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_CLAIM)
    name = PolicyClaimState.get_full_name()
    with db.transaction() as session:
        grant = redemption.granted(session, actor_of(session, firm), factories.staff(session))
        row = redemption.claim(session, actor_of(session, firm), grant)
        session.get_one(Policy, grant.policy_id).redeem_closes_at = clock.now() - timedelta(minutes=1)

    def status() -> str:
        with db.reading() as session:
            return session.get_one(PolicyClaim, row.id).status

    async with running() as rig:
        await rig.open(POLICY_CLAIM, sid=firm.sid, tab=TAB, cid=row.id)
        await rig.send(f"{name}.withdraw", {}, sid=firm.sid, tab=TAB)
        assert "逾期未兑现" in (await rig.state(TAB, PolicyClaimState)).withdrawing
        assert status() == Status.PENDING
        await rig.send(f"{name}.stay", {}, sid=firm.sid, tab=TAB)
        reply = await rig.send(f"{name}.withdraw", {"sure": True}, sid=firm.sid, tab=TAB)
        assert reply.said.startswith("已撤回。兑现已于") and "仍可重新提交" in reply.said
        shown = await rig.state(TAB, PolicyClaimState)
        assert status() == Status.DRAFT and shown.editable and shown.still and not shown.withdrawing
        assert rig.unforeseen == []


async def test_what_is_returned_is_given_up_by_its_owner_or_closed_by_the_staff(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_APPLICATION)
    boss, _ = cast.who_may(POLICY_REVIEW)
    with db.transaction() as session:
        rows = []
        for _ in range(2):
            row = policies.sent(session, actor_of(session, firm), policies.published(session))
            rows.append(policies.act(session, actor_of(session, boss), row, Action.RETURN, "请补充说明").id)
        long_ago = clock.today() - timedelta(days=60)
        session.get_one(PolicyApplication, rows[1]).paused_on = long_ago

    def stands(row_id: int) -> tuple[str, str]:
        with db.reading() as session:
            row = session.get_one(PolicyApplication, row_id)
            return row.status, row.reason

    desk = PolicyReviewState.get_full_name()
    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, aid=rows[0])
        await rig.send(f"{NAME}.withdraw", {}, sid=firm.sid, tab=TAB)
        assert "放弃后不再办理" in (await rig.state(TAB, PolicyApplicationState)).withdrawing
        assert stands(rows[0])[0] == Status.RETURNED
        reply = await rig.send(f"{NAME}.withdraw", {"sure": True}, sid=firm.sid, tab=TAB)
        assert reply.said.startswith("已放弃申请") and stands(rows[0])[0] == Status.DRAFT
        await rig.open(POLICY_REVIEW, sid=boss.sid, tab="desk", aid=rows[1])
        assert (await rig.state("desk", PolicyReviewState)).desk.overdue
        await rig.send(f"{desk}.ask_close", {}, sid=boss.sid, tab="desk")
        reply = await rig.send(f"{desk}.end", {"data": {"reason": ""}}, sid=boss.sid, tab="desk")
        assert "reason" in (await rig.state("desk", PolicyReviewState)).errors
        data = {"data": {"reason": "催告后仍未补正"}}
        reply = await rig.send(f"{desk}.end", data, sid=boss.sid, tab="desk")
        assert reply.said.startswith("已终止办理")
        assert stands(rows[1]) == (Status.REJECTED, "逾期未补正，终止办理：催告后仍未补正")
        assert rig.unforeseen == []


async def test_everything_that_the_query_bar_leaves_is_chosen_and_an_empty_batch_is_void(cast: Cast) -> None:
    boss, _ = cast.who_may(PAYMENT_BATCH)
    with db.transaction() as session:
        staff, owners = factories.staff(session), [factories.member(session) for _ in range(2)]
        grants = [redemption.granted(session, owner, staff) for owner in owners]
        claims = [
            redemption.checked(session, staff, redemption.claim(session, owner, grant))
            for owner, grant in zip(owners, grants, strict=True)
        ]
    desk, one = PaymentBatchesState.get_full_name(), PaymentBatchState.get_full_name()
    async with running() as rig:
        await rig.open(PAYMENT_BATCHES, sid=boss.sid, tab=TAB)
        shown = await rig.state(TAB, PaymentBatchesState)
        assert str(grants[1].policy_id) in [p.value for p in shown.policies]
        data = {"data": {"policy": str(grants[1].policy_id)}}
        await rig.send(f"{desk}.search", data, sid=boss.sid, tab=TAB)
        await rig.send(f"{desk}.choose_all", {}, sid=boss.sid, tab=TAB)
        shown = await rig.state(TAB, PaymentBatchesState)
        assert (shown.chosen, shown.chosen_amount) == ([claims[1].id], "50,000.00")
        for tab in ("failed", "again"):
            await rig.send(f"{desk}.show_tab", {"tab": tab}, sid=boss.sid, tab=TAB)
            assert (await rig.state(TAB, PaymentBatchesState)).tab == tab
        with db.transaction() as session:
            org = session.get_one(Organisation, claims[0].org_id)
            was, org.name = org.name, "郑州改名后有限公司"
        await rig.send(f"{desk}.show_tab", {"tab": "again"}, sid=boss.sid, tab=TAB)
        (told,) = (await rig.state(TAB, PaymentBatchesState)).rows
        assert told.id == claims[0].id and "郑州改名后有限公司" in told.why
        with db.transaction() as session:
            session.get_one(Organisation, claims[0].org_id).name = was
        with db.transaction() as session:
            batch = redemption.batch(session, staff, claims[1], out=False)
            line = policy_payment.lines(session, staff, batch)[0][0]
        await rig.open(PAYMENT_BATCH, sid=boss.sid, tab="batch", bid=batch)
        reply = await rig.send(f"{one}.remove", {"payment_id": line.id}, sid=boss.sid, tab="batch")
        assert reply.said.endswith("可以作废。")
        await rig.send(f"{one}.void", {}, sid=boss.sid, tab="batch")
        assert (await rig.state("batch", PaymentBatchState)).batch.state == "VOID"
        assert rig.unforeseen == []


async def test_what_is_too_long_is_told_at_its_place_and_not_cut(cast: Cast) -> None:
    firm, params = cast.who_may(POLICY_APPLICATION)
    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, **params)
        typed = {"name": "note", "value": "长" * 5001}
        await rig.send(f"{NAME}.keep", typed, sid=firm.sid, tab=TAB)
        assert "最多 5000 字" in (await rig.state(TAB, PolicyApplicationState)).errors["note"]
        with db.reading() as session:
            assert session.get_one(PolicyApplication, params["aid"]).data["note"] == ""
        await rig.send(f"{NAME}.keep", typed | {"value": "长" * 1001}, sid=firm.sid, tab=TAB)
        with db.reading() as session:
            assert len(session.get_one(PolicyApplication, params["aid"]).data["note"]) == 1001
        assert rig.unforeseen == []


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_the_finance_offices_file_is_made_outside_the_transaction_that_writes(
    cast: Cast, kind: str
) -> None:
    boss, params = cast.who_may(PAYMENT_BATCH)
    transport = httpx.ASGITransport(app=Starlette(routes=exports.ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as browser:
        cookie = {"cookie": f"{sessions.cookie_name()}={boss.sid}"}
        with said_to(db.write_engine()) as written, said_to(db.read_engine()) as read:
            found = await browser.get(f"/exports/payments/{params['bid']}.{kind}", headers=cookie)
    assert found.status_code == 200
    lines = "FROM payment,"
    assert any(lines in s for s in read) and not any(lines in s for s in written)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_the_finance_offices_file_is_for_who_pays(cast: Cast, kind: str) -> None:
    address = f"/exports/payments/{cast.rows[PAYMENT_BATCH][1]['bid']}.{kind}"
    transport = httpx.ASGITransport(app=Starlette(routes=exports.ROUTES))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as browser:
        for who in cast.people.values():
            cookie = {"cookie": f"{sessions.cookie_name()}={who.sid}"}
            found = await browser.get(address, headers=cookie)
            may = who.may(Permission.POLICY_PAY)
            assert found.status_code == (200 if may else 404 if who.live else 401), who.name
            assert may or "6217" not in found.text


async def test_a_newer_version_is_taken_only_once_its_changes_were_shown(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_APPLICATION)
    with db.transaction() as session:
        staff = factories.staff(session)
        of = policies.published(session, staff)
        row = policies.begun(session, actor_of(session, firm), of)
        policy.save(session, staff, of.id or 0, of.version, of.draft["values"] | {"fixed": "3"})
        policy.publish(session, staff, of.id or 0, of.version)

    def follows() -> int:
        with db.reading() as session:
            return session.get_one(PolicyApplication, row.id).version_id

    before = follows()
    async with running() as rig:
        await rig.open(POLICY_APPLICATION, sid=firm.sid, tab=TAB, aid=row.id)
        await rig.send(f"{NAME}.adopt", {}, sid=firm.sid, tab=TAB)
        shown = (await rig.state(TAB, PolicyApplicationState)).adopting
        assert (shown.before, shown.after) == ("50,000.00", "30,000.00") and follows() == before
        await rig.send(f"{NAME}.stay", {}, sid=firm.sid, tab=TAB)
        assert (await rig.state(TAB, PolicyApplicationState)).adopting.version_id == 0
        await rig.send(f"{NAME}.adopt", {}, sid=firm.sid, tab=TAB)
        reply = await rig.send(f"{NAME}.adopt", {"sure": True}, sid=firm.sid, tab=TAB)
        assert reply.said.startswith("已改用新版本") and follows() != before
        assert rig.unforeseen == []


async def test_from_a_policys_page_its_own_offer_is_opened(cast: Cast) -> None:
    firm, _ = cast.who_may(POLICY_START)
    with db.transaction() as session:
        wanted, other = policies.published(session), policies.published(session)
    async with running() as rig:
        await rig.open(PUBLIC_POLICY, sid=firm.sid, tab="public", pid=wanted.id)
        href = (await rig.state("public", PublicPolicyState)).apply_href
        assert href == f"{POLICY_START.route}?policy={wanted.id}"
        await rig.send(HYDRATE, {}, sid=firm.sid, tab=TAB, path=href, params={})
        shown = await rig.state(TAB, PolicyStartState)
        assert [r.id for r in shown.rows] == [wanted.id] and other.id
        assert rig.unforeseen == []


async def test_a_draft_of_a_policy_is_deleted_only_once_it_was_asked_about(cast: Cast) -> None:
    boss, _ = cast.who_may(POLICIES)
    with db.transaction() as session:
        row = policies.draft(session, actor_of(session, boss))
    name = PolicyDiscardState.get_full_name()

    def there() -> bool:
        with db.reading() as session:
            return session.get(Policy, row.id) is not None

    async with running() as rig:
        await rig.open(POLICIES, sid=boss.sid, tab=TAB)
        await rig.send(f"{name}.discard", {}, sid=boss.sid, tab=TAB)
        assert there()
        await rig.send(f"{name}.ask", {"policy_id": row.id}, sid=boss.sid, tab=TAB)
        assert (await rig.state(TAB, PolicyDiscardState)).name == row.name and there()
        reply = await rig.send(f"{name}.discard", {}, sid=boss.sid, tab=TAB)
        assert reply.said.startswith("已删除草稿") and not there()
        assert rig.unforeseen == []


async def test_the_number_questions_are_offered_as_they_are_typed(cast: Cast) -> None:
    boss, _ = cast.who_may(POLICY_EDIT)
    with db.transaction() as session:
        row = policies.draft(session, factories.staff(session), questions=(policies.FEE, policies.ON))
    follow = f"{PolicyEditState.get_full_name()}.follow"
    fee, on = row.draft["questions"]
    async with running() as rig:
        await rig.open(POLICY_EDIT, sid=boss.sid, tab=TAB, pid=row.id)

        async def offered(typed: object) -> list[str]:
            await rig.send(follow, {"typed": typed}, sid=boss.sid, tab=TAB)
            return [b.value for b in (await rig.state(TAB, PolicyEditState)).bases if b.offered]

        assert await offered(json.dumps({f"q_{on}_kind": "NUMBER"})) == [fee, on]
        assert await offered(json.dumps({f"q_{fee}_kind": "TEXT", "q_q99_kind": "NUMBER", "name": 5})) == []
        for junk in ("", "[1]", None, 7, "{" * 30_000):
            assert await offered(junk) == [fee]
        assert rig.unforeseen == []

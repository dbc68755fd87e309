"""What the staff presses twice is done once, and the word of the first press stays (manual §8)."""

from __future__ import annotations

from typing import Any

from sqlmodel import func, select

from cpegi_app import clock, db
from cpegi_app.access import POLICIES, POLICY_EDIT, PUBLICITY
from cpegi_app.models import Objection, Policy
from cpegi_app.services import policy_objection, policy_publicity
from cpegi_app.state.policy import PolicyEditState, PolicyListState, PolicyStopState
from cpegi_app.state.policy_publicity import PublicityState
from tests import factories, policies, redemption
from tests.state.cast import Cast
from tests.state.rig import running
from tests.state.test_offline_trial import actor_of

TAB = "boss"


def rows(model: Any, **where: Any) -> int:
    with db.reading() as session:
        return session.exec(select(func.count()).select_from(model).filter_by(**where)).one()


async def test_a_policy_copied_twice_from_one_list_is_one_copy(cast: Cast) -> None:
    boss, _ = cast.who_may(POLICIES)
    name = PolicyListState.get_full_name()
    with db.transaction() as session:
        of = policies.published(session, actor_of(session, boss))
    title = f"{of.name}（副本）"
    async with running() as rig:
        await rig.open(POLICIES, sid=boss.sid, tab=TAB)
        for _ in range(2):
            await rig.send(f"{name}.copy_policy", {"policy_id": of.id}, sid=boss.sid, tab=TAB)
        assert rows(Policy, name=title) == 1
        # The list opened anew copies anew.
        await rig.open(POLICIES, sid=boss.sid, tab=TAB)
        await rig.send(f"{name}.copy_policy", {"policy_id": of.id}, sid=boss.sid, tab=TAB)
        assert rows(Policy, name=title) == 2 and rig.unforeseen == []


async def test_the_dialog_names_what_is_stopped_and_pressed_twice_says_what_was_done(cast: Cast) -> None:
    boss, _ = cast.who_may(POLICIES)
    name, edit = PolicyStopState.get_full_name(), PolicyEditState.get_full_name()
    with db.transaction() as session:
        of = policies.published(session, actor_of(session, boss))
    async with running() as rig:
        await rig.open(POLICY_EDIT, sid=boss.sid, tab="edit", pid=of.id)
        values = (await rig.state("edit", PolicyEditState)).values | {"name": "尚未发布的新名称"}
        sent = {"data": values | {"intent": "save"}}
        await rig.send(f"{edit}.submit", sent, sid=boss.sid, tab="edit")
        await rig.open(POLICIES, sid=boss.sid, tab=TAB)
        await rig.send(f"{name}.ask", {"policy_id": of.id}, sid=boss.sid, tab=TAB)
        assert (await rig.state(TAB, PolicyStopState)).name == of.name
        sent = {"data": {"reason": "资金已用完"}}
        first = await rig.send(f"{name}.stop", sent, sid=boss.sid, tab=TAB)
        second = await rig.send(f"{name}.stop", sent, sid=boss.sid, tab=TAB)
        assert first.said.startswith("已停止受理") and second.said == ""
        assert rig.unforeseen == []


async def test_objections_and_what_is_taken_back_are_pressed_twice_without_a_word(cast: Cast) -> None:
    boss, _ = cast.who_may(PUBLICITY)
    name = PublicityState.get_full_name()
    with db.transaction() as session:
        staff = actor_of(session, boss)
        with redemption.earlier(7):
            of = redemption.policy(session, staff)
            paid, disputed = (
                redemption.approve(
                    session, staff, redemption.received(session, of, factories.member(session))
                )
                for _ in range(2)
            )
            number = redemption.publish(session, staff, of)
        grants = [redemption.grant_of(session, row).id for row in (paid, disputed)]

    async def twice(handler: str, **sent: Any) -> list[str]:
        how = {"sid": boss.sid, "tab": TAB}
        return [(await rig.send(f"{name}.{handler}", sent, **how)).said for _ in range(2)]

    form = {"from_name": "周先生", "contact": "13800001111", "text": "重复享受", "grant": f"{grants[1]}"}
    async with running() as rig:
        await rig.open(PUBLICITY, sid=boss.sid, tab=TAB, nid=number)
        await rig.send(f"{name}.ask_objection", {"number": f"{grants[1]}"}, sid=boss.sid, tab=TAB)
        said = await twice("record", data=form | {"received_on": f"{clock.today()}"})
        assert said[0].startswith("异议已登记") and rows(Objection, publicity_id=number) == 1
        with db.reading() as session:
            [objection] = policy_objection.listing(session, staff, number)
        await rig.send(f"{name}.ask_decision", {"number": objection.id}, sid=boss.sid, tab=TAB)
        said = await twice("decide", data={"conclusion": "查无实据", "intent": "dismiss"})
        assert said[0].startswith("已记录处理结论") and said[1] == ""
        with db.transaction() as session:
            policy_publicity.confirm(session, staff, number)
        await rig.open(PUBLICITY, sid=boss.sid, tab=TAB, nid=number)
        await rig.send(f"{name}.ask_takeback", {"number": grants[0]}, sid=boss.sid, tab=TAB)
        said = await twice("take_back", data={"reason": "材料不实"})
        assert said[0].startswith("已取消 1 笔奖补") and said[1] == ""
        assert rig.unforeseen == []

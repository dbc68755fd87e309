"""放款: doubts stand at their fields as these are left; 提交 shows them first, 仍然提交 sends."""

from __future__ import annotations

from cpegi_app import db
from cpegi_app.access import DISBURSE
from cpegi_app.models import Disbursement
from cpegi_app.state.disbursement import ANYWAY, DisburseState
from tests.state.cast import Cast
from tests.state.rig import running

TAB, STATE = "cashier", DisburseState.get_full_name()


def status(row_id: int) -> str:
    with db.reading() as session:
        return session.get_one(Disbursement, row_id).status


async def test_a_doubt_is_told_at_its_field_and_stops_nobody(cast: Cast) -> None:
    sid, row_id = cast.people["bank"].sid, cast.rows[DISBURSE][1]["did"]
    how = {"sid": sid, "tab": TAB}
    async with running() as rig:
        await rig.open(DISBURSE, did=row_id, **how)
        page = await rig.state(TAB, DisburseState)
        assert (page.doubts, page.held) == ([], False)
        typed = dict(page.values) | {"rate": "9.9"}
        await rig.send(f"{STATE}.weigh", {"name": "rate", "value": "9.9"}, **how)
        page = await rig.state(TAB, DisburseState)
        assert "产品公布" in page.doubtful["rate"] and not page.held

        reply = await rig.send(f"{STATE}.submit", {"data": typed | {"intent": "submit"}}, **how)
        page, key = await rig.state(TAB, DisburseState), page.form_key
        assert "尚未提交" in reply.said and page.held and not page.sent
        # The form was not drawn anew: what was typed stands.
        assert (page.form_key, page.errors, status(row_id)) == (key, {}, "DRAFT")
        # Pressed again by a hand that was too quick: still nothing is sent.
        await rig.send(f"{STATE}.submit", {"data": typed | {"intent": "submit"}}, **how)
        assert status(row_id) == "DRAFT"
        # Each time it is said anew, and the page leads to the box anew.
        assert (await rig.state(TAB, DisburseState)).held == 2

        await rig.send(f"{STATE}.weigh", {"name": "rate", "value": "3.85"}, **how)
        page = await rig.state(TAB, DisburseState)
        assert (page.doubts, page.doubtful, page.held) == ([], {}, False)

        await rig.send(f"{STATE}.submit", {"data": typed | {"intent": ANYWAY}}, **how)
        assert (await rig.state(TAB, DisburseState)).sent and status(row_id) == "PENDING"
        assert rig.unforeseen == []


async def test_a_draft_tells_its_doubts_as_it_is_kept_and_as_it_is_opened(cast: Cast) -> None:
    sid, row_id = cast.people["bank"].sid, cast.rows[DISBURSE][1]["did"]
    how = {"sid": sid, "tab": TAB}
    async with running() as rig:
        await rig.open(DISBURSE, did=row_id, **how)
        typed = dict((await rig.state(TAB, DisburseState)).values) | {"rate": "0.04", "intent": "save"}
        reply = await rig.send(f"{STATE}.submit", {"data": typed}, **how)
        assert "已暂存" in reply.said
        assert list((await rig.state(TAB, DisburseState)).doubtful) == ["rate"]
        await rig.open(DISBURSE, did=row_id, sid=sid, tab="other")
        assert list((await rig.state("other", DisburseState)).doubtful) == ["rate"]
        for name, value in (("amount", "1"), ("rate", ["9"]), (7, None), ("rate", "9" * 9000)):
            await rig.send(f"{STATE}.weigh", {"name": name, "value": value}, **how)
        assert list((await rig.state(TAB, DisburseState)).doubtful) == ["rate"]
        assert rig.unforeseen == []

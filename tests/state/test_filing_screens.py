"""The screens of a filing: what lacks a proof comes into view, uploads that break off, proofs in a preview."""

from __future__ import annotations

import io
from pathlib import Path

import reflex as rx

from cpegi_app import db
from cpegi_app.access import FILING, FILING_REVIEW
from cpegi_app.services import offline_loan, offline_rows
from cpegi_app.state.form import BROKEN_OFF
from cpegi_app.state.offline_import import FilingImportState
from cpegi_app.state.offline_loan import FilingState
from cpegi_app.state.offline_review import FilingReviewState
from cpegi_app.vocabulary import Status
from tests.factories import offline_data, png
from tests.state.cast import Cast
from tests.state.rig import running
from tests.state.test_offline_trial import actor_of, batches
from tests.worlds import filing_world

TAB = "filer"
FILING_NAME, IMPORT_NAME = FilingState.get_full_name(), FilingImportState.get_full_name()
REVIEW_NAME = FilingReviewState.get_full_name()


async def test_an_upload_that_breaks_off_is_none_any_more(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    [batch] = batches(clerk, 1)
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=batch)
        for name, state in ((FILING_NAME, FilingState), (IMPORT_NAME, FilingImportState)):
            progress = {"progress": {"progress": 0.37, "total": 5 << 20}}
            await rig.send(f"{name}.on_sending", progress, sid=clerk.sid, tab=TAB)
            assert (await rig.state(TAB, state)).sending == 37
            reply = await rig.send(f"{name}.break_off", {}, sid=clerk.sid, tab=TAB)
            assert (await rig.state(TAB, state)).sending == 0
            assert reply.said == BROKEN_OFF
        # Opened again, a page shows no upload of an earlier visit.
        await rig.send(f"{FILING_NAME}.on_sending", progress, sid=clerk.sid, tab=TAB)
        await rig.send(f"{IMPORT_NAME}.on_sending", progress, sid=clerk.sid, tab=TAB)
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=batch)
        assert (await rig.state(TAB, FilingState)).sending == 0
        assert (await rig.state(TAB, FilingImportState)).sending == 0
        assert rig.unforeseen == []


def file(name: str, data: bytes = b"PK no proof") -> rx.UploadFile:
    return rx.UploadFile(file=io.BytesIO(data), path=Path(name))


async def test_a_refused_upload_is_told_and_never_raised(cast: Cast) -> None:
    """Raised, it would break the upload's own connection, and the browser would blame the network."""
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        world = filing_world(session, actor_of(session, clerk))
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=world.row_id)
        row = (await rig.state(TAB, FilingState)).rows[0]
        await rig.send(f"{FILING_NAME}.open_proofs", {"row_id": row.id}, sid=clerk.sid, tab=TAB)
        sent = {"files_in": [file("凭证.png", png(9)), file("合同.docx")], "slot": "VOUCHER"}
        reply = await rig.send(f"{FILING_NAME}.upload_proof", sent, sid=clerk.sid, tab=TAB)
        state = await rig.state(TAB, FilingState)
        assert "合同.docx" in reply.said
        # The one that was taken is shown beside the one that was not.
        assert (len(state.rows[0].proofs), state.proof_row) == (2, row.id)
        with db.transaction() as session:
            world.bring_to(session, Status.PENDING)
        for name in (f"{FILING_NAME}.upload_proof", f"{FILING_NAME}.upload_many", f"{IMPORT_NAME}.upload"):
            for files_in in ([file("备案.xlsx")], ["junk"], [file("a.pdf")] * 51):
                sent = {"files_in": files_in} | ({"slot": "VOUCHER"} if "proof" in name else {})
                reply = await rig.send(name, sent, sid=clerk.sid, tab=TAB)
                assert reply.said, name
        assert rig.raised == []


async def test_the_upload_of_proofs_stays_open_until_both_sorts_are_there(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        actor = actor_of(session, clerk)
        world = filing_world(session, actor)
        bare = offline_rows.save(session, actor, world.row_id, 0, 0, offline_data()).id or 0
    how = {"sid": clerk.sid, "tab": TAB}

    async def put(slot: str, number: int) -> str:
        sent = {"files_in": [file(f"{slot}.png", png(number))], "slot": slot}
        return (await rig.send(f"{FILING_NAME}.upload_proof", sent, **how)).said

    def shown(state: FilingState) -> list[str]:
        return [f.slot for f in state.proofs]

    async with running() as rig:
        await rig.open(FILING, bid=world.row_id, **how)
        await rig.send(f"{FILING_NAME}.show_lacking", {}, **how)
        await rig.send(f"{FILING_NAME}.open_proofs", {"row_id": bare}, **how)
        state = await rig.state(TAB, FilingState)
        assert [r.id for r in state.rows] == [bare] and shown(state) == []
        assert "还可上传放款凭证" in await put("CONTRACT", 31)
        # Under the filter the row has left the list; what it has got is read in the dialog.
        state = await rig.state(TAB, FilingState)
        assert (state.rows, state.proof_row, shown(state)) == ([], bare, ["CONTRACT"])
        assert "还可上传放款凭证" in await put("CONTRACT", 32)
        file_id = (await rig.state(TAB, FilingState)).proofs[0].id
        await rig.send(f"{FILING_NAME}.remove_proof", {"file_id": file_id}, **how)
        state = await rig.state(TAB, FilingState)
        assert (state.proof_row, shown(state)) == (bare, ["CONTRACT"])
        said = await put("VOUCHER", 33)
        state = await rig.state(TAB, FilingState)
        assert (state.proof_row, shown(state)) == (0, []) and said == "放款证明已上传。"
        # Opened again, it shows what is there; the clerk closes it when nothing more comes.
        await rig.send(f"{FILING_NAME}.open_proofs", {"row_id": bare}, **how)
        assert shown(await rig.state(TAB, FilingState)) == ["CONTRACT", "VOUCHER"]
        await rig.send(f"{FILING_NAME}.close_proofs", {}, **how)
        assert (await rig.state(TAB, FilingState)).proof_row == 0
        assert rig.unforeseen == []


async def test_what_lacks_a_proof_comes_into_view_when_it_is_sent(cast: Cast) -> None:
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        actor = actor_of(session, clerk)
        world = filing_world(session, actor)
        for _ in range(11):
            offline_rows.save(session, actor, world.row_id, 0, 0, offline_data())
        lacking = offline_loan.without_proof(session, world.row_id)
    async with running() as rig:
        await rig.open(FILING, sid=clerk.sid, tab=TAB, bid=world.row_id)
        data = {"data": {"name": "批次", "period": "2026-11", "intent": "send"}}
        reply = await rig.send(f"{FILING_NAME}.save_batch", data, sid=clerk.sid, tab=TAB)
        state = await rig.state(TAB, FilingState)
        assert "没有上传放款证明" in reply.said
        assert (state.filters.get("only"), state.total, len(lacking)) == ("proof", 11, 11)
        # The button on the note shows them as well, and the query bar says what is shown.
        await rig.send(f"{FILING_NAME}.reset_filters", {}, sid=clerk.sid, tab=TAB)
        before = (await rig.state(TAB, FilingState)).filter_key
        await rig.send(f"{FILING_NAME}.show_lacking", {}, sid=clerk.sid, tab=TAB)
        state = await rig.state(TAB, FilingState)
        assert (state.filters, state.page) == ({"only": "proof"}, 1) and state.filter_key > before
        assert rig.unforeseen == []


async def test_the_staff_see_a_proof_in_a_preview(cast: Cast) -> None:
    staff, _ = cast.who_may(FILING_REVIEW)
    clerk, _ = cast.who_may(FILING)
    with db.transaction() as session:
        world = filing_world(session, actor_of(session, clerk)).bring_to(session, Status.PENDING)
    async with running() as rig:
        await rig.open(FILING_REVIEW, sid=staff.sid, tab=TAB, bid=world.row_id)
        state = await rig.state(TAB, FilingReviewState)
        row = state.rows[0]
        proof = row.proofs[0]
        await rig.send(f"{REVIEW_NAME}.preview", {"file_id": proof.id}, sid=staff.sid, tab=TAB)
        state = await rig.state(TAB, FilingReviewState)
        assert (state.shown, state.seen.iou_no) == (proof.id, row.iou_no)
        await rig.send(f"{REVIEW_NAME}.close_preview", {}, sid=staff.sid, tab=TAB)
        assert (await rig.state(TAB, FilingReviewState)).shown == 0
        # Nothing but a proof of the list in view.
        await rig.send(f"{REVIEW_NAME}.preview", {"file_id": 999_999}, sid=staff.sid, tab=TAB)
        assert (await rig.state(TAB, FilingReviewState)).shown == 0
        assert rig.unforeseen == []

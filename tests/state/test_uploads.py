"""Uploads: what is looked into for long holds up nobody else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import reflex as rx
from sqlmodel import select

from cpegi_app import access, db
from cpegi_app.models import Policy, PolicyFile, StoredFile
from cpegi_app.services import filetypes
from cpegi_app.state.product import ProductEditState
from tests.factories import png
from tests.state.cast import Cast
from tests.state.rig import running
from tests.state.test_double import handler_of


@pytest.fixture
def others_wrote(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let somebody else write whenever a picture is looked into; return how often that went."""
    scan, wrote = filetypes._SCANS[filetypes.FileKind.PNG], []

    def watched(data: bytes) -> None:
        with db.transaction() as session:
            # Begins to write: refused while somebody else does.
            session.connection()
            wrote.append(True)
        scan(data)

    monkeypatch.setitem(filetypes._SCANS, filetypes.FileKind.PNG, watched)
    return wrote


async def test_a_file_is_looked_into_while_others_write(cast: Cast, others_wrote: list[bool]):
    who, params = cast.who_may(access.PRODUCT_EDIT)
    upload = handler_of(access.PRODUCT_EDIT, "upload")
    async with running() as rig:
        await rig.open(access.PRODUCT_EDIT, sid=who.sid, tab="editor", **params)
        file = rx.UploadFile(file=io.BytesIO(png(77)), path=Path("说明.png"))
        payload = {"files_in": [file], "slot": "ATTACHMENT"}
        reply = await rig.post("editor", upload.name, payload, sid=who.sid, params=params)
        assert others_wrote == [True], reply.said
        assert not rig.unforeseen, rig.unforeseen
    with db.reading() as session:
        names = session.exec(select(StoredFile.name).where(StoredFile.subject_id == params["rid"])).all()
    assert "说明.png" in names


async def test_of_eight_files_the_two_that_are_too_many_are_named(cast: Cast):
    who, params = cast.who_may(access.PRODUCT_EDIT)
    upload = handler_of(access.PRODUCT_EDIT, "upload")
    async with running() as rig:
        await rig.open(access.PRODUCT_EDIT, sid=who.sid, tab="editor", **params)
        state = await rig.state("editor", ProductEditState)
        have = len(state.files)
        sent = [(png(90 + n), f"第{n}份.png") for n in range(1, 8)] + [(b"no picture", "第8份.png")]
        sent[1] = (b"no picture", "第2份.png")
        files_in = [rx.UploadFile(file=io.BytesIO(data), path=Path(name)) for data, name in sent]
        payload = {"files_in": files_in, "slot": "PICTURE"}
        await rig.post("editor", upload.name, payload, sid=who.sid, params=params)
        told = state.errors["file_PICTURE"]
        assert len(state.files) == have + 5
        assert "未上传 第7份.png、第8份.png：每类最多 6 个文件" in told
        assert "未上传 第2份.png：" in told and "第1份" not in told
        assert not rig.unforeseen, rig.unforeseen


async def test_a_template_is_looked_into_while_others_write(cast: Cast, others_wrote: list[bool]):
    who, params = cast.who_may(access.POLICY_EDIT)
    upload = handler_of(access.POLICY_EDIT, "upload_template")
    async with running() as rig:
        await rig.open(access.POLICY_EDIT, sid=who.sid, tab="editor", **params)
        for data, nth in ((png(78), 0), (b"no picture", 0), (png(79), 99)):
            file = rx.UploadFile(file=io.BytesIO(data), path=Path("空表.png"))
            await rig.post(
                "editor", upload.name, {"files_in": [file], "nth": nth}, sid=who.sid, params=params
            )
        # What is no picture, and what has no place, is refused and not looked into.
        assert others_wrote == [True]
        assert not rig.unforeseen, rig.unforeseen
    with db.reading() as session:
        draft = session.get_one(Policy, params["pid"]).draft
        kept = session.exec(select(PolicyFile.name).where(PolicyFile.policy_id == params["pid"])).all()
    assert kept == ["空表.png"] and draft["templates"][draft["materials"][0]]["name"] == "空表.png"

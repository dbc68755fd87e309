"""Uploads: what is looked into for long holds up nobody else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import reflex as rx
from sqlmodel import select

from cpegi_app import access, db
from cpegi_app.models import StoredFile
from cpegi_app.services import filetypes
from tests.factories import png
from tests.state.cast import Cast
from tests.state.rig import running
from tests.state.test_double import handler_of


async def test_a_file_is_looked_into_while_others_write(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    scan, others_wrote = filetypes._SCANS[filetypes.FileKind.PNG], []

    def watched(data: bytes) -> None:
        with db.transaction():
            others_wrote.append(True)
        scan(data)

    monkeypatch.setitem(filetypes._SCANS, filetypes.FileKind.PNG, watched)
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

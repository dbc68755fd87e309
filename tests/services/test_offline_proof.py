"""Proofs matched by the numbers in their names: whole numbers only, and nothing by chance (manual §5.1)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from cpegi_app.models import OfflineLoan
from cpegi_app.services import offline_loan, offline_proof, offline_rows
from cpegi_app.vocabulary import Kind
from tests import factories
from tests.factories import offline_data, png

LOANS = (
    ("AB-1", "HT-7"),
    ("AB-12", "HT-7"),
    ("CD-1", "HT-8"),
    ("CD-1-2", "HT-8"),
    ("20260001", "2026京银贷字第1号"),
    ("HT_1", "HT-9"),
    ("ef-5", "HT-10"),
    ("EF-5", "HT-11"),
)


@pytest.mark.parametrize(
    ("name", "found", "why"),
    [
        ("AB-12 借款合同", ["AB-12"], ""),
        ("ab-12(扫描)", ["AB-12"], ""),
        ("ＡＢ－１２", ["AB-12"], ""),
        ("HT-7 合同", ["AB-1", "AB-12"], ""),
        ("AB-1_HT-8", ["AB-1"], ""),
        ("AB-1-HT-7", ["AB-1"], ""),
        ("HT-7-AB-1", ["AB-1"], ""),
        ("AB - 12 借款合同", ["AB-12"], ""),
        ("AB–12", ["AB-12"], ""),
        ("AB-1 2份", ["AB-1"], ""),
        ("AB-1(2)", ["AB-1"], ""),
        ("AB-1-合同", ["AB-1"], ""),
        ("放款凭证-AB-1", ["AB-1"], ""),
        ("借据20260001号", ["20260001"], ""),
        ("2026京银贷字第1号", ["20260001"], ""),
        ("CD-1-2", ["CD-1-2"], ""),
        ("CD-1 - 2", ["CD-1-2"], ""),
        ("HT_1_扫描", ["HT_1"], ""),
        ("EF-5 凭证", ["EF-5"], ""),
        ("AB-123", [], "没有本批的借据编号或合同编号"),
        ("XAB-1", [], "没有本批的借据编号或合同编号"),
        ("合同", [], "没有本批的借据编号或合同编号"),
        # Another loan's number of which a filed one is only a part.
        ("AB-1-2", [], "像是另一个编号“AB-1-2”"),
        ("AB-1–2", [], "像是另一个编号“"),
        ("CD-1-23", [], "像是另一个编号“CD-1-23”"),
        ("CD-1-2-3", [], "像是另一个编号“CD-1-2-3”"),
        ("X-AB-1", [], "像是另一个编号“X-AB-1”"),
        ("HT-7-1", [], "像是另一个编号“HT-7-1”"),
        ("20260001-1", [], "像是另一个编号“20260001-1”"),
        ("HT_1_2", [], "像是另一个编号“HT_1_2”"),
        ("AB-1-HT-7-3", [], "像是另一个编号“"),
        # Several loans: which of them it belongs to, nobody can tell.
        ("AB-1、AB-12", [], "文件名对应多个借据编号（AB-1、AB-12）"),
        ("AB-1_CD-1", [], "文件名对应多个借据编号（AB-1、CD-1）"),
        ("HT-7和HT-8", [], "文件名对应多个合同编号（HT-7、HT-8）"),
        ("Ef-5", [], "文件名对应多个借据编号（EF-5、ef-5）"),
    ],
)
def test_files_are_matched_by_the_whole_numbers_in_their_names(
    session: Session, name: str, found: list[str], why: str
):
    owner = factories.member(session, Kind.DEBT)
    batch = offline_loan.new_batch(session, owner, {"name": "x", "period": "2026-11"}).id or 0
    for iou, contract in LOANS:
        data = offline_data(iou_no=iou, contract_no=contract, amount="100")
        offline_rows.save(session, owner, batch, 0, 0, data)
    matched = offline_proof.match(session, owner, batch, f"{name}.png", png(5))
    query = select(OfflineLoan).where(OfflineLoan.batch_id == batch).order_by(col(OfflineLoan.id))
    rows = session.exec(query).all()
    proofs = offline_rows.proofs_of(session, [r.id or 0 for r in rows])
    assert [r.iou_no for r in rows if r.id in proofs] == found
    assert matched.rows == len(found) and bool(matched.left) == (not found)
    if not found:
        (said,) = matched.left
        assert said.startswith(f"{name}.png：") and why in said and "请改名后重新上传，或逐笔上传" in said

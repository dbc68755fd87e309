"""政策申请: each answer, condition and file that the check looks at; the newer version; rows of the editor (manual §8.1)."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlmodel import Session

from cpegi_app.errors import Conflict, DomainError, FormInvalid, NotFound
from cpegi_app.models import Organisation
from cpegi_app.services import (
    files,
    policy,
    policy_application,
    policy_own,
    policy_public,
    policy_record_view,
    policy_review,
    policy_view,
)
from cpegi_app.services.filetypes import UploadRefused
from cpegi_app.services.policy_check import answer_problem
from cpegi_app.services.policy_definition import Material, Question
from cpegi_app.vocabulary import Action
from cpegi_app.vocabulary.policy import QuestionKind
from tests import factories, policies

NUMBER = {"kind": QuestionKind.NUMBER, "unit": "人", "low": "1", "high": "100"}
DATE, CHOICE = {"kind": QuestionKind.DATE}, {"kind": QuestionKind.CHOICE, "options": ["甲", "乙"]}


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        (NUMBER, "", "请填写"),
        (NUMBER, "1", ""),
        (NUMBER, "１００", ""),
        (NUMBER, "0.9999", "应为 1 至 100 人"),
        (NUMBER, "100.0001", "应为 1 至 100 人"),
        (NUMBER, "1.00001", "四位小数"),
        (NUMBER, "1e99", "数字过大"),
        (NUMBER, "NaN", "数字"),
        (DATE, "", "请选择"),
        (DATE, "2026-02-28", ""),
        (DATE, "2026-02-30", "日期"),
        (DATE, "0001-01-01", "日期"),
        (CHOICE, "", "请选择"),
        (CHOICE, "乙", ""),
        (CHOICE, "丙", "从选项中选择"),
        ({"kind": QuestionKind.TEXT, "most": 5}, "一二三四五", ""),
        ({"kind": QuestionKind.TEXT, "most": 5}, "一二三四五六", "最多 5 字，现有 6 字"),
    ],
)
def test_answers(question, answer: str, says: str):
    found = answer_problem(Question(code="q1", title="问题", required=True, **question), answer)
    assert says in found and bool(found) is bool(says)
    if not answer:
        assert answer_problem(Question(code="q1", title="问题", required=False, **question), "") == ""


@pytest.mark.parametrize(("revenue", "says"), [("2000", ""), ("999", "要求"), ("", "资料中没有此项数据")])
def test_conditions_on_the_approved_profile(session: Session, revenue: str, says: str):
    firm = factories.member(session)
    of = policies.published(session, c_revenue_free="", c_revenue_low="1000")
    org = session.get_one(Organisation, firm.org_id)
    org.profile = {k: v for k, v in org.profile.items() if k != "revenue"} | (
        {"revenue": revenue} if revenue else {}
    )
    session.flush()
    row = policies.begun(session, firm, of)
    policy_application.save(session, firm, row.id or 0, row.version, policies.answers())
    found = [f.text for f in policy_own.precheck(session, firm, row.id or 0).findings]
    assert bool(found) is bool(says) and all(says in text for text in found)


def test_a_file_question_is_a_material_and_only_a_named_material_takes_workbooks(session: Session):
    firm = factories.member(session)
    book, proof = {"name": "明细表", "required": "", "workbooks": "YES"}, {"title": "证明", "kind": "FILE"}
    of = policies.published(session, materials=(book,), questions=(proof | {"required": "YES"},))
    d = policies.definition(session, of)
    row = policy_application.start(session, firm, of.id or 0)
    policy_application.save(session, firm, row.id or 0, row.version, policies.answers())
    code = d.questions[0].code
    found = policy_own.precheck(session, firm, row.id or 0).findings
    assert [f.target for f in found] == [f"file_{code}"]
    sheet = _workbook()
    files.attach(session, firm, policies.FLOW.name, row.id or 0, d.materials[0].code, "明细.xlsx", sheet)
    with pytest.raises(DomainError, match="只接受 PDF、JPG 或 PNG"):
        files.attach(session, firm, policies.FLOW.name, row.id or 0, code, "证明.xlsx", sheet)
    with pytest.raises(FormInvalid):
        files.attach(session, firm, policies.FLOW.name, row.id or 0, "m99", "证明.png", factories.png())
    files.attach(session, firm, policies.FLOW.name, row.id or 0, code, "证明.png", factories.png())
    assert policy_own.precheck(session, firm, row.id or 0).findings == []


def test_each_material_is_taken_in_the_formats_that_its_policy_names(session: Session):
    firm, asked = factories.member(session), [("EXCEL", "明细表"), ("PICTURE", "现场照片"), ("", "申请表")]
    parts = tuple({"name": name, "formats": formats} for formats, name in asked)
    of = policies.published(session, materials=parts)
    d, row = policies.definition(session, of), policy_application.start(session, firm, of.id or 0)
    assert [m.formats for m in d.materials] == [("EXCEL",), ("PICTURE",), ("PDF", "PICTURE")]
    offered = {
        "明细.xlsx": _workbook(),
        "照片.png": factories.png(),
        "说明.pdf": factories.pdf(),
    }

    def taken(code: str) -> set[str]:
        found = set()
        for name, data in offered.items():
            with suppress(UploadRefused):
                files.attach(session, firm, policies.FLOW.name, row.id or 0, code, name, data)
                found.add(name.partition(".")[2])
        return found

    assert [taken(m.code) for m in d.materials] == [{"xlsx"}, {"png"}, {"png", "pdf"}]
    told = [slot.hint for slot in policy_view.form(session, firm, row.id or 0).slots]
    assert told[0] == "支持 Excel 表格（.xlsx），单个文件不超过 10 MB"
    assert "支持 图片（JPG、PNG）" in told[1] and "支持 PDF 文件、图片（JPG、PNG）" in told[2]
    public = policy_public.detail(session, of.id or 0).materials
    assert [m.formats for m in public] == [
        "Excel 表格（.xlsx）",
        "图片（JPG、PNG）",
        "PDF 文件、图片（JPG、PNG）",
    ]


def test_an_unknown_format_is_a_mistake_and_leaves_the_draft_readable(session: Session):
    staff = factories.staff(session)
    of = policies.draft(session, staff, materials=({"name": "申请表", "formats": "PDF,EXE"},))
    assert policy.editor(session, staff, of.id or 0).values["m_m1_formats"] == "PDF,EXE"
    with pytest.raises(FormInvalid) as refusal:
        policy.publish(session, staff, of.id or 0, of.version)
    assert refusal.value.fields == {"m_m1_formats": "请从列表中选择接受的格式"}


def test_what_was_written_before_formats_could_be_named_reads_as_it_was_meant(session: Session):
    staff = factories.staff(session)
    for workbooks, meant in (("YES", ("PDF", "PICTURE", "EXCEL")), ("", ("PDF", "PICTURE"))):
        of = policies.draft(session, staff, materials=({"name": "明细表", "workbooks": workbooks},))
        assert policy.editor(session, staff, of.id or 0).values["m_m1_formats"] == ",".join(meant)
        old = {"code": "m1", "name": "明细表", "workbooks": bool(workbooks)}
        assert Material.model_validate(old).formats == meant


def _workbook() -> bytes:
    data = BytesIO()
    Workbook().save(data)
    return data.getvalue()


def test_what_a_newer_version_has_no_place_for_keeps_its_name_at_the_reviewers_desk(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    asked = {"title": "资质证明", "kind": "FILE", "required": "YES"}
    of = policies.published(
        session, staff, materials=({"name": "申请表"}, {"name": "发票"}), questions=(asked,)
    )
    row = policies.begun(session, firm, of)
    code = of.draft["questions"][0]
    files.attach(session, firm, policies.FLOW.name, row.id or 0, code, "证明.png", factories.png(1))
    typed = policies.answers()
    row = policy_application.submit(session, firm, row.id or 0, row.version, typed, "first")
    policy_application.withdraw(session, firm, row.id or 0, row.version)
    values = of.draft["values"] | {"m_m2_name": "增值税发票"}
    policy.drop_row(session, staff, of.id or 0, of.version, "m1", values)
    session.refresh(of)
    policy.drop_row(session, staff, of.id or 0, of.version, code, of.draft["values"])
    session.refresh(of)
    policy.publish(session, staff, of.id or 0, of.version)
    row = policies.fresh(session, row)
    policy_application.adopt(session, firm, row.id or 0, row.version)
    row = policies.fresh(session, row)
    with pytest.raises(Conflict, match="不再需要这项材料"):
        files.attach(session, firm, policies.FLOW.name, row.id or 0, "m1", "申请表.png", factories.png())
    policy_application.submit(session, firm, row.id or 0, row.version, row.data, "again")
    desk = policy_review.desk(session, staff, row.id or 0)
    assert sorted(text.partition(" · ")[0] for text in desk.view.gone_files) == ["申请表", "资质证明"]
    assert [f.slot_label for f in desk.files] == ["增值税发票"]


def test_a_draft_may_move_to_the_newer_version_and_keeps_what_was_typed(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    of = policies.published(session, staff, materials=({"name": "申请表"}, {"name": "发票"}))
    row = policies.begun(session, firm, of)
    policy_application.save(session, firm, row.id or 0, row.version, policies.answers(note="说明"))
    with pytest.raises(Conflict):
        policy_application.adopt(session, firm, row.id or 0, row.version)
    values = of.draft["values"] | {"fixed": "3"}
    policy.drop_row(session, staff, of.id or 0, of.version, "m1", values)
    policy.publish(session, staff, of.id or 0, of.version)
    told = policy_view.form(session, firm, row.id or 0).newer
    assert "第 2 版" in told and "不再需要“申请表”，" in told
    assert policy_view.form(session, firm, row.id or 0).money.computed == "50,000.00"
    row = policies.fresh(session, row)
    policy_application.adopt(session, firm, row.id or 0, row.version)
    found = policy_view.form(session, firm, row.id or 0)
    assert (found.newer, found.money.computed, found.values["note"]) == ("", "30,000.00", "说明")
    # What has no place any more does not go to the reviewers unseen.
    kept = files.own_listing(session, firm, policies.FLOW.name, row.id or 0)
    assert [f.slot_label for f in kept] == ["发票"]
    row = policies.fresh(session, row)
    policy_application.submit(session, firm, row.id or 0, row.version, {}, "k")
    with pytest.raises(Conflict):
        policy_application.adopt(session, firm, row.id or 0, policies.fresh(session, row).version)


def test_a_newer_version_with_fewer_applications_is_told_before_sending(session: Session):
    staff, firm = factories.staff(session), factories.member(session)
    of = policies.published(session, staff, most="2")
    one = policies.sent(session, firm, of)
    assert policy_own.precheck(session, firm, one.id or 0).findings == []
    for _ in range(2):
        policies.act(session, staff, one, Action.APPROVE)
    two = policies.begun(session, firm, of)
    policy.save(session, staff, of.id or 0, of.version, of.draft["values"] | {"most": "1"})
    policy.publish(session, staff, of.id or 0, of.version)
    policy_application.adopt(session, firm, two.id or 0, two.version)
    two = policies.fresh(session, two)
    version = policy_application.save(session, firm, two.id or 0, two.version, policies.answers())
    [found] = policy_own.precheck(session, firm, two.id or 0).findings
    assert found.target == "policy" and "最多申请 1 件，贵单位已有 1 件" in found.text
    with pytest.raises(FormInvalid):
        policy_application.submit(session, firm, two.id or 0, version, {}, "k")


def test_all_usable_records_are_chosen_at_once_and_no_more_than_the_policy_takes(session: Session):
    firm, bank = factories.member(session), factories.member(session, factories.Kind.DEBT)
    of = policies.published(session, **policies.INTEREST | {"record_most": "2"})
    loans = [policies.loan(session, firm, bank) for _ in range(3)]
    policies.sent(session, bank, of, loans[2])
    policies.loan(session, factories.member(session), bank)
    row = policy_application.start(session, firm, of.id or 0)
    policy_record_view.choose_usable(session, firm, row.id or 0)
    chosen = policies.fresh(session, row).data["records"].split(",")
    assert sorted(chosen) == sorted(f"LOAN:{r.id}" for r in loans[:2])


def test_rows_of_the_editor_come_and_go_and_nothing_typed_moves(session: Session):
    staff = factories.staff(session)
    parts = ({"name": "申请表"}, {"name": "合同"})
    row = policies.draft(session, staff, materials=parts, questions=({"title": "用途"},))
    values = dict(row.draft["values"])
    first, second = row.draft["materials"]
    policy.attach_file(
        session, staff, row.id or 0, row.version, "templates", first, "模板.png", factories.png()
    )
    policy.drop_row(session, staff, row.id or 0, row.version, first, values | {"summary": "新的说明"})
    assert row.draft["materials"] == [second] and row.draft["templates"] == {}
    assert row.draft["values"][f"m_{second}_name"] == "合同" and row.draft["values"]["summary"] == "新的说明"
    policy.add_row(session, staff, row.id or 0, row.version, "materials", row.draft["values"])
    assert first not in row.draft["materials"] and len(row.draft["materials"]) == 2
    with pytest.raises(NotFound):
        policy.add_row(session, staff, row.id or 0, row.version, "people", {})
    with pytest.raises(NotFound):
        policy.drop_file(session, staff, row.id or 0, row.version, "templates", second)
    for _ in range(13):
        policy.add_row(session, staff, row.id or 0, row.version, "materials", row.draft["values"])
    with pytest.raises(FormInvalid) as refusal:
        policy.add_row(session, staff, row.id or 0, row.version, "materials", row.draft["values"])
    assert "最多 15 项" in refusal.value.fields["form"]

"""我的融资项目 and the public site 股权融资: steps, sums, publication, files, who looked (manual §6.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.access import Actor
from cpegi_app.errors import Conflict, FormInvalid, NotFound, SignInRequired
from cpegi_app.models import EquityProject, PlanOpening, StoredFile, User
from cpegi_app.services import (
    equity_form,
    equity_list,
    equity_plan,
    equity_project,
    equity_public,
    files,
    lists,
    review_view,
)
from cpegi_app.services.equity_project import FLOW
from cpegi_app.services.filetypes import UploadRefused
from cpegi_app.vocabulary import Action, FileSlot, Kind, Status
from cpegi_app.vocabulary.equity import ProjectState
from tests import factories, worlds


def refused(session: Session, **changes: str) -> dict[str, str]:
    with pytest.raises(FormInvalid) as refusal:
        worlds.project_world(session, **changes).act(session, Action.SUBMIT)
    return refusal.value.fields


def file_of(session: Session, project: EquityProject, slot: FileSlot) -> int:
    query = select(StoredFile.id).where(
        StoredFile.flow == FLOW.name,
        StoredFile.subject_id == project.revision_id,
        StoredFile.slot == slot.value,
    )
    return session.exec(query).one() or 0


def openings(session: Session, actor: Actor, project: EquityProject) -> tuple[list[Any], int]:
    found = lists.page(session, actor, equity_list.OPENINGS, {"project": str(project.id)})
    return found.rows, found.total


def fund(session: Session, **changes: str) -> Actor:
    return factories.member(session, Kind.EQUITY, **changes)


# --- the form -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"post": "9500"}, "post", "投后估值应为 10,000 万元"),
        ({"share": "12.01"}, "share", "相差 2.01 个百分点"),
        ({"share": "7.99"}, "share", "出让比例约为 10%"),
        ({"share": "100.01"}, "share", "应在 0.01–100%之间"),
        ({"share": "0"}, "share", "应在"),
        ({"amount": "-1"}, "amount", "应在"),
        ({"amount": "1e30"}, "amount", "数字过大"),
        ({"pre": "1e-30"}, "pre", "最多保留两位小数"),
        ({"round": "Z"}, "round", "请从列表中选择融资轮次"),
        ({"contact_phone": "0371-60000000"}, "contact_phone", "11 位手机号码"),
        ({"intro": "长" * 501}, "intro", "最多 500 字"),
        ({"use": ""}, "use", "请填写资金用途"),
    ],
)
def test_6_1_what_the_form_refuses(session: Session, changes: dict[str, str], field: str, why: str):
    assert why in refused(session, **changes)[field]


@pytest.mark.parametrize(
    "changes", [{"share": "12"}, {"share": "8"}, {"share": "20", "share_note": "含员工持股平台"}]
)
def test_6_1_a_share_within_two_points_or_explained_passes(session: Session, changes: dict[str, str]):
    world = worlds.project_world(session, **changes).bring_to(session, Status.PENDING)
    checks = review_view.view(session, FLOW, world.reviewer, world.row_id).checks
    level = next(c.level for c in checks if c.label == "估值与比例")
    assert level == ("warn" if "share_note" in changes else "ok")


def test_6_1_everything_wrong_is_told_at_once_with_the_missing_plan(session: Session):
    owner = factories.member(session)
    row = equity_project.new_draft(session, owner)
    world = worlds.World(
        FLOW, owner, factories.staff(session), row.id or 0, {"amount": "10", "pre": "1", "post": "1"}
    )
    with pytest.raises(FormInvalid) as refusal:
        world.act(session, Action.SUBMIT)
    assert {"name", "post", "file_PLAN"} <= refusal.value.fields.keys()


def test_6_1_each_field_belongs_to_one_step_and_a_step_tells_only_its_own_mistakes():
    for name in equity_form.NAMES:
        assert name in equity_form.names_of(equity_form.step_of(name))
    assert equity_form.step_of("file_PLAN") == 3
    data = factories.project_data(name="", post="1")
    assert set(equity_form.step_problems(data, 0)) == {"name"}
    assert set(equity_form.step_problems(data, 1)) == {"post"}
    assert equity_form.step_problems(data, 2) == {}


@pytest.mark.parametrize("slot", [FileSlot.PLAN, FileSlot.PICTURE])
def test_6_1_a_plan_is_a_pdf_and_a_picture_a_picture(session: Session, slot: FileSlot):
    owner = factories.member(session)
    row = equity_project.new_draft(session, owner)
    wrong = factories.png() if slot is FileSlot.PLAN else factories.pdf()
    name = "文件.png" if slot is FileSlot.PLAN else "文件.pdf"
    with pytest.raises(UploadRefused, match="此处只接受"):
        files.attach(session, owner, FLOW.name, row.id or 0, slot.value, name, wrong)


# --- publication --------------------------------------------------------------------------------------


def test_6_1_an_approved_project_is_public_and_a_change_waits_for_its_review(session: Session):
    project = worlds.listed_project(session, name="光学镜头扩产项目")
    assert [c.name for c in equity_public.public_list(session)] == ["光学镜头扩产项目"]
    owner = session.get_one(FLOW.model, project.revision_id)
    actor = _owner(session, owner.org_id)
    draft = equity_project.change_draft(session, actor, project.id)
    assert len(files.listing(session, FLOW.name, draft.id or 0)) == 2
    data = factories.project_data(name="光学镜头扩产二期")
    world = worlds.World(FLOW, actor, factories.staff(session), draft.id or 0, data)
    world.act(session, Action.SUBMIT)
    assert [c.name for c in equity_public.public_list(session)] == ["光学镜头扩产项目"]
    world.act(session, Action.APPROVE)
    assert [c.name for c in equity_public.public_list(session)] == ["光学镜头扩产二期"]


def _owner(session: Session, org_id: int) -> Actor:
    return factories.sign_in(session, session.exec(select(User).where(User.org_id == org_id)).one())


def test_6_1_taken_down_is_absent_until_put_back_and_a_closed_one_stays(session: Session):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner)
    equity_project.take_down(session, owner, project.id, down=True)
    assert equity_public.public_list(session) == [] and equity_public.public_count(session) == 0
    with pytest.raises(NotFound):
        equity_public.detail(session, None, project.id)
    equity_project.take_down(session, owner, project.id, down=False)
    assert equity_public.public_count(session) == 1
    equity_project.close(session, project)
    assert equity_public.public_count(session) == 0
    assert equity_public.detail(session, None, project.id).state == "已结项"
    for action in (True, False):
        with pytest.raises(Conflict, match="已结项"):
            equity_project.take_down(session, owner, project.id, down=action)
    with pytest.raises(Conflict, match="已结项"):
        equity_project.change_draft(session, owner, project.id)


def test_6_1_a_change_approved_while_down_stays_down(session: Session):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner)
    draft = equity_project.change_draft(session, owner, project.id)
    equity_project.take_down(session, owner, project.id, down=True)
    world = worlds.World(FLOW, owner, factories.staff(session), draft.id or 0, factories.project_data())
    world.act(session, Action.SUBMIT)
    world.act(session, Action.APPROVE)
    assert session.get_one(EquityProject, project.id).state == ProjectState.DOWN


def test_6_1_an_untouched_draft_is_used_again_and_a_foreign_project_is_absent(session: Session):
    owner, other = factories.member(session), factories.member(session)
    assert equity_project.new_draft(session, owner).id == equity_project.new_draft(session, owner).id
    project = worlds.listed_project(session, owner)
    for call in (
        lambda: equity_project.change_draft(session, other, project.id),
        lambda: equity_project.take_down(session, other, project.id, down=True),
        lambda: equity_list.readers(session, other, project.id),
    ):
        with pytest.raises(NotFound):
            call()


# --- the public list ----------------------------------------------------------------------------------


def test_6_1_filters_narrow_list_and_count_alike(session: Session):
    owner = factories.member(session, name="郑州星河科技有限公司")
    worlds.listed_project(session, owner, name="甲", industry="C", round="A", region="JINSHUI")
    big = {"amount": "5000", "pre": "45000", "post": "50000"}
    worlds.listed_project(session, name="乙", industry="I", round="B", region="GAOXIN", **big)
    cases = [
        ({"industry": "C"}, {"甲"}),
        ({"round": "B"}, {"乙"}),
        ({"region": "GAOXIN"}, {"乙"}),
        ({"amount": "3000"}, {"甲"}),
        ({"amount": "10000"}, {"乙"}),
        ({"word": "星河"}, {"甲"}),
        ({"word": "%"}, set()),
        ({"industry": "C", "round": "B"}, set()),
        ({"industry": "nonsense"}, {"甲", "乙"}),
    ]
    for filters, names in cases:
        assert {c.name for c in equity_public.public_list(session, **filters)} == names, filters
        assert equity_public.public_count(session, **filters) == len(names), filters
    assert [c.name for c in equity_public.public_list(session, sort="amount")] == ["乙", "甲"]
    assert [c.name for c in equity_public.public_list(session, page=2, size=1)] == ["甲"]


# --- figures and the business plan ----------------------------------------------------------------------


def people(session: Session) -> dict[str, tuple[Actor | None, bool]]:
    """Return everybody and whether the figures are shown to them."""
    return {
        "nobody": (None, False),
        "fund": (fund(session), True),
        "fund, unverified": (factories.member(session, Kind.EQUITY, verified=False), False),
        "bank": (factories.member(session, Kind.DEBT), False),
        "intermediary": (factories.member(session, Kind.INTERMEDIARY), False),
        "enterprise": (factories.member(session), False),
        "staff": (factories.staff(session), True),
        "regulator": (factories.regulator(session), False),
    }


def test_6_1_figures_and_plan_are_for_verified_equity_institutions(session: Session):
    project = worlds.listed_project(session)
    plan, picture = (file_of(session, project, s) for s in (FileSlot.PLAN, FileSlot.PICTURE))
    for who, (actor, sees) in people(session).items():
        shown = equity_public.detail(session, actor, project.id)
        assert bool(shown.figures) == bool(shown.plan) == bool(shown.use) == sees, who
        assert bool(shown.why_hidden) != sees, who
        assert "10000" not in shown.model_dump_json() or sees, who
        assert files.content(session, actor, picture).kind == "png", who
        if sees:
            assert files.content(session, actor, plan).kind == "pdf", who
        else:
            with pytest.raises((NotFound, SignInRequired)):
                files.content(session, actor, plan)


def test_6_1_a_plan_closes_when_the_project_is_taken_down_or_replaced(session: Session):
    owner, reader = factories.member(session), fund(session)
    project = worlds.listed_project(session, owner)
    plan = file_of(session, project, FileSlot.PLAN)
    equity_project.take_down(session, owner, project.id, down=True)
    with pytest.raises(NotFound):
        files.content(session, reader, plan)
    equity_project.take_down(session, owner, project.id, down=False)
    draft = equity_project.change_draft(session, owner, project.id)
    copied = [f.id for f in files.listing(session, FLOW.name, draft.id or 0) if f.slot == FileSlot.PLAN]
    with pytest.raises(NotFound):
        files.content(session, reader, copied[0])
    assert files.content(session, reader, plan)


def test_6_1_every_opening_is_recorded_and_shown_to_the_enterprise_alone(session: Session):
    owner = factories.member(session)
    project = worlds.listed_project(session, owner)
    first, second = fund(session, name="川泽基金"), fund(session)
    plan = file_of(session, project, FileSlot.PLAN)
    for actor in (first, first, second, owner, factories.staff(session)):
        files.content(session, actor, plan)
    rows, total = openings(session, owner, project)
    assert total == len(rows) == equity_list.readers(session, owner, project.id).counts.opened == 2
    assert openings(session, factories.member(session), project) == ([], 0)
    assert {r.org for r in rows} >= {"川泽基金"}
    clock.shift(timedelta(minutes=2))
    files.content(session, first, plan)
    assert openings(session, owner, project)[1] == 3
    with pytest.raises(Exception, match="immutable"), session.begin_nested():
        session.exec(select(PlanOpening)).first().org_id = 1  # pyright: ignore
        session.flush()


def test_6_1_views_count_organisations_once_a_day_and_not_the_own_one(session: Session):
    owner, reader = factories.member(session), fund(session)
    project = worlds.listed_project(session, owner)
    lookers = (reader, reader, factories.member(session), owner, factories.staff(session))
    for actor in (*lookers, factories.member(session, verified=False)):
        equity_plan.note_view(session, actor, project.id)
    session.flush()
    assert equity_plan.counts(session, [project.id])[project.id].viewed == 2
    row = equity_list.own_list(session, owner)[0][0]
    assert (row.viewed, row.favourites, row.interested, row.opened) == (2, 0, 0, 0)

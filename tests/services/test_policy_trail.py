"""来龙去脉: from the payment back to files and decisions, and the way told at every station (manual §8.2)."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, select

from cpegi_app import clock
from cpegi_app.errors import DomainError, NotFound
from cpegi_app.models import PolicyGrant
from cpegi_app.services import (
    policy_application,
    policy_claim_list,
    policy_objection,
    policy_payment,
    policy_publicity,
    policy_takeback,
    policy_trail,
    policy_trail_zip,
    policy_view,
    policy_way,
)
from cpegi_app.vocabulary.policy import PaymentState
from tests import factories, redemption
from tests.redemption import filled, paid


@pytest.fixture
def batch(session: Session):
    """Return staff, a policy, and a batch of three that is with the finance office."""
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    claims = redemption.payable(session, staff, of, *(factories.member(session) for _ in range(3)))
    return staff, of, redemption.batch(session, staff, *claims)


def test_the_trail_says_where_the_grant_stands_with_its_claim(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    grant = redemption.granted(session, owner, staff)

    def status() -> str:
        return policy_trail.trail(session, staff, grant.application_id).status

    assert status() == "可兑现"
    claim = redemption.claim(session, owner, grant)
    assert status() == "兑现审核中"
    redemption.checked(session, staff, claim)
    assert status() == "待拨付"
    redemption.batch(session, staff, redemption.fresh(session, claim))
    assert status() == "拨付中"


def test_from_the_payment_back_to_files_and_decisions(session: Session, batch):
    staff, _, number = batch
    redemption.returned(
        session, staff, number, filled(redemption.out_rows(session, staff, number), paid("PZ-9"))
    )
    row = policy_payment.lines(session, staff, number)[0][0]
    found = policy_trail.trail(session, staff, row.application_id)
    assert found.status == "已拨付"
    assert [s.state for s in found.steps] == ["done"] * 8 and "PZ-9" in found.steps[-1].text
    assert [a.kind for a in found.amounts][-1] == "拨付金额" and found.payments[0].voucher == "PZ-9"
    assert [f.slot for f in found.files] == ["收款收据"]
    assert len([e for e in found.events if "通过" in e.action]) == 3
    plan = policy_trail_zip.plan(session, staff, row.application_id)
    out = io.BytesIO()
    policy_trail_zip.write(plan, out)
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        assert {"目录.xlsx", "轨迹.json"} <= set(names) and any("收款收据" in n for n in names)
        book = load_workbook(io.BytesIO(archive.read("目录.xlsx")))
        assert {"概要", "金额", "办理记录", "拨付", "文件"} <= set(book.sheetnames)
        assert archive.read(next(n for n in names if n.endswith(".png"))) == factories.png()


def test_the_trail_is_for_those_who_act_on_it(session: Session, batch):
    staff, _, number = batch
    row = policy_payment.lines(session, staff, number)[0][0]
    owner = session.exec(select(PolicyGrant)).first()
    assert owner is not None
    for who in (factories.member(session), factories.regulator(session), factories.stranger()):
        with pytest.raises(DomainError):
            policy_trail.trail(session, who, row.application_id)
        with pytest.raises(DomainError):
            policy_trail_zip.plan(session, who, row.application_id)
    for wrong in (0, -1, 999_999, 2**40, True, "1"):
        with pytest.raises(NotFound):
            policy_trail.trail(session, staff, wrong)  # pyright: ignore[reportArgumentType]


def test_what_was_withdrawn_is_not_told_as_received(session: Session):
    owner = factories.member(session)
    row = redemption.received(session, redemption.policy(session), owner)
    policy_application.withdraw(session, owner, row.id or 0, row.version)
    [first, *later] = policy_way.own_steps(session, owner, row.id or 0)
    assert (first.state, first.at) == ("now", "") and "已撤回" in first.text
    assert {s.state for s in later} == {"todo"}
    assert policy_view.form(session, owner, row.id or 0).receipt == ""


def test_an_objection_that_is_not_decided_is_told(session: Session):
    staff, owners = factories.staff(session), [factories.member(session) for _ in range(2)]
    of = redemption.policy(session, staff)
    rows = [redemption.approve(session, staff, redemption.received(session, of, who)) for who in owners]
    number = redemption.publish(session, staff, of)
    form = {"from_name": "王某", "contact": "1", "text": "重复享受", "received_on": str(clock.today())}
    named = form | {"grant": str(redemption.grant_of(session, rows[0]).id)}
    first = policy_objection.record(session, staff, number, named)

    def told() -> list[tuple[str, str]]:
        every = [policy_way.own_steps(session, w, r.id) for w, r in zip(owners, rows, strict=True)]
        return [(s.state, s.text) for steps in every for s in steps if s.label == "公示确认"]

    assert told() == [("todo", "有异议，正在核实"), ("todo", "")]
    redemption.days_pass(6)
    assert told() == [("now", "有异议，正在核实"), ("now", "等待确认")]
    policy_objection.decide(session, staff, number, first, False, "查无实据")
    whole = policy_objection.record(session, staff, number, form | {"received_on": str(clock.today())})
    assert {text for _, text in told()} == {"有异议，正在核实"}
    policy_objection.decide(session, staff, number, whole, False, "查无实据")
    assert {text for _, text in told()} == {"等待确认"}


def test_the_way_is_told_at_every_station(session: Session):
    staff, owner = factories.staff(session), factories.member(session)
    of = redemption.policy(session, staff)

    def now() -> str:
        steps = policy_way.own_steps(session, owner, row.id or 0)
        return next((s.label for s in steps if s.state in ("now", "bad")), "完")

    row = redemption.received(session, of, owner)
    told = [now()]
    redemption.approve(session, staff, row)
    told.append(now())
    number = redemption.publish(session, staff, of)
    told.append(now())
    redemption.days_pass(6)
    told.append(now())
    policy_publicity.confirm(session, staff, number)
    told.append(now())
    claim = redemption.claim(session, owner, redemption.fresh(session, redemption.grant_of(session, row)))
    told.append(now())
    redemption.checked(session, staff, claim)
    told.append(now())
    batch_id = redemption.batch(session, staff, claim)
    redemption.returned(
        session, staff, batch_id, filled(redemption.out_rows(session, staff, batch_id), paid())
    )
    told.append(now())
    assert told == ["形式审查", "公示", "公示", "公示确认", "兑现申请", "兑现审核", "拨付", "完"]
    payments = policy_claim_list.payments_of(session, redemption.grant_of(session, row).id or 0)
    assert [p.state for p in payments] == [PaymentState.PAID]


def test_every_decision_on_the_way_to_the_money_says_by_whom(session: Session):
    names = ("钱发布", "孙登记", "李处理", "周确认", "吴编制", "郑导出", "王登记", "冯取消")
    published, noted, decided, confirmed, made, out, result, cancelled = (
        factories.staff(session, name) for name in names
    )
    of = redemption.policy(session, published)
    owners = [factories.member(session) for _ in range(3)]
    rows = [redemption.approve(session, published, redemption.received(session, of, o)) for o in owners]
    number = redemption.publish(session, published, of)
    grants = [redemption.grant_of(session, row) for row in rows]
    form = {"from_name": "王某", "contact": "1", "text": "重复享受", "received_on": str(clock.today())}
    for grant, upheld in zip(grants[:2], (False, True), strict=True):
        found = policy_objection.record(session, noted, number, form | {"grant": str(grant.id)})
        policy_objection.decide(session, decided, number, found, upheld, "已核实")
    redemption.days_pass(6)
    policy_publicity.confirm(session, confirmed, number)
    claim = redemption.claim(session, owners[0], redemption.fresh(session, grants[0]))
    batch_id = redemption.batch(session, made, redemption.checked(session, decided, claim), out=False)
    policy_payment.send_out(session, out, batch_id, 1)
    data = filled(redemption.out_rows(session, out, batch_id), paid())
    redemption.returned(session, result, batch_id, data)
    policy_takeback.take_back(session, cancelled, number, grants[2].id or 0, "材料不实")

    session.expire_all()

    def told(n: int) -> dict[str, str]:
        found = policy_trail.trail(session, decided, rows[n].id or 0)
        return {line.label: line.value for line in found.publicity} | {
            "拨付": "".join(p.hands for p in found.payments)
        }

    first, second, third = (told(n) for n in range(3))
    assert "钱发布" in first["公示发布"] and "周确认" in first["公示确认"]
    assert "孙登记" in first["异议"] and "李处理" in first["异议"] and "不成立" in first["异议"]
    assert all(name in first["拨付"] for name in ("吴编制", "郑导出", "王登记"))
    assert "李处理" in second["取消奖补"] and second["公示确认"] == "—"
    assert "冯取消" in third["取消奖补"] and "周确认" in third["公示确认"]
    out_file = io.BytesIO()
    policy_trail_zip.write(policy_trail_zip.plan(session, decided, rows[0].id or 0), out_file)
    with zipfile.ZipFile(out_file) as archive:
        book = load_workbook(io.BytesIO(archive.read("目录.xlsx")))
        assert first["拨付"] in [cell.value for cell in book["拨付"][2]]

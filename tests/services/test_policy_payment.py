"""Payment batches, their file, and the file that comes back (manual §8.2)."""

from __future__ import annotations

import pytest
from sqlmodel import Session, func, select

from cpegi_app import clock
from cpegi_app.errors import Conflict, DomainError, FormInvalid
from cpegi_app.models import Payment, PaymentImport, PolicyBudget
from cpegi_app.services import (
    policy_payment,
    policy_payment_file,
    policy_payment_result,
    policy_ready,
)
from tests import factories, redemption
from tests.redemption import failed, filled, paid


@pytest.fixture
def batch(session: Session):
    """Return staff, a policy, and a batch of three that is with the finance office."""
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    claims = redemption.payable(session, staff, of, *(factories.member(session) for _ in range(3)))
    return staff, of, redemption.batch(session, staff, *claims)


def budget(session: Session, of) -> PolicyBudget:
    found = session.exec(select(PolicyBudget).where(PolicyBudget.policy_id == of.id)).one()
    session.refresh(found)
    return found


def states(session: Session, batch_id: int) -> list[str]:
    query = select(Payment).where(Payment.batch_id == batch_id).order_by(Payment.id)  # pyright: ignore
    return [p.state for p in session.exec(query.execution_options(populate_existing=True))]


# --- batches ------------------------------------------------------------------------------------------


def test_a_claim_stands_in_one_batch_and_returns_when_it_is_taken_out(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    one, two = redemption.payable(session, staff, of, factories.member(session), factories.member(session))
    number = redemption.batch(session, staff, one, two, out=False)
    with pytest.raises(Conflict, match="1 笔已编入其他批次"):
        policy_payment.make(session, staff, [one.id or 0], "又一批")
    rows, _ = policy_payment.lines(session, staff, number)
    policy_payment.remove(session, staff, number, rows[0].id)
    assert policy_ready.ready(session, staff)[1] == 1
    shown = policy_payment.listing(session, staff)[0][0]
    assert (shown.count, shown.amount) == (1, "50,000.00")
    with pytest.raises(Conflict, match="刚有变化"):
        policy_payment.send_out(session, staff, number, 1)
    policy_payment.send_out(session, staff, number, shown.version)
    policy_payment.send_out(session, staff, number, shown.version)
    with pytest.raises(Conflict, match="不能再移出"):
        policy_payment.remove(session, staff, number, rows[1].id)


def test_a_batch_from_which_everything_was_taken_out_is_void(session: Session):
    staff = factories.staff(session)
    claims = redemption.payable(session, staff, redemption.policy(session, staff), factories.member(session))
    number = redemption.batch(session, staff, *claims, out=False)
    with pytest.raises(Conflict, match="还有 1 笔"):
        policy_payment.void(session, staff, number)
    [line], _ = policy_payment.lines(session, staff, number)
    policy_payment.remove(session, staff, number, line.id)
    policy_payment.void(session, staff, number)
    [shown], _ = policy_payment.listing(session, staff, filters={"state": "VOID"})
    assert (shown.state_label, shown.open, shown.out) == ("已作废", False, False)
    for call in (policy_payment.void, lambda *a: policy_payment.send_out(*a, shown.version)):
        with pytest.raises(Conflict, match="已作废"):
            call(session, staff, number)
    with pytest.raises(Conflict):
        redemption.exported(session, staff, number, "xlsx")
    assert redemption.batch(session, staff, *claims) > number


def test_everything_that_the_query_bar_leaves_is_chosen(session: Session):
    staff = factories.staff(session)
    one = redemption.policy(session, staff)
    first, second = redemption.payable(
        session, staff, one, factories.member(session), factories.member(session)
    )
    other = redemption.policy(session, staff)
    [third] = redemption.payable(session, staff, other, factories.member(session))
    assert [name for _, name in policy_ready.policies(session, staff)] == [other.name, one.name]
    for filters, wanted in (
        ({}, [first, second, third]),
        ({"word": second.org_name}, [second]),
        ({"policy": str(one.id)}, [first, second]),
        ({"policy": str(other.id), "word": first.org_name}, []),
    ):
        found = policy_ready.choosable(session, staff, filters)
        assert found == {c.id: c.amount_fen for c in wanted}
        assert policy_ready.ready(session, staff, filters=filters)[1] == len(wanted)


@pytest.mark.parametrize("ids", [[], [0], [-1], [999_999], [2**31]])
def test_a_batch_of_nothing_or_of_the_unknown_is_refused(session: Session, ids):
    with pytest.raises((FormInvalid, Conflict)):
        policy_payment.make(session, factories.staff(session), ids, "批次")
    with pytest.raises(FormInvalid):
        policy_payment.make(session, factories.staff(session), [1], " ")


def test_an_open_batch_has_no_file_and_takes_no_result(session: Session):
    staff = factories.staff(session)
    of = redemption.policy(session, staff)
    number = redemption.batch(
        session, staff, *redemption.payable(session, staff, of, factories.member(session)), out=False
    )
    with pytest.raises(Conflict, match="编制中"):
        redemption.exported(session, staff, number, "xlsx")
    with pytest.raises(Conflict, match="还没有导出"):
        policy_payment_result.take(session, staff, number, "a.csv", b"x", [(2, {"付款编号": "x"})])


def test_both_files_hold_the_same_and_no_formula(session: Session, batch):
    staff, _, number = batch
    session.exec(select(Payment).where(Payment.batch_id == number)).first().bank = "=HYPERLINK(1)"  # pyright: ignore
    session.flush()
    rows = redemption.out_rows(session, staff, number)
    assert rows[0][:5] == ["付款编号", "收款户名", "开户行", "账号", "金额（元）"]
    assert [r[4] for r in rows[1:]] == [50_000] * 3 and isinstance(rows[1][3], str)
    _, data = redemption.exported(session, staff, number, "csv")
    assert data.startswith(b"\xef\xbb\xbf") and b"'=HYPERLINK" in data
    lines = policy_payment_file.read("a.csv", data)
    assert [cells["付款编号"] for _, cells in lines] == [r[0] for r in rows[1:]]
    assert all(cells["账号"] == "6217001234567890" for _, cells in lines)


# --- the returned file --------------------------------------------------------------------------------


def test_a_partial_result_then_the_rest_closes_the_batch(session: Session, batch):
    staff, of, number = batch
    rows = redemption.out_rows(session, staff, number)
    first = redemption.returned(session, staff, number, filled(rows, paid("PZ-1")))
    assert (first.paid, first.failed, states(session, number)) == (1, 0, ["PAID", "WAITING", "WAITING"])
    second = redemption.returned(session, staff, number, filled(rows, paid("PZ-1"), failed(), paid("PZ-3")))
    assert (second.paid, second.failed, second.known) == (1, 1, 1)
    assert states(session, number) == ["PAID", "FAILED", "PAID"]
    assert policy_payment.listing(session, staff)[0][0].state == "DONE"
    assert budget(session, of).paid_fen == 10_000_000


def test_the_same_file_twice_counts_once(session: Session, batch):
    staff, of, number = batch
    data = filled(redemption.out_rows(session, staff, number), paid(), paid(), paid())
    redemption.returned(session, staff, number, data)
    again = redemption.returned(session, staff, number, data)
    assert "没有重复登记" in again.text and budget(session, of).paid_fen == 15_000_000
    assert session.exec(select(func.count()).select_from(PaymentImport)).one() == 1


def spoiled(rows, twist) -> bytes:
    return filled(twist(rows), paid("A"), paid("B"), paid("C"))


def _doubled(rows):
    return [*rows[:3], [*rows[1]]]


def _with(row: int, column: int, value):
    def twist(rows):
        rows[row][column] = value
        return rows

    return twist


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        (_with(2, 0, "FK-99"), "不在本批次中"),
        (_with(2, 0, ""), "缺少付款编号"),
        (_doubled, "与第 2 行重复"),
        (_with(2, 4, 50_000.01), "与批次中的 50,000.00 元不一致"),
        (_with(2, 4, "五万"), "金额不是数字"),
        (_with(2, 1, "别的公司"), "收款户名与批次中的不一致"),
        (_with(2, 3, "6217001234567891"), "账号与批次中的不一致"),
        (_with(2, 3, 6217001234567890123), "账号与批次中的不一致"),
    ],
)
def test_one_wrong_row_is_named_and_nothing_is_written(session: Session, batch, twist, said: str):
    staff, of, number = batch
    found = redemption.returned(
        session, staff, number, spoiled(redemption.out_rows(session, staff, number), twist)
    )
    assert found.wrong >= 1 and any(said in f.text for f in found.findings), found.findings
    assert not found.done and states(session, number) == ["WAITING"] * 3 and budget(session, of).paid_fen == 0
    # The same file, once right, is taken: what was refused is no obstacle.
    right = redemption.returned(
        session, staff, number, filled(redemption.out_rows(session, staff, number), paid(), paid(), paid())
    )
    assert right.done and right.paid == 3


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (("成功", "", "PZ-1"), "拨付日期请填写日期"),
        (("成功", "昨天", "PZ-1"), "拨付日期请填写日期"),
        (("成功", "2199-01-01", "PZ-1"), "不能晚于今天"),
        (("成功", "2020-01-01", "PZ-1"), "早于批次编制日期"),
        (("成功", "TODAY", ""), "须填写凭证号"),
        (("成功", "TODAY", "长" * 61), "凭证号最多 60 字"),
        (("失败", "", "", ""), "须填写失败原因"),
        (("失败", "", "", "长" * 201), "失败原因最多 200 字"),
        (("也许", "TODAY", "PZ-1"), "请填写“成功”或“失败”"),
        (("", "TODAY", "PZ-1"), "请填写“成功”或“失败”"),
    ],
)
def test_a_result_that_says_too_little_is_named(session: Session, batch, result, said: str):
    staff, _, number = batch
    result = tuple(clock.today().isoformat() if x == "TODAY" else x for x in result)
    found = redemption.returned(
        session, staff, number, filled(redemption.out_rows(session, staff, number), result)
    )
    assert [f.row for f in found.findings] == [2] and said in found.findings[0].text
    assert states(session, number) == ["WAITING"] * 3


def test_what_is_paid_is_not_unpaid_by_a_later_file(session: Session, batch):
    staff, of, number = batch
    rows = redemption.out_rows(session, staff, number)
    redemption.returned(session, staff, number, filled(rows, paid("PZ-1")))
    for other in (failed(), paid("PZ-2")):
        found = redemption.returned(session, staff, number, filled(rows, other))
        assert "此前已登记为“已拨付”" in found.findings[0].text
    assert budget(session, of).paid_fen == 5_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        "甲,乙\n1,2\n".encode(),
        b"PK\x03\x04broken",
        "付款编号,金额\nX,1\n".encode(),
        b"\xff" * 40,
    ],
)
def test_a_file_that_is_none_of_ours_says_what_to_do(data: bytes):
    with pytest.raises(DomainError) as refusal:
        policy_payment_file.read("结果.xlsx", data)
    assert refusal.value.message.endswith("。")


def test_dates_as_finance_offices_leave_them():
    for text in ("2026-11-20", "2026/11/20", "2026年11月20日", "20261120", "46346", "2026-11-20 00:00:00"):
        assert policy_payment_file.day(text).isoformat() == "2026-11-20", text  # pyright: ignore
    assert policy_payment_file.day("") is None and policy_payment_file.day("12") is None


def test_a_csv_in_gbk_is_read(session: Session, batch):
    staff, _, number = batch
    _, data = redemption.exported(session, staff, number, "csv")
    text = data.decode("utf-8-sig").replace(",,,,", f",成功,{clock.today()},PZ-1,", 1)
    found = redemption.returned(session, staff, number, text.encode("gb18030"), "结果.csv")
    assert (found.paid, found.wrong) == (1, 0)


# --- never twice --------------------------------------------------------------------------------------


def test_the_tables_themselves_refuse_a_second_payment_of_a_grant(session: Session, batch):
    from sqlalchemy.exc import IntegrityError

    _, _, number = batch
    one = session.exec(select(Payment).where(Payment.batch_id == number)).first()
    assert one is not None
    twin = Payment(**one.model_dump(exclude={"id", "number"}), number="TWIN")
    point = session.begin_nested()
    session.add(twin)
    with pytest.raises(IntegrityError):
        session.flush()
    point.rollback()


def test_paid_rows_stay_as_they_are(session: Session, batch):
    from sqlalchemy import text
    from sqlalchemy.exc import DatabaseError

    staff, _, number = batch
    redemption.returned(
        session, staff, number, filled(redemption.out_rows(session, staff, number), paid(), paid(), paid())
    )
    for statement in ("UPDATE payment SET state = 'WAITING'", "DELETE FROM payment"):
        point = session.begin_nested()
        with pytest.raises(DatabaseError, match="immutable"):
            session.execute(text(statement))
        point.rollback()

"""The demo: loads on both engines, once, with every status, and all it stores keeps the rules."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func
from sqlmodel import Session, SQLModel, col, select

from cpegi_app import clock, db, demo, manage
from cpegi_app.access import Actor
from cpegi_app.models import (
    Application,
    AuditEntry,
    Disbursement,
    Loan,
    Organisation,
    Product,
    ReviewEvent,
    User,
)
from cpegi_app.services import (
    application,
    application_list,
    audit_trail,
    chapters,
    disbursement,
    files,
    notices,
    passwords,
    platform_queue,
    product,
    product_list,
    review,
    review_view,
    sessions,
    staff,
    verification,
)
from cpegi_app.services.profile_forms import FORMS, required_files
from cpegi_app.settings import get_settings
from cpegi_app.vocabulary import KIND_OF, Action, Kind, LoanSource, OrgClass, Status
from tests import conftest
from tests.e2e import server

assert chapters.CHAPTERS
FLOWS = list(review.FLOWS)
CONTENT = (
    "verification",
    "profile_change",
    "product",
    "application",
    "disbursement",
    "offline_loan",
    "report",
    "equity_project",
    "investment",
    "policy_application",
    "policy_claim",
)
REACHABLE = {Status.DRAFT, Status.PENDING, Status.APPROVED}
DECIDED = {Action.RETURN: Status.RETURNED, Action.REJECT: Status.REJECTED}


@pytest.fixture(scope="module", params=conftest.ENGINES)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Load the demo once an engine for the whole file; the tests only read it."""
    first = request.param not in _ADDRESSES
    address = _ADDRESSES.setdefault(request.param, "") or _made(request)
    _ADDRESSES[request.param] = address
    with conftest._configured(address), pytest.MonkeyPatch.context() as patch:
        # The folder that `private_files` names as well.
        private = tmp_path_factory.getbasetemp() / "private"
        patch.setattr(get_settings(), "data_dir", private)
        if request.param == "sqlite":
            # As the command loads it, and for the browser tests too.
            shutil.copytree(server.shared(private.parent) / "files", private / "files", dirs_exist_ok=True)
        else:
            assert demo.load() or not first
        yield address


# Several processes tear the fixture down between tests of one file: what is loaded stays.
_ADDRESSES: dict[str, str] = {}


def _made(request: pytest.FixtureRequest) -> str:
    """Make a database for the demo and return its address."""
    if request.param == "sqlite":
        base = request.getfixturevalue("tmp_path_factory").getbasetemp()
        loaded = server.demo_data(server.shared(base)) / "cpegi.sqlite3"
        return f"sqlite:///{shutil.copy(loaded, base / 'demo-test.sqlite3')}"
    address, template = request.getfixturevalue("pg_server"), request.getfixturevalue("pg_template")
    conftest._admin(address, f"CREATE DATABASE demo TEMPLATE {template}")
    return conftest._with_database(address, "demo")


@pytest.fixture
def session(loaded: str) -> Iterator[Session]:
    """Yield a session on the loaded demo; nothing is kept."""
    with db.reading() as session:
        yield session


def actor(session: Session, phone: str) -> Actor:
    """Return who a number stands for, by a login that is taken back with the session."""
    user_id = session.exec(select(User.id).where(User.phone == phone)).one()
    found = sessions.actor_of(session, sessions.open_session(session, user_id or 0))
    assert found
    return found


def login(session: Session, key: str) -> Actor:
    return actor(session, next(x.phone for x in demo.LOGINS if x.key == key))


def counts(session: Session) -> dict[str, int]:
    tables = SQLModel.metadata.sorted_tables
    return {t.name: session.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def rows(session: Session, flow: str) -> list:
    return list(session.exec(select(review.FLOWS[flow].model)))


def test_a_second_load_changes_nothing(session: Session) -> None:
    before = counts(session)
    session.rollback()
    assert not demo.load()
    assert counts(session) == before


def test_the_clock_is_put_back_and_nothing_lies_in_the_future(session: Session) -> None:
    assert clock._shift == timedelta()
    for table in SQLModel.metadata.sorted_tables:
        latest = session.execute(select(func.max(table.c.created_at))).scalar_one()
        assert latest is None or latest <= clock.now(), table.name


def test_the_trails_run_forward_in_time(session: Session) -> None:
    for model in (AuditEntry, ReviewEvent):
        moments = list(session.exec(select(model.created_at).order_by(col(model.id))))
        backwards = [a - b for a, b in itertools.pairwise(moments) if a - b > timedelta(minutes=1)]
        assert not backwards
        assert moments[-1] - moments[0] > timedelta(days=100)


@pytest.mark.parametrize("flow", FLOWS)
def test_every_status_of_every_flow_is_there(session: Session, flow: str) -> None:
    if flow not in CONTENT:
        pytest.fail(f"demo data tell nothing of the flow {flow} yet: add a story and name it in CONTENT")
    expected = REACHABLE | {s for a, s in DECIDED.items() if a in review.FLOWS[flow].decisions}
    assert {Status(r.status) for r in rows(session, flow)} == expected


def test_there_is_as_much_as_promised(session: Session) -> None:
    verified = select(Organisation).where(col(Organisation.verified_at).is_not(None))
    orgs = list(session.exec(verified))
    assert sum(o.kind == Kind.ENTERPRISE for o in orgs) == 32
    classes = [o.org_class for o in orgs]
    assert classes.count(OrgClass.BANK) == 3
    others = {"MICRO_LOAN", "GUARANTEE", "LEASING", "PRIVATE_FUND", "INVESTMENT", "ACCOUNTING", "IP_SERVICE"}
    assert others <= set(classes)
    assert sum(o.kind in (Kind.DEBT, Kind.EQUITY) for o in orgs) >= 6
    assert len(session.exec(select(Product)).all()) >= 12
    assert len(rows(session, "application")) >= 40
    assert len(product_list.own_list(session, login(session, "bank"), size=50)[0]) == 6


def test_products_stand_in_every_way(session: Session) -> None:
    shown = product_list.own_list(session, login(session, "bank"), size=50)[0]
    assert {p.status for p in shown} == {"已发布", "已下架", "草稿", "已退回"}
    assert any(p.status == "已发布" and p.pending == "变更待审核" for p in shown)


@pytest.mark.parametrize("known", demo.LOGINS, ids=lambda x: x.key)
def test_every_named_login_signs_in(session: Session, known: demo.Login) -> None:
    user = session.exec(select(User).where(User.phone == known.phone)).one()
    assert passwords.matches(demo.PASSWORD, user.password_hash)
    assert not passwords.problem(demo.PASSWORD, known.phone)
    assert not user.disabled_at


def test_the_named_logins_are_what_they_say(session: Session) -> None:
    seen = {x.key: login(session, x.key) for x in demo.LOGINS}
    kinds = {k: a.org_class for k, a in seen.items() if a.verified}
    assert kinds == {
        "bank": OrgClass.BANK,
        "equity": OrgClass.PRIVATE_FUND,
        "intermediary": OrgClass.ACCOUNTING,
        "enterprise": OrgClass.ENTERPRISE,
    }
    assert seen["new_enterprise"].kind is Kind.ENTERPRISE
    assert seen["new_institution"].kind is None


def test_every_profile_passes_its_form(session: Session) -> None:
    orgs = list(session.exec(select(Organisation).where(col(Organisation.verified_at).is_not(None))))
    for org in orgs:
        form = FORMS[Kind(org.kind)]
        form.parse({k: v for k, v in org.profile.items() if k in form.model_fields})
        assert org.kind != Kind.ENTERPRISE or org.profile["scale"]
    assert len({o.credit_code for o in orgs}) == len({o.name for o in orgs}) == len(orgs)


def test_some_figures_are_missing(session: Session) -> None:
    missing = [a for a in rows(session, "application") if "数据缺失" in _results(a)]
    unmet = [a for a in rows(session, "application") if "不满足" in _results(a)]
    assert missing and unmet
    assert not any(a.status == Status.APPROVED for a in unmet)


def _results(row: Application) -> set[str]:
    return {c.result for c in application.condition_rows(row)}


def test_what_was_sent_passes_its_form(session: Session) -> None:
    sent = {flow: [r for r in rows(session, flow) if r.submitted_at] for flow in FLOWS}
    for row in sent["application"]:
        application.ApplicationForm.parse(row.data)
    for row in sent["disbursement"]:
        disbursement.DisbursementForm.parse(row.data)
    for row in sent["product"]:
        product.parse(row.data)
    for row in sent["verification"] + sent["profile_change"]:
        kind = verification.kind_of(row.data)
        FORMS[kind].parse(row.data)


def test_no_more_is_disbursed_than_approved(session: Session) -> None:
    progress = set()
    for app in rows(session, "application"):
        done, waiting = application_list.disbursed(session, [app.id]).get(app.id, (0, 0))
        assert done + waiting <= app.approved_fen <= app.amount_fen or app.status != Status.APPROVED
        if app.approved_fen:
            progress.add("full" if done == app.approved_fen else "partial" if done else "none")
    assert progress == {"full", "partial", "none"}
    online = Loan.source == LoanSource.ONLINE.value
    booked = session.exec(select(func.sum(Loan.amount_fen)).where(online)).one()
    approved = select(func.sum(Disbursement.amount_fen)).where(Disbursement.status == Status.APPROVED.value)
    assert booked == session.exec(approved).one()


def test_files_are_there_and_open(session: Session) -> None:
    for row in rows(session, "verification"):
        if row.submitted_at:
            slots = files.slots_of(session, "verification", row.id)
            assert {
                s.value for s in required_files(KIND_OF[OrgClass(row.data["org_class"])], row.data)
            } <= slots
    reader = login(session, "staff")
    row = next(r for r in rows(session, "verification") if r.status == Status.PENDING)
    for file in files.listing(session, "verification", row.id):
        assert files.content(session, reader, file.id).path.stat().st_size < 60_000


def test_every_row_can_be_shown_to_its_reviewer(session: Session) -> None:
    lenders = {
        o.id: o for o in session.exec(select(Organisation).where(Organisation.kind == Kind.DEBT.value))
    }
    readers = {i: actor(session, o.profile["mobile"]) for i, o in lenders.items() if o.verified_at and i}
    platform = login(session, "staff")
    for flow in FLOWS:
        # What was withdrawn is its owner's affair again.
        for row in (r for r in rows(session, flow) if r.submitted_at and r.status != Status.DRAFT.value):
            reader = readers[row.institution_id] if flow == "application" else platform
            assert review_view.view(session, review.FLOWS[flow], reader, row.id).groups


def test_no_screen_is_empty(session: Session) -> None:
    seen = {key: login(session, key) for key in ("staff", "bank", "equity", "intermediary", "enterprise")}
    _, waiting, by_flow = platform_queue.queue(session, seen["staff"])
    assert waiting and all(c.count for c in by_flow)
    for state in ("", "DISABLED", "VERIFIED", "NEW"):
        assert staff.accounts(session, seen["staff"], state=state)[1]
    assert audit_trail.audit_trail(session, seen["staff"])[1] > 500
    for key, who in seen.items():
        assert 0 < notices.unread_count(session, who) < notices.listing(session, who)[1], key
    for status in Status:
        assert application_list.listing(session, seen["enterprise"], inbox=False, status=status.value)[1]
    for status in (Status.PENDING, Status.RETURNED, Status.APPROVED, Status.REJECTED):
        assert application_list.listing(session, seen["bank"], inbox=True, status=status.value)[1]
    for key in ("equity", "intermediary"):
        assert application_list.listing(session, seen[key], inbox=False)[1]


def test_reasons_by_field_name_real_fields(session: Session) -> None:
    for flow in FLOWS:
        for row in (r for r in rows(session, flow) if r.field_reasons):
            description = review.FLOWS[flow].describe(session, row)
            typed = set(description.form.model_fields) if description.form else set()
            slots = {f"file_{code}" for code in review.FLOWS[flow].slots(session, row)}
            known = typed | slots | {line.name for line in description.lines}
            assert set(row.field_reasons) <= known


# --- the command line -----------------------------------------------------------------------------


def test_logins_are_printed_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage.main(["logins"]) == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if "139000000" in line]
    assert len(lines) == len(demo.LOGINS)
    assert demo.PASSWORD in printed
    assert len({manage._width(re.split(r"139\d{8}", line)[0]) for line in lines}) == 1


def test_several_commands_run_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert manage.main(["logins", "logins"]) == 0
    assert capsys.readouterr().out.count(demo.PASSWORD) == 2
    with pytest.raises(SystemExit):
        manage.main([])


@pytest.mark.parametrize("command", ["demo", "logins"])
def test_production_has_no_demo(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(get_settings(), "mode", "production")
    assert manage.main([command]) == 0
    assert demo.PASSWORD not in capsys.readouterr().out
    with pytest.raises(RuntimeError):
        demo.load()


def test_sweep_keeps_what_is_referred_to(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    store = files.store()
    orphan = store.put(b"nobody refers to this")
    kept = {f.sha256 for f in session.exec(select(files.StoredFile))}
    clock.shift(timedelta(days=2))
    assert manage.main(["sweep"]) == 0
    assert not store.exists(orphan)
    assert all(store.exists(sha256) for sha256 in kept)

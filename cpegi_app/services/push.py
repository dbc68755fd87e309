"""Pushes: products brought to the enterprises that newly fit, in steps that a crash cannot tear (manual §4.1).

A step looks for a chunk of pairs in a reading transaction and writes it in a short one of its own, together with how far
the run has come; whoever looked at an older turn of the run writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, func, literal, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from cpegi_app import clock
from cpegi_app.access import MATCH, MATCHES
from cpegi_app.models import MatchFact, Organisation, Product, ProductLimit, ProductPush, PushRun, User
from cpegi_app.services import facts, live, matching, notices
from cpegi_app.services.conditions import effective
from cpegi_app.services.forms import percent
from cpegi_app.services.locks import one_at_a_time
from cpegi_app.services.shelf import closed_why, open_now

CHUNK = 1000
# An enterprise that newly fits more products than these is told of all of them in one notice.
SEPARATE = 3
# How long a run rests whose step has failed: at first, and at most.
REST, REST_MOST = timedelta(seconds=5), timedelta(minutes=10)
_PUSHES: Any = ProductPush.__table__  # pyright: ignore[reportAttributeAccessIssue]


# --- what starts a run --------------------------------------------------------------------------------


def product_approved(session: Session, product: Product, *, was_closed: bool) -> None:
    """Write the limits of a product that was approved; push it where its conditions are new, or it opens again."""
    if facts.put_product(session, product) or (was_closed and not closed_why(product)):
        product_reopened(session, product)


def product_reopened(session: Session, product: Product) -> None:
    """Push a product that takes applications again to those who came to fit while it took none."""
    _start(session, "product_id", product.id or 0, facts.version(session, product.id or 0))


def figures_approved(session: Session, org: Organisation) -> None:
    """Write the facts of an organisation whose figures were approved; push to it where they are new."""
    if facts.put(session, org):
        _start(session, "org_id", org.id or 0, 0)


def users_changed(session: Session, org_id: int | None) -> None:
    """Leave an enterprise out once its users are disabled; bring it what it has missed once they are back."""
    if org_id and facts.refresh_live(session, org_id):
        _start(session, "org_id", org_id, 0)


def _start(session: Session, side: str, row_id: int, version: int) -> None:
    """Begin a run, or begin the one under way anew: two pushes of the same thing are one."""
    one_at_a_time(session, "push", side, row_id)
    anew = {"version": version, "failures": 0, "cursor": 0, "swept": False, "total": None, "done": 0}
    open_run = update(PushRun).where(getattr(PushRun, side) == row_id, col(PushRun.finished_at).is_(None))
    again = session.execute(open_run.values(**anew, turn=PushRun.turn + 1, touched_at=clock.now()))
    if not again.rowcount:  # pyright: ignore[reportAttributeAccessIssue]
        run = PushRun(version=version, touched_at=clock.now())
        setattr(run, side, row_id)
        session.add(run)
        session.flush()


# --- looking ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """What the next step of a run would do, as it stood at a turn of it."""

    run_id: int
    turn: int
    # Pushes that match no longer, or else the ids of the other side to push to.
    lapsing: bool = False
    ids: list[int] = field(default_factory=list)
    total: int | None = None

    @property
    def is_last(self) -> bool:
        """Tell whether nothing is left after these."""
        return len(self.ids) < CHUNK


def look(session: Session) -> Look | None:
    """Return what there is to do for the run that has waited longest, None when no run can go on."""
    run = session.scalars(_workable()).first()
    if run is None:
        return None
    pairs = _pairs(session, run)
    if pairs is None:
        return Look(run.id or 0, run.turn)
    if not run.swept:
        ids = list(session.scalars(pairs.lapsed.limit(CHUNK)))
        total = None
        if len(ids) < CHUNK:
            total = session.execute(select(func.count()).select_from(pairs.new.subquery())).scalar_one()
        return Look(run.id or 0, run.turn, True, ids, total)
    key = pairs.key
    found = pairs.new.where(key > run.cursor).order_by(key).limit(CHUNK)
    return Look(run.id or 0, run.turn, False, list(session.scalars(found)))


def failed(session: Session, seen: Look | None) -> int | None:
    """Put the run whose step has just failed behind the others, the longer the more often; return its id."""
    run = session.get(PushRun, seen.run_id) if seen else session.scalars(_workable()).first()
    if run is None or (seen and run.turn != seen.turn):
        # Somebody else has gone on with it.
        return None
    wait = min(REST * 2**run.failures, REST_MOST)
    session.execute(
        update(PushRun)
        .where(col(PushRun.id) == run.id)
        .values(failures=PushRun.failures + 1, touched_at=clock.now() + wait)
    )
    return run.id


def _workable() -> Any:
    """Return the query of the runs that can go on, the one that has waited longest first.

    The push of a product that takes no applications waits until it does again; one whose step failed, a while.
    """
    query = select(PushRun).join(Product, col(Product.id) == PushRun.product_id, isouter=True)
    can = col(PushRun.org_id).is_not(None) | open_now()
    rested = (col(PushRun.failures) == 0) | (col(PushRun.touched_at) <= clock.now())
    query = query.where(col(PushRun.finished_at).is_(None), can, rested)
    return query.order_by(col(PushRun.touched_at), col(PushRun.id)).limit(1)


@dataclass(frozen=True)
class Pairs:
    """The pairs of one run: `new` selects the other side's ids, `lapsed` the pushes that match no longer."""

    key: Any
    new: Any
    lapsed: Any


def _pairs(session: Session, run: PushRun) -> Pairs | None:
    return _of_product(session, run.product_id) if run.product_id else _of_org(session, run.org_id)


def _active(product: Any, org: Any) -> Any:
    return exists().where(
        _PUSHES.c.product_id == product, _PUSHES.c.org_id == org, _PUSHES.c.lapsed_at.is_(None)
    )


def _of_product(session: Session, product_id: int) -> Pairs | None:
    product = session.get(Product, product_id)
    if product is None:
        return None
    key = MatchFact.c.id
    fit = matching.fits(effective(product.conditions, product.data))
    new = select(key).where(fit, key != product.org_id, not_(_active(product_id, key)))
    # Null counts as no: who lacks data matches no longer.
    lapsed = (
        select(_PUSHES.c.id)
        .join(MatchFact, key == _PUSHES.c.org_id)
        .where(_PUSHES.c.product_id == product_id, _PUSHES.c.lapsed_at.is_(None))
        .where(not_(func.coalesce(fit, literal(False))))
    )
    return Pairs(key, new, lapsed)


def _of_org(session: Session, org_id: int | None) -> Pairs | None:
    values = matching.facts(session, org_id)
    live = select(MatchFact.c.is_live).where(MatchFact.c.id == org_id)
    if values is None or not session.execute(live).scalar_one():
        return None
    key, suited = ProductLimit.c.id, matching.suits(values)
    new = select(key).join(Product, col(Product.id) == key)
    new = new.where(suited, open_now(), col(Product.org_id) != org_id, not_(_active(key, org_id)))
    lapsed = (
        select(_PUSHES.c.id)
        .join(ProductLimit, key == _PUSHES.c.product_id)
        .where(_PUSHES.c.org_id == org_id, _PUSHES.c.lapsed_at.is_(None), not_(suited))
    )
    return Pairs(key, new, lapsed)


# --- doing --------------------------------------------------------------------------------------------


def step(session: Session, seen: Look) -> int:
    """Write what was looked at, if nobody has been at the run since; return how many pairs were pushed."""
    mine = update(PushRun).where(
        col(PushRun.id) == seen.run_id, col(PushRun.turn) == seen.turn, col(PushRun.finished_at).is_(None)
    )
    taken = session.execute(mine.values(turn=PushRun.turn + 1, touched_at=clock.now(), failures=0))
    if taken.rowcount != 1:  # pyright: ignore[reportAttributeAccessIssue]
        return 0
    run = session.get_one(PushRun, seen.run_id, populate_existing=True)
    if run.product_id and closed_why(session.get_one(Product, run.product_id)):
        # Taken off the list a moment ago: the run waits.
        return 0
    # Looked up again: what was true a moment ago may not be, of an enterprise that was disabled for one.
    pairs = _pairs(session, run)
    pushed: list[int] = []
    if pairs is None:
        _finish(session, run)
    elif seen.lapsing:
        _lapse(session, pairs, seen.ids)
        run.swept, run.total = seen.is_last, seen.total
    else:
        pushed = _push(session, run, pairs, seen.ids)
        run.cursor, run.done = seen.ids[-1] if seen.ids else run.cursor, run.done + len(pushed)
        if seen.is_last:
            _finish(session, run)
    _follow(session, run, pushed)
    session.flush()
    return len(pushed)


def _follow(session: Session, run: PushRun, pushed: list[int]) -> None:
    """Let the open push logs of the institutions follow."""
    products = [run.product_id] if run.product_id else pushed
    query = (
        select(col(User.id))
        .join(Product, col(Product.org_id) == User.org_id)
        .where(col(Product.id).in_(products), col(User.disabled_at).is_(None))
    )
    live.concern(session, [u for u in session.scalars(query.distinct()) if u])


def _finish(session: Session, run: PushRun) -> None:
    if run.product_id:
        run.finished_at = clock.now()
        return
    # Of an enterprise's own runs nobody asks later; a million of them would only lie about.
    session.flush()
    session.expunge(run)
    session.execute(delete(PushRun).where(col(PushRun.id) == run.id))


def _lapse(session: Session, pairs: Pairs, ids: list[int]) -> None:
    still = pairs.lapsed.where(_PUSHES.c.id.in_(ids))
    session.execute(update(_PUSHES).where(_PUSHES.c.id.in_(still)).values(lapsed_at=clock.now()))


def _push(session: Session, run: PushRun, pairs: Pairs, ids: list[int]) -> list[int]:
    """Write the pairs that are new under this version and their notices; return the other side's ids."""
    if not ids:
        return []
    # The log counts from the newest id downwards: an id that came into view late would never be counted.
    one_at_a_time(session, "pushes")
    now, of_product = clock.now(), run.product_id is not None
    product, org = (literal(run.product_id), pairs.key) if of_product else (pairs.key, literal(run.org_id))
    version = literal(run.version) if of_product else ProductLimit.c.version
    wanted = pairs.new.where(pairs.key.in_(ids))
    _revive(session, wanted.with_only_columns(product, org, version))
    columns = ["created_at", "product_id", "org_id", "version"]
    rows = wanted.with_only_columns(literal(now, _PUSHES.c.created_at.type), product, org, version)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    written = dialect.insert(_PUSHES).from_select(columns, rows, include_defaults=False)
    other = _PUSHES.c.org_id if of_product else _PUSHES.c.product_id
    found = list(session.scalars(written.on_conflict_do_nothing().returning(other)))
    if of_product:
        _tell_of_product(session, run.product_id, found)
    else:
        _tell_org(session, run.org_id or 0, found)
    return found


def _revive(session: Session, wanted: Any) -> None:
    """Take up again what was pushed under the very version and had lapsed: it is not told a second time."""
    pair = wanted.subquery()
    again = exists().where(
        *(
            a == b
            for a, b in zip((_PUSHES.c.product_id, _PUSHES.c.org_id, _PUSHES.c.version), pair.c, strict=True)
        )
    )
    session.execute(update(_PUSHES).where(_PUSHES.c.lapsed_at.is_not(None), again).values(lapsed_at=None))


# --- telling ------------------------------------------------------------------------------------------


def _tell_of_product(session: Session, product_id: int | None, org_ids: list[int]) -> None:
    product = session.get_one(Product, product_id)
    notices.notify_orgs(session, org_ids, *_words(session, product), MATCH.url(pid=product_id), "green")


def _tell_org(session: Session, org_id: int, product_ids: list[int]) -> None:
    query = select(Product).where(col(Product.id).in_(product_ids)).order_by(col(Product.cost_bp))
    products = list(session.scalars(query))
    if len(products) <= SEPARATE:
        for product in products:
            href = MATCH.url(pid=product.id)
            notices.notify_orgs(session, [org_id], *_words(session, product), href, "green")
        return
    named = "、".join(f"“{p.name}”" for p in products[:SEPARATE])
    title = f"有 {len(products)} 个金融产品适合贵单位"
    text = f"{named}等 {len(products)} 个产品的授信条件全部满足，可在“适合我的产品”中比较和申请。"
    notices.notify_orgs(session, [org_id], title, text, MATCHES.route, "green")


def _words(session: Session, product: Product) -> tuple[str, str]:
    org = session.get_one(Organisation, product.org_id)
    text = f"{org.name}，综合年化成本 {percent(product.cost_bp)}% 起。按贵单位认证资料，授信条件全部满足，点击查看逐项比对。"
    return f"适合贵单位的金融产品：{product.name}", text

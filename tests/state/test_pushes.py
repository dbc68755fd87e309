"""推送记录: what an enterprise opens is read, wherever it opens it (manual §4.1)."""

from __future__ import annotations

from sqlmodel import col, select

from cpegi_app import access, db, pusher
from cpegi_app.models import ProductPush
from cpegi_app.state.matching import MatchState
from tests.state.cast import Cast
from tests.state.rig import running


def unread(org_id: int) -> list[int]:
    with db.reading() as session:
        mine = (ProductPush.org_id == org_id, col(ProductPush.read_at).is_(None))
        return sorted(session.exec(select(ProductPush.product_id).where(*mine)))


async def test_a_product_counts_as_read_from_the_public_page_and_from_the_comparison(cast: Cast):
    pusher.work_off()
    owner = cast.people["owner"]
    first, second, *_ = pushed = unread(owner.org_id or 0)
    async with running() as rig:
        await rig.open(access.PUBLIC_PRODUCT, tab="nobody", pid=first)
        assert unread(owner.org_id or 0) == pushed
        await rig.open(access.PUBLIC_PRODUCT, sid=owner.sid, tab="owner", pid=first)
        assert unread(owner.org_id or 0) == pushed[1:]
        await rig.open(access.MATCH, sid=owner.sid, tab="owner", pid=second)
        assert unread(owner.org_id or 0) == pushed[2:]
        assert (await rig.state("owner", MatchState)).row_id == second
        assert rig.unforeseen == []

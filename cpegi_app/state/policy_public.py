"""The public site's policies: open, coming, past, and one of them (manual §8.1)."""

from __future__ import annotations

from urllib.parse import quote

import reflex as rx

from cpegi_app.access import LOGIN, POLICY_START, PUBLIC_POLICIES, PUBLIC_POLICY
from cpegi_app.errors import NotFound
from cpegi_app.services import policy_public, sessions
from cpegi_app.services.policy_public import PublicDetail, PublicPolicy
from cpegi_app.state.base import Services, for_screen, int_arg
from cpegi_app.state.site import Choice
from cpegi_app.vocabulary.policy import WindowState

SIZE = 12
TABS = (WindowState.OPEN, WindowState.COMING, WindowState.PAST)


@for_screen(PUBLIC_POLICIES)
class PublicPoliciesState(Services, rx.State):
    """The published policies; which of them stands in the address."""

    rows: list[PublicPolicy] = []
    tabs: list[Choice] = []
    total: int = 0
    page: int = 1
    pages: int = 1
    before: str = ""
    after: str = ""
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the list that the address names."""
        query = self.router.url.query_parameters
        asked = str(query.get("state", ""))
        state = asked if asked in {t.value for t in TABS} else WindowState.OPEN.value
        page = int_arg(query.get("page", "1"), 1, 100_000)
        counts = await self._read_public(policy_public.counts)
        self.total = counts[state]
        self.pages = max(1, -(-self.total // SIZE))
        self.page = min(page, self.pages)
        self.rows, _ = await self._read_public(policy_public.listing, state=state, page=self.page, size=SIZE)
        self.tabs = [
            Choice(label=f"{t.label}（{counts[t.value]}）", href=_href(t.value), current=t.value == state)
            for t in TABS
        ]
        self.before = _href(state, self.page - 1) if self.page > 1 else ""
        self.after = _href(state, self.page + 1) if self.page < self.pages else ""
        self.loading = False


def _href(state: str, page: int = 1) -> str:
    return f"{PUBLIC_POLICIES.route}?state={state}" + (f"&page={page}" if page > 1 else "")


@for_screen(PUBLIC_POLICY)
class PublicPolicyState(Services, rx.State):
    """One published policy."""

    policy: PublicDetail = PublicDetail()
    apply_href: str = ""
    missing: bool = False
    loading: bool = True

    @rx.event
    async def load(self):
        """Open the policy that the address names."""
        self.loading, self.missing = True, False
        try:
            self.policy = await self._read_public(policy_public.detail, self._route_id("pid"))
        except NotFound:
            self.policy, self.missing = PublicDetail(), True
        href = POLICY_START.route
        signed_in = await self._read_public(sessions.actor_of, self._sid())
        self.apply_href = href if signed_in else f"{LOGIN.route}?next={quote(href, safe='')}"
        self.loading = False

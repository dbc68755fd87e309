"""The public site's policies: open, coming, past, and one of them (manual §8.1)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import reflex as rx

from cpegi_app.access import LOGIN, POLICY_START, PUBLIC_POLICIES, PUBLIC_POLICY
from cpegi_app.errors import NotFound
from cpegi_app.services import policy_public, sessions
from cpegi_app.services.forms import posted
from cpegi_app.services.policy_public import PublicDetail, PublicPolicy
from cpegi_app.state.base import Services, for_screen, int_arg, text_arg
from cpegi_app.state.public_list import Choice, PublicListState
from cpegi_app.state.table import SIZES
from cpegi_app.vocabulary.policy import WindowState

TABS = (WindowState.OPEN, WindowState.COMING, WindowState.PAST)


@for_screen(PUBLIC_POLICIES)
class PublicPoliciesState(PublicListState, rx.State):
    """The published policies; which of them, and how many a page, stands in the address."""

    rows: list[PublicPolicy] = []
    tabs: list[Choice] = []
    _here: dict[str, str] = {}

    @rx.event
    async def load(self):
        """Open the list that the address names."""
        query = self.router.url.query_parameters
        asked = str(query.get("state", ""))
        state = asked if asked in {t.value for t in TABS} else WindowState.OPEN.value
        page, size = int_arg(query.get("page", "1"), 1, 100_000), int_arg(query.get("size", ""))
        size = size if size in SIZES else SIZES[0]
        self.word = text_arg(query.get("word"), 40)
        counts = await self._read_public(policy_public.counts, self.word)
        self.total = counts[state]
        self.pages = max(1, -(-self.total // size))
        self.page = min(page, self.pages)
        self.rows, _ = await self._read_public(
            policy_public.listing, state=state, word=self.word, page=self.page, size=size
        )
        here = {"state": state, "word": self.word, "size": str(size)}
        self.tabs = [
            Choice(
                label=f"{t.label}（{counts[t.value]}）",
                href=_href(here, state=t.value),
                current=t.value == state,
            )
            for t in TABS
        ]
        self.sizes = [
            Choice(label=f"{n} 条", href=_href(here, size=str(n)), current=n == size) for n in SIZES
        ]
        self.before = _href(here, page=str(self.page - 1)) if self.page > 1 else ""
        self.after = _href(here, page=str(self.page + 1)) if self.page < self.pages else ""
        self._here = here
        self.loading = False

    @rx.event
    def search(self, data: dict):
        """Look for policies with a word in their name."""
        word = posted(data, frozenset({"word", "intent"})).get("word", "")[:40]
        return rx.redirect(_href(self._here, word=word))


def _href(here: dict[str, str], **changes: str) -> str:
    """Return the address of the list with some of what it says changed; what is as usual is left out."""
    asked = {
        k: v
        for k, v in (here | changes).items()
        if v and (k, v) not in (("size", str(SIZES[0])), ("page", "1"))
    }
    return f"{PUBLIC_POLICIES.route}?{urlencode(asked)}"


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
        href = f"{POLICY_START.route}?policy={self.policy.id}"
        signed_in = await self._read_public(sessions.actor_of, self._sid())
        self.apply_href = href if signed_in else f"{LOGIN.route}?next={quote(href, safe='')}"
        self.loading = False

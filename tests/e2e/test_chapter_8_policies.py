"""Manual chapter 8 in a browser: policies, applications, redemption."""

from __future__ import annotations

from playwright.sync_api import expect

from cpegi_app import demo
from tests.e2e.harness import Walk

ENTERPRISE = "13900000021"


def test_8_1_public_policies(walk: Walk) -> None:
    """Everybody finds the policies."""
    walk.goto("/policies")
    expect(walk.page.get_by_role("heading", level=1)).to_have_text("奖补政策")


def test_8_2_redemption(walk: Walk) -> None:
    """A verified organisation finds 政策兑现 in its menu."""
    walk.login(ENTERPRISE, demo.PASSWORD)
    walk.goto("/console/policy-claims")
    expect(walk.page.get_by_role("heading", level=1)).to_have_text("政策兑现")

"""The investments' and roadshows' screens on a phone (manual §6.2–6.5)."""

from __future__ import annotations

from cpegi_app import demo

ENTERPRISE, FUND, STAFF = "13900000021", "13900000012", "13900000001"


def test_6_3_each_screen_fits_a_phone(new_walk) -> None:
    """On a phone the pages stay within the window."""
    for phone, paths in (
        (
            FUND,
            (
                "/console/equity/records",
                "/console/equity/offline/7",
                "/console/roadshows",
                "/console/roadshows/3",
                "/console/library",
            ),
        ),
        (ENTERPRISE, ("/console/investments", "/console/investments/6")),
        (STAFF, ("/staff/equity/records", "/staff/equity/roadshows/3", "/staff/equity/figures")),
    ):
        walk = new_walk((390, 844))
        walk.login(phone, demo.PASSWORD)
        for path in paths:
            walk.goto(path)
            wide = walk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path

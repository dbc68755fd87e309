"""Policies: 政策管理, the public list, applications (manual §8.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import (
    POLICIES,
    POLICY_APPLICATION,
    POLICY_APPLICATIONS,
    POLICY_EDIT,
    POLICY_PREVIEW,
    POLICY_START,
    PUBLIC_POLICIES,
    PUBLIC_POLICY,
    Screen,
)
from cpegi_app.pages import ui
from cpegi_app.pages.layout import page, site


def _plain(screen: Screen) -> None:
    @page(screen)
    def build() -> rx.Component:
        return rx.fragment(
            ui.crumbs("政策奖补", screen.title),
            ui.page_head(screen.title),
            ui.card("", ui.empty_state("没有记录", "有政策发布时会显示在这里。", icon_name="gift")),
        )


def _public(screen: Screen) -> None:
    @page(screen, console=False)
    def build() -> rx.Component:
        empty = ui.empty_state("暂无政策", "有政策发布时会显示在这里。", icon_name="gift")
        return site(
            rx.el.div(ui.page_head(screen.title), empty, class_name="wrap site-title"), current=screen
        )


for _screen in (POLICIES, POLICY_APPLICATION, POLICY_APPLICATIONS, POLICY_EDIT, POLICY_PREVIEW, POLICY_START):
    _plain(_screen)
for _screen in (PUBLIC_POLICIES, PUBLIC_POLICY):
    _public(_screen)

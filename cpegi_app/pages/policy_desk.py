"""Stages of review, 公示, redemption and payment batches (manual §8.1, §8.2)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import (
    CLAIM_QUEUE,
    CLAIM_REVIEW,
    PAYMENT_BATCH,
    PAYMENT_BATCHES,
    POLICY_CLAIM,
    POLICY_CLAIMS,
    POLICY_QUEUE,
    POLICY_REVIEW,
    PUBLICITIES,
    Screen,
)
from cpegi_app.pages import ui
from cpegi_app.pages.layout import page


def _plain(screen: Screen) -> None:
    @page(screen)
    def build() -> rx.Component:
        return rx.fragment(
            ui.crumbs("政策奖补", screen.title),
            ui.page_head(screen.title),
            ui.card("", ui.empty_state("没有记录", "有需要办理的事项时会显示在这里。", icon_name="inbox")),
        )


for _screen in (
    CLAIM_QUEUE,
    CLAIM_REVIEW,
    PAYMENT_BATCH,
    PAYMENT_BATCHES,
    POLICY_CLAIM,
    POLICY_CLAIMS,
    POLICY_QUEUE,
    POLICY_REVIEW,
    PUBLICITIES,
):
    _plain(_screen)

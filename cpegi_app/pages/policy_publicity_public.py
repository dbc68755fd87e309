"""奖补公示 on the public site: the lists of who is to be paid, and whom to tell of an objection (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PUBLIC_PUBLICITIES, PUBLIC_PUBLICITY
from cpegi_app.pages import ui
from cpegi_app.pages.form import list_page
from cpegi_app.pages.layout import page, site
from cpegi_app.pages.policy_publicity import LIST_COLUMNS, NAME_COLUMNS, list_cells, looked_for, stands
from cpegi_app.state.policy_publicity import PublicPublicitiesState, PublicPublicityState


@page(PUBLIC_PUBLICITIES, PublicPublicitiesState.load, console=False)
def public_publicities() -> rx.Component:
    """The publications as everybody reads them."""
    state = PublicPublicitiesState
    return site(
        rx.el.div(
            rx.el.header(
                rx.el.h1(PUBLIC_PUBLICITIES.title, tab_index=-1),
                rx.el.p("拟奖补单位和金额。公示期内对名单有异议，请按政策公布的联系方式向受理部门反映。"),
                class_name="site-title",
            ),
            list_page(
                state,
                LIST_COLUMNS,
                lambda p: list_cells(p, ui.link(p.title, p.href)),
                "奖补公示",
                query=[looked_for("公示", "标题中的字"), stands()],
                empty=ui.empty_state("暂无公示", "奖补名单公示时会显示在这里。", icon_name="list"),
                export=False,
            ),
            class_name="wrap stack",
        ),
        current=PUBLIC_PUBLICITIES,
        quiet=True,
    )


@page(PUBLIC_PUBLICITY, PublicPublicityState.load, console=False)
def public_publicity() -> rx.Component:
    """One publication as everybody reads it."""
    state, row = PublicPublicityState, PublicPublicityState.row
    missing = ui.error_page(
        "404",
        "没有找到该公示",
        "地址可能有误，您可以查看全部公示。",
        ui.link_button("查看全部公示", PUBLIC_PUBLICITIES.route, "primary"),
    )
    return site(
        rx.el.div(rx.cond(state.missing, missing, _public_list(state, row)), class_name="wrap stack"),
        current=PUBLIC_PUBLICITIES,
        quiet=True,
    )


def _public_list(state: Any, row: Any) -> rx.Component:
    return rx.fragment(
        ui.crumbs(("首页", "/"), (PUBLIC_PUBLICITIES.title, PUBLIC_PUBLICITIES.route), row.title),
        rx.el.header(
            rx.el.h1(rx.cond(row.title != "", row.title, PUBLIC_PUBLICITY.title), tab_index=-1),
            rx.el.p(
                ui.tag(row.state, row.tone),
                rx.el.span("公示期 ", row.starts_on, " 至 ", row.ends_on),
                rx.el.span("共 ", row.count, " 件，合计 ", row.amount, " 元"),
                ui.show(row.revoked > 0, rx.el.span("另有 ", row.revoked, " 件已取消，不计入合计")),
                class_name="row",
            ),
            ui.show(
                row.department != "",
                rx.el.p(
                    "公示期内对名单有异议的，请向",
                    rx.el.b(row.department),
                    "反映，电话 ",
                    row.phone,
                    "。依据：",
                    ui.link(row.policy, row.policy_href),
                ),
            ),
            class_name="site-title",
        ),
        list_page(
            state,
            NAME_COLUMNS,
            lambda e: [
                rx.el.span(e.org, ui.show(e.state != "", ui.tag(e.state, e.tone)), class_name="row"),
                e.amount,
            ],
            "拟奖补名单",
            query=[looked_for("单位", "单位名称中的字")],
            export=False,
        ),
    )

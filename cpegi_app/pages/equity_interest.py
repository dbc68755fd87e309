"""收藏与推荐 and 投资偏好 of an equity institution (manual §6.1)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import DEALS, PREFERENCE, PUBLIC_PROJECTS
from cpegi_app.pages import ui
from cpegi_app.pages.equity_parts import answer_dialog
from cpegi_app.pages.form import groups, list_page, summary
from cpegi_app.pages.layout import page
from cpegi_app.services.deal_list import DealRow
from cpegi_app.services.equity_match import PreferenceForm
from cpegi_app.state.equity_interest import DealActState, DealListState, PreferenceState
from cpegi_app.vocabulary.equity import Interest

TABS = [("recommended", "平台推荐"), ("favourite", "我的收藏")]


@page(DEALS, DealListState.load)
def deals() -> rx.Component:
    """What the staff recommended, and the own favourites."""
    state = DealListState
    return rx.fragment(
        ui.crumbs(DEALS.menu, DEALS.title),
        ui.page_head(
            DEALS.title,
            ui.link_button("投资偏好", PREFERENCE.route),
            ui.link_button("浏览融资项目", PUBLIC_PROJECTS.route, "primary", icon_name="search"),
            lead="对平台推荐的项目反馈“感兴趣”或“不感兴趣”；收藏或感兴趣后，平台管理人员会进一步沟通对接。",
        ),
        rx.el.div(
            ui.tabs(TABS, state.tab, state.show_tab, "收藏与推荐"),
            list_page(
                state,
                [
                    ui.Col("项目", wrap=True),
                    ui.Col("融资额", num=True, sort="amount"),
                    "状态",
                    ui.Col("推荐理由与反馈", wrap=True),
                    ui.Col("操作", ops=True),
                ],
                _row,
                "收藏与推荐的项目",
                query=[
                    ui.field("word", "项目或企业", ui.text_input("word", placeholder="名称中的字")),
                    ui.show(
                        state.tab == "recommended",
                        ui.field(
                            "answer",
                            "反馈",
                            ui.select_input(
                                "answer", [("NONE", "待反馈"), *Interest.options()], blank="全部"
                            ),
                        ),
                    ),
                ],
                empty=rx.cond(
                    state.tab == "recommended",
                    ui.empty_state(
                        "暂无平台推荐的项目",
                        "填写“投资偏好”后，平台管理人员会推荐合适的项目。",
                        ui.link_button("填写投资偏好", PREFERENCE.route, "primary"),
                        icon_name="gift",
                    ),
                    ui.empty_state(
                        "还没有收藏的项目",
                        "在“股权融资”中查看项目，点击“收藏项目”。",
                        ui.link_button("浏览融资项目", PUBLIC_PROJECTS.route, "primary"),
                        icon_name="gift",
                    ),
                ),
            ),
            class_name="tabbed",
        ),
        answer_dialog(),
    )


def _row(row: rx.Var[DealRow]) -> list:
    act = DealActState
    return [
        ui.two_lines(row.name, rx.fragment(row.org, " · ", row.industry)),
        ui.two_lines(row.amount, row.round),
        ui.tag(row.state, row.tone),
        _why(row),
        [
            ui.show(row.href != "", ui.link("查看项目", row.href, aria_label="查看项目：" + row.name)),
            ui.show(
                row.is_recommended & row.is_open,
                rx.fragment(
                    ui.button("感兴趣", act.ask(row.id, row.name, Interest.INTERESTED.value), "text"),
                    ui.button("不感兴趣", act.ask(row.id, row.name, Interest.NOT_INTERESTED.value), "text"),
                ),
            ),
            rx.cond(
                row.is_favourite,
                ui.button("取消收藏", act.favourite(row.id, False), "text"),
                ui.show(row.is_open, ui.button("收藏", act.favourite(row.id, True), "text")),
            ),
        ],
    ]


def _why(row: rx.Var[DealRow]) -> rx.Component:
    return rx.cond(
        row.is_recommended,
        rx.el.div(
            ui.show(row.note != "", rx.el.p(row.note)),
            ui.show(row.reasons != "", rx.el.p(row.reasons, class_name="small muted")),
            rx.el.p(
                ui.tag(row.answer_label, row.answer_tone),
                ui.show(row.word != "", rx.el.span(row.word, class_name="small")),
                class_name="row",
            ),
        ),
        rx.el.span("收藏于 ", row.at, class_name="small muted"),
    )


@page(PREFERENCE, PreferenceState.load)
def preference() -> rx.Component:
    """What the institution looks for."""
    state = PreferenceState
    return rx.fragment(
        ui.crumbs(PREFERENCE.menu, PREFERENCE.title),
        ui.page_head(
            PREFERENCE.title,
            ui.link_button("返回收藏与推荐", DEALS.route),
            lead="平台管理人员据此推荐融资项目，并注明符合的理由。某一项全部不选表示不限。",
        ),
        ui.show(
            state.from_profile,
            ui.note("以下内容取自贵机构认证资料中的投资行业、投资阶段和单笔投资额度，请核对后保存。"),
        ),
        ui.form(
            summary(state),
            *groups(PreferenceForm, state),
            ui.form_foot(
                ui.submit("保存"),
                note=rx.cond(state.updated != "", "上次保存：" + state.updated, ""),
            ),
            on_submit=state.save,
            warn=True,
            key=state.form_key,
        ),
    )

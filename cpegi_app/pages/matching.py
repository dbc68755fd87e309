"""适合我的产品: the list by how products suit, and one product condition by condition (manual §4.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import APPLY, MATCH, MATCHES, PROFILE, PROFILE_EDIT, PUBLIC_PRODUCT
from cpegi_app.pages import ui
from cpegi_app.pages.form import href, list_page
from cpegi_app.pages.layout import page
from cpegi_app.services.advice import DISCLAIMER
from cpegi_app.services.conditions import ConditionRow
from cpegi_app.services.matches import MatchRow
from cpegi_app.state.matching import ClassTab, MatchListState, MatchState


@page(MATCHES, MatchListState.load)
def matches() -> rx.Component:
    """The open products that suit, nearly suit, or need data."""
    state = MatchListState
    return rx.fragment(
        ui.crumbs("融资申请", MATCHES.title),
        ui.page_head(
            MATCHES.title,
            ui.link_button("更新企业资料", PROFILE.route, icon_name="edit"),
            lead="平台把贵单位的认证资料与每个金融产品的授信条件逐项比对，按综合年化成本从低到高排列。",
        ),
        rx.el.div(
            rx.el.div(
                rx.foreach(state.tabs, _tab), role="group", aria_label="按匹配结果筛选", class_name="tabs"
            ),
            list_page(
                state,
                [
                    ui.Col("金融产品", wrap=True),
                    ui.Col("综合年化成本", num=True, sort="cost"),
                    ui.Col("额度", num=True, sort="amount"),
                    ui.Col("期限", num=True, wide=True),
                    ui.Col("匹配情况", wrap=True),
                    ui.Col("操作", ops=True),
                ],
                _row,
                MATCHES.title,
                query=[ui.field("word", "产品名称", ui.text_input("word", placeholder="名称中的字"))],
                empty=_nothing(),
            ),
            class_name="tabbed",
        ),
        rx.el.p(DISCLAIMER, class_name="muted small"),
    )


def _tab(tab: rx.Var[ClassTab]) -> rx.Component:
    state = MatchListState
    return rx.el.button(
        tab.label,
        " ",
        rx.el.span(tab.count, class_name="num"),
        type="button",
        on_click=state.pick(tab.code),
        aria_current=rx.cond(state.of == tab.code, "true", "false"),
        class_name="tab",
        key=tab.code,
    )


def _row(row: rx.Var[MatchRow]) -> list:
    return [
        ui.two_lines(row.name, rx.fragment(row.org_name, " · ", row.type_label)),
        rx.el.b(row.cost, rx.el.small(" 起")),
        row.amount,
        row.term,
        rx.el.div(
            ui.tag(row.found, row.tone),
            rx.el.p(row.why, class_name="small"),
            ui.show(row.advice != "", rx.el.p(row.advice, class_name="small muted")),
            class_name="match-why",
        ),
        [ui.link("查看比对", href(MATCH, row.id), aria_label="查看比对：" + row.name)],
    ]


def _nothing() -> rx.Component:
    state = MatchListState
    return rx.match(
        state.of,
        (
            "NEAR",
            ui.empty_state("没有只差一项的产品", "可在“符合”“需补充数据”中查看其他产品。", icon_name="check"),
        ),
        (
            "LACKING",
            ui.empty_state("没有因缺数据无法比对的产品", "贵单位的资料足以完成全部比对。", icon_name="check"),
        ),
        ("OTHER", ui.empty_state("没有其他产品", "全部产品都在前面几类中。", icon_name="check")),
        ui.empty_state(
            "暂无全部条件都满足的产品",
            "请查看“差一项”和“需补充数据”，补充资料或改善指标后可能符合更多产品。",
            ui.link_button("补充企业资料", PROFILE.route, "primary"),
            icon_name="product",
        ),
    )


@page(MATCH, MatchState.load)
def match() -> rx.Component:
    """Every condition with the own figure, its date, and what would be enough."""
    state = MatchState
    product = state.found.product
    return rx.fragment(
        ui.crumbs("融资申请", (MATCHES.title, MATCHES.route), "逐项比对"),
        ui.page_head(
            rx.cond(product.name == "", MATCH.title, product.name),
            rx.cond(
                (state.row_id > 0) & (state.found.closed_why == ""),
                ui.link_button("立即申请", href(APPLY, state.row_id), "primary"),
                rx.fragment(),
            ),
            rx.cond(
                (state.row_id > 0) & (state.found.closed_why == ""),
                ui.link_button("查看产品详情", href(PUBLIC_PRODUCT, state.row_id)),
                rx.fragment(),
            ),
            ui.link_button("返回列表", MATCHES.route),
            status=ui.show(state.found.found != "", ui.tag(state.found.found, state.found.tone)),
            number=product.org_name,
        ),
        ui.show(state.row_id > 0, _detail()),
    )


def _detail() -> rx.Component:
    found = MatchState.found
    product = found.product
    return rx.fragment(
        ui.show(found.closed_why != "", ui.note(found.closed_why, "warning")),
        ui.card(
            "产品要点",
            ui.description_list(
                [
                    ("综合年化成本", product.cost + " 起"),
                    ("额度", product.amount),
                    ("期限", product.term),
                    ("年利率", product.rate),
                    ("担保方式", product.guarantees),
                    ("放款时效", product.days),
                ]
            ),
        ),
        ui.card(
            "授信条件逐项比对",
            rx.cond(
                found.rows.length() > 0,
                ui.plain_table(
                    [
                        "条件",
                        "产品要求",
                        ui.Col("贵单位数据", wrap=True),
                        "数据时点",
                        ui.Col("结果与建议", wrap=True),
                    ],
                    found.rows,
                    _condition,
                    "授信条件逐项比对",
                    stack=True,
                ),
                rx.el.p("该产品的授信条件均为不限制。", class_name="card-note"),
            ),
            rx.el.p(
                ui.show(found.free > 0, rx.fragment("另有 ", found.free, " 项不限制。")),
                found.disclaimer,
                class_name="card-note muted small",
            ),
            extra=ui.link("补充或修改资料", f"{PROFILE_EDIT.route}?new=1"),
            flush=True,
        ),
    )


def _condition(c: rx.Var[ConditionRow]) -> list[Any]:
    return [
        rx.el.span(c.label, class_name="nowrap"),
        c.condition,
        ui.two_lines(c.figure, c.source),
        rx.el.span(c.dated, class_name="nowrap"),
        rx.el.div(
            ui.tag(c.result, c.tone),
            ui.show(c.advice != "", rx.el.p(c.advice, class_name="small")),
            class_name="match-why",
        ),
    ]

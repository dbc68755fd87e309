"""项目推荐: institutions for a project, projects for an institution, with the reasons of a match (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import RECOMMEND, RECOMMEND_PROJECT, RECOMMEND_TO
from cpegi_app.pages import ui
from cpegi_app.pages.equity_parts import reason_chips
from cpegi_app.pages.form import LONGEST, href, list_page, list_query, nothing, pager
from cpegi_app.pages.layout import page
from cpegi_app.services.equity_recommend import Candidate, InstitutionLine, ProjectLine
from cpegi_app.state.equity_public import AMOUNT_LABELS
from cpegi_app.state.equity_staff import RecommendProjectState, RecommendState, RecommendToState
from cpegi_app.vocabulary import Industry, Region
from cpegi_app.vocabulary.equity import Round

TABS = [("project", "为项目找机构"), ("institution", "为机构找项目")]


def _project_query() -> list[rx.Component]:
    return [
        ui.field("word", "项目或企业", ui.text_input("word", placeholder="名称中的字")),
        ui.field("round", "轮次", ui.select_input("round", Round.options(), blank="全部")),
        ui.field("amount", "融资额", ui.select_input("amount", AMOUNT_LABELS, blank="全部")),
        ui.field("industry", "行业", ui.select_input("industry", Industry.options(), blank="全部")),
        ui.field("region", "地区", ui.select_input("region", Region.options(), blank="全部")),
    ]


@page(RECOMMEND, RecommendState.load)
def recommend() -> rx.Component:
    """Where a recommendation begins: at a project or at an institution."""
    state = RecommendState
    return rx.fragment(
        ui.crumbs(RECOMMEND.menu, RECOMMEND.title),
        ui.page_head(
            RECOMMEND.title, lead="从项目或机构出发，按匹配理由勾选后推荐；机构的反馈会成为对接线索。"
        ),
        rx.el.div(
            ui.tabs(TABS, state.tab, state.show_tab, "推荐方式"),
            rx.cond(state.tab == "project", _projects(), _institutions()),
            class_name="tabbed",
        ),
    )


def _projects() -> rx.Component:
    state = RecommendState
    columns = [
        ui.Col("项目", wrap=True),
        ui.Col("行业", wrap=True),
        "轮次",
        ui.Col("融资额", num=True, sort="amount"),
        "地区",
        ui.Col("已推荐", num=True),
        ui.Col("收藏", num=True),
        ui.Col("感兴趣", num=True),
        ui.Col("操作", ops=True),
    ]

    def row(p: rx.Var[ProjectLine]) -> list:
        link = ui.link("推荐给机构", href(RECOMMEND_PROJECT, p.id), aria_label="推荐给机构：" + p.name)
        name = ui.two_lines(p.name, p.org)
        return [
            name,
            p.industry,
            p.round,
            p.amount,
            p.region,
            p.recommended,
            p.favourites,
            p.interested,
            [link],
        ]

    return list_page(
        state,
        columns,
        row,
        "融资中的项目",
        rows=state.projects,
        query=_project_query(),
        empty=ui.empty_state(
            "还没有可推荐的项目", "企业的项目审核通过并发布后会出现在这里。", icon_name="gift"
        ),
    )


def _institutions() -> rx.Component:
    columns = [
        ui.Col("机构名称", sort="name"),
        ui.Col("类别", sort="class"),
        ui.Col("投资偏好", wrap=True),
        "来源",
        ui.Col("已推荐", num=True),
        ui.Col("感兴趣", num=True),
        ui.Col("操作", ops=True),
    ]

    def row(i: rx.Var[InstitutionLine]) -> list:
        link = ui.link("推荐项目", href(RECOMMEND_TO, i.id), aria_label="推荐项目：" + i.name)
        stated = rx.cond(i.stated, "机构填写", "认证资料")
        return [i.name, i.org_class, i.wants, stated, i.recommended, i.interested, [link]]

    return list_page(
        RecommendState,
        columns,
        row,
        "股权金融机构",
        rows=RecommendState.institutions,
        query=[ui.field("word", "机构名称", ui.text_input("word", placeholder="名称中的字"))],
        empty=ui.empty_state("还没有可推荐的机构", "股权机构认证通过后会出现在这里。", icon_name="building"),
    )


# --- candidates -------------------------------------------------------------------------------------


@page(RECOMMEND_PROJECT, RecommendProjectState.load)
def recommend_project() -> rx.Component:
    """Institutions for one project."""
    query = [ui.field("word", "机构名称", ui.text_input("word", placeholder="名称中的字"))]
    return _candidates(RecommendProjectState, RECOMMEND_PROJECT.title, "机构", "投资偏好", query)


@page(RECOMMEND_TO, RecommendToState.load)
def recommend_to() -> rx.Component:
    """Projects for one institution."""
    return _candidates(RecommendToState, RECOMMEND_TO.title, "项目", "概况", _project_query())


def _candidates(state: Any, title: str, what: str, note: str, query: list) -> rx.Component:
    """Candidates, best first, to be ticked and recommended with a word."""

    def row(c: rx.Var[Candidate]) -> list:
        box = rx.el.input(
            type="checkbox",
            name="pick",
            value=c.id.to_string(),
            disabled=c.done.startswith("已推荐"),
            aria_label="选择" + c.name,
        )
        return [
            box,
            c.name,
            c.note,
            rx.el.div(rx.el.p(ui.tag(c.verdict, c.verdict_tone)), reason_chips(c.reasons)),
            ui.show(c.done != "", ui.two_lines(ui.tag(c.done, c.done_tone), c.said)),
        ]

    columns = [
        "选择",
        ui.Col(what, wrap=True),
        ui.Col(note, wrap=True),
        ui.Col("匹配理由", wrap=True),
        "推荐情况",
    ]
    return rx.fragment(
        ui.crumbs(RECOMMEND.menu, (RECOMMEND.title, RECOMMEND.route), title),
        ui.page_head(
            title, ui.link_button("返回列表", RECOMMEND.route), number=state.title, lead=state.about
        ),
        list_query(state, *query),
        ui.form(
            ui.card(
                "",
                ui.data_table(
                    columns,
                    state.rows,
                    row,
                    f"可推荐的{what}",
                    empty=nothing(state, ui.empty_state(f"没有可推荐的{what}", icon_name="search")),
                    loading=state.loading,
                    start=None,
                ),
                pager(state),
                flush=True,
            ),
            ui.form_foot(
                rx.el.label(
                    "推荐语",
                    ui.text_input(
                        "note",
                        max_length=LONGEST,
                        placeholder="可不填；与匹配理由一并告知机构",
                        aria_invalid=ui.flag(state.note_error != ""),
                    ),
                    class_name="foot-field",
                ),
                ui.submit("推荐所选"),
                note=rx.cond(state.note_error != "", state.note_error, "已推荐过的不会重复推荐。"),
            ),
            on_submit=state.recommend,
            key=state.pick_key.to_string() + "-" + state.page.to_string(),
        ),
    )

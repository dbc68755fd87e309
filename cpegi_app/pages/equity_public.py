"""股权融资 on the public site: list and detail of the published projects (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PUBLIC_PROJECT, PUBLIC_PROJECTS
from cpegi_app.pages import public_list, ui
from cpegi_app.pages.equity_parts import answer_dialog
from cpegi_app.pages.form import href
from cpegi_app.pages.layout import page, site
from cpegi_app.services.equity_public import FileLink, ProjectCard
from cpegi_app.state.equity_interest import DealActState
from cpegi_app.state.equity_public import PublicProjectsState, PublicProjectState
from cpegi_app.vocabulary.equity import Interest


def project_card(project: rx.Var[ProjectCard]) -> rx.Component:
    """One project: what is sought, in which round, by whom."""
    facts = [
        ("轮次", project.round),
        ("行业", project.industry),
        ("阶段", project.stage),
        ("地区", project.region),
    ]
    address = href(PUBLIC_PROJECT, project.id)
    return rx.el.article(
        rx.el.header(
            rx.el.h3(ui.link(project.name, address)),
            rx.el.p(project.org, class_name="product-org"),
            class_name="product-head",
        ),
        rx.el.p(project.intro, class_name="product-intro"),
        rx.el.div(
            rx.el.p(rx.el.span("融资额"), rx.el.b(project.amount), class_name="product-cost"),
            rx.el.dl(*(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in facts)),
            class_name="product-body is-sum",
        ),
        rx.el.footer(
            rx.el.span("发布于 ", project.listed),
            ui.link("查看项目", address, aria_label="查看项目：" + project.name),
            class_name="product-foot",
        ),
        class_name="product",
        key=project.id,
    )


def project_cards(rows: Any) -> rx.Component:
    """Projects side by side."""
    return rx.el.div(rx.foreach(rows, project_card), class_name="products")


# --- the list -------------------------------------------------------------------------------------


@page(PUBLIC_PROJECTS, PublicProjectsState.load, console=False)
def public_projects() -> rx.Component:
    """Every published project, with filters in the address."""
    state = PublicProjectsState
    found = rx.cond(state.capped, " 个以上项目，请增加筛选条件", " 个项目")
    clear = ui.link("清除筛选", state.clear)
    return public_list.listing(
        PUBLIC_PROJECTS,
        "由企业发布，经平台审核。估值、出让比例、资金用途和商业计划书仅向经认证的股权金融机构展示。",
        public_list.filters(state.filters),
        public_list.sortbar(state, "项目或企业名称", found, ui.show(state.clear != "", clear)),
        public_list.cards(state, project_cards(state.rows), _nothing()),
        public_list.pager(state, " 个项目"),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        PublicProjectsState.clear != "",
        ui.empty_state(
            "没有符合条件的项目",
            "请放宽行业、轮次、融资额或地区条件，或清除筛选后查看全部项目。",
            ui.link_button("清除筛选", PUBLIC_PROJECTS.route, "primary"),
            icon_name="search",
        ),
        ui.empty_state("暂无已发布的融资项目", "企业发布并经平台审核的项目会展示在这里。", icon_name="gift"),
    )


# --- 查看项目 -------------------------------------------------------------------------------------


@page(PUBLIC_PROJECT, PublicProjectState.load, console=False)
def public_project() -> rx.Component:
    """One project, as much of it as this visitor may see."""
    state = PublicProjectState
    return site(
        rx.el.div(
            rx.cond(
                state.loading,
                rx.fragment(
                    rx.el.header(rx.el.h1(PUBLIC_PROJECT.title, tab_index=-1), class_name="site-title"),
                    ui.card("", ui.skeleton(8)),
                ),
                rx.cond(state.missing, _missing(), _detail()),
            ),
            class_name="wrap",
        ),
        answer_dialog(),
        current=PUBLIC_PROJECTS,
        quiet=True,
    )


def _missing() -> rx.Component:
    return ui.error_page(
        "404",
        "没有找到该项目",
        "项目可能已被撤下，或者地址有误。您可以查看其他融资项目。",
        ui.link_button("查看全部项目", PUBLIC_PROJECTS.route, "primary"),
    )


def _detail() -> rx.Component:
    project = PublicProjectState.project
    offer = [
        ("融资额", project.amount),
        ("轮次", project.round),
        ("所处阶段", project.stage),
        ("所在地区", project.region),
    ]
    return rx.fragment(
        ui.crumbs(("首页", "/"), (PUBLIC_PROJECTS.title, PUBLIC_PROJECTS.route), project.name),
        rx.el.header(
            rx.el.h1(project.name, tab_index=-1),
            rx.el.p(
                project.org, ui.chip(project.industry), ui.tag(project.state, project.tone), class_name="row"
            ),
            class_name="site-title",
        ),
        rx.el.dl(*(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in offer), class_name="offer"),
        rx.el.div(
            rx.el.div(
                ui.card("项目简介", rx.el.p(project.intro, class_name="prose")),
                ui.show(
                    project.pictures.length() > 0,
                    ui.card(
                        "项目图片", rx.el.div(rx.foreach(project.pictures, _picture), class_name="gallery")
                    ),
                ),
                rx.foreach(
                    project.texts, lambda t: ui.card(t[0], rx.el.p(t[1], class_name="prose"), key=t[0])
                ),
                ui.show(project.use != "", ui.card("资金用途", rx.el.p(project.use, class_name="prose"))),
                class_name="stack",
            ),
            rx.el.aside(_marks(), _figures(), class_name="sticky stack", aria_label="融资方案与对接"),
            class_name="cols-main",
        ),
    )


def _picture(f: rx.Var[FileLink]) -> rx.Component:
    return rx.el.a(
        rx.el.img(src=f.href, alt="项目图片：" + f.name, loading="lazy"),
        href=f.href,
        target="_blank",
        rel="noopener",
        key=f.href,
    )


def _figures() -> rx.Component:
    """The figures and the plan, or why they are not shown."""
    state = PublicProjectState
    project = state.project
    plan = rx.foreach(
        project.plan,
        lambda f: rx.el.li(
            ui.icon("file"),
            rx.el.span(f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            ui.file_link("打开", f.href, target="_blank", aria_label="打开商业计划书：" + f.name),
            class_name="file",
            key=f.href,
        ),
    )
    return rx.cond(
        project.sees_figures,
        ui.card(
            "融资方案",
            rx.el.dl(
                rx.foreach(project.figures, lambda f: rx.el.div(rx.el.dt(f[0]), rx.el.dd(f[1]))),
                class_name="desc desc-1",
            ),
            ui.show(
                project.plan.length() > 0,
                rx.el.div(
                    rx.el.h3("商业计划书", class_name="gap-above"),
                    rx.el.ul(plan, class_name="files"),
                    rx.el.p(
                        "打开商业计划书会记录机构、人员和时间，并告知项目企业。", class_name="muted small"
                    ),
                    class_name="stack-tight",
                ),
            ),
        ),
        ui.card(
            "融资方案",
            rx.el.div(
                ui.note(project.why_hidden),
                ui.show(
                    state.login_href != "",
                    ui.link_button("登录后查看", state.login_href, "primary", size="block"),
                ),
                class_name="stack",
            ),
        ),
    )


def _marks() -> rx.Component:
    """What an equity institution does with the project."""
    project, act = PublicProjectState.project, DealActState
    hold = act.favourite(project.id, True)
    keep = rx.cond(
        project.is_favourite,
        ui.button("取消收藏", act.favourite(project.id, False), size="block"),
        rx.cond(
            project.is_recommended,
            ui.button("收藏项目", hold, size="block", disabled=~project.is_open),
            ui.button("收藏项目", hold, "primary", size="block", disabled=~project.is_open),
        ),
    )
    recommended = rx.el.div(
        rx.el.p(
            "平台推荐给贵机构的项目，您的反馈：",
            ui.tag(project.answer_label, project.answer_tone),
            class_name="row",
        ),
        ui.show(
            project.is_open,
            rx.el.div(
                ui.button("感兴趣", act.ask(project.id, project.name, Interest.INTERESTED.value), "primary"),
                ui.button("不感兴趣", act.ask(project.id, project.name, Interest.NOT_INTERESTED.value)),
                class_name="row",
            ),
        ),
        class_name="stack-tight",
    )
    return ui.show(
        project.is_investor,
        ui.card(
            "收藏与反馈",
            rx.el.div(
                ui.show(project.is_recommended, recommended),
                keep,
                rx.el.p("收藏或反馈“感兴趣”后，平台管理人员会与贵机构沟通对接。", class_name="muted small"),
                class_name="stack",
            ),
        ),
    )

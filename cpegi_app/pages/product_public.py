"""The published credit products: cards, filters, 查看详情 (manual §4.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PUBLIC_PRODUCT, PUBLIC_PRODUCTS
from cpegi_app.pages import public_list, ui
from cpegi_app.pages.layout import page, site
from cpegi_app.services.product_public import PublicProduct
from cpegi_app.state.site import PublicProductsState, PublicProductState

DETAIL = PUBLIC_PRODUCT.route.replace("[pid]", "")


def product_card(product: rx.Var[PublicProduct]) -> rx.Component:
    """A product in short: its yearly cost first, so that products compare."""
    href = DETAIL + product.id.to_string()
    facts = [
        ("额度", product.amount),
        ("期限", product.term),
        ("利率", product.rate),
        ("担保", product.guarantees),
    ]
    return rx.el.article(
        rx.el.header(
            rx.el.h3(ui.link(product.name, href)),
            rx.el.p(product.org_name, ui.chip(product.class_label), class_name="product-org"),
            class_name="product-head",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.span("综合年化成本"),
                rx.el.b(product.cost, rx.el.small(" 起")),
                class_name="product-cost",
            ),
            rx.el.dl(*(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in facts)),
            class_name="product-body",
        ),
        rx.el.footer(
            rx.el.span(product.type_label, " · 放款时效 ", product.days),
            ui.link("查看详情", href, aria_label="查看详情：" + product.name),
            class_name="product-foot",
        ),
        class_name="product",
        key=product.id,
    )


def product_cards(rows: Any) -> rx.Component:
    """Products side by side."""
    return rx.el.div(rx.foreach(rows, product_card), class_name="products")


# --- the list -------------------------------------------------------------------------------------


@page(PUBLIC_PRODUCTS, PublicProductsState.load, console=False)
def public_products() -> rx.Component:
    """Every published product, with filters in the address."""
    state = PublicProductsState
    clear = ui.link("清除筛选", state.clear)
    return public_list.listing(
        PUBLIC_PRODUCTS,
        "由入驻平台的债权金融机构发布，经平台审核。综合年化成本 = 最低年利率 + 担保费率 + 服务费率，便于比较。",
        public_list.filters(state.filters),
        public_list.sortbar(state, "产品或机构名称", " 个产品", ui.show(state.clear != "", clear)),
        public_list.cards(state, product_cards(state.rows), _nothing()),
        public_list.pager(state, " 个产品"),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        PublicProductsState.clear != "",
        ui.empty_state(
            "没有符合条件的产品",
            "请放宽金额、期限或利率条件，或清除筛选后查看全部产品。",
            ui.link_button("清除筛选", PUBLIC_PRODUCTS.route, "primary"),
            icon_name="search",
        ),
        ui.empty_state(
            "暂无已发布的产品", "金融机构发布并经平台审核的产品会展示在这里。", icon_name="product"
        ),
    )


# --- 查看详情 -------------------------------------------------------------------------------------


@page(PUBLIC_PRODUCT, PublicProductState.load, console=False)
def public_product() -> rx.Component:
    """One product with everything that was published about it."""
    state = PublicProductState
    return site(
        rx.el.div(
            rx.cond(
                state.loading,
                rx.fragment(
                    rx.el.header(rx.el.h1(PUBLIC_PRODUCT.title, tab_index=-1), class_name="site-title"),
                    ui.card("", ui.skeleton(8)),
                ),
                rx.cond(state.missing, _missing(), _detail()),
            ),
            class_name="wrap",
        ),
        current=PUBLIC_PRODUCTS,
        quiet=True,
    )


def _missing() -> rx.Component:
    return ui.error_page(
        "404",
        "没有找到该产品",
        "产品可能已下架，或者地址有误。您可以查看其他金融产品。",
        ui.link_button("查看全部产品", PUBLIC_PRODUCTS.route, "primary"),
    )


def _detail() -> rx.Component:
    product = PublicProductState.product
    offer = [
        ("额度", product.amount),
        ("期限", product.term),
        ("年利率", product.rate),
        ("综合年化成本", product.cost + " 起"),
    ]
    return rx.fragment(
        ui.crumbs(("首页", "/"), (PUBLIC_PRODUCTS.title, PUBLIC_PRODUCTS.route), product.name),
        rx.el.header(
            rx.el.h1(product.name, tab_index=-1),
            rx.el.p(
                product.org_name,
                ui.chip(product.class_label),
                ui.chip(product.type_label),
                class_name="row",
            ),
            class_name="site-title",
        ),
        rx.el.dl(*(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in offer), class_name="offer"),
        rx.el.div(
            rx.el.div(
                rx.foreach(product.groups, _group),
                _conditions(),
                class_name="stack",
            ),
            rx.el.aside(_apply(), class_name="sticky", aria_label="申请"),
            class_name="cols-main",
        ),
    )


def _group(group: Any) -> rx.Component:
    def line(item: Any) -> rx.Component:
        return rx.el.div(rx.el.dt(item[0]), rx.el.dd(item[1]))

    return ui.card(group[0], rx.el.dl(rx.foreach(group[1], line), class_name="desc desc-1"), key=group[0])


def _conditions() -> rx.Component:
    product = PublicProductState.product
    return ui.card(
        "授信条件",
        rx.cond(
            product.conditions.length() > 0,
            ui.plain_table(["条件", "要求"], product.conditions, lambda row: [row[0], row[1]], "授信条件"),
            rx.el.p("该产品未限制授信条件。", class_name="card-note"),
        ),
        rx.el.p("未列出的条件不作限制，以金融机构实际审批为准。", class_name="card-note muted small"),
        flush=True,
    )


def _apply() -> rx.Component:
    state = PublicProductState
    product = state.product
    steps = [
        "填写申请额度、期限和用途，授权机构查看企业数据",
        "机构办理，结果在消息通知中查看",
    ]
    return ui.card(
        "申请该产品",
        rx.el.div(
            rx.cond(
                product.open,
                ui.link_button(state.apply_label, state.apply_href, "primary", size="lg"),
                ui.note(product.closed_why, "warning"),
            ),
            ui.show(state.match_href != "", ui.link("与我的资料逐项比对", state.match_href)),
            rx.el.ol(
                ui.show(state.match_href == "", rx.el.li("登录并完成用户真实性认证")),
                *(rx.el.li(step) for step in steps),
                class_name="numbered muted",
            ),
            rx.el.p("咨询电话 ", rx.el.a("400 056 5005", href="tel:4000565005"), class_name="muted small"),
            class_name="stack",
        ),
    )

"""金融产品发布: list, editor, push log (manual §4.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PRODUCT_EDIT, PRODUCT_PUSHES, PRODUCTS, PUBLIC_PRODUCT
from cpegi_app.pages import ui
from cpegi_app.pages.form import groups, href, list_page, problem, remark, stored, summary
from cpegi_app.pages.layout import page
from cpegi_app.pages.product_push import reach
from cpegi_app.pages.review import leavable, leave_button, outcome_panel, return_note
from cpegi_app.services.conditions import BESIDE, DIMENSIONS, Dimension, source
from cpegi_app.services.product import ProductForm
from cpegi_app.services.product_list import ProductRow
from cpegi_app.state.product import ProductEditState, ProductListState
from cpegi_app.vocabulary import Status, YesNo

STATUSES = [
    ("LISTED", "已发布"),
    ("OVER", "已到期"),
    ("DELISTED", "已下架"),
    *[(s.value, s.label) for s in (Status.DRAFT, Status.PENDING, Status.RETURNED)],
]


@page(PRODUCTS, ProductListState.load)
def products() -> rx.Component:
    """The institution's own products."""
    state = ProductListState
    return rx.fragment(
        ui.crumbs("金融产品", PRODUCTS.title),
        ui.page_head(
            PRODUCTS.title,
            ui.button("添加产品", state.add, "primary", icon_name="plus"),
            lead="产品经平台审核通过后在平台首页展示。已发布产品的变更在审核通过前，原内容继续有效。",
        ),
        list_page(
            state,
            [
                "产品名称 / 类型",
                ui.Col("额度", num=True, sort="amount"),
                ui.Col("期限", num=True),
                ui.Col("年利率", num=True, sort="rate"),
                "状态",
                ui.Col("更新时间", sort="updated"),
                ui.Col("操作", ops=True),
            ],
            _row,
            "金融产品列表",
            query=[
                ui.field("word", "产品名称", ui.text_input("word", placeholder="名称中的字")),
                ui.field("status", "状态", ui.select_input("status", STATUSES, blank="全部")),
            ],
            empty=ui.empty_state(
                "还没有金融产品",
                "点击“添加产品”填写产品信息和授信条件，提交后由平台审核。",
                icon_name="product",
            ),
        ),
    )


def _row(row: rx.Var[ProductRow]) -> list:
    state = ProductListState
    return [
        ui.two_lines(row.name, row.type_label),
        row.amount,
        row.term,
        row.rate,
        rx.el.span(
            ui.tag(row.status, row.tone),
            rx.cond(row.pending != "", ui.chip(row.pending), rx.fragment()),
            rx.cond(row.todo != "", rx.el.span(row.todo, class_name="small muted"), rx.fragment()),
            class_name="row",
        ),
        row.updated,
        [
            ui.button(
                rx.cond(row.published, "变更", rx.cond(row.editable, "编辑", "查看")),
                state.change(row.id),
                "text",
            ),
            rx.cond(
                row.published,
                rx.cond(
                    row.listed,
                    ui.button("下架", state.set_listed(row.id, False), "text"),
                    ui.button("重新上架", state.set_listed(row.id, True), "text"),
                ),
                rx.fragment(),
            ),
            rx.cond(
                row.listed,
                ui.link("查看", href(PUBLIC_PRODUCT, row.id)),
                rx.fragment(),
            ),
            ui.link("查看推送记录", href(PRODUCT_PUSHES, row.id)),
        ],
    ]


@page(PRODUCT_EDIT, ProductEditState.load)
def product_edit() -> rx.Component:
    """The editor of a product with its 授信条件, or what became of it."""
    state = ProductEditState
    new = rx.cond(state.view.reason != "", PRODUCT_EDIT.title, "添加金融产品")
    title = rx.cond(state.editable, rx.cond(state.is_change, "变更金融产品", new), "金融产品审核进度")
    key = "product-" + state.row_id.to_string()
    content = rx.cond(
        state.sent,
        rx.fragment(
            ui.result_page(
                "已提交，等待平台审核",
                "平台管理人员审核通过后，产品将展示在平台首页的金融产品中。",
                ui.link_button("返回产品列表", PRODUCTS.route, "primary"),
                next_steps=["平台审核产品信息和授信条件", "审核结果会出现在消息通知中", "通过后产品自动发布"],
            ),
            ui.draft_clear(key),
        ),
        rx.fragment(
            ui.crumbs("金融产品", (PRODUCTS.title, PRODUCTS.route), title),
            ui.page_head(title, leave_button(state), ui.link_button("返回列表", PRODUCTS.route)),
            rx.cond(state.editable, _editor(key), outcome_panel(state)),
        ),
    )
    return leavable(state, key, PRODUCTS.route, content)


def _editor(key: Any) -> rx.Component:
    state = ProductEditState
    return ui.form(
        # Enter in a field must not free the conditions that say nothing yet.
        ui.enter_guard(),
        return_note(state),
        summary(state),
        *groups(ProductForm, state),
        ui.card(
            "授信条件",
            rx.el.div(
                rx.el.p(
                    "每个授信条件都要明确：填写下限和/或上限、选择范围，或勾选“不限制”。勾选“不限制”后无需填写上下限。",
                    class_name="muted small",
                ),
                reach(),
                ui.conditions(*condition_rows(state)),
                class_name="stack",
            ),
            extra=ui.submit("其余全部不限制", "free", "default", size="sm"),
        ),
        ui.form_foot(
            ui.submit("暂存", "save", "default"),
            ui.submit("提交"),
            note="提交后由平台审核，审核期间不可修改。",
        ),
        on_submit=state.submit,
        draft=key,
        version=state.version.to_string(),
        key=state.form_key,
    )


def condition_rows(state: Any) -> list[rx.Component]:
    """Every 授信条件 of an editor, with its stored values and messages."""
    return [_condition(d, state) for d in DIMENSIONS]


def _condition(d: Dimension, state: Any) -> rx.Component:
    name = f"c_{d.code}"
    if d.kind == "range":
        body = ui.range_input(
            f"{name}_low",
            f"{name}_high",
            d.unit,
            (stored(state, f"{name}_low"), stored(state, f"{name}_high")),
            what=d.label,
        )
    elif d.kind == "set":
        options = d.options.options() if d.options else []
        body = ui.check_group(
            f"{name}_set", options, stored(state, f"{name}_set").split(","), aria_label=d.label
        )
    else:
        body = ui.radio_group(
            f"{name}_yes", YesNo.options(), stored(state, f"{name}_yes"), aria_label=d.label
        )
    return ui.condition_row(
        name,
        d.label,
        body,
        stored(state, f"{name}_free") == "yes",
        problem(state, name),
        d.unit,
        remark(state, name),
        source(d) + _beside(d),
    )


def _beside(d: Dimension) -> str:
    """Say which field of the product limits what a condition limits, too."""
    title = next((title for code, _, title in BESIDE if code == d.code), "")
    return f"；上面的“{title}”有限定时一并适用" if title else ""

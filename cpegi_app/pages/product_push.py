"""查看推送记录 of one product, and the panel that says whom conditions would reach (manual §4.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PRODUCT_PUSHES, PRODUCTS
from cpegi_app.pages import ui
from cpegi_app.pages.form import list_page
from cpegi_app.pages.layout import page
from cpegi_app.services.audience import Shut
from cpegi_app.services.push_log import PushRow, Version
from cpegi_app.state.matching import ProductPushesState
from cpegi_app.state.product import ProductEditState
from cpegi_app.vocabulary import YesNo

# The names whose values the panel is told as they are typed.
TOLD = "c_,industries,regions"


@page(PRODUCT_PUSHES, ProductPushesState.load)
def product_pushes() -> rx.Component:
    """When the product was brought to whom, who looked, who applied."""
    state = ProductPushesState
    return rx.fragment(
        ui.crumbs("金融产品", (PRODUCTS.title, PRODUCTS.route), PRODUCT_PUSHES.title),
        ui.page_head(
            "推送记录",
            ui.link_button("返回列表", PRODUCTS.route),
            number=state.state.name,
            lead="授信条件通过审核、企业资料更新后，平台把产品推送给新符合条件的认证企业，同一版条件对同一企业只推送一次。",
        ),
        ui.show(state.row_id > 0, rx.fragment(_figures(), _log(), _versions())),
    )


def _figures() -> rx.Component:
    found = ProductPushesState.state
    return rx.fragment(
        rx.el.div(
            ui.stat_tile("已推送", found.pushed, tone="blue", unit="家次"),
            ui.stat_tile("已查看", found.read, tone="green", unit="家次"),
            ui.stat_tile("已申请", found.applied, tone="teal", unit="家次"),
            ui.stat_tile(
                "现行条件",
                rx.cond(found.version > 0, "第 " + found.version.to_string() + " 版", "未发布"),
                hint=rx.cond(found.since != "", found.since + " 起推送", ""),
            ),
            class_name="stats",
        ),
        rx.cond(
            found.paused,
            ui.note("产品已下架或到期，推送已暂停；恢复受理后自动继续。", "warning"),
            rx.cond(
                found.running,
                rx.el.div(
                    rx.el.p(
                        "正在推送：已完成 ",
                        rx.el.b(found.done),
                        " / ",
                        found.total,
                        " 家，可离开本页，推送在后台继续。",
                        role="status",
                    ),
                    ui.progress(found.percent, "推送进度"),
                    class_name="note push-progress",
                ),
                rx.fragment(),
            ),
        ),
    )


def _log() -> rx.Component:
    state = ProductPushesState
    versions = rx.el.select(
        rx.el.option("全部", value=""),
        rx.foreach(
            state.versions, lambda v: rx.el.option("第 " + v.number + " 版", value=v.number, key=v.number)
        ),
        name="version",
        class_name="input",
        custom_attrs={"id": ui.control_id("version")},
    )
    return list_page(
        state,
        [ui.Col("推送时间", sort="at"), "条件版本", "企业", "是否查看", "是否申请", ui.Col("操作", ops=True)],
        _row,
        "推送记录",
        query=[
            ui.field("version", "条件版本", versions),
            ui.field("read", "是否查看", ui.select_input("read", YesNo.options(), blank="全部")),
            ui.field("applied", "是否申请", ui.select_input("applied", YesNo.options(), blank="全部")),
        ],
        end=[rx.el.span("企业申请并授权前，平台不提供其名称和数据。", class_name="muted small")],
        empty=ui.empty_state(
            "没有推送记录",
            "产品通过审核后，平台自动推送给符合授信条件的认证企业，记录会列在这里。",
            icon_name="history",
        ),
    )


def _versions() -> rx.Component:
    """What the conditions of each version were."""
    heads = ["条件版本", "生效时间", ui.Col("授信条件", wrap=True)]
    return ui.card(
        "各版授信条件",
        ui.plain_table(heads, ProductPushesState.versions, _version_row, "各版授信条件", stack=True),
        flush=True,
    )


def _version_row(v: rx.Var[Version]) -> list:
    stated = rx.el.ul(rx.foreach(v.conditions, lambda text: rx.el.li(text)), class_name="reasons")
    return ["第 " + v.number + " 版", rx.el.span(v.since, class_name="nowrap"), stated]


def _row(row: rx.Var[PushRow]) -> list:
    return [
        row.at,
        row.version,
        rx.cond(row.named, row.enterprise, rx.el.span(row.enterprise, class_name="muted")),
        rx.cond(
            row.read != "",
            rx.el.span(ui.tag("已查看", "green"), row.read, class_name="row"),
            ui.tag("未查看", "grey"),
        ),
        rx.cond(
            row.applied != "",
            rx.el.span(ui.tag("已申请", "teal"), row.applied, class_name="row"),
            ui.tag("未申请", "grey"),
        ),
        [rx.cond(row.href != "", ui.link("查看申请", row.href), rx.el.span("—", class_name="muted"))],
    ]


# --- while conditions are edited ------------------------------------------------------------------


def reach() -> rx.Component:
    """Whom the conditions as typed would reach; stays in view beside the conditions."""
    state = ProductEditState
    found = state.audience
    return rx.el.div(
        rx.el.input(
            type="text",
            tab_index=-1,
            on_change=state.reach,
            aria_hidden="true",
            class_name="sr-only",
            aria_label="授信条件测算",
            data_mirror=TOLD,
        ),
        rx.el.div(
            _figure("符合全部条件", rx.fragment(rx.el.b(found.fit), " 家认证企业"), "green"),
            _figure("缺少数据无法判断", rx.fragment(rx.el.b(found.lacking), " 家"), "orange"),
            rx.el.div(
                rx.el.span("筛除企业最多的条件"),
                rx.cond(
                    found.worst.length() > 0,
                    rx.el.ul(rx.foreach(found.worst, _shut)),
                    rx.el.p(rx.cond(found.ready, "没有条件筛除企业", "—"), class_name="muted"),
                ),
                class_name="reach-worst",
            ),
            class_name="reach-figures",
            aria_live="polite",
        ),
        rx.el.ul(
            rx.foreach(found.problems, lambda text: rx.el.li(text, key=text)), class_name="reach-problems"
        ),
        class_name="reach",
        role="region",
        aria_label="条件覆盖测算",
    )


def _figure(label: str, value: Any, tone: str) -> rx.Component:
    return rx.el.div(rx.el.span(label), rx.el.p(value), class_name="reach-figure", data_tone=tone)


def _shut(row: rx.Var[Shut]) -> rx.Component:
    return rx.el.li(
        rx.el.span(row.label, " ", row.condition),
        rx.el.b(row.count, " 家"),
        key=row.label,
    )

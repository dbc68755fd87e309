"""来龙去脉: from any amount back to records, files, decisions, versions; and its ZIP (manual §8)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import POLICY_QUEUE, POLICY_TRAIL
from cpegi_app.pages import ui
from cpegi_app.pages.layout import page
from cpegi_app.pages.policy_parts import MENU, amounts_card, moves_card, way
from cpegi_app.pages.review import history_card
from cpegi_app.services.policy_trail import FileLine, RecordLine
from cpegi_app.services.policy_trail_money import PaymentLine
from cpegi_app.state.policy_claim import PolicyTrailState


@page(POLICY_TRAIL, PolicyTrailState.load)
def policy_trail() -> rx.Component:
    """Everything that an application's amounts stand on."""
    state, trail = PolicyTrailState, PolicyTrailState.trail
    return rx.fragment(
        ui.crumbs(MENU, (POLICY_QUEUE.title, POLICY_QUEUE.route), POLICY_TRAIL.title),
        ui.page_head(
            rx.cond(trail.org != "", trail.org, POLICY_TRAIL.title),
            ui.show(
                trail.id > 0,
                ui.download_link(
                    rx.fragment(ui.icon("download"), "导出 ZIP"), trail.zip_href, class_name="btn btn-primary"
                ),
            ),
            status=ui.chip(trail.status),
            number=trail.receipt,
            lead=trail.title,
        ),
        rx.cond(state.loading, ui.card("", ui.skeleton(8)), ui.show(trail.id > 0, _body(trail))),
    )


def _body(trail: Any) -> rx.Component:
    return rx.el.div(
        ui.card("办理进度", way(trail.steps)),
        amounts_card(trail.amounts),
        ui.card(
            "金额依据",
            rx.el.div(
                ui.description_rows(trail.basis, columns=2),
                rx.el.ol(rx.foreach(trail.formula, lambda f: rx.el.li(f)), class_name="numbered"),
                class_name="stack",
            ),
        ),
        ui.show(trail.records.length() > 0, _records(trail)),
        ui.show(
            trail.publicity.length() > 0, ui.card("公示", ui.description_rows(trail.publicity, columns=2))
        ),
        ui.show(trail.payments.length() > 0, _payments(trail)),
        ui.show(trail.files.length() > 0, _files(trail)),
        rx.el.div(history_card(trail), moves_card(trail.moves), class_name="cols-2"),
        class_name="stack",
    )


def _records(trail: Any) -> rx.Component:
    def one(r: rx.Var[RecordLine]) -> list:
        return [
            ui.two_lines(
                rx.fragment(r.source, " · ", rx.cond(r.href != "", ui.link(r.title, r.href), r.title)),
                r.number,
            ),
            rx.fragment(
                ui.two_lines(r.parties, r.on),
                ui.show(r.confirmed != "", rx.el.p(r.confirmed, class_name="small muted")),
            ),
            r.base,
            r.part,
            rx.cond(r.formula != "", r.formula, "—"),
            r.state,
        ]

    columns = [
        ui.Col("记录", wrap=True),
        ui.Col("双方 / 日期", wrap=True),
        ui.Col("金额", unit="元", num=True),
        ui.Col("奖补", unit="元", num=True),
        ui.Col("计算过程", wrap=True),
        "状态",
    ]
    return ui.card(
        "所依据的记录", ui.plain_table(columns, trail.records, one, "所依据的记录", stack=True), flush=True
    )


def _payments(trail: Any) -> rx.Component:
    def one(p: rx.Var[PaymentLine]) -> list:
        return [
            rx.fragment(ui.two_lines(p.number, p.batch), rx.el.p(p.hands, class_name="small muted")),
            p.amount,
            p.payee,
            ui.two_lines(p.state, p.failure),
            ui.two_lines(p.paid_on, p.voucher),
        ]

    columns = [
        ui.Col("付款编号 / 批次 / 经办", wrap=True),
        ui.Col("金额", unit="元", num=True),
        ui.Col("收款账户", wrap=True),
        ui.Col("结果", wrap=True),
        "拨付日期 / 凭证号",
    ]
    return ui.card("拨付", ui.plain_table(columns, trail.payments, one, "拨付", stack=True), flush=True)


def _files(trail: Any) -> rx.Component:
    def one(f: rx.Var[FileLine]) -> list:
        return [
            f.of,
            f.slot,
            rx.el.div(
                ui.file_link(f.name, f.href, target="_blank"), ui.show(f.state != "", ui.chip(f.state))
            ),
            f.at,
        ]

    columns = ["属于", ui.Col("类别", wrap=True), ui.Col("文件", wrap=True), "上传时间"]
    return ui.card("文件", ui.plain_table(columns, trail.files, one, "文件", stack=True), flush=True)

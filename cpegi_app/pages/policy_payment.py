"""拨付批次: what is ready, batches, the files that go out and come back (manual §8.2)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PAYMENT_BATCH, PAYMENT_BATCHES, POLICY_TRAIL
from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, href, list_page, problem
from cpegi_app.pages.layout import page
from cpegi_app.pages.offline_import import pick_files
from cpegi_app.pages.policy_parts import MENU, pick, policy_choice
from cpegi_app.services.policy_payment_result import Finding, Outcome
from cpegi_app.services.policy_standing import STANDINGS
from cpegi_app.state.policy_payment import PaymentBatchesState, PaymentBatchState
from cpegi_app.vocabulary.policy import BatchState, PaymentState


@page(PAYMENT_BATCHES, PaymentBatchesState.load)
def payment_batches() -> rx.Component:
    """待拨付, from which batches are made; and the batches."""
    state = PaymentBatchesState
    return rx.fragment(
        ui.crumbs(MENU, PAYMENT_BATCHES.title),
        ui.page_head(
            PAYMENT_BATCHES.title, lead="编制批次、导出给财务部门，办理后导入结果；每笔奖补只会拨付一次。"
        ),
        rx.el.div(
            _tab("待拨付", "ready"),
            _tab(STANDINGS["AGAIN"], "again"),
            _tab(STANDINGS["FAILED"], "failed"),
            _tab("批次", "batches"),
            class_name="choices",
            role="group",
            aria_label="列表",
        ),
        rx.match(state.tab, ("ready", _ready()), ("again", _again()), ("failed", _failed()), _batches()),
        _name_dialog(),
    )


def _tab(label: str, code: str) -> rx.Component:
    state = PaymentBatchesState
    return rx.el.button(
        label,
        type="button",
        on_click=state.show_tab(code),
        aria_pressed=rx.cond(state.tab == code, "true", "false"),
        class_name="choice",
    )


def _ready() -> rx.Component:
    state = PaymentBatchesState
    return list_page(
        state,
        [
            "选择",
            ui.Col("收款单位 / 政策", wrap=True),
            "受理编号",
            ui.Col("兑现金额", unit="元", num=True, sort="amount"),
            ui.Col("收款账户", wrap=True),
            ui.Col("审核通过时间", sort="approved"),
        ],
        _ready_row,
        "待拨付的兑现申请",
        query=[
            ui.field("word", "单位/编号", ui.text_input("word", placeholder="名称或受理编号")),
            ui.field("policy", "政策", policy_choice(state.policies)),
        ],
        tools=[
            ui.button(rx.cond(state.chosen.length() > 0, "取消全选", "全选"), state.choose_all),
            ui.button("编制批次", state.ask_name, "primary", disabled=state.chosen.length() == 0),
            rx.el.span(
                "已选 ", state.chosen.length(), " 笔，", rx.el.b(state.chosen_amount), " 元；待拨付合计 ", state.amount, " 元",
                class_name="num small",
            ),
        ],
        empty=ui.empty_state("没有待拨付的兑现申请", "兑现申请审核通过后会出现在这里。", icon_name="coins"))  # fmt: skip


def _ready_row(r: Any) -> list:
    state = PaymentBatchesState
    return [
        pick(state.chosen.contains(r.id), state.choose(r.id), "选择 " + r.org, r.why != ""),
        rx.el.div(
            r.org,
            ui.show(r.again, ui.chip("拨付失败后重新申请")),
            ui.show(r.why != "", ui.tag(r.why, "red")),
            rx.el.p(r.policy, class_name="small muted"),
        ),
        ui.two_lines(r.receipt, ui.link("来龙去脉", href(POLICY_TRAIL, r.application_id))),
        r.amount,
        ui.two_lines(r.payee, r.bank + " · " + r.account),
        r.approved,
    ]


def _again() -> rx.Component:
    """What was approved under a name that has changed since: its applicant states the payee anew."""
    state = PaymentBatchesState
    return list_page(
        state,
        [
            ui.Col("收款单位 / 政策", wrap=True),
            "受理编号",
            ui.Col("兑现金额", unit="元", num=True, sort="amount"),
            ui.Col("收款账户", wrap=True),
            ui.Col("原因", wrap=True),
            ui.Col("审核通过时间", wrap=True, sort="approved"),
        ],
        lambda r: [
            rx.el.div(r.org, rx.el.p(r.policy, class_name="small muted")),
            ui.two_lines(r.receipt, ui.link("来龙去脉", href(POLICY_TRAIL, r.application_id))),
            r.amount,
            ui.two_lines(r.payee, r.bank + " · " + r.account),
            rx.el.p(r.why, class_name="small"),
            r.approved,
        ],
        "须重新申请的兑现申请",
        query=[
            ui.field("word", "单位/编号", ui.text_input("word", placeholder="名称或受理编号")),
            ui.field("policy", "政策", policy_choice(state.policies)),
        ],
        empty=ui.empty_state(
            "没有须重新申请的兑现", "审核通过后单位名称有变更、与户名不一致的，重新提交兑现申请前显示在这里。"
        ),
    )


def _failed() -> rx.Component:
    """What the bank sent back: it is paid only after its applicant has stated the payee anew."""
    state = PaymentBatchesState
    return list_page(
        state,
        [
            ui.Col("收款单位 / 政策", wrap=True),
            "受理编号",
            ui.Col("兑现金额", unit="元", num=True, sort="amount"),
            ui.Col("收款账户", wrap=True),
            ui.Col("失败原因", wrap=True),
            "批次 / 登记时间",
        ],
        lambda r: [
            rx.el.div(r.org, rx.el.p(r.policy, class_name="small muted")),
            ui.two_lines(r.receipt, ui.link("来龙去脉", href(POLICY_TRAIL, r.application_id))),
            r.amount,
            ui.two_lines(r.payee, r.bank + " · " + r.account),
            rx.el.div(ui.tag("等待申请人重新申请", "orange"), rx.el.p(r.why, class_name="small")),
            ui.two_lines(r.batch, r.at),
        ],
        "拨付失败的兑现申请",
        rows=state.failed,
        query=[ui.field("word", "单位/编号", ui.text_input("word", placeholder="名称或受理编号"))],
        empty=ui.empty_state("没有等待重新申请的拨付", "拨付失败后，申请单位重新提交兑现申请前显示在这里。"),
    )


def _batches() -> rx.Component:
    state = PaymentBatchesState
    return list_page(
        state,
        [
            ui.Col("批次", wrap=True),
            ui.Col("笔数", num=True),
            ui.Col("金额", unit="元", num=True, sort="amount"),
            "状态",
            "成功 / 失败",
            ui.Col("编制时间 / 导出时间", sort="made"),
            ui.Col("操作", ops=True),
        ],
        lambda b: [
            rx.el.div(ui.link(b.name, b.href), rx.el.p(b.number, class_name="small muted")),
            b.count,
            b.amount,
            ui.tag(b.state_label, b.tone),
            rx.fragment(b.paid, " / ", b.failed),
            ui.two_lines(b.made, b.exported),
            [ui.link("查看", b.href)],
        ],
        "拨付批次",
        rows=state.batches,
        query=[
            ui.field("word", "批次", ui.text_input("word", placeholder="批次名称或编号")),
            ui.field("state", "状态", ui.select_input("state", BatchState.options(), blank="全部")),
        ],
        empty=ui.empty_state("还没有批次", "在“待拨付”中勾选兑现申请后编制批次。"),
    )


def _name_dialog() -> rx.Component:
    state = PaymentBatchesState
    return ui.dialog(
        state.making,
        "编制批次",
        ui.form(
            rx.el.p(
                "本批次 ", rx.el.b(state.chosen.length()), " 笔，合计 ", rx.el.b(state.chosen_amount), " 元。"
            ),
            ui.field(
                "name",
                "批次名称",
                ui.text_input("name", max_length=LONGEST, placeholder="例如：2026 年 11 月第一批"),
                required=True,
                error=problem(state, "name"),
            ),
            ui.form_foot(ui.button("取消", state.close), ui.submit("编制")),
            on_submit=state.make,
            key=state.form_key,
        ),
        on_close=state.close,
        ident="make",
    )


# --- one batch ----------------------------------------------------------------------------------------


@page(PAYMENT_BATCH, PaymentBatchState.load)
def payment_batch() -> rx.Component:
    """One batch: its lines, its files, what came back."""
    state, batch = PaymentBatchState, PaymentBatchState.batch
    return rx.fragment(
        ui.crumbs(MENU, (PAYMENT_BATCHES.title, PAYMENT_BATCHES.route), PAYMENT_BATCH.title),
        ui.page_head(
            rx.cond(batch.name != "", batch.name, PAYMENT_BATCH.title),
            ui.link_button("返回列表", PAYMENT_BATCHES.route),
            ui.show(batch.open & (batch.count > 0), ui.button("确认并导出", state.send_out, "primary")),
            ui.show(batch.open & (batch.count == 0), ui.button("作废批次", state.void)),
            status=ui.tag(batch.state_label, batch.tone),
            number=batch.number,
        ),
        ui.show(
            batch.open,
            ui.note(
                rx.cond(
                    batch.count > 0,
                    "请核对付款明细：可以移出，不能增加；要增加的另编批次。确认并导出后不能再移出，等待财务部门的拨付结果。",
                    "批次中已没有付款明细，请作废；要拨付的在“待拨付”中另编批次。",
                ),
                "info",
            ),
        ),
        ui.show(batch.out, _exchange()),
        list_page(
            state,
            [
                "付款编号",
                ui.Col("收款户名 / 账号", wrap=True, sort="payee"),
                ui.Col("金额", unit="元", num=True, sort="amount"),
                ui.Col("政策 / 受理编号", wrap=True),
                ui.Col("结果", wrap=True),
                ui.Col("操作", ops=True),
            ],
            _line,
            "付款明细",
            query=[
                ui.field("word", "户名/编号", ui.text_input("word", placeholder="收款户名或受理编号")),
                ui.field("state", "结果", ui.select_input("state", PaymentState.options(), blank="全部")),
            ],
            end=[
                rx.el.span(
                    "共 ", batch.count, " 笔，合计 ", rx.el.b(batch.amount), " 元；成功 ", batch.paid, " 笔，失败 ", batch.failed, " 笔",
                    class_name="num",
                )
            ]),
    )  # fmt: skip


def _line(p: Any) -> list:
    state = PaymentBatchState
    return [
        p.number,
        rx.el.div(
            p.payee, rx.el.p(p.bank, class_name="small muted"), rx.el.p(p.account, class_name="small num")
        ),
        p.amount,
        ui.two_lines(p.policy, p.receipt),
        rx.el.div(
            ui.tag(p.state, p.tone),
            ui.show(p.paid_on != "", rx.el.p(p.paid_on, " · 凭证 ", p.voucher, class_name="small")),
            ui.show(p.failure != "", rx.el.p(p.failure, class_name="small")),
            ui.show(
                p.why != "", rx.fragment(ui.tag("须移出批次", "red"), rx.el.p(p.why, class_name="small"))
            ),
        ),
        [
            ui.show(state.batch.open, ui.button("移出", state.remove(p.id), "text", class_name="is-danger")),
            ui.link("来龙去脉", href(POLICY_TRAIL, p.application_id)),
        ],
    ]


def _exchange() -> rx.Component:
    """The file that goes out, and the one that comes back."""
    state = PaymentBatchState
    waits = state.batch.state == BatchState.EXPORTED.value
    return ui.card(
        "与财务部门交换文件",
        rx.el.div(
            ui.download_link(
                rx.fragment(ui.icon("download"), "下载 Excel"), state.xlsx_href, class_name="btn"
            ),
            ui.download_link(rx.fragment(ui.icon("download"), "下载 CSV"), state.csv_href, class_name="btn"),
            rx.cond(waits, pick_files("result", "导入拨付结果", state, state.upload, 1), rx.fragment()),
            ui.show(
                waits,
                rx.el.span(
                    "在导出的文件中填写“拨付结果、拨付日期、凭证号、失败原因”后导入；有一行不符则全部不登记。"
                    "用 Excel 或 WPS 填写请下载 Excel；CSV 供财务系统读取，用 Excel 保存会丢失长账号的末几位。",
                    class_name="muted small",
                ),
            ),
            class_name="row",
        ),
        ui.show(state.problem != "", ui.note(state.problem, "error")),
        ui.show(state.outcome.text != "", _outcome(state.outcome)),
        ui.show(state.imports.length() > 0, _imports()),
    )


def _outcome(outcome: Any) -> rx.Component:
    def one(f: rx.Var[Finding]) -> list:
        return [f.row, f.number, f.text]

    return rx.el.div(
        ui.note(outcome.text, rx.cond(outcome.done, "success", "error")),
        ui.show(
            outcome.findings.length() > 0,
            ui.plain_table(
                [ui.Col("行", num=True), "付款编号", ui.Col("问题", wrap=True)],
                outcome.findings,
                one,
                "结果文件中的问题",
                stack=True,
            ),
        ),
        role="status",
        class_name="stack",
    )


def _imports() -> rx.Component:
    def one(i: rx.Var[Outcome]) -> rx.Component:
        return rx.el.li(
            rx.el.span(i.name),
            rx.el.span(i.at, class_name="muted small"),
            rx.cond(
                i.done,
                ui.tag(rx.fragment("已登记：成功 ", i.paid, "，失败 ", i.failed), "green"),
                ui.tag(rx.fragment("未登记：", i.wrong, " 处问题"), "red"),
            ),
            class_name="checkline",
            key=i.id,
        )

    return rx.el.ul(rx.foreach(PaymentBatchState.imports, one), aria_label="导入过的结果文件")

"""The application's form, drawn from a policy's definition (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import LONGEST, break_off
from cpegi_app.services.files import FileView
from cpegi_app.services.filetypes import MAX_FILE_BYTES
from cpegi_app.services.policy_form import MOST_FILES
from cpegi_app.services.policy_record_view import RecordItem
from cpegi_app.services.policy_view import FieldItem, SlotItem

PROMISE = "本单位承诺填报内容和上传材料真实、完整，同一记录未重复申报，如有虚假愿承担相应责任。"


def fields_card(fields: Any, keep: Any, errors: Any) -> rx.Component:
    """Every field of the form, each kept as it is left (`keep(name, value)`)."""
    return ui.card(
        "申请信息",
        rx.el.div(rx.foreach(fields, lambda f: _field(f, keep, errors)), class_name="form-grid"),
    )


def _field(f: rx.Var[FieldItem], keep: Any, errors: Any) -> rx.Component:
    error = rx.cond(errors[f.name], errors[f.name], "").to(str)
    key = "f-" + f.name
    star = ui.show(f.required, rx.el.span("*", class_name="req", aria_hidden="true"))
    return rx.el.div(
        rx.el.label(star, f.title, html_for=key),
        _control(f, keep, error),
        ui.returned_for(f.reason),
        rx.el.p(error, class_name="err", custom_attrs={"id": key + "-err"}),
        rx.el.p(
            rx.cond(f.locked, "补正期间不能修改", f.help),
            class_name="help",
            custom_attrs={"id": key + "-help"},
        ),
        class_name=rx.cond(f.kind == "AREA", "field wide", "field"),
        key=f.name,
    )


def _control(f: Any, keep: Any, error: Any) -> rx.Component:
    def left(value: Any) -> Any:
        return keep(f.name, value)

    common: dict[str, Any] = {
        "read_only": f.locked,
        "aria_invalid": rx.cond(error != "", "true", "false"),
        "aria_describedby": "f-" + f.name + "-err f-" + f.name + "-help",
    }
    if keep is None:
        common |= {"disabled": True}
    handlers = {"on_blur": left} if keep is not None else {}
    changed = {"on_change": left} if keep is not None else {}
    select = {k: v for k, v in common.items() if k != "read_only"} | {"disabled": f.locked}
    return rx.match(
        f.kind,
        ("AREA", ui.textarea(f.name, f.value, max_length=LONGEST, **common, **handlers)),
        (
            "NUMBER",
            rx.el.span(
                ui.number_input(f.name, f.value, **common, **handlers),
                rx.el.span(f.unit, class_name="unit"),
                class_name="unit-box",
            ),
        ),
        ("DATE", ui.date_input(f.name, f.value, min=f.low, max=f.high, **common, **handlers)),
        ("CHOICE", ui.select_input(f.name, f.options, f.value, **select, **changed)),
        ui.text_input(f.name, f.value, max_length=LONGEST, **common, **handlers),
    )


def slots_card(state: Any) -> rx.Component:
    """An upload for each material, with its template, its files and what is wrong with them."""
    return ui.card(
        "申请材料",
        rx.cond(
            state.form.slots.length() > 0,
            ui.form_grid(
                *(ui.show(state.form.slots.length() > n, _slot(state, n)) for n in range(MOST_FILES)),
            ),
            rx.el.p("该政策不需要上传材料。", class_name="muted"),
        ),
    )


def _slot(state: Any, n: int) -> rx.Component:
    slot = state.form.slots[n]
    error = rx.cond(state.errors[slot.name], state.errors[slot.name], "").to(str)
    star = ui.show(slot.required, rx.el.span("*", class_name="req", aria_hidden="true"))
    return rx.el.div(
        rx.el.div(
            rx.el.span(star, slot.title, class_name="label"),
            rx.el.span(
                ui.show(
                    slot.template != "",
                    ui.download_link("下载模板", slot.template, aria_label="下载模板：" + slot.template_name),
                ),
                ui.show(
                    slot.sample != "",
                    ui.download_link("下载示例", slot.sample, aria_label="下载示例：" + slot.sample_name),
                ),
                class_name="row",
            ),
            class_name="row row-between",
        ),
        rx.el.div(
            rx.cond(slot.locked, rx.el.p("补正期间不能修改", class_name="help"), _zone(state, n)),
            break_off(state),
            rx.el.ul(
                rx.foreach(state.files, lambda f: _file(f, slot, state)),
                class_name="files",
                aria_label=slot.title + "：已上传的文件",
            ),
            role="group",
            tab_index=-1,
            aria_label=slot.title,
            class_name="stack",
            custom_attrs={"id": "f-" + slot.name},
        ),
        ui.returned_for(slot.reason),
        rx.el.p(error, class_name="err"),
        rx.el.p(slot.hint, class_name="help"),
        class_name="field wide",
    )


def _zone(state: Any, n: int) -> rx.Component:
    upload_id = f"pol_{n}"
    zone = rx.upload.root(
        ui.drop_zone(
            rx.cond(
                state.uploading == state.form.slots[n].code,
                rx.el.span("正在上传 ", state.upload_progress, "%，请稍候…", role="status"),
                rx.el.span("将文件拖到此处，或", rx.el.b("点击选择文件")),
            )
        ),
        id=upload_id,
        multiple=True,
        max_size=MAX_FILE_BYTES,
        on_drop=state.upload_nth(
            rx.upload_files(
                upload_id=upload_id, on_upload_progress=lambda progress: state.progress_nth(progress, n)
            ),
            n,
        ),  # pyright: ignore
        on_drop_rejected=state.refuse_nth(n),
        class_name="drop-root",
    )
    _label_input(zone, f"选择第 {n + 1} 项材料的文件")
    return zone


def _label_input(component: Any, label: str) -> None:
    if getattr(component, "tag", None) == "input":
        component.custom_attrs["aria-label"] = label
    for child in component.children:
        _label_input(child, label)


def _file(f: rx.Var[FileView], slot: Any, state: Any) -> rx.Component:
    return rx.cond(
        f.slot == slot.code,
        rx.el.li(
            ui.icon("file"),
            rx.el.span(f.name, class_name="file-name", title=f.name),
            rx.el.span(f.size, class_name="file-size"),
            rx.el.span(
                ui.file_link("预览", f.href, target="_blank"),
                ui.show(
                    ~slot.locked, ui.button("移除", state.remove_file(f.id), "text", class_name="is-danger")
                ),
                class_name="ops",
            ),
            class_name="file",
            key=f.id,
        ),
        rx.fragment(),
    )


def record_table(rows: Any, actions: Any) -> rx.Component:
    """Records to choose from, each with its part of the amount; `actions(record)` is what can be pressed."""

    def one(r: rx.Var[RecordItem]) -> list:
        return [
            rx.el.span(rx.el.b(r.title), rx.el.small(r.number, class_name="block muted")),
            rx.el.span(r.parties, ui.show(r.why != "", _why(r))),
            rx.el.span(r.on, class_name="one-line"),
            r.amount,
            rx.el.span(r.part, title=r.formula),
            [actions(r)],
        ]

    columns = [
        "记录",
        "双方",
        "日期",
        ui.Col("金额", unit="元", num=True),
        ui.Col("计入金额", unit="元", num=True),
        ui.Col("操作", ops=True),
    ]
    return ui.plain_table(columns, rows, one, "可以选取的记录", stack=True)


def _why(r: rx.Var[RecordItem]) -> rx.Component:
    """Why a record cannot be chosen, where there is room to read it."""
    return rx.el.small(r.why, class_name=rx.cond(r.chosen, "why err", "why muted"))


def money_card(money: Any, error: Any = "", lead: str = "", reason: Any = "") -> rx.Component:
    """The amount with its formula, or what keeps it from being computed, and what the reviewer says of it."""
    return ui.card(
        "奖补金额",
        rx.el.div(
            ui.show(lead != "", rx.el.p(lead, class_name="muted small")),
            rx.cond(
                money.missing.length() > 0,
                ui.note("还不能计算：" + money.missing.join("；"), "warning"),
                rx.el.p("系统计算金额 ", rx.el.b(money.computed, class_name="amount"), " 元"),
            ),
            rx.el.ol(rx.foreach(money.steps, lambda s: rx.el.li(s)), class_name="numbered muted small"),
            ui.returned_for(reason),
            rx.el.p(error, class_name="err"),
            class_name="stack",
            tab_index=-1,
            aria_live="polite",
            custom_attrs={"id": "f-amount"},
        ),
    )


def preview_form(state: Any) -> rx.Component:
    """The form as its applicant will see it, not to be filled in; amounts by an example."""
    form = state.form

    def slot(s: rx.Var[SlotItem]) -> rx.Component:
        star = ui.show(s.required, rx.el.span("*", class_name="req", aria_hidden="true"))
        files = rx.el.span(
            ui.show(s.template != "", ui.download_link("下载模板", s.template, aria_label=s.template_name)),
            ui.show(s.sample != "", ui.download_link("下载示例", s.sample, aria_label=s.sample_name)),
            class_name="row",
        )
        return rx.el.li(
            rx.el.span(star, rx.el.b(s.title)), rx.el.span("：", s.hint, class_name="muted small"), " ", files
        )

    records = ui.card(
        "选取记录",
        rx.el.div(
            rx.el.p(form.policy.records, class_name="muted small"),
            rx.el.p("申请单位在此查找并选取本单位已备案的记录；以下为示例。", class_name="muted small"),
            class_name="card-note stack",
        ),
        record_table(form.record_list.rows, lambda r: ui.button("选取", kind="text", disabled=True)),
        flush=True,
    )
    return rx.fragment(
        ui.show(form.with_records, records),
        fields_card(form.fields, None, rx.Var.create({}).to(dict[str, str])),
        money_card(form.money, lead="金额随申请单位选取的记录和填报的内容计算；以下为示例。"),
        ui.card(
            "上传的材料",
            rx.cond(
                form.slots.length() > 0,
                rx.el.ul(rx.foreach(form.slots, slot), class_name="bullets"),
                rx.el.p("不需要上传材料。", class_name="muted"),
            ),
        ),
        ui.card(
            "申报承诺与办理时限",
            rx.el.div(
                ui.check("promise", PROMISE, value="YES", disabled=True),
                rx.el.p(
                    "自受理之日起 ",
                    rx.el.b(form.policy.promise),
                    "内办结，补正期间不计入；审核通过后公示 ",
                    rx.el.b(form.policy.publicity),
                    "。",
                ),
                class_name="stack",
            ),
        ),
    )

"""The form of a profile, for 真实性认证 and 修改资料: class, subject, cards by kind, contact, files."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.pages import ui
from cpegi_app.pages.form import control, problem, remark, stored, summary, upload_field
from cpegi_app.pages.review import return_note
from cpegi_app.services.files import HINT
from cpegi_app.services.forms import FieldSpec
from cpegi_app.services.profile_forms import (
    AGENCY,
    CONTACT,
    DEBT,
    EQUITY,
    FORMS,
    STANDING,
    SUBJECT,
    YEAR,
    YEAR_BEFORE,
    ProfileForm,
)
from cpegi_app.vocabulary import CLASSES, FileSlot, Kind, YesNo

KIND_GROUPS = {Kind.DEBT: DEBT, Kind.EQUITY: EQUITY, Kind.INTERMEDIARY: AGENCY}
CLASS_WARNING = (
    "请按机构的实际类别选择。类别决定平台为您开通的功能，选择错误可能导致政策申请及政策兑现无法进行。"
)
PERMIT_HELP = f"金融许可证、经营许可证、备案证明或执业许可证书；支持 {HINT}"


def profile_form(state: Any, draft: Any, note: str) -> rx.Component:
    """The whole form; the state is a ProfileFormState."""
    enterprise = FORMS[Kind.ENTERPRISE]
    return ui.form(
        return_note(state),
        summary(state),
        _class_card(state),
        _subject_card(state),
        *(_kind_card(state, kind, title) for kind, title in KIND_GROUPS.items()),
        _for_kind(state, Kind.ENTERPRISE, _figures_card(state)),
        _for_kind(state, Kind.ENTERPRISE, _card(state, STANDING, _of(enterprise, STANDING))),
        _contact_card(state),
        _files_card(state),
        _confirm(state),
        ui.form_foot(ui.submit("暂存", "save", "default"), ui.submit("提交"), note=note),
        on_submit=state.submit,
        draft=draft,
        version=state.version.to_string(),
        key=state.form_key,
    )


def _of(form: type[ProfileForm], group: str) -> list[FieldSpec]:
    return [s for s in form.specs() if s.group == group]


def _for_kind(state: Any, kind: Kind, card: rx.Component) -> rx.Component:
    """A card that only one kind sees; it stays in the page, so that nothing typed is lost."""
    return rx.el.div(card, hidden=state.kind != kind.value)


def _field(state: Any, spec: FieldSpec, box: rx.Component | None = None) -> rx.Component:
    """A field that also says what is in force, once it differs from it."""
    before = rx.cond(state.old[spec.name], state.old[spec.name], "").to(str)
    hint = rx.cond(before != "", rx.fragment(spec.help, " 现行：", before), spec.help)
    return ui.field(
        spec.name,
        rx.fragment(spec.title, ui.show(before != "", rx.el.span("已修改", class_name="mark"))),
        box or control(spec, stored(state, spec.name)),
        required=spec.required,
        help=hint,
        error=problem(state, spec.name),
        unit=spec.unit,
        wide=spec.wide,
        reason=remark(state, spec.name),
    )


def _card(state: Any, title: str, specs: list[FieldSpec]) -> rx.Component:
    return ui.card(title, ui.form_grid(*(_field(state, s) for s in specs)))


def _kind_card(state: Any, kind: Kind, title: str) -> rx.Component:
    return _for_kind(state, kind, _card(state, title, _of(FORMS[kind], title)))


def _class_card(state: Any) -> rx.Component:
    groups = [
        rx.el.optgroup(*(rx.el.option(c.label, value=c.value) for c in classes), label=kind.label)
        for kind, classes in CLASSES.items()
    ]
    box = rx.el.select(
        rx.el.option("请选择", value=""),
        *groups,
        name="org_class",
        default_value=stored(state, "org_class"),
        on_change=state.choose_class,
        class_name="input",
        custom_attrs={"id": ui.control_id("org_class")},
    )
    chosen = rx.cond(
        state.kind != "",
        rx.fragment("所选类别属于", rx.el.b(state.kind_label), "，本页已显示该类机构需要填报的内容。"),
        "选择后，本页会显示该类机构需要填报的内容。",
    )
    spec = ProfileForm.spec("org_class").model_copy(update={"help": ""})
    return ui.card(
        "机构类别",
        ui.form_grid(_field(state, spec, box), rx.el.p(chosen, class_name="class-kind muted")),
        ui.note(CLASS_WARNING, "warning"),
        class_name="class-card",
    )


def _subject_card(state: Any) -> rx.Component:
    industry = FORMS[Kind.ENTERPRISE].spec("scale_industry")
    fields = []
    for spec in _of(ProfileForm, SUBJECT):
        if spec.name == "org_class":
            continue
        box = None
        if spec.name == "credit_code":
            box = ui.text_input(
                spec.name,
                stored(state, spec.name),
                max_length=40,
                placeholder=spec.placeholder,
                on_blur=state.check_code,
            )
        fields.append(_field(state, spec, box))
        if spec.name == "staff":
            fields.append(rx.el.div(_field(state, industry), hidden=state.kind != Kind.ENTERPRISE.value))
    return ui.card(SUBJECT, ui.form_grid(*fields))


def _contact_card(state: Any) -> rx.Component:
    fields = []
    for spec in _of(ProfileForm, CONTACT):
        box = None
        if spec.name == "is_legal_rep":
            box = ui.select_input(
                spec.name, YesNo.options(), stored(state, spec.name), on_change=state.choose_agent
            )
        fields.append(_field(state, spec, box))
    return ui.card(CONTACT, ui.form_grid(*fields))


def _figures_card(state: Any) -> rx.Component:
    """The figures with one column a year: two years are compared at a glance."""
    form = FORMS[Kind.ENTERPRISE]
    year = form.spec("fiscal_year")
    names = [s.name for s in _of(form, YEAR) if s.name != "fiscal_year"]

    def row(name: str) -> rx.Component:
        spec = form.spec(name)
        before = f"{name}_prev"
        star = [rx.el.span("*", class_name="req", aria_hidden="true")] if spec.required else []
        title = rx.el.th(*star, spec.title, rx.el.small(f"（{spec.unit}）"), scope="row")
        cells = [_figure(state, spec, f"{YEAR}{spec.title}")]
        if before in form.model_fields:
            cells.append(_figure(state, form.spec(before), f"{YEAR_BEFORE}{spec.title}"))
        else:
            cells.append(rx.el.span("—", class_name="muted", aria_label="无需填报"))
        return rx.el.tr(title, *(rx.el.td(c) for c in cells))

    heads = ("项目", YEAR, YEAR_BEFORE)
    table = rx.el.table(
        rx.el.caption("按年度填报的经营数据", class_name="sr-only"),
        rx.el.thead(rx.el.tr(*(rx.el.th(h, scope="col") for h in heads))),
        rx.el.tbody(*(row(n) for n in names)),
        class_name="table figures",
    )
    lead = rx.el.p(
        "按年度财务报表填写，用于与金融产品的授信条件比对；没有的数据可以不填，不会被当作 0。",
        class_name="muted small",
    )
    return ui.card(
        "经营数据（按年度）", rx.el.div(ui.form_grid(_field(state, year), lead), table, class_name="stack")
    )


def _figure(state: Any, spec: FieldSpec, label: str) -> rx.Component:
    bare = spec.model_copy(update={"unit": "", "required": spec.required})
    box = ui.number_input(spec.name, stored(state, spec.name), placeholder=spec.help)
    return ui.field(
        bare.name,
        label,
        box,
        required=bare.required,
        error=problem(state, spec.name),
        reason=remark(state, spec.name),
        help=rx.cond(state.old[spec.name], "现行：" + state.old[spec.name].to(str), ""),
    )


def _files_card(state: Any) -> rx.Component:
    return ui.card(
        "证明文件",
        rx.el.div(
            upload_field(FileSlot.LICENCE, state, required=True),
            upload_field(FileSlot.LEGAL_REP_ID, state, required=True),
            rx.el.div(
                upload_field(FileSlot.PERMIT, state, required=True, help=PERMIT_HELP),
                hidden=(state.kind == Kind.ENTERPRISE.value) | (state.kind == ""),
            ),
            rx.el.div(upload_field(FileSlot.AUTHORISATION, state, required=True), hidden=~state.by_agent),
            class_name="stack",
        ),
    )


def _confirm(state: Any) -> rx.Component:
    """提交 shows the class once more: a wrong one blocks policy applications later (manual §2.2)."""

    def change(c: Any) -> rx.Component:
        return rx.el.tr(
            rx.el.th(c.title, scope="row", data_label="项目"),
            rx.el.td(rx.cond(c.old == "", "—", c.old), class_name="old", data_label="现行资料"),
            rx.el.td(rx.cond(c.new == "", "（清空）", c.new), class_name="new", data_label="修改后"),
            class_name="is-changed",
            key=c.name,
        )

    table = rx.el.table(
        rx.el.caption("本次修改的内容", class_name="sr-only"),
        rx.el.thead(rx.el.tr(*(rx.el.th(h, scope="col") for h in ("项目", "现行资料", "修改后")))),
        rx.el.tbody(rx.foreach(state.changes, change)),
        class_name="table diff is-stack",
    )
    return ui.dialog(
        state.confirming,
        "提交前请再次核对",
        ui.description_list(
            [
                (
                    "机构类别",
                    rx.fragment(
                        rx.el.b(state.class_label),
                        ui.show(
                            state.kind_label != state.class_label,
                            rx.fragment("（", state.kind_label, "）"),
                        ),
                    ),
                ),
                ("机构/企业名称", state.confirm_name),
                ("信用代码", rx.el.span(state.confirm_code, class_name="mono")),
            ],
            columns=1,
        ),
        ui.note(CLASS_WARNING, "warning"),
        ui.show(state.changes.length() > 0, rx.el.div(rx.el.b("本次修改的内容"), table, class_name="stack")),
        on_close=state.cancel_confirm,
        actions=[
            ui.button("返回修改", state.cancel_confirm),
            ui.submit("确认提交", "confirm", data_autofocus="true"),
        ],
        ident="confirm",
    )

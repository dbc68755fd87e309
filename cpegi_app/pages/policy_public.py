"""The public site's policies: open, coming, past; one policy with its materials (manual §8.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PUBLIC_POLICIES, PUBLIC_POLICY
from cpegi_app.pages import public_list, ui
from cpegi_app.pages.layout import page, site
from cpegi_app.services.policy_public import PublicMaterial, PublicPolicy
from cpegi_app.state.policy_public import PublicPoliciesState, PublicPolicyState

DETAIL = PUBLIC_POLICY.route.replace("[pid]", "")


def policy_card(policy: rx.Var[PublicPolicy]) -> rx.Component:
    """A policy in short: its window first."""
    to = DETAIL + policy.id.to_string()
    facts = [("申报时间", policy.window), ("适用对象", policy.who), ("奖补标准", policy.paid)]
    return rx.el.article(
        rx.el.header(
            rx.el.h3(ui.link(policy.name, to)),
            rx.el.p(
                ui.tag(policy.state_label, policy.tone), ui.chip(policy.category), class_name="product-org"
            ),
            class_name="product-head",
        ),
        rx.el.div(
            ui.show(policy.left != "", rx.el.p(rx.el.b(policy.left), class_name="policy-left")),
            ui.show(policy.stopped != "", rx.el.p(policy.stopped, class_name="field-reason")),
            rx.el.dl(*(rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in facts)),
            class_name="product-body policy-body",
        ),
        rx.el.footer(
            rx.el.span(policy.document_no),
            ui.link("查看详情", to, aria_label="查看详情：" + policy.name),
            class_name="product-foot",
        ),
        class_name="product",
        key=policy.id,
    )


@page(PUBLIC_POLICIES, PublicPoliciesState.load, console=False)
def public_policies() -> rx.Component:
    """The policies that are open, those to come and those past."""
    state = PublicPoliciesState
    nothing = ui.empty_state(
        "没有此类政策", "政策发布后会展示在这里，也可以查看其他状态的政策。", icon_name="gift"
    )
    return public_list.listing(
        PUBLIC_POLICIES,
        "政府奖补政策的申报时间、适用对象、奖补标准和申请材料。完成认证后可在线申请。",
        rx.el.div(
            rx.foreach(state.tabs, public_list.choice),
            class_name="choices",
            role="group",
            aria_label="政策状态",
        ),
        public_list.sortbar(state, "政策名称", " 项政策", sorts=False),
        public_list.cards(
            state, rx.el.div(rx.foreach(state.rows, policy_card), class_name="products"), nothing
        ),
        public_list.pager(state, " 项政策"),
        spaced="stack",
    )


# --- one policy -----------------------------------------------------------------------------------


@page(PUBLIC_POLICY, PublicPolicyState.load, console=False)
def public_policy() -> rx.Component:
    """One policy with everything that was published about it."""
    state = PublicPolicyState
    return site(
        rx.el.div(
            rx.cond(
                state.loading,
                rx.fragment(
                    rx.el.header(rx.el.h1(PUBLIC_POLICY.title, tab_index=-1), class_name="site-title"),
                    ui.card("", ui.skeleton(8)),
                ),
                rx.cond(state.missing, _missing(), _detail()),
            ),
            class_name="wrap",
        ),
        current=PUBLIC_POLICIES,
        quiet=True,
    )


def _missing() -> rx.Component:
    return ui.error_page(
        "404",
        "没有找到该政策",
        "政策可能尚未发布，或者地址有误。您可以查看其他政策。",
        ui.link_button("查看全部政策", PUBLIC_POLICIES.route, "primary"),
    )


def _detail() -> rx.Component:
    policy = PublicPolicyState.policy
    return rx.fragment(
        ui.crumbs(("首页", "/"), (PUBLIC_POLICIES.title, PUBLIC_POLICIES.route), policy.name),
        rx.el.header(
            rx.el.h1(policy.name, tab_index=-1),
            rx.el.p(
                ui.tag(policy.state_label, policy.tone),
                ui.chip(policy.category),
                rx.el.span(policy.document_no),
                class_name="row",
            ),
            class_name="site-title",
        ),
        rx.el.div(
            detail_cards(policy),
            rx.el.aside(_apply(), class_name="sticky", aria_label="申请"),
            class_name="cols-main",
        ),
    )


def detail_cards(policy: Any) -> rx.Component:
    """What is paid to whom, when and on what, as public page, application and preview show it."""
    return rx.el.div(
        ui.card(
            "奖补内容",
            rx.el.div(
                rx.el.p(policy.summary, class_name="prose"),
                ui.show(policy.basis != "", rx.el.p(policy.basis, class_name="prose muted")),
                ui.description_list(
                    [
                        ("申报时间", policy.window, "wide"),
                        ("兑现时间", policy.redeem, "wide"),
                        ("适用对象", policy.who, "wide"),
                        ("奖补标准", policy.paid, "wide"),
                        ("预算总额", policy.budget),
                        ("每个单位最多申请", policy.most),
                        ("承诺办理时限", policy.promise),
                        ("公示天数", policy.publicity),
                        ("受理部门", policy.department),
                        ("联系电话", policy.phone),
                        ("依据文号", policy.document_no),
                        ("版本", policy.version),
                    ],
                    columns=2,
                ),
                class_name="stack",
            ),
        ),
        ui.card(
            "申请条件",
            ui.show(policy.records != "", rx.el.p(policy.records, class_name="card-note")),
            rx.cond(
                policy.conditions.length() > 0,
                ui.plain_table(["条件", "要求"], policy.conditions, lambda r: [r[0], r[1]], "申请条件"),
                ui.show(policy.records == "", rx.el.p("除适用对象外没有其他条件。", class_name="card-note")),
            ),
            flush=True,
        ),
        ui.card(
            "申请材料",
            rx.cond(
                policy.materials.length() > 0,
                ui.plain_table(
                    ["材料", "要求", "格式", "模板与示例"],
                    policy.materials,
                    _material,
                    "申请材料",
                    stack=True,
                ),
                rx.el.p("不需要上传材料。", class_name="card-note"),
            ),
            ui.show(
                policy.questions.length() > 0,
                rx.el.p("申请时还须填写：", policy.questions.join("；"), "。", class_name="card-note muted"),
            ),
            flush=True,
        ),
        class_name="stack",
    )


def _material(m: rx.Var[PublicMaterial]) -> list:
    return [
        rx.el.span(m.name, ui.show(m.note != "", rx.el.small(m.note, class_name="block muted"))),
        m.required,
        m.formats,
        rx.cond(
            m.has_template | m.has_sample,
            rx.el.span(
                ui.show(
                    m.has_template,
                    ui.download_link(
                        "下载模板", m.template.href + "?download=1", aria_label="下载模板：" + m.template.name
                    ),
                ),
                ui.show(
                    m.has_sample,
                    ui.download_link(
                        "下载示例", m.sample.href + "?download=1", aria_label="下载示例：" + m.sample.name
                    ),
                ),
                class_name="row",
            ),
            "—",
        ),
    ]


def _apply() -> rx.Component:
    state = PublicPolicyState
    policy = state.policy
    steps = [
        "登录并完成用户真实性认证",
        "在“政策奖补 → 政策申请”中发起申请，选取记录、上传材料",
        "提交前检查全部通过后提交，取得受理编号",
        "形式审查、业务审核、公示后申请兑现",
    ]
    return ui.card(
        "申请该政策",
        rx.el.div(
            rx.cond(
                policy.open,
                rx.fragment(
                    ui.show(
                        policy.left != "", rx.el.p("申报", rx.el.b(policy.left), class_name="policy-left")
                    ),
                    ui.link_button("去申请", state.apply_href, "primary", size="lg"),
                ),
                ui.note(policy.closed_why, "warning"),
            ),
            # What takes nothing in any more needs no word on how to apply.
            ui.show(
                policy.stopped == "",
                rx.el.ol(*(rx.el.li(step) for step in steps), class_name="numbered muted"),
            ),
            rx.el.p("咨询电话 ", policy.phone, class_name="muted small"),
            class_name="stack",
        ),
    )

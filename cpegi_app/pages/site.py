"""The home page and 平台介绍 (manual §1.1, §9, §10)."""

from __future__ import annotations

import reflex as rx

from cpegi_app.access import ABOUT, HOME, LOGIN, PUBLIC_PRODUCTS, PUBLIC_PROJECTS, REGISTER
from cpegi_app.pages import ui
from cpegi_app.pages.equity_public import project_cards
from cpegi_app.pages.layout import SITE, TELEPHONE, page, site
from cpegi_app.pages.product_public import product_cards
from cpegi_app.services.bench_parts import Tile
from cpegi_app.state.site import HomeState, VisitorState
from cpegi_app.vocabulary import CLASSES, Kind

WHO = (
    ("building", "企业", "完成真实性认证后，按金额、期限、利率和担保方式挑选金融产品，在线提交融资申请，随时查看办理和放款进度。"),
    ("bank", "债权金融机构", "发布金融产品并设定授信条件，在待办事项中办理企业申请，对照企业数据审核，登记放款。"),
    ("coins", "股权金融机构", "浏览企业发布的融资项目，收藏、反馈意向，查阅估值和商业计划书，由平台对接沟通。"),
    ("scale", "中介服务机构", "会计师事务所、律师事务所、评估公司和知识产权服务公司，为企业融资和政策申请提供专业服务。"),
)  # fmt: skip
FUNCTIONS = (
    ("shield", "用户真实性认证", "企业和机构提交统一社会信用代码、证照和联系人等资料，平台审核通过后开通功能；资料变更同样经审核后生效。"),
    ("product", "金融产品", "债权金融机构发布金融产品，逐项明确授信条件；企业按金额、期限、利率和综合年化成本比较。"),
    ("inbox", "融资申请与放款", "企业在线申请并授权，机构对照企业数据办理，登记合同和放款凭证，各方随时查看进度。"),
    ("gift", "股权融资", "企业发布融资项目，经审核后公开展示；股权金融机构收藏、反馈，平台推荐并对接沟通，投资经双方确认后进入项目库。"),
)  # fmt: skip
PROCESS = (
    ("注册登录", "用手机号注册账号，首次登录选择企业或金融机构/中介机构。"),
    ("真实性认证", "填写单位资料、上传证照，平台审核通过后开通全部功能。"),
    ("在线申请", "选择金融产品，填写额度、期限和用途，授权机构查看企业数据。"),
    ("审核放款", "金融机构办理申请，签约放款，每一步都有消息通知。"),
)
BROWSER_STEPS = (
    "打开浏览器，在网址输入栏的最右侧找到切换浏览器模式的图标（闪电或“e”形图标）。",
    "点击图标，在下拉菜单中选中“极速模式”，页面会自动刷新。",
)
KINDS = (Kind.DEBT, Kind.EQUITY, Kind.INTERMEDIARY)


@page(HOME, HomeState.load, console=False)
def home() -> rx.Component:
    """What the platform is, whom it serves, what is on offer."""
    return site(
        _hero(),
        _section("服务对象", _who(), lead="四类用户，一个平台，业务全程在线办理。"),
        _section(
            "最新金融产品",
            _newest(),
            lead="金融机构发布，平台审核。",
            more=ui.link("查看全部产品", PUBLIC_PRODUCTS.route, class_name="more"),
            alt=True,
        ),
        ui.show(
            HomeState.projects.length() > 0,
            _section(
                "股权融资项目",
                project_cards(HomeState.projects),
                lead="企业发布，平台审核。",
                more=ui.link("查看全部项目", PUBLIC_PROJECTS.route, class_name="more"),
            ),
        ),
        _section("办理流程", _process(), lead="从注册到放款，四步完成。"),
        _section("使用帮助", _help(), alt=True),
        current=HOME,
    )


def _section(
    title: str, *children: rx.Component, lead: str = "", more=None, alt: bool = False
) -> rx.Component:
    head = [rx.el.h2(title)]
    if lead:
        head.append(rx.el.p(lead))
    if more is not None:
        head.append(more)
    return rx.el.section(
        rx.el.div(rx.el.header(*head, class_name="section-head"), *children, class_name="wrap"),
        class_name="section section-alt" if alt else "section",
    )


def _hero() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h1(
                    rx.el.span("让中小微企业的成长，", class_name="nowrap"),
                    rx.el.span("被金融看见", class_name="nowrap"),
                ),
                rx.el.p(
                    f"{SITE}汇集债权金融机构、股权金融机构和中介服务机构，为中小微企业提供真实性认证、"
                    "金融产品对接、融资申请和放款跟踪的一站式在线服务。",
                    class_name="hero-lead",
                ),
                rx.el.div(
                    ui.link_button("查看金融产品", PUBLIC_PRODUCTS.route, "gold", size="lg"),
                    ui.show(
                        VisitorState.name == "",
                        ui.link_button("立即注册", REGISTER.route, "ghost", size="lg"),
                    ),
                    class_name="hero-acts",
                ),
            ),
            rx.el.dl(rx.foreach(HomeState.figures, _figure), class_name="hero-facts", aria_label="平台数据"),
            class_name="wrap",
        ),
        class_name="hero",
    )


def _figure(tile: rx.Var[Tile]) -> rx.Component:
    return rx.el.div(rx.el.dt(tile.label), rx.el.dd(tile.value, rx.el.small(tile.unit)), key=tile.label)


def _who() -> rx.Component:
    return rx.el.ul(
        *(rx.el.li(ui.icon(icon), rx.el.h3(name), rx.el.p(text)) for icon, name, text in WHO),
        class_name="who",
    )


def _newest() -> rx.Component:
    state = HomeState
    return rx.cond(
        state.loading,
        ui.card("", ui.skeleton(6)),
        rx.cond(
            state.rows.length() > 0,
            product_cards(state.rows),
            ui.card(
                "",
                ui.empty_state(
                    "暂无已发布的产品", "金融机构发布并经平台审核的产品会展示在这里。", icon_name="product"
                ),
            ),
        ),
    )


def _process() -> rx.Component:
    return rx.el.ol(
        *(rx.el.li(rx.el.h3(name), rx.el.p(text)) for name, text in PROCESS), class_name="process"
    )


def _help() -> rx.Component:
    return rx.el.div(_browser(), _contact(), class_name="cols-2")


def _contact() -> rx.Component:
    return ui.card(
        "项目组联系方式",
        rx.el.div(
            rx.el.p("注册、认证、申请和账号方面的问题，请在工作日 9:00–17:30 致电："),
            rx.el.a(TELEPHONE, href="tel:4000565005", class_name="help-tel"),
            rx.el.p("平台工作人员不会索要您的密码或短信验证码。", class_name="muted small"),
            class_name="stack",
        ),
    )


def _browser() -> rx.Component:
    return ui.card(
        "浏览器使用提示",
        rx.el.div(
            rx.el.p("建议使用谷歌、360、火狐、搜狗等带有极速模式的浏览器，并以极速模式访问。选取方法："),
            rx.el.ol(*(rx.el.li(step) for step in BROWSER_STEPS), class_name="numbered"),
            rx.el.p(ui.file_link("查看图文说明", "/old-browser.html"), class_name="small"),
            class_name="stack",
        ),
    )


@page(ABOUT, console=False)
def about() -> rx.Component:
    """The platform, the browser hint of §1.1, the classes of §10, the contact of §9."""
    return site(
        rx.el.div(
            rx.el.header(
                rx.el.h1(ABOUT.title, tab_index=-1),
                rx.el.p(
                    f"{SITE}（原科技金融服务平台）面向广大中小微企业，采用互联网的交互形式，"
                    "连接企业、金融机构、中介服务机构和政府部门，网址 www.cpegi.net。"
                ),
                class_name="site-title",
            ),
            rx.el.ul(
                *(rx.el.li(ui.icon(icon), rx.el.h2(name), rx.el.p(text)) for icon, name, text in FUNCTIONS),
                class_name="who",
            ),
            rx.el.div(_browser(), _contact(), class_name="cols-2 section-near"),
            rx.el.section(
                rx.el.header(
                    rx.el.h2("金融机构/中介机构分类"),
                    rx.el.p("机构首次登录时按实际类别选择，选择错误可能导致政策申请及政策兑现无法进行。"),
                    class_name="section-head",
                ),
                rx.el.div(*(_kind(kind) for kind in KINDS), class_name="cols-3"),
                class_name="section",
            ),
            rx.el.div(
                ui.link_button("注册账号", REGISTER.route, "primary"),
                ui.link_button("用户登录", LOGIN.route),
                class_name="row",
            ),
            class_name="wrap",
        ),
        current=ABOUT,
        quiet=True,
    )


def _kind(kind: Kind) -> rx.Component:
    return ui.card(
        kind.label,
        rx.el.ul(*(rx.el.li(c.label) for c in CLASSES[kind]), class_name="class-list"),
        extra=f"{len(CLASSES[kind])} 类",
    )

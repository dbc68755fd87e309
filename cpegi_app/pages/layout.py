"""The frames of a page: the public site and the console; and `page`, which registers one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex_base.utils.imports import ImportVar
from reflex_base.vars import VarData
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from cpegi_app.access import (
    ABOUT,
    HOME,
    LOGIN,
    MENU,
    NOTICES,
    PASSWORD,
    PHONE,
    PUBLIC_POLICIES,
    PUBLIC_PRODUCTS,
    PUBLIC_PROJECTS,
    PUBLIC_PUBLICITIES,
    REGISTER,
    VERIFICATION,
    WORKBENCH,
    Screen,
)
from cpegi_app.pages import ui
from cpegi_app.pages.native import NativeForm, exchange
from cpegi_app.pages.over import arrived, export
from cpegi_app.state.message import MessageState
from cpegi_app.state.shell import MenuGroup, MenuItem, ShellState
from cpegi_app.state.site import VisitorState

SITE = "中原中小企业成长指数服务平台"
TELEPHONE = "400 056 5005"
# Route → the builder that was registered for it; the laws compare it with the screens.
REGISTERED: dict[str, Screen] = {}
# The address that React draws the page for: the browser's own is ahead of it.
_HOOK = VarData(
    hooks={"const drawnFor = useLocation();": None}, imports={"react-router": [ImportVar(tag="useLocation")]}
)
_PATH = rx.Var("drawnFor.pathname", _var_type=str, _var_data=_HOOK)


def page(screen: Screen, *on_load: Any, console: bool = True) -> Callable[[Callable[[], rx.Component]], Any]:
    """Register a page for its screen; a console page asks first whether it is open to the actor."""

    def put(build: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        def framed() -> rx.Component:
            return _console(screen, build()) if console else build()

        framed.__name__ = build.__name__
        first = ShellState.enter(screen.route) if console else VisitorState.visit  # pyright: ignore
        loaders: Any = [first, *on_load]
        rx.page(route=screen.route, title=f"{screen.title} · {SITE}", on_load=loaders)(framed)
        REGISTERED[screen.route] = screen
        return build

    return put


def message() -> rx.Component:
    """The one message component of a page, and the word that the connection is being restored."""
    return rx.fragment(
        rx.cond(
            has_connection_errors,
            ui.note("网络连接已中断，正在自动重新连接。已填写的内容不会丢失，恢复后即可继续。", "warning"),
            rx.fragment(),
        ),
        ui.message_bar(MessageState.kind, MessageState.text, MessageState.close),
        rx.cond(
            MessageState.login_href != "",
            rx.el.p(
                ui.file_link("重新登录并回到本页", MessageState.login_href, class_name="btn btn-primary"),
                class_name="msg-act",
            ),
            rx.fragment(),
        ),
    )


def broken(stateful: bool) -> rx.Component:
    """What stands in place of a page that the browser failed to draw."""
    quiet = {} if stateful else {"on_error": rx.noop()}
    fallback = rx.el.main(
        ui.error_page(
            "出错",
            "页面显示出现问题",
            f"请刷新页面重试，已填写的内容会自动恢复。如仍有问题，请致电 {TELEPHONE}。",
            ui.link_button("返回首页", HOME.route, "primary"),
        ),
        class_name="main",
    )
    return ErrorBoundary.create(fallback_render=rx.Var.create(fallback), **quiet)


@rx.page(route="404", title=f"页面不存在 · {SITE}", description=SITE, on_load=VisitorState.visit)  # pyright: ignore
def not_found() -> rx.Component:
    """What stands at every address that no Screen has, the console's too."""
    return site(
        ui.error_page(
            "404",
            "页面不存在",
            f"地址可能有误，或页面已经移走。请检查地址后重试，如仍有疑问请致电 {TELEPHONE}。",
            ui.link_button("返回首页", HOME.route, "primary"),
            ui.show(VisitorState.name != "", ui.link_button("进入管理中心", WORKBENCH.route)),
        ),
        quiet=True,
    )


def _main(*children: Any, inert: Any = False, **props: Any) -> rx.Component:
    """The content of a page, which says for which address it is drawn and whether it still loads.

    A console page that loads shows what the tab saw there before: nothing in it can be pressed or typed into (`inert`)
    until it is the record of the address. A public page stays readable and its links work from the first moment.
    """
    busy = {"aria-busy": ui.loading().to_string(), "data-path": _PATH, "inert": inert}
    return rx.el.main(*children, custom_attrs={"id": "main"} | busy, **props)


# --- the public site ------------------------------------------------------------------------------


def site(*children: Any, current: Screen | None = None, quiet: bool = False) -> rx.Component:
    """A public page under the top bar with 注册 and 用户登录 (manual §1.1, §2.1)."""
    links = [
        (HOME, "首页"),
        (PUBLIC_PRODUCTS, "金融产品"),
        (PUBLIC_PROJECTS, "股权融资"),
        (PUBLIC_POLICIES, "奖补政策"),
        (PUBLIC_PUBLICITIES, "奖补公示"),
        (ABOUT, "平台介绍"),
    ]
    nav = [
        ui.link(label, s.route, **({"aria_current": "page"} if s is current else {})) for s, label in links
    ]
    return rx.el.div(
        rx.el.a("跳到正文", href="#main", class_name="skip"),
        rx.el.header(
            rx.el.div(
                ui.brand("/"),
                rx.el.nav(*nav, class_name="site-nav", aria_label="主导航"),
                rx.el.div(
                    rx.cond(
                        VisitorState.name != "",
                        ui.link_button("进入管理中心", WORKBENCH.route, "primary", title=VisitorState.name),
                        rx.fragment(
                            ui.link_button("注册", REGISTER.route),
                            ui.link_button("用户登录", LOGIN.route, "primary"),
                        ),
                    ),
                    class_name="site-acts",
                ),
                class_name="wrap site-bar",
            ),
            class_name="site-top",
        ),
        message(),
        _main(*children),
        _site_foot(),
        class_name="site site-quiet" if quiet else "site",
    )


def _site_foot() -> rx.Component:
    return rx.el.footer(
        rx.el.div(
            rx.el.div(
                rx.el.b(SITE),
                rx.el.p("连接中小微企业与金融机构、中介服务机构和政府部门的区域综合金融服务平台。"),
            ),
            rx.el.div(
                rx.el.b("快速入口"),
                rx.el.ul(
                    rx.el.li(ui.link("金融产品", PUBLIC_PRODUCTS.route)),
                    rx.el.li(ui.link("奖补政策", PUBLIC_POLICIES.route)),
                    rx.el.li(ui.link("用户登录", LOGIN.route)),
                    rx.el.li(ui.file_link("浏览器使用说明", "/old-browser.html")),
                ),
            ),
            rx.el.div(
                rx.el.b("项目组联系方式"),
                ui.file_link(TELEPHONE, "tel:4000565005", class_name="tel"),
                rx.el.span("工作日 9:00–17:30"),
            ),
            class_name="wrap",
        ),
        rx.el.div(rx.el.div(f"© {SITE}", class_name="wrap"), class_name="foot-line"),
        class_name="site-foot",
    )


# --- the console ----------------------------------------------------------------------------------


def _console(screen: Screen, content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.a("跳到正文", href="#main", class_name="skip"),
        _topbar(),
        _side(),
        rx.el.button(
            "关闭菜单", type="button", class_name="side-scrim", data_side_close="true", tab_index=-1
        ),
        _main(
            message(),
            ui.show(
                ShellState.ticket != "",
                exchange(ShellState.ticket, ShellState.here, "账号权限已更新，正在重新载入…"),
            ),
            rx.cond(
                ShellState.ready & (ShellState.ticket == ""),
                rx.match(
                    ShellState.access,
                    ("ok", content),
                    ("locked", _locked(screen)),
                    _denied(screen),
                ),
                _waiting(screen),
            ),
            rx.el.p(f"{SITE} · 服务热线 {TELEPHONE}", class_name="main-foot"),
            class_name="main",
            inert=ui.loading(),
        ),
        arrived(),
        export(),
        _verification_dialog(),
        class_name="shell",
    )


def _waiting(screen: Screen) -> rx.Component:
    return rx.fragment(ui.page_head(screen.title), ui.card("", ui.skeleton(6)))


def _locked(screen: Screen) -> rx.Component:
    return rx.fragment(
        ui.page_head(screen.title),
        ui.card(
            "",
            ui.empty_state(
                "此功能尚未开通",
                ShellState.access_text,
                rx.cond(
                    ShellState.verification_status == "PENDING",
                    ui.link_button("查看认证进度", VERIFICATION.route, "primary"),
                    ui.link_button("去认证", VERIFICATION.route, "primary"),
                ),
                icon_name="lock",
            ),
        ),
    )


def _denied(screen: Screen) -> rx.Component:
    return ui.error_page(
        "403",
        f"无权访问“{screen.title}”",
        ShellState.access_text,
        ui.link_button("返回工作台", WORKBENCH.route, "primary"),
    )


def _topbar() -> rx.Component:
    return rx.el.header(
        rx.el.button(
            ui.icon("menu"),
            type="button",
            class_name="top-btn",
            aria_label="展开或收起菜单",
            data_side_toggle="true",
        ),
        ui.brand("/"),
        rx.el.div(
            ui.link(
                rx.fragment(
                    ui.icon("bell"),
                    rx.el.span("消息", class_name="sr-only"),
                    ui.badge(ShellState.unread, "条未读消息"),
                ),
                NOTICES.route,
                class_name="top-btn bell",
                title="消息通知",
            ),
            _user_menu(),
            class_name="topbar-end",
        ),
        class_name="topbar",
    )


def _user_menu() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            ui.icon("user"),
            rx.el.span(ShellState.name, class_name="who-name"),
            ui.icon("down"),
            class_name="top-btn",
            aria_label="用户菜单",
        ),
        rx.el.div(
            rx.el.div(
                rx.el.b(ShellState.name),
                ShellState.role_label,
                " · ",
                ShellState.phone,
                class_name="menu-head",
            ),
            ui.link(rx.fragment(ui.icon("key"), "修改密码"), PASSWORD.route, class_name="menu-item"),
            ui.link(rx.fragment(ui.icon("phone"), "更换手机号"), PHONE.route, class_name="menu-item"),
            rx.el.div(class_name="menu-sep"),
            NativeForm.create(
                rx.el.button(ui.icon("exit"), "退出登录", type="submit", class_name="menu-item"),
                action="/session/end",
                method="post",
            ),
            class_name="menu-pop",
        ),
        class_name="menu",
        data_menu="true",
    )


def _side() -> rx.Component:
    return rx.el.nav(
        rx.el.ul(rx.foreach(ShellState.menu, _group)),
        class_name="side",
        aria_label="功能菜单",
        custom_attrs={"id": "side"},
    )


def _group(group: rx.Var[MenuGroup]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            group.single,
            rx.fragment(rx.foreach(group.lines, lambda item: _line(item, with_icon=True))),
            rx.el.details(
                rx.el.summary(
                    _menu_icon(group.icon),
                    rx.el.span(group.title, class_name="side-label"),
                    ui.icon("right", "chev"),
                    title=group.title,
                ),
                rx.el.ul(rx.foreach(group.lines, lambda item: rx.el.li(_line(item), key=item.href))),
                open=True,
                class_name=rx.cond(group.current, "has-current", ""),
            ),
        ),
        key=group.title,
    )


def _menu_icon(name: rx.Var[str]) -> rx.Component:
    used = dict.fromkeys(s.icon for s in MENU)
    return rx.match(name, *[(n, ui.icon(n)) for n in used], ui.icon("list"))  # pyright: ignore


def _line(item: rx.Var[MenuItem], with_icon: bool = False) -> rx.Component:
    inside = [_menu_icon(item.icon)] if with_icon else []
    return ui.link(
        rx.fragment(
            *inside,
            rx.el.span(item.title, class_name="side-label"),
            rx.cond(item.locked, ui.icon("lock", "lock"), ui.badge(item.badge)),
        ),
        item.href,
        class_name=rx.cond(item.locked, "side-link is-locked", "side-link"),
        aria_current=rx.cond(item.current, "page", "false"),
        title=rx.cond(item.locked, item.title + "（完成认证后开通）", item.title),
    )


def _verification_dialog() -> rx.Component:
    return ui.dialog(
        ShellState.ask_verification,
        "请先完成用户真实性认证",
        rx.el.p(
            "您的账号尚未完成真实性认证。认证通过后，平台将按机构类别开通全部功能；在此之前，其他功能可以查看但暂不能使用。"
        ),
        rx.el.p(
            "请准备营业执照、法定代表人身份证明等文件的扫描件，填写约需 10 分钟，可随时暂存。",
            class_name="muted",
        ),
        on_close=ShellState.close_dialog,
        actions=[
            ui.button("稍后再说", ShellState.close_dialog),
            ui.link_button("去认证", VERIFICATION.route, "primary", data_autofocus="true"),
        ],
    )

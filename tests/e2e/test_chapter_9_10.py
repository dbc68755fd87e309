"""Manual chapters 9 and 10 in a browser: the contact and the classes of institution."""

from __future__ import annotations

from playwright.sync_api import expect

from cpegi_app import demo
from cpegi_app.vocabulary import CLASSES, Kind
from tests.e2e.harness import Walk

NEW_INSTITUTION = "13900000023"


def test_9_contact(walk: Walk) -> None:
    """The telephone stands on every public page and can be dialled."""
    page = walk.page
    for path in ("/", "/products", "/register", "/about"):
        walk.goto(path)
        expect(page.get_by_role("contentinfo").get_by_role("link", name="400 056 5005")).to_have_attribute(
            "href", "tel:4000565005"
        )
    contact = page.locator(".card").filter(has_text="项目组联系方式")
    expect(contact).to_contain_text("400 056 5005")
    walk.step("9-01", "在“平台介绍”页面查看项目组联系方式，电话：400 056 5005", mark=contact)


def test_10_classes(walk: Walk) -> None:
    """The 15 classes in their three kinds, to the public and at the choice."""
    page = walk.page
    walk.goto("/about")
    for kind in (Kind.DEBT, Kind.EQUITY, Kind.INTERMEDIARY):
        box = page.locator(".card").filter(has=page.get_by_role("heading", name=kind.label, exact=True))
        assert box.locator("li").all_inner_texts() == [c.label for c in CLASSES[kind]]
    walk.step("10-01", "金融机构/中介机构分类", mark=page.locator(".cols-3"))
    walk.login(NEW_INSTITUTION, demo.PASSWORD, "金融机构/中介机构")
    page.wait_for_url("**/console/identity")
    expect(page.get_by_role("radio")).to_have_count(16)

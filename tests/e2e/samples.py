"""What the browser tests type and upload."""

from __future__ import annotations

from io import BytesIO

from playwright.sync_api import Page
from pypdf import PdfWriter

from cpegi_app.services.conditions import DIMENSIONS


def pdf(name: str = "文件.pdf") -> dict:
    """Return a real one-page PDF as Playwright uploads it; another name is another content."""
    writer, data = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": name})
    writer.write(data)
    return {"name": name, "mimeType": "application/pdf", "buffer": data.getvalue()}


def fill(page: Page, values: dict[str, str]) -> None:
    """Type into named controls: text, numbers, dates, drop-downs."""
    for name, value in values.items():
        control = page.locator(f"[name='{name}']").first
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def tick(page: Page, name: str, *codes: str) -> None:
    """Tick checkboxes or a radio button of a group."""
    for code in codes:
        page.locator(f"[name='{name}'][value='{code}']").check()


def upload(page: Page, slot: str, *files: dict) -> None:
    """Upload into a slot and wait until the files stand in its list."""
    box = page.locator(f"#f-file_{slot}")
    before = box.locator(".file").count()
    box.locator("input[type=file]").set_input_files(list(files))
    box.locator(".file").nth(before + len(files) - 1).wait_for()


PRODUCT = {
    "name": "嵩岳税务贷",
    "product_type": "CREDIT_LOAN",
    "intro": "依据企业纳税记录授信，线上申请，按日计息。",
    "amount_min": "10",
    "amount_max": "300",
    "term_min": "6",
    "term_max": "36",
    "rate_min": "3.85",
    "rate_max": "5.6",
    "service_fee": "0.2",
    "days": "3",
    "purpose": "日常生产经营周转",
    "materials": "营业执照、近两年财务报表、纳税证明",
    "procedure": "在线申请 → 资料审核 → 签订合同 → 放款",
    "contact": "李经理",
    "contact_phone": "0371-60000001",
}


def fill_product(page: Page, name: str) -> None:
    """Fill the whole form of a product; three conditions limited, the others free."""
    fill(page, PRODUCT | {"name": name})
    tick(page, "guarantees", "CREDIT", "SURETY")
    tick(page, "repayments", "EQUAL_INSTALMENT", "INTEREST_FIRST")
    for dimension in DIMENSIONS:
        if dimension.code not in ("revenue", "debt_ratio", "no_overdue"):
            page.locator(f"[name='c_{dimension.code}_free']").check()
    fill(page, {"c_revenue_low": "300", "c_debt_ratio_high": "75"})
    tick(page, "c_no_overdue_yes", "YES")

"""Which published products take applications now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import col

from cpegi_app import clock
from cpegi_app.models import Product


def open_now() -> Any:
    """Return the clause of the products that take applications today."""
    until = col(Product.valid_until)
    return and_(col(Product.is_listed).is_(True), or_(until == "", until >= clock.today().isoformat()))


def closed_why(product: Product) -> str:
    """Return why a product takes no applications now, empty when it does."""
    if not product.is_listed:
        return "该产品已下架，暂不接受申请。您可以在“金融产品”中查看其他产品。"
    if product.valid_until and product.valid_until < clock.today().isoformat():
        return f"该产品已于 {product.valid_until} 到期，暂不接受申请。您可以在“金融产品”中查看其他产品。"
    return ""

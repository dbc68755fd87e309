"""Importing this package registers every page."""

from cpegi_app.pages import (
    account,
    account_own,
    application,
    disbursement,
    product,
    product_public,
    report,
    report_desk,
    request,
    review_staff,
    site,
    staff,
    verification,
    workbench,
)

PAGES = (
    site,
    product_public,
    account,
    account_own,
    product,
    application,
    request,
    disbursement,
    report,
    report_desk,
    workbench,
    verification,
    review_staff,
    staff,
)

"""Importing this package registers every page."""

from cpegi_app.pages import (
    account,
    account_own,
    application,
    disbursement,
    loan_book,
    offline_loan,
    offline_review,
    product,
    product_public,
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
    offline_loan,
    offline_review,
    loan_book,
    workbench,
    verification,
    review_staff,
    staff,
)

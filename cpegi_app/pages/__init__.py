"""Importing this package registers every page."""

from cpegi_app.pages import application, disbursement, home, product, request, workbench

PAGES = (home, product, application, request, disbursement, workbench)

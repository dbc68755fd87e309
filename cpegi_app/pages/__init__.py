"""Importing this package registers every page."""

from cpegi_app.pages import home, product

PAGES = (home, product)

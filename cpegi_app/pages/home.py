"""Temporary."""

import reflex as rx

from cpegi_app.access import HOME
from cpegi_app.pages.layout import page, site


@page(HOME, console=False)
def home():
    return site(rx.el.h1("x"))

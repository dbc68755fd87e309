"""A Form compiled for many rows: the same converters, limits and rules, without building a model a row.

The declaration stays the one home of every rule; a test holds the compiled checker against `Form.parse`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BeforeValidator

from cpegi_app.services.forms import FieldSpec, Form, check_limits, missing, normalise

# So many different texts of a column are remembered; beyond that the memory of the column begins anew.
MEMORY = 50_000

Clean = Callable[[FieldSpec, str], str]
Store = Callable[[Any], Any]


class Column:
    """One field, ready to turn a text into the value that is stored, or into its sentence."""

    def __init__(
        self, form: type[Form], name: str, rule: Callable | None, clean: Clean | None, store: Store
    ) -> None:
        field = form.model_fields[name]
        self.name, self.spec = name, form.spec(name)
        self.convert: Any = next(m.func for m in field.metadata if isinstance(m, BeforeValidator))
        self.rule, self.clean, self.store = rule, clean, store
        self.known: dict[str, tuple[Any, str]] = {}

    def read(self, text: str) -> tuple[Any, str]:
        """Return the stored value and an empty sentence, or None and what is wrong."""
        found = self.known.get(text)
        if found is None:
            if len(self.known) >= MEMORY:
                self.known.clear()
            found = self.known[text] = self._read(text)
        return found

    def _read(self, text: str) -> tuple[Any, str]:
        try:
            text = self.clean(self.spec, text) if self.clean else text
            # A blank is an absent value, as `Form.parse` has it.
            value = self.convert(text) if normalise(text) else None
            if value is None:
                return (None, missing(self.spec)) if self.spec.required else (self.store(None), "")
            check_limits(self.spec, value)
            return self.store(self.rule(value) if self.rule else value), ""
        except ValueError as problem:
            return None, str(problem)


class RowChecker:
    """The columns of a form; `check` takes texts in the order of the form's fields."""

    def __init__(
        self,
        form: type[Form],
        rules: Mapping[str, Callable],
        stores: Mapping[str, Store],
        clean: Clean | None = None,
    ) -> None:
        self.columns = [
            Column(form, name, rules.get(name), clean, stores.get(name, lambda value: value))
            for name in form.model_fields
        ]

    def check(self, texts: Sequence[str]) -> tuple[list[Any], dict[str, str]]:
        """Return the stored values and the sentences of the fields that are wrong."""
        values: list[Any] = []
        errors: dict[str, str] = {}
        for column, text in zip(self.columns, texts, strict=True):
            found = column.known.get(text)
            if found is None:
                found = column.read(text)
            value, problem = found
            values.append(value)
            if problem:
                errors[column.name] = problem
        return values, errors

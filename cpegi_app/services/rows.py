"""A Form compiled for many rows: the same converters, limits and rules, without building a model a row.

The declaration stays the one home of every rule; a test holds the compiled checker against `Form.parse`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BeforeValidator

from cpegi_app.services.forms import PLAIN, FieldSpec, Form, limits, missing, normalise

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
        self.limits = limits(self.spec)
        self.plain = None if self.spec.options else PLAIN.get(self.convert)

    def read_all(self, texts: Sequence[str]) -> tuple[list[Any], dict[str, str]]:
        """Read a whole column, each different text once; return its values, and the sentences by text."""
        different: dict[str, Any] = dict.fromkeys(texts)
        values = self._read_plain(different)
        problems: dict[str, str] = {}
        for text in different if len(values) < len(different) else ():
            if text not in values:
                try:
                    values[text] = self._read(text)
                except ValueError as problem:
                    values[text], problems[text] = None, str(problem)
        return list(map(values.__getitem__, texts)), problems

    def _read_plain(self, texts: Iterable[str]) -> dict[str, Any]:
        """Read the texts that need no converting, at one go; where any of them is wrong, none."""
        if self.plain is None or not (found := list(filter(self.plain.holds, texts))):
            return {}
        values = list(map(self.plain.value_of, found))
        try:
            for value in self.plain.extremes(values):
                self.limits(value)
            ruled = map(self.rule, values) if self.rule else values
            return dict(zip(found, map(self.store, ruled), strict=True))
        except ValueError:
            return {}

    def _read(self, text: str) -> Any:
        value = self._convert(text)
        if value is None:
            if self.spec.required:
                raise ValueError(missing(self.spec))
            return self.store(None)
        self.limits(value)
        return self.store(self.rule(value) if self.rule else value)

    def _convert(self, text: str) -> Any:
        text = self.clean(self.spec, text) if self.clean else text
        # A blank is an absent value, as `Form.parse` has it.
        return self.convert(text) if normalise(text) else None


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

    def check_all(
        self, columns: Sequence[Sequence[str]]
    ) -> tuple[list[Sequence[Any]], dict[int, dict[str, str]]]:
        """Check many rows, given column by column; return the stored columns, and the sentences by row and field."""
        stored: list[Sequence[Any]] = []
        errors: dict[int, dict[str, str]] = {}
        for column, texts in zip(self.columns, columns, strict=True):
            values, problems = column.read_all(texts)
            stored.append(values)
            # Most columns have none: only then is it worth looking who wrote what.
            for row, text in enumerate(texts) if problems else ():
                if text in problems:
                    errors.setdefault(row, {})[column.name] = problems[text]
        return stored, errors

    def check(self, texts: Sequence[str]) -> tuple[list[Any], dict[str, str]]:
        """Return one row's stored values and the sentences of the fields that are wrong."""
        stored, errors = self.check_all([[text] for text in texts])
        return [values[0] for values in stored], errors.get(0, {})

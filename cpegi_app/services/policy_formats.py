"""Which formats of file a policy's material is accepted in: what the staff ticks, what is taken, what is said beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cpegi_app.services.filetypes import MAX_FILE_BYTES, WORDS, WORKBOOKS, FileKind
from cpegi_app.vocabulary.policy import MaterialFormat

KINDS: dict[str, frozenset[FileKind]] = {
    MaterialFormat.PDF: frozenset({FileKind.PDF}),
    MaterialFormat.PICTURE: frozenset({FileKind.JPG, FileKind.PNG}),
    MaterialFormat.WORD: WORDS,
    MaterialFormat.EXCEL: WORKBOOKS,
}
# What is accepted where nothing is said.
USUAL = (MaterialFormat.PDF.value, MaterialFormat.PICTURE.value)


def before(workbooks: object) -> tuple[str, ...]:
    """Return the formats of what was written when one could only say whether Excel was taken as well."""
    return (*USUAL, MaterialFormat.EXCEL.value) if workbooks else USUAL


def stated(values: Mapping[str, str], at: str) -> tuple[str, ...]:
    """Return what is ticked for the material whose controls' names begin with `at`, in the order of declaration."""
    ticked = [code for code in values.get(f"{at}formats", "").split(",") if code]
    if not ticked:
        return before(values.get(f"{at}workbooks") == "YES")
    if any(code not in MaterialFormat._value2member_map_ for code in ticked):
        raise ValueError("请从列表中选择接受的格式")
    return tuple(f.value for f in MaterialFormat if f.value in ticked)


def kinds(formats: Iterable[str]) -> frozenset[FileKind]:
    """Return the kinds of file that are taken."""
    return frozenset[FileKind]().union(*(KINDS[f] for f in formats))


def text(formats: Iterable[str]) -> str:
    """Return the formats as they are told."""
    return "、".join(MaterialFormat.label_of(f) for f in formats)


def hint(formats: Iterable[str]) -> str:
    """Return what stands beside the upload."""
    return f"支持 {text(formats)}，单个文件不超过 {MAX_FILE_BYTES >> 20} MB"

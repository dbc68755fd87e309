"""我的融资项目: the enterprise's list, the editor in steps, who looked (manual §6.1)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from cpegi_app.access import PROJECT_EDIT, PROJECT_READERS, PROJECTS
from cpegi_app.errors import FormInvalid
from cpegi_app.services import equity_form, equity_list, equity_project
from cpegi_app.services.equity_form import STEPS
from cpegi_app.services.equity_list import OpeningRow, ProjectRow, Readers
from cpegi_app.services.equity_project import FLOW
from cpegi_app.state.base import for_screen, int_arg
from cpegi_app.state.message import info, success
from cpegi_app.state.subject import SubjectState, edits
from cpegi_app.state.table import TableState, shows


@for_screen(PROJECTS)
@shows(equity_list.OWN)
class ProjectListState(TableState, rx.State):
    """The enterprise's own projects."""

    rows: list[ProjectRow] = []

    @rx.event
    async def add(self):
        """Begin a project (发布融资项目)."""
        row = await self._write(equity_project.new_draft)
        return rx.redirect(PROJECT_EDIT.url(rid=row.id))

    @rx.event
    async def change(self, project_id: int):
        """Open a project's draft, or begin a change."""
        row = await self._write(equity_project.change_draft, int_arg(project_id, 0))
        return rx.redirect(PROJECT_EDIT.url(rid=row.id))

    @rx.event
    async def set_down(self, project_id: int, down: bool):
        """撤下 or 重新发布."""
        await self._write(equity_project.take_down, int_arg(project_id, 0), down=down is True)
        await self._refresh()
        return success(
            "已撤下，项目不再公开展示，机构不能再打开商业计划书。"
            if down is True
            else "已重新发布，项目恢复在“股权融资”中展示。"
        )


@for_screen(PROJECT_EDIT)
@edits(FLOW.name, equity_form.NAMES, equity_form.TITLES)
class ProjectEditState(SubjectState, rx.State):
    """The editor of a project in steps; going on from a step saves it."""

    step: int = 0
    is_change: bool = False
    # The steps that hold something wrong or a reviewer's reason.
    marked: list[int] = []

    @rx.event
    async def load(self):
        """Open the revision named by the address, at its first step or where something must be put right."""
        rid = self._route_id("rid")
        await self._show(rid)
        self.marked = sorted({equity_form.step_of(name) for name in self.reasons})
        self.step = self.marked[0] if self.marked else 0
        self.is_change = await self._read(equity_project.is_change, rid)

    async def _posted(self, data: Any) -> dict[str, str]:
        """Return what was sent together with the other steps; what is to be submitted is saved before."""
        sent = await super()._posted(data)
        intent = sent.pop("intent", "")
        self.values = {**self.values, **sent}
        if intent == "submit" and self.editable and not self.sent:
            await self._store(self.values)
        return {**self.values, "intent": intent}

    def _refuse(self, refusal: FormInvalid, titles: dict[str, str] | None = None) -> None:
        """Put the sentences at their fields, and show the first step that holds one."""
        super()._refuse(refusal, titles)
        steps = sorted({equity_form.step_of(name) for name in refusal.fields if name != "form"})
        self.marked = steps
        if steps and self.step not in steps:
            self.step = steps[0]

    async def _help(self, intent: str, values: dict[str, str]) -> Any:
        """Save the step and go on to the next one, or to the one that was picked."""
        target = _step(intent, self.step)
        if target is None:
            return None
        await self._store(values)
        wrong = equity_form.step_problems(values, self.step) if intent == "next" else {}
        if wrong:
            self._refuse(FormInvalid(wrong), equity_form.TITLES)
            return info(f"已保存。本步还有 {len(wrong)} 处需要更正，请按提示修改后再进入下一步。")
        self._open(values, self.reasons)
        self.marked = [s for s in self.marked if s != self.step]
        self.step = target
        return success("已保存。")


def _step(intent: str, now: int) -> int | None:
    """Return the step that a button leads to, None for a button that the page does not have."""
    if intent == "next":
        return min(now + 1, len(STEPS) - 1)
    known = {f"step-{n}": n for n in range(len(STEPS))}
    return known.get(intent)


@for_screen(PROJECT_READERS)
@shows(equity_list.OPENINGS)
class ProjectReadersState(TableState, rx.State):
    """Who opened the business plan of an own project, and the counts."""

    readers: Readers = Readers()
    rows: list[OpeningRow] = []

    def _wanted(self) -> dict[str, str]:
        return self.filters | {"project": str(self._route_id("pid"))}

    async def _fetch(self) -> None:
        self.readers = await self._read(equity_list.readers, self._route_id("pid"))
        await super()._fetch()

"""Write docs/manual from what the browser tests recorded: one illustrated file a chapter, in the manual's order."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "test-output" / "manual"
TARGET = ROOT / "docs" / "manual"
WIDTH = 960
LIMIT = 60_000

TITLES = {
    "1": "概述", "1.1": "平台介绍",
    "2": "基础功能使用说明", "2.1": "注册", "2.2": "登录", "2.3": "忘记密码", "2.4": "修改密码",
    "2.5": "更换手机号", "2.6": "退出登录",
    "3": "认证功能使用说明", "3.1": "真实性认证", "3.2": "企业资料修改",
    "3.3": "金融机构/中介机构用户与企业用户的差异说明",
    "4": "金融产品维护功能使用说明", "4.1": "金融产品维护", "4.2": "金融产品申请审核", "4.3": "放款管理",
    "5": "线下贷款备案功能使用说明", "5.1": "线下贷款备案",
    "6": "股权融资项目功能说明", "6.1": "股权融资项目管理", "6.2": "投资记录", "6.3": "项目路演",
    "6.4": "线下投资项目管理", "6.5": "后续操作",
    "7": "报告管理功能使用说明",
    "8": "政策申请及兑现申请功能说明", "8.1": "政策申请", "8.2": "政策兑现",
    "9": "项目组联系方式",
    "10": "金融机构/中介机构分类",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One step of the manual: where it stands, what it says, its picture."""

    section: str
    order: int
    caption: str
    picture: Path

    @property
    def chapter(self) -> str:
        """Return the number before the first point."""
        return self.section.split(".")[0]

    @property
    def place(self) -> tuple[tuple[int, ...], int]:
        """Return what steps are sorted by: 10 comes after 9."""
        return tuple(int(part) for part in self.section.split(".")), self.order


def main() -> None:
    """Read the recorded steps, write the chapters and the index."""
    steps = sorted(read_steps(), key=lambda step: step.place)
    if not steps:
        raise SystemExit("No steps recorded: run `make manual`, which runs the browser tests first.")
    shutil.rmtree(TARGET, ignore_errors=True)
    (TARGET / "images").mkdir(parents=True)
    chapters = []
    for chapter, members in groupby(steps, key=lambda step: step.chapter):
        listed = list(members)
        (TARGET / f"{file_name(chapter)}").write_text(chapter_text(chapter, listed), encoding="utf-8")
        chapters.append((chapter, listed))
    (TARGET / "index.md").write_text(index_text(chapters), encoding="utf-8")
    size = sum(compress(step.picture) for step in steps)
    print(f"docs/manual: {len(chapters)} chapters, {len(steps)} steps, pictures {size / 1024:.0f} KB")


def read_steps() -> list[Step]:
    """Return the steps that have a caption and a picture."""
    steps = []
    for path in RECORDED.glob("*.json"):
        entry = json.loads(path.read_text(encoding="utf-8"))
        steps.append(Step(entry["section"], entry["order"], entry["caption"], path.with_suffix(".png")))
    return steps


def chapter_text(chapter: str, steps: list[Step]) -> str:
    """Return a chapter: its sections in order, each step a numbered sentence with its picture."""
    lines = [f"# {chapter} {TITLES[chapter]}", "", "[返回目录](index.md)", ""]
    for section, members in groupby(steps, key=lambda step: step.section):
        if section != chapter:
            lines += [f"## {section} {TITLES[section]}", ""]
        for number, step in enumerate(members, 1):
            picture = f"images/{step.picture.name}"
            lines += [f"{number}. {step.caption}", "", f"   ![{step.caption}]({picture})", ""]
    return "\n".join(lines)


def index_text(chapters: list[tuple[str, list[Step]]]) -> str:
    """Return the table of contents."""
    lines = ["# 操作手册", "", "图片与步骤由浏览器测试生成（`make manual`），与当前版本的界面一致。", ""]
    for chapter, steps in chapters:
        lines.append(f"- [{chapter} {TITLES[chapter]}]({file_name(chapter)})")
        sections = dict.fromkeys(step.section for step in steps if step.section != chapter)
        lines += [f"  - {section} {TITLES[section]}" for section in sections]
    return "\n".join(lines) + "\n"


def file_name(chapter: str) -> str:
    """Return a chapter's file name; two digits, so that a listing is in order."""
    return f"chapter-{int(chapter):02}.md"


def compress(picture: Path) -> int:
    """Write a picture at the manual's width in as few colours as its size limit asks; return its bytes."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    data = b""
    for colours in (128, 64, 32, 16):
        buffer = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
        data = buffer.getvalue()
        if len(data) <= LIMIT:
            break
    (TARGET / "images" / picture.name).write_bytes(data)
    return len(data)


if __name__ == "__main__":
    main()

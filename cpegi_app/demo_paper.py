"""Small real files for the demo: one paper a slot, drawn once, marked as a specimen."""

from __future__ import annotations

import io
import time
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from cpegi_app.vocabulary import FileSlot

SIZE = (620, 430)
INK, PALE, STAMP = "#1f2937", "#9aa4b2", "#c0392b"
# Where usual systems keep a font with Chinese letters; without one the papers are in English.
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/simhei.ttf",
)
# Slot → the paper's title in Chinese and English, its format.
PAPERS: dict[FileSlot, tuple[str, str, str]] = {
    FileSlot.LICENCE: ("营业执照", "Business licence", "png"),
    FileSlot.LEGAL_REP_ID: ("法定代表人身份证明", "Identity of the legal representative", "jpg"),
    FileSlot.AUTHORISATION: ("授权委托书", "Power of attorney", "pdf"),
    FileSlot.PERMIT: ("许可证（备案证明）", "Permit", "png"),
    FileSlot.ATTACHMENT: ("财务报表及购销合同", "Financial statements and orders", "pdf"),
    FileSlot.CONTRACT: ("借款合同", "Loan contract", "pdf"),
    FileSlot.REPORT: ("报告正文", "Report", "pdf"),
    FileSlot.PLAN: ("商业计划书", "Business plan", "pdf"),
    FileSlot.PICTURE: ("产品图片", "Product", "png"),
    FileSlot.VOUCHER: ("放款凭证", "Payment voucher", "png"),
    FileSlot.AGREEMENT: ("投资协议", "Investment agreement", "pdf"),
    FileSlot.PAYMENT: ("到账凭证", "Proof of payment", "png"),
    FileSlot.REGISTRATION: ("工商变更通知书", "Registration of the change", "png"),
}


@lru_cache(maxsize=len(PAPERS))
def paper(slot: FileSlot) -> tuple[str, bytes]:
    """Return a slot's paper: the file's name and its content."""
    chinese, english, kind = PAPERS[slot]
    return f"{chinese}.{kind}", _encoded(_page(chinese, english), kind)


@lru_cache(maxsize=1)
def font_path() -> str:
    """Return a font that has Chinese letters, empty when the machine has none."""
    return next((path for path in FONTS if Path(path).is_file()), "")


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    # Index 2 of Noto's collection is simplified Chinese; the others hold one face or do not mind.
    index = 2 if "NotoSansCJK" in font_path() else 0
    return ImageFont.truetype(font_path(), size, index=index) if font_path() else ImageFont.load_default(size)


def _page(chinese: str, english: str) -> Image.Image:
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    draw.rectangle((14, 14, width - 15, height - 15), outline=PALE, width=2)
    words = (chinese, "演示文件，仅供功能体验，不具法律效力", "演示")
    title, note, mark = words if font_path() else (english, "Demo file, without legal effect", "DEMO")
    draw.text((width / 2, 92), title, font=_font(38), fill=INK, anchor="mm")
    for number in range(5):
        y = 160 + number * 34
        draw.line((70, y, width - 70 - (number % 3) * 90, y), fill=PALE, width=3)
    draw.ellipse((width - 190, height - 190, width - 70, height - 70), outline=STAMP, width=4)
    draw.text((width - 130, height - 130), mark, font=_font(32), fill=STAMP, anchor="mm")
    draw.text((70, height - 60), note, font=_font(16), fill=PALE, anchor="lm")
    return image


def _encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "png":
        image.quantize(16).save(out, "PNG", optimize=True)
    elif kind == "jpg":
        image.save(out, "JPEG", quality=70)
    else:
        # A fixed date: the same paper is the same content on every run.
        day = time.gmtime(1_767_225_600)
        image.save(out, "PDF", resolution=72, creationDate=day, modDate=day)
    return out.getvalue()

"""The small answers that the edge gives itself: one shape, Chinese, and without a word about the inside."""

from __future__ import annotations

import html
import json

from starlette.datastructures import Headers
from starlette.types import Message, Scope

from cpegi_app.web.csp import PLAIN_PAGE

FAILED = "系统暂时无法处理该请求，请稍后重试；如多次出现，请联系平台管理人员 400 056 5005。"
_BY_STATUS = {
    400: "请求格式不正确，请刷新页面后重试。",
    404: "页面不存在，请检查地址或返回首页。",
    405: "不支持该操作。",
}
_PAGE = """<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{status} · 提示</title>
<style>body{{font:16px/1.7 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;color:#1f2a37;
max-width:34rem;margin:16vh auto;padding:0 1.5rem}}a{{color:#1d4f91}}</style></head>
<body><h1>操作未完成</h1><p>{sentence}</p><p><a href="/">返回首页</a></p></body></html>"""


class Refusal(Exception):
    """An HTTP answer in place of the application's; `sentence` is what a person reads."""

    def __init__(self, status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, headers

    @classmethod
    def of_status(cls, status: int) -> Refusal:
        """Return the refusal that stands for a framework's error of this status."""
        return cls(status, _BY_STATUS.get(status, FAILED))


def too_large(cap: int) -> Refusal:
    """Return the refusal of a body over a cap in bytes."""
    size = f"{cap >> 20} MB" if cap >= 1 << 20 else f"{cap >> 10} KB"
    return Refusal(413, f"提交的内容超过 {size} 上限，请压缩或拆分后重试。")


def is_framework_error(path: str, start: Message) -> bool:
    """Tell whether an answer is an error in a framework's words: any 5xx, plain text, or of the upload route."""
    status = start["status"]
    if status < 400:
        return False
    media = Headers(raw=list(start.get("headers", []))).get("content-type", "")
    own_words = media.startswith(("application/json", "text/html")) and path != "/_upload"
    # A readiness probe's 503 is an answer, not an accident.
    return not own_words or (status >= 500 and status != 503)


def refusal_messages(refusal: Refusal, scope: Scope) -> list[Message]:
    """Return the ASGI messages of a refusal: a page for who asks for one, else JSON with `detail`."""
    wants_page = "text/html" in Headers(scope=scope).get("accept", "")
    if wants_page:
        media = "text/html; charset=utf-8"
        body = _PAGE.format(status=refusal.status, sentence=html.escape(refusal.sentence)).encode()
    else:
        media = "application/json"
        body = json.dumps({"detail": refusal.sentence}, ensure_ascii=False).encode()
    headers = [
        ("content-type", media),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        # The rest of a refused body is not read, so the connection cannot be used again.
        *([("connection", "close")] if refusal.status in (408, 411, 413) else []),
        *([("content-security-policy", PLAIN_PAGE)] if wants_page else []),
        *refusal.headers,
    ]
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    start: Message = {"type": "http.response.start", "status": refusal.status, "headers": raw}
    sent = b"" if scope["method"] == "HEAD" else body
    return [start, {"type": "http.response.body", "body": sent}]

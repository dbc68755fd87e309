"""Uploads: what a file is, is told from its content; nothing hostile passes, at a bounded cost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cpegi_app.services.filetypes import (
    DOCUMENTS,
    MAX_FILE_BYTES,
    FileKind,
    UploadRefused,
    display_name,
    inspect,
)
from tests.hostile_files import Case, honest, hostile, pdf, picture, stream

HOSTILE = hostile()
MEMORY_MB, SECONDS = 256, 5.0
_ROOT = Path(__file__).parents[2]

# Runs all files in a process of its own, as the peak memory of a process never goes down again.
_COST = """
import json, sys, time
from pathlib import Path
from cpegi_app.services.filetypes import FileKind, UploadRefused, inspect
worst, accepted = (0.0, ""), []
for line in Path(sys.argv[1]).read_text().splitlines():
    what, name, file, kinds = json.loads(line)
    start = time.perf_counter()
    try:
        inspect(name, Path(file), allowed=frozenset(FileKind(kind) for kind in kinds))
        accepted.append(what)
    except UploadRefused:
        pass
    worst = max(worst, (time.perf_counter() - start, what))
# Not ru_maxrss: that counts what the parent had before it became this process.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0]) // 1024
print(json.dumps({"accepted": accepted, "peak_mb": peak, "worst": worst}))
"""


def test_there_are_at_least_sixty_hostile_files_of_nine_kinds() -> None:
    kinds = Counter(case.kind for case in HOSTILE)
    assert len(HOSTILE) >= 60
    assert len(kinds) == 9
    assert len({case.id for case in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.id)
def test_a_hostile_file_is_refused_with_a_sentence_that_says_what_to_do(case: Case) -> None:
    data = case.make()
    with pytest.raises(UploadRefused) as refusal:
        inspect(case.name, data, allowed=case.allowed)
    sentence = refusal.value.message
    assert sentence.startswith("文件“")
    assert sentence.endswith("。")
    assert "请" in sentence
    assert sentence.isprintable()
    assert len(sentence) <= 160


@pytest.mark.parametrize("case", honest(), ids=lambda case: case.id)
def test_an_honest_file_is_accepted_as_what_it_is(case: Case) -> None:
    kind = inspect(case.name, case.make(), allowed=case.allowed)
    assert display_name(case.name).rpartition(".")[2].lower() in kind.extensions


def test_hostile_files_cost_at_most_256_mb_and_5_seconds(tmp_path: Path) -> None:
    lines = []
    for number, case in enumerate([*HOSTILE, *honest()]):
        file = tmp_path / str(number)
        file.write_bytes(case.make())
        lines.append(json.dumps([case.id, case.name, str(file), sorted(case.allowed)]))
    index = tmp_path / "index"
    index.write_text("\n".join(lines))
    run = subprocess.run(
        [sys.executable, "-c", _COST, str(index)], cwd=_ROOT, capture_output=True, text=True, check=True
    )
    cost = json.loads(run.stdout)
    print(
        f"{len(HOSTILE)} hostile files {dict(Counter(c.kind for c in HOSTILE))}: peak {cost['peak_mb']} MB, worst {cost['worst']}"
    )
    assert [what for what in cost["accepted"] if not what.startswith("honest")] == []
    assert len(cost["accepted"]) == len(honest())
    assert cost["peak_mb"] <= MEMORY_MB
    assert cost["worst"][0] <= SECONDS


def test_a_file_of_exactly_the_cap_is_accepted() -> None:
    empty = pdf(stream(b""))
    # The lengths stated in the file have more digits then: fill the last bytes behind it.
    data = pdf(stream(b"\1" * (MAX_FILE_BYTES - len(empty) - 99)))
    data += b"\n" * (MAX_FILE_BYTES - len(data))
    assert len(data) == MAX_FILE_BYTES
    assert inspect("a.pdf", data) is FileKind.PDF


def test_a_path_is_read_like_bytes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(picture("PNG"))
    assert inspect("a.png", file) is FileKind.PNG


def test_a_kind_that_is_not_wanted_here_is_named() -> None:
    with pytest.raises(UploadRefused, match=r"“a\.jpg”是 JPG，此处只接受 PDF，请转换后上传。"):
        inspect("a.jpg", picture("JPEG"), allowed=frozenset({FileKind.PDF}))


def test_an_empty_file_and_an_oversize_one_are_told_apart() -> None:
    with pytest.raises(UploadRefused, match=r"“a\.pdf”是空文件（0 字节），请确认文件能正常打开后重新选择。"):
        inspect("a.pdf", b"")
    with pytest.raises(UploadRefused, match=r"大小为 10\.01 MB，超过 10 MB 上限，请压缩或拆分后上传。"):
        inspect("a.pdf", b"x" * (MAX_FILE_BYTES + 1))


def test_a_program_named_pdf_reads_as_the_manual_of_style_wants() -> None:
    with pytest.raises(UploadRefused) as refusal:
        inspect("营业执照.pdf", b"MZ" + b"\0" * 99, allowed=DOCUMENTS)
    assert refusal.value.message == (
        "文件“营业执照.pdf”实际不是 PDF、JPG 或 PNG（检测到程序文件），请重新导出为 PDF、JPG 或 PNG 后上传。"
    )


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("合同.pdf", "合同.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\王\\执照.jpg", "执照.jpg"),
        ("a\0b.pdf", "ab.pdf"),
        ("合同\u202efdp.exe", "合同fdp.exe"),
        ("a\r\nb.pdf", "ab.pdf"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        (" .. ", "未命名文件"),
        ("", "未命名文件"),
        ("dir/", "dir"),
        ("\ud800.pdf", "pdf"),
        ("名" * 300 + ".pdf", "名" * 116 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 118),
    ],
)
def test_a_display_name_is_a_harmless_label(raw: str, label: str) -> None:
    assert display_name(raw) == label
    assert 0 < len(display_name(raw)) <= 120

"""The threads that work beside the event loop, by what their work waits for: nobody queues behind another sort."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


# argon2 takes about 20 ms of a core, in processes that step back behind whoever is answered meanwhile: two at once, but
# a core is left without one, for stepping back takes the system a while (docs/performance.md).
HASHING = ThreadPoolExecutor(max(1, min(2, (os.cpu_count() or 2) - 1)), thread_name_prefix="argon2")
# More threads answer no more questions: they wait for each other's turn at the interpreter, and the event loop with
# them (10.0 ms a page change with six threads, 8.4 with three; docs/performance.md).
READING = ThreadPoolExecutor(3, thread_name_prefix="reading")
# Whoever writes may wait for another's commit: that must keep nobody from reading.
WRITING = ThreadPoolExecutor(4, thread_name_prefix="writing")
# Looking into a file may take a second of one: pages go on being read meanwhile.
FILES = ThreadPoolExecutor(2, thread_name_prefix="files")
# Every event begins by asking who sent it.
LOGINS = ThreadPoolExecutor(1, thread_name_prefix="logins")


async def run(lane: Executor, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a lane, with the context variables of here, as `asyncio.to_thread` does."""
    call: Callable[..., Any] = partial(contextvars.copy_context().run, fn, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(lane, call)

"""Work that a page need not wait for: after a short rest, or in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trame_server.utils.asynchronous import create_task


class Later:
    """Does work once for all calls within a rest, and long work in one thread.

    One thread, as every further one keeps the memory of the maps it has painted to itself.

    Parameters
    ----------
    state : trame state
        Sent to the page when work is done.
    """

    def __init__(self, state: Any) -> None:  # noqa: ANN401
        self._state = state
        self._waiting: set[str] = set()
        self._working = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="review")

    def soon(self, name: str, work: Callable[[], Any], seconds: float) -> None:
        """Do something after a rest, once for all calls of the same name until then."""
        if name in self._waiting:
            return
        self._waiting.add(name)

        async def later() -> None:
            await asyncio.sleep(seconds)
            self._waiting.discard(name)
            self._working += 1
            try:
                with self._state:
                    done = work()
                if asyncio.iscoroutine(done):
                    await done
            finally:
                self._working -= 1

        create_task(later())

    async def in_thread(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return what long work gives, while the page goes on."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def is_busy(self) -> bool:
        """Whether work is waiting or under way."""
        return bool(self._waiting or self._working)

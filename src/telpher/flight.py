"""Single flight: one piece of work that many wait for, and that ends when nobody does.

A flight has holders (who want the result) and a task (which makes it). A newcomer holds the same
flight instead of starting a second; the last holder to leave cancels the task. Holding and
releasing are synchronous, so a cancelled waiter can never leave a count wrong, and an abandoned
flight is out of every table before anything else can run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Flight(Generic[T]):
    """Work in progress and those who wait for it.

    `ended` is called once, synchronously, when the work has ended, failed or been abandoned,
    before any holder wakes up. Who starts the flight is its first holder.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        work: Coroutine[Any, Any, T],
        ended: Callable[[], None],
        *,
        name: str,
    ) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._ended = ended
        self._holders = 1
        self._task = tasks.create_task(self._run(work), name=name)
        # A task cancelled before its first step never enters _run, which would leave `work` open.
        self._task.add_done_callback(lambda _: work.close())

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._future.done()

    def hold(self) -> None:
        """Joins the flight; each hold needs one release."""
        self._holders += 1

    def release(self) -> None:
        """Leaves the flight; the last to leave cancels what has not ended yet."""
        self._holders -= 1
        if self._holders == 0 and not self.done:
            self._future.cancel()
            self._ended()
            self._task.cancel()

    async def result(self) -> T:
        """Waits for the end. Cancelling this wait leaves the flight to its other holders.

        Raises what the work raised.
        """
        return await asyncio.shield(self._future)

    async def _run(self, work: Coroutine[Any, Any, T]) -> None:
        try:
            result = await work
        except asyncio.CancelledError:
            if not self.done:  # the engine is closing
                self._future.cancel()
                self._ended()
            raise
        except Exception as error:  # noqa: BLE001 - not swallowed: it is raised to every holder
            self._fail(error)
        else:
            if not self.done:
                self._ended()
                self._future.set_result(result)

    def _fail(self, error: Exception) -> None:
        if self.done:
            return
        self._ended()
        self._future.set_exception(error)
        self._future.exception()  # read-ahead that nobody waited for may fail without a warning


class SingleFlight(Generic[K, T]):
    """Flights by key: `join` starts the work or waits for the one under way."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._flights: dict[K, Flight[T]] = {}

    async def join(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `work`, run once for all who ask for `key` meanwhile."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._start(key, work)
        else:
            flight.hold()
        try:
            return await flight.result()
        finally:
            flight.release()

    def _start(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> Flight[T]:
        def ended() -> None:
            del self._flights[key]

        flight = Flight(self._tasks, work(), ended, name=f"single-flight {key}")
        self._flights[key] = flight
        return flight

"""Independent work in several processes that end with the one that asked."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


def in_processes(
    function: Callable[..., Found], arguments: Mapping[Key, tuple[Any, ...]], workers: int
) -> Iterator[tuple[Key, Found]]:
    """What a function gives for each of some arguments, with their key, as it is done; its error is raised here.

    An error, Ctrl-C or a caller who asks no further ends all that is still at work.
    """
    with ProcessPoolExecutor(workers, initializer=_leave_interrupts) as pool:
        futures = {pool.submit(function, *given): key for key, given in arguments.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            processes = list(pool._processes.values())  # Python 3.14 has terminate_workers for what follows
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()
            raise


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that asked answers it for all."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

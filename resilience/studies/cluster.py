"""A Dask cluster for parameter studies: the connection, and the evaluation handed to every worker once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from resilience.errors import Finding, InputError

PLUGIN = "resilience-study"
SECONDS_TO_ANSWER = 15
handed: dict[str, bytes] = {}  # on a worker: job → its pickled evaluation


@contextmanager
def connected(scheduler: str, job: str, pickled: bytes) -> Iterator[Any]:
    """A client of the scheduler at ``tcp://host:port`` whose workers, also those to come, hold the evaluation.

    Raises :class:`~resilience.errors.InputError` if Dask is not installed, or no scheduler or worker answers.
    """
    try:
        from distributed import Client, WorkerPlugin
    except ImportError:
        raise _refuse(scheduler, 'a cluster needs Dask: pip install "resilience[cluster]"') from None

    class Hand(WorkerPlugin):
        """Hands the evaluation to a worker when it starts; the scheduler keeps it for workers that join later."""

        name = PLUGIN

        def setup(self, worker: Any) -> None:  # noqa: ARG002
            from resilience.studies import cluster

            cluster.handed.clear()
            cluster.handed[job] = pickled

    try:
        client = Client(scheduler, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _refuse(
            scheduler, f"no scheduler answers there ({error}); start one with: dask scheduler --port 8786"
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
        except TimeoutError:
            text = f"the scheduler has no worker; start some on each machine with: dask worker {scheduler}"
            raise _refuse(scheduler, text) from None
        client.register_plugin(Hand())
        try:
            yield client
        finally:
            client.unregister_worker_plugin(PLUGIN)
    finally:
        client.close()


def _refuse(scheduler: str, message: str) -> InputError:
    return InputError([Finding("error", "--scheduler", None, scheduler, message)])

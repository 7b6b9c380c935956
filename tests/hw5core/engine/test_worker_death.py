"""kill -9 of a worker: its run continues and ends with the same numbers, and no button waits for the worker."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from statistics import median

import pytest

from hw5core.engine.cluster import Cluster, worker_count
from hw5core.runs.config import RunConfig, race
from hw5core.runs.run import Status
from tests.hw5core.engine.conftest import Lab
from tests.hw5core.engine.workers import process_of
from tests.hw5core.histories import numbers, undisturbed, wait_for, wait_until_over
from tests.networks import STATEFUL
from tools.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(worker_count() < 2, reason="one core has one worker, and no race after its death"),
]

RESPONSE_SECONDS = 0.3


def test_a_race_trains_on_two_workers_even_if_one_is_busy_with_short_tasks(lab: Lab) -> None:
    # The first test of this file: as long as Dask does not know how long these tasks take, it prefers the other worker.
    engine, store, client = lab
    configs = race(RunConfig(network=STATEFUL, epochs=200, seed=40))
    busy = next(iter(client.nthreads()))
    short_tasks = [client.submit(time.sleep, 0.1, workers=[busy], pure=False) for _ in range(30)]
    engine.start(configs)
    for config in configs:
        wait_for(store, config, lambda history: len(history.losses) > 0)
    assert len({process_of(client, config) for config in configs}) == 2
    client.cancel(short_tasks)


def test_no_button_waits_for_a_dead_worker_and_its_run_ends_the_same(lab: Lab) -> None:
    engine, store, client = lab
    victim = RunConfig(network=STATEFUL, epochs=8, momentum=0.5)
    other = replace(victim, activation="sigmoid", epochs=200)
    waiting = [replace(other, seed=seed) for seed in range(1, 5)]
    engine.start([victim, other, *waiting])
    worker = process_of(client, victim)
    wait_for(store, victim, lambda history: len(history.epochs) >= 1 and not store.settled(victim.run_id))
    os.kill(worker, signal.SIGKILL)

    seconds: dict[str, list[float]] = defaultdict(list)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (run := store.run(victim.run_id)) and run.attempt == 1:
        assert time.monotonic() < deadline, "the run did not continue"
        for config in waiting:
            planned = replace(config, split_seed=1)
            for name, action in {
                "place": lambda config=config: engine.place(config.run_id),
                "stop": lambda config=config: engine.stop(config.run_id),
                "plan": lambda planned=planned: engine.plan([planned]),
                "delete": lambda config=config: engine.delete(config.run_id),
            }.items():
                begin = time.perf_counter()
                action()
                seconds[name].append(time.perf_counter() - begin)
            engine.withdraw([planned.run_id])
            engine.start([config])
            time.sleep(0.02)
    # Not the slowest: on a busy machine, any one call may have to wait for a core. Buttons that wait for the worker are
    # all slow, because there is time for few of them.
    typical = {name: median(times) for name, times in seconds.items()}
    assert set(typical) == {"place", "stop", "plan", "delete"}, "the run continued before a button was pressed"
    assert max(typical.values()) < RESPONSE_SECONDS, typical

    assert store.run(other.run_id).status is Status.RUNNING, "the killed run queued behind the other"  # type: ignore[union-attr]
    assert process_of(client, victim) != process_of(client, other)
    history = wait_until_over(store, victim)
    assert (history.status, history.run.attempt) == (Status.FINISHED, 2)
    assert numbers(store.records(victim.run_id)[0]) == undisturbed(victim)


def test_a_run_whose_worker_dies_before_it_gets_the_training_starts_on_another(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, store, client = lab
    config = RunConfig(network=STATEFUL, epochs=1, seed=9)
    workers = client.run(os.getpid)
    chosen = next(iter(workers))

    def addresses() -> set[str]:
        return set(client.sync(client.scheduler.identity, n_workers=-1)["workers"])

    def dies_when_it_is_chosen(cluster: Cluster, busy: Iterable[str]) -> str:
        monkeypatch.undo()
        for pid in workers.values():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not addresses() & set(workers), addresses)
        return chosen

    monkeypatch.setattr(Cluster, "free_worker", dies_when_it_is_chosen)
    engine.start([config])
    assert wait_until_over(store, config).status is Status.FINISHED

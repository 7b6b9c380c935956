"""kill -9 at random moments, of workers and of the Streamlit server: every run ends with the right numbers."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from hw5core.data import datasets
from hw5core.runs.config import RunConfig, race
from hw5core.runs.forks import fork
from hw5core.runs.records import Checkpoint
from hw5core.runs.run import Status
from hw5core.store.followers import Follower
from hw5core.store.store import RunStore
from pages.parts.shared.settings import fork_query, race_query
from tests.effort import EFFORT, TIMEOUT
from tests.hw5core.histories import numbers
from tools.live import serving
from tools.visitor import visitor
from tools.waiting import wait_until

pytestmark = [pytest.mark.slow, TIMEOUT]

KILLS_PER_RUN = min(EFFORT, 5)
"""How often a race or fork is disturbed before it may end."""

# Each takes a second or two, so that a kill finds it unfinished.
DIGITS = RunConfig(network="1x28x28 conv8k3 relu bn maxpool4 flatten dropout0.1 linear10", epochs=5, momentum=0.5)
MNIST = replace(DIGITS, dataset="mnist", training_images=3000, epochs=4)


class Disturbed:
    """A server in `home` whose processes are killed at moments and in an order that follow from a seed."""

    def __init__(self, home: Path, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self.store = RunStore(home)
        self._home = home
        self._random = random.Random(seed)
        self._process: psutil.Process | None = None
        self._address = ""
        self._servers = ExitStack()

    def close(self) -> None:
        self._servers.close()

    def train(self, page: str, query: str, configs: list[RunConfig]) -> None:
        """Start the runs on this page, and kill something KILLS_PER_RUN times until all of them are finished."""
        kills = 0
        while not self._finished(configs):
            self._serve()
            with suppress(ConnectionError):  # the server was killed: a new one continues
                kills += asyncio.run(self._watch(page, query, configs, kills < KILLS_PER_RUN))

    def _serve(self) -> None:
        if self._process is None or not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE:
            self._servers.close()
            self._address, server = self._servers.enter_context(serving(self._home, self._home / "server.log"))
            self._process = psutil.Process(server.pid)

    async def _watch(self, page: str, query: str, configs: list[RunConfig], kill: bool) -> int:
        """Open the page, start what can be started, and kill something after a while. Return the number of kills."""
        async with visitor(self._address, page, query) as tab:
            await tab.until_drawn(1)
            for label in ("Start the race", "Start the fork", "Resume"):
                if label in tab.buttons:
                    await tab.press(label)
            if kill:
                await self._until_somewhere(configs)
                if not self._finished(configs):
                    self._kill()
                    return 1
            await tab.until(lambda tab: self._finished(configs) or "Resume" in tab.buttons)
            assert not tab.exceptions
        return 0

    async def _until_somewhere(self, configs: list[RunConfig]) -> None:
        """Wait until the runs have trained a random share of what they still miss."""
        done = self._done(configs)
        moment = done + self._random.uniform(0, 0.7) * (1 - done)
        await asyncio.to_thread(wait_until, lambda: self._done(configs) >= moment, lambda: f"{moment=}")

    def _done(self, configs: list[RunConfig]) -> float:
        """Return the share of all batches that the store has, from 0 to 1."""
        histories = [Follower(self.store, config.run_id).read() for config in configs]
        return sum(history.fraction for history in histories if history) / len(configs)

    def _kill(self) -> None:
        assert self._process
        others = self._process.children(recursive=True)
        workers = [one for one in others if not one.children()]
        victims = {
            "a worker": [self._random.choice(workers)],
            "all processes that the server started": others,
            "the server": [self._process],
            "everything": [*others, self._process],
        }
        what = self._random.choice(list(victims))
        self.killed[what] += 1
        for one in victims[what]:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        if self._process in victims[what]:
            self._process.wait()  # it may still accept a connection for a moment

    def _finished(self, configs: list[RunConfig]) -> bool:
        runs = [self.store.run(config.run_id) for config in configs]
        return all(run is not None and run.status is Status.FINISHED for run in runs)


@pytest.fixture
def disturbed(tmp_path: Path) -> Iterator[Disturbed]:
    lab = Disturbed(tmp_path, seed=EFFORT)
    yield lab
    lab.close()


def test_killed_at_random_moments_every_run_ends_with_the_same_numbers(
    disturbed: Disturbed,
) -> None:
    has_mnist = datasets.is_available("mnist")
    number, compared = 0, 0
    while disturbed.killed.total() < EFFORT:
        base = replace(MNIST if has_mnist and number % 3 == 2 else DIGITS, seed=number)
        configs = race(base)
        disturbed.train("train", urlencode(race_query(configs)), configs)
        forked = fork(configs[1], 0, "relu", 0.05)
        disturbed.train("fork", urlencode(fork_query(forked)), [forked])
        for config in (*configs, forked):
            assert numbers(disturbed.store.records(config.run_id)[0]) == _undisturbed(config), config
            compared += 1
        number += 1
    print(f"{compared} runs, killed: {dict(disturbed.killed)}")


def _undisturbed(config: RunConfig) -> dict[str, Any]:
    """Return the numbers of the run, and of a fork's parent before it, trained in this process without interruption."""
    from hw5core.training.loop import train

    pool = datasets.load(config.dataset)
    if config.fork is None:
        return numbers(train(config, pool))
    parent = train(config.fork.parent, pool)
    epoch = config.fork.epoch
    start = next(one for one in parent if isinstance(one, Checkpoint) and one.epoch == epoch)
    return numbers(train(config, pool, start))

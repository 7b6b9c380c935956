"""The list of runs is one object as long as nothing changes, so that all viewers share what is made of it."""

from hw5core.runs.config import RunConfig
from hw5core.runs.records import BatchLosses
from hw5core.runs.run import Status
from hw5core.store.store import RunStore
from hw5core.store.summaries import Summaries

RUNS = [RunConfig(epochs=1, seed=seed) for seed in (0, 1)]


def test_a_list_is_another_object_only_if_a_run_has_changed(store: RunStore) -> None:
    for config in RUNS:
        store.claim(config, status=Status.PAUSED)
    summaries = Summaries(store)
    first = summaries.read(9)
    assert [one.run.run_id for one in first.summaries] == [config.run_id for config in reversed(RUNS)]
    assert summaries.read(9) is first
    store.add(RUNS[0].run_id, BatchLosses(0, (2.3,) * 10))
    store.rename(RUNS[1].run_id, "mine")
    second = summaries.read(9)
    assert second is not first
    assert [one.run.name for one in second.summaries] == ["mine", ""]
    store.delete(RUNS[0].run_id)
    assert [one.run.run_id for one in summaries.read(9).summaries] == [RUNS[1].run_id]


def test_a_result_that_is_young_enough_is_returned_again(store: RunStore) -> None:
    summaries = Summaries(store)
    first = summaries.read(9)
    store.claim(RUNS[0], status=Status.PAUSED)
    assert summaries.read(9, max_age=1_000) is first
    assert len(summaries.read(9).summaries) == 1

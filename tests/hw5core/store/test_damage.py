"""Two hundred random damages of a store: no error but a sentence, no wrong number, and every untouched run is kept.

Each damage is made to a copy of the files of a killed server, or under a running one. Then everything is read that
pages read. What must be kept is decided without checksums: all that plain SQLite reads if it cannot read the damaged
pages.
"""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hw5core.errors import LabError
from hw5core.runs.config import RunConfig
from hw5core.runs.forks import fork
from hw5core.runs.records import BatchLosses, Checkpoint, EpochResult, Record, RunFinished, RunStarted
from hw5core.store.followers import Follower, GroupFollower
from hw5core.store.permissions import Action
from hw5core.store.store import RunStore
from hw5core.store.summaries import Summaries

DAMAGES = 200
SWEEP = [RunConfig(epochs=2, training_images=100, seed=seed) for seed in range(4)]
FORK = fork(SWEEP[0], 0, "sigmoid", 0.02)
RUNNING = RunConfig(epochs=3, training_images=100, seed=9)
CONFIGS = (*SWEEP, FORK, RUNNING)
IDS = [config.run_id for config in CONFIGS]
TABLES = ("runs", "records", "checkpoints", "owners")
PAGE = 4096

Rows = dict[str, list[Any]]
"""The rows of a run by table."""


@dataclass(frozen=True)
class Original:
    """The files of a killed server, and what each run was like after each change."""

    folder: Path
    rows: dict[str, Rows]
    states: dict[str, list[Any]]
    checkpoints: dict[str, list[Checkpoint]]
    guesses: dict[str, float]


def _records(config: RunConfig) -> Iterator[Record]:
    rng, steps = random.Random(config.run_id), config.steps_per_epoch
    yield RunStarted(config.first_step, 11.0, "weights", "split", "order", {"torch": "2"})
    for epoch in range(config.first_step // steps, config.epochs):
        for start in range(epoch * steps, (epoch + 1) * steps, 10):
            losses, images = ([rng.random() for _ in range(number)] for number in (10, 50))
            yield BatchLosses(start, tuple(losses), tuple(images), (1,) * 50, start * 0.01)
        yield EpochResult(epoch, (epoch + 1) * steps - 1, rng.random(), 90 * rng.random(), 90 * rng.random(), 1.0, 0.1)
        yield Checkpoint((epoch + 1) * steps, 1.0, 1.0, rng.randbytes(3000), epoch)
    yield RunFinished(config.total_steps, rng.random())


def _state(store: RunStore, config: RunConfig) -> Any:
    run = store.run(config.run_id)
    return run and (run.config, run.status, run.name, run.message, store.records(config.run_id)[0])


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Build the store. Half of it is in its file, the other half in its log."""
    folder = tmp_path_factory.mktemp("damage")
    store = RunStore(folder / "live")
    states: dict[str, list[Any]] = {run_id: [None] for run_id in IDS}
    checkpoints: dict[str, list[Checkpoint]] = {run_id: [] for run_id in IDS}
    for number, config in enumerate(CONFIGS):
        store.claim(config, owner="a" * 32)
        states[config.run_id].append(_state(store, config))
        if config.fork:
            checkpoints[config.run_id].append(store.checkpoint(config.run_id))
        for record in [*_records(config)][: 9 if config is RUNNING else None]:
            store.add(config.run_id, record)
            states[config.run_id].append(_state(store, config))
            if isinstance(record, Checkpoint):
                checkpoints[config.run_id].append(record)
        store.rename(config.run_id, f"number {number}")
        states[config.run_id].append(_state(store, config))
        if number == 2:
            with closing(sqlite3.connect(store.path)) as database:
                database.execute("PRAGMA wal_checkpoint(PASSIVE)")
    for owner in ("b" * 32, "c" * 32):
        store.guess("race", owner, 40.0)
    shutil.copytree(store.folder, folder / "killed")
    with closing(sqlite3.connect(store.path)) as database:
        rows = {run_id: _rows(database, run_id, "") for run_id in IDS}
    killed = folder / "killed"
    return Original(killed, rows, states, checkpoints, dict.fromkeys(("b" * 32, "c" * 32), 40.0))


def _rows(database: sqlite3.Connection, run_id: str, access: str) -> Rows:
    database.text_factory = bytes
    return {
        table: database.execute(f"SELECT * FROM {table} {access} WHERE run_id = ? ORDER BY 1, 2", (run_id,)).fetchall()
        for table in TABLES
    }


def _pages(folder: Path) -> dict[int, bytes]:
    """Return the pages of the store: those of its file, replaced by those in its log."""
    file, log = folder / "runs.sqlite", folder / "runs.sqlite-wal"
    content = file.read_bytes() if file.is_file() else b""
    pages = {start // PAGE + 1: content[start : start + PAGE] for start in range(0, len(content), PAGE)}
    frames = log.read_bytes()[32:] if log.is_file() else b""
    salts = frames[8:16]
    for start in range(0, len(frames) - PAGE - 23, PAGE + 24):
        if frames[start + 8 : start + 16] == salts:
            pages[int.from_bytes(frames[start : start + 4])] = frames[start + 24 : start + 24 + PAGE]
    return pages


def _untouched(rows: dict[str, Rows], before: dict[int, bytes], damaged: Path, scratch: Path) -> set[str]:
    """Return the ids of the runs that plain SQLite reads completely although every damaged page is unreadable.

    `before` are the pages before the damage.
    """
    now = _pages(damaged)
    file = scratch / "oracle.sqlite"
    pages = (page if now.get(number) == page else b"\xff" * PAGE for number, page in sorted(before.items()))
    file.write_bytes(b"".join(pages))
    with file.open("r+b") as written:
        written.seek(18)
        written.write(b"\x01\x01")  # a file without a log
    kept = set()
    for access in ("", "NOT INDEXED"):
        for run_id in IDS:
            with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as database:
                if _rows(database, run_id, access) == rows[run_id]:
                    kept.add(run_id)
    return kept


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / f"runs.sqlite{suffix}" for suffix in ("", "-wal")) if path.is_file()]


def _flip(folder: Path, rng: random.Random) -> None:
    path = rng.choice(_files(folder))
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice([1, 1, 1, 4, 16])):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _flip_in_a_row(folder: Path, rng: random.Random) -> None:
    """Flip a bit in a setting, a status, a number or a checkpoint."""
    path = rng.choice(_files(folder))
    content = bytearray(path.read_bytes())
    texts = (b'"epochs"', b"finished", b"running", b'"losses"', b'"test_accuracy"', b"EpochResult", IDS[0].encode())
    places = [place for text in texts if (place := content.find(text, rng.randrange(len(content)))) >= 0]
    if places:
        content[rng.choice(places) + rng.randrange(30)] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def _overwrite_page(folder: Path, rng: random.Random) -> None:
    path = rng.choice(_files(folder))
    content = bytearray(path.read_bytes())
    start = rng.randrange(max(1, len(content) // PAGE)) * PAGE
    content[start : start + PAGE] = rng.choice([b"\xff" * PAGE, bytes(PAGE), rng.randbytes(PAGE)])
    path.write_bytes(content)


def _truncate(folder: Path, rng: random.Random) -> None:
    path = rng.choice(_files(folder))
    path.write_bytes(path.read_bytes()[: rng.choice([0, rng.randrange(path.stat().st_size)])])


def _delete(folder: Path, rng: random.Random) -> None:
    suffixes = rng.choice([("",), ("-wal",), ("-shm",), ("-wal", "-shm"), ("", "-wal", "-shm"), ("-open",)])
    for suffix in suffixes:
        (folder / f"runs.sqlite{suffix}").unlink(missing_ok=True)


KINDS: list[Callable[[Path, random.Random], None]] = [
    _flip, _flip, _flip, _flip_in_a_row, _flip_in_a_row, _overwrite_page, _truncate, _delete,
]  # fmt: skip


def _read_like_pages(store: RunStore, original: Original) -> set[str]:
    """Read everything. Return the ids of the runs that can be read. All values must be as they were."""

    def ask(read: Callable[[], Any], default: Any) -> Any:
        try:
            return read()
        except LabError:
            return default

    readable = set()
    for run, result in ask(lambda: store.newest(99), []):
        assert result is None or result in original.states[run.run_id][-1][-1]
    for one in ask(lambda: Summaries(store).read(99).summaries, ()):
        assert one.run.run_id in IDS
    ask(lambda: GroupFollower(store, IDS).read(), {})
    ask(lambda: store.stamps(IDS), {})
    ask(lambda: store.owned("a" * 32), set())
    ask(lambda: store.permitted(Action.HALT, "a" * 32, IDS), set())
    ask(lambda: store.absences(IDS), ([], []))
    ask(store.damages, [])
    assert ask(lambda: store.guesses("race"), {}).items() <= original.guesses.items()
    for config in CONFIGS:
        run_id = config.run_id
        lean = ask(lambda: Follower(store, run_id, lean=True).read(), None)  # noqa: B023
        state = ask(lambda: _state(store, config), None)  # noqa: B023
        assert state in original.states[run_id]
        if lean and state:
            losses = [loss for record in state[-1] if isinstance(record, BatchLosses) for loss in record.losses]
            assert lean.losses.tolist() == losses
            assert list(lean.epochs) == [record for record in state[-1] if isinstance(record, EpochResult)]
        if state is not None and state == original.states[run_id][-1]:
            readable.add(run_id)
        checkpoint = ask(lambda: store.checkpoint(run_id), None)  # noqa: B023
        assert checkpoint is None or checkpoint in original.checkpoints[run_id]
        epochs = ask(lambda: store.forkable_epochs(run_id), [])  # noqa: B023
        assert set(epochs) <= {one.epoch for one in original.checkpoints[run_id]}
        for step in (0, 25):
            batch = ask(lambda: store.losses_of_batch(run_id, step), None)  # noqa: B023
            assert batch is None or batch in original.states[run_id][-1][-1]
    return readable


def check_damage(original: Original, seed: int, scratch: Path) -> None:
    """Damage a copy of the store, read it, restart, and read it again."""
    original = replace(original, guesses=original.guesses | {"d" * 32: 1.0})
    rng = random.Random(seed)
    home = scratch / "home"
    shutil.copytree(original.folder, home)
    store = RunStore(home) if rng.random() < 0.4 else None
    if store:
        store.guess("race", "d" * 32, 1.0)  # something is in the log
        store.guess("another race", "d" * 32, 1.0)
    before = _pages(home)
    rng.choice(KINDS)(home, rng)
    untouched = _untouched(original.rows, before, home, scratch)
    if store:
        _read_like_pages(store, original)
        # The server is killed too: another process finds its files.
        shutil.copytree(home, scratch / "restarted")
    restarted = RunStore(scratch / "restarted" if store else home)
    kept = _read_like_pages(restarted, original)
    assert untouched <= kept, restarted.notice
    # Every run can be started again.
    for config in SWEEP:
        restarted.claim(config, owner="e" * 32)
        assert restarted.run(config.run_id) is not None


@pytest.mark.slow
@pytest.mark.parametrize("tenth", range(10))
def test_no_damage_gives_an_error_or_a_wrong_number_or_costs_another_run(
    original: Original, tmp_path: Path, tenth: int
) -> None:
    for seed in range(tenth * DAMAGES // 10, (tenth + 1) * DAMAGES // 10):
        scratch = tmp_path / str(seed)
        scratch.mkdir()
        try:
            check_damage(original, seed, scratch)
        except Exception as error:
            error.add_note(f"damage number {seed}")
            raise
        shutil.rmtree(scratch)

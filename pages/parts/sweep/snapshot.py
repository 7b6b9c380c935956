"""Everything that a page shows of a sweep at one moment."""

from dataclasses import dataclass

from hw5core.runs.sweeps import Sweep
from pages.parts.shared.group_snapshot import GroupSnapshot, read_group


@dataclass(frozen=True, kw_only=True)
class SweepSnapshot(GroupSnapshot):
    """The runs of a sweep at one moment."""

    sweep: Sweep


def read_sweep(sweep: Sweep, fresh: bool = True) -> SweepSnapshot:
    """Read the sweep from the store. Unless `fresh` is True, its histories may be a moment old. Raises StoreError."""
    return SweepSnapshot(sweep=sweep, **vars(read_group(tuple(sweep.configs.values()), fresh)))


def read_sweep_live(sweep: Sweep) -> SweepSnapshot:
    """Read the sweep for live updates, which share histories for a moment. Raises StoreError."""
    return read_sweep(sweep, fresh=False)

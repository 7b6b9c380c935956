"""Permissions: who may do what with a run. docs/operating.md has the same rules as a table.

The operator at a terminal (None) and the lecturer may do everything. A guest has two kinds of rights. The guest who
creates a run is its owner, and may rename and delete it. The one who starts, resumes or steps a run controls it, and
may pause and stop it until somebody else resumes it. A run that the lecturer or the operator has started or resumed is
theirs: a guest may control it for a while, but never rename or delete it.
"""

import time
from collections.abc import Collection
from enum import Enum
from typing import assert_never

from hw5core.runs.run import Run, Status
from hw5core.store.owners import is_guest
from hw5core.store.trash import BY_OWNER, Deletion

PAUSE_SECONDS = 3600.0
"""How long after a pause by the lecturer or the operator no guest may resume the run."""

GUEST_PAUSE_SECONDS = 300.0
"""How long after its first pause by a guest only those who control a run may resume it.

Later pauses do not renew this: otherwise a guest who pauses again and again would keep a race from all others.
"""


class Action(Enum):
    """What somebody wants to do with a run."""

    TRAIN = "start, join, resume or step"
    HALT = "pause or stop"
    RENAME = "rename"
    DELETE = "delete"


def may(action: Action, owner: str | None, run: Run, owners: Collection[str]) -> bool:
    """Return True if this user may perform the action on a run of these owners.

    Joining a run that is waiting or running is always possible, and training a finished one does nothing.
    """
    if not is_guest(owner):
        return True
    match action:
        case Action.TRAIN:
            return run.status is not Status.PAUSED or _controls(owner, run, owners) or not is_reserved(run)
        case Action.HALT:
            return _controls(owner, run, owners)
        case Action.RENAME:
            return _owns(owner, owners)
        case Action.DELETE:
            # Not while somebody else trains it: they would lose what they have resumed.
            return _owns(owner, owners) and (run.status.over or _controls(owner, run, owners))
        case _:
            assert_never(action)


def may_restore(owner: str | None, deletion: Deletion) -> bool:
    """Return True if this user may undo the deletion. A guest may not undo one by the lecturer."""
    return not is_guest(owner) or (deletion.reason == BY_OWNER and _owns(owner, deletion.owners))


def may_withdraw(owner: str | None, planner: str | None) -> bool:
    """Return True if this user may drop a planned run of `planner`."""
    return not is_guest(owner) or owner == planner


def is_reserved(run: Run) -> bool:
    """Return True if a paused run still waits for those who control it."""
    # abs: a clock that was set back must not reserve the run for years.
    if is_guest(run.controller):
        return abs(time.time() - run.first_pause) < GUEST_PAUSE_SECONDS
    return abs(time.time() - run.changed) < PAUSE_SECONDS


def _controls(owner: str | None, run: Run, owners: Collection[str]) -> bool:
    # A run of an older store has no controller until somebody resumes it.
    return owner == run.controller or (not run.controller and _owns(owner, owners))


def _owns(owner: str | None, owners: Collection[str]) -> bool:
    return owner in owners and all(map(is_guest, owners))

"""Which pixels of an image a network's score for a class depends on, by three methods, each with its sanity check.

A map says something about what a network has learned only if it changes when the learned weights are replaced by random
ones (Adebayo et al. 2018, Sanity Checks for Saliency Maps).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
"""A map over the image (height, width), often coarser than its pixels."""

PATCH, STRIDE = 6, 2
"""The side of the square that occlusion covers, and the distance between two of its places, in pixels."""

ALIKE, UNLIKE = 0.7, 0.4
"""A rank correlation from the first on is called alike; one below the second is called unlike."""


class Method(StrEnum):
    """How a map is computed."""

    OCCLUSION = "Occlusion"
    GRADIENT = "Gradient (saliency)"
    GRAD_CAM = "Grad-CAM"


@dataclass(frozen=True, eq=False)
class Attributed:
    """The maps of one network for one class, by method. `weights` says in words which weights it has.

    `score` is its last layer's output for the class. Grad-CAM needs a convolution.
    """

    weights: str
    score: float
    maps: Mapping[Method, Map]


class SanityVerdict(StrEnum):
    """What the sanity check says about a map."""

    DEPENDS = "depends on what the network has learned"
    PARTLY = "depends only in part on what the network has learned"
    IGNORES = "hardly depends on what the network has learned"
    NOTHING = "shows nothing here: it has the same value everywhere"


def similarity(first: Map, second: Map) -> float | None:
    """Return the rank correlation (Spearman) of two maps, from -1 to 1.

    Return None if one of them has the same value everywhere, or has a value that is not finite.
    """
    ranks = [_ranks(one.ravel()) for one in (first, second)]
    if not all(np.isfinite(one).all() for one in (first, second)) or any(np.ptp(one) == 0 for one in ranks):
        return None
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _ranks(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the rank of each value. Equal values share the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    means = np.add.accumulate(counts) - (counts - 1) / 2
    return np.take(means, places)


def similarities(attributed: Sequence[Attributed], method: Method) -> list[float | None]:
    """Return the similarity of each network's map with the first network's, which has the learned weights."""
    learned = attributed[0].maps[method]
    return [similarity(learned, one.maps[method]) for one in attributed]


def verdict(similar: Sequence[float | None]) -> SanityVerdict:
    """Return what the check says about a method's map for one image, from the `similarities` of its networks.

    The last two networks decide, because all their weights are random.
    """
    if similar[0] is None:
        return SanityVerdict.NOTHING
    most = most_alike(similar)
    if most >= ALIKE:
        return SanityVerdict.IGNORES
    return SanityVerdict.DEPENDS if most < UNLIKE else SanityVerdict.PARTLY


def most_alike(similar: Sequence[float | None]) -> float:
    """Return the larger similarity of the learned map with those of the two networks whose weights are all random.

    A map without any structure is not like the learned one.
    """
    return max(0.0 if one is None else one for one in similar[-2:])

"""The sanity check of maps: its rank correlation is pandas', and its verdict follows from the figures."""

import numpy as np
import pandas as pd
import pytest

from hw5core.runs.attribution import Attributed, Method, SanityVerdict, most_alike, similarities, similarity, verdict

NUMBERS = np.random.default_rng(0)
LEARNED = NUMBERS.normal(size=(14, 14)).astype(np.float32)
OTHER = NUMBERS.normal(size=(14, 14)).astype(np.float32)
FLAT = np.zeros((14, 14), np.float32)


@pytest.mark.parametrize("second", [OTHER, LEARNED**3, -LEARNED, LEARNED + OTHER, np.maximum(OTHER, 0), OTHER.round()])
def test_the_similarity_is_the_rank_correlation_of_another_library(second: np.ndarray) -> None:
    expected = pd.DataFrame({"first": LEARNED.ravel(), "second": second.ravel()}).corr(method="spearman")
    assert similarity(LEARNED, second) == pytest.approx(expected.loc["first", "second"])


def test_a_map_without_differences_or_finite_values_has_no_similarity() -> None:
    assert similarity(LEARNED, FLAT) is None
    assert similarity(FLAT, LEARNED) is None
    assert similarity(LEARNED, np.full_like(LEARNED, np.nan)) is None


@pytest.mark.parametrize(
    ("maps", "expected", "most"),
    [
        ((LEARNED, LEARNED, OTHER, FLAT), SanityVerdict.DEPENDS, 0.0),
        ((LEARNED, OTHER, OTHER, LEARNED + OTHER), SanityVerdict.PARTLY, similarity(LEARNED, LEARNED + OTHER)),
        ((LEARNED, OTHER, 2 * LEARNED, OTHER), SanityVerdict.IGNORES, 1.0),
        ((LEARNED, OTHER, -LEARNED, FLAT), SanityVerdict.DEPENDS, 0.0),
        ((FLAT, LEARNED, LEARNED, LEARNED), SanityVerdict.NOTHING, 0.0),
    ],
)
def test_random_weights_decide(maps: tuple[np.ndarray, ...], expected: SanityVerdict, most: float) -> None:
    networks = [Attributed(f"weights {number}", 1.0, {Method.GRADIENT: one}) for number, one in enumerate(maps)]
    similar = similarities(networks, Method.GRADIENT)
    assert verdict(similar) is expected
    assert most_alike(similar) == pytest.approx(most)
    assert len(similar) == 4

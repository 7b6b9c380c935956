"""What a network predicts for every image of a part of its split: its confusion matrix, and the images of each cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SplitPart = Literal["test", "validation"]
"""A part of the split on which a run records its accuracy after every epoch."""

Places = NDArray[np.int64]
"""Positions of images in their part of the split."""


@dataclass(frozen=True, eq=False)
class Classified:
    """The label and the predicted class of each of n images, uint8 (n,), and the probability of that class, float32.

    A network with weights that are not finite has no probabilities: they are NaN.
    """

    labels: NDArray[np.uint8]
    predicted: NDArray[np.uint8]
    confidence: NDArray[np.float32]

    @cached_property
    def is_right(self) -> NDArray[np.bool_]:
        return self.labels == self.predicted

    @property
    def accuracy(self) -> float:
        """The share of the images whose class is predicted, in percent. A run records the same number."""
        return 100 * int(self.is_right.sum()) / len(self.labels)

    def matrix(self, classes: int) -> NDArray[np.int64]:
        """Return the confusion matrix (classes, classes): how many images of the row's class get the column's."""
        pairs = self.labels.astype(np.int64) * classes + self.predicted
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)

    def in_cell(self, label: int, predicted: int) -> Places:
        """Return the images of one cell of the matrix, the most confident prediction first."""
        return self._by_confidence((self.labels == label) & (self.predicted == predicted))

    def mistakes(self) -> Places:
        """Return the images whose class is not predicted, the most confident mistake first."""
        return self._by_confidence(~self.is_right)

    def right_alone(self, others: Sequence["Classified"]) -> Places:
        """Return the images that this network gets right and all others get wrong, the most confident first.

        The others have classified the same images.
        """
        others_right = np.any([other.is_right for other in others], axis=0)
        return self._by_confidence(self.is_right & ~others_right)

    def _by_confidence(self, chosen: NDArray[np.bool_]) -> Places:
        places = np.flatnonzero(chosen)
        return places[np.argsort(-self.confidence[places], kind="stable")]


def class_accuracies(matrix: NDArray[np.int64]) -> list[float | None]:
    """Return the share of each class's images that are predicted right, in percent, or None for a class without any."""
    return [
        100 * int(row[label]) / int(row.sum()) if row.sum() else None  # an empty class has no accuracy
        for label, row in enumerate(matrix)
    ]


def commonest_mistake(matrix: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Return the label, the predicted class and the count of the largest cell off the diagonal, or None without any."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    label, predicted = divmod(int(wrong.argmax()), len(matrix))
    return (label, predicted, int(wrong[label, predicted])) if wrong.any() else None

"""The confusion matrix and the images of its cells, against numbers that can be counted by hand."""

import numpy as np

from hw5core.runs.mistakes import Classified, class_accuracies, commonest_mistake


def _classified(labels: list[int], predicted: list[int], confidence: list[float]) -> Classified:
    return Classified(np.array(labels, np.uint8), np.array(predicted, np.uint8), np.array(confidence, np.float32))


FIRST = _classified([0, 0, 1, 1, 1, 3], [0, 1, 1, 0, 0, 3], [0.9, 0.6, 0.8, 0.5, 0.7, 1.0])
SECOND = _classified([0, 0, 1, 1, 1, 3], [0, 0, 0, 1, 0, 0], [0.9, 0.6, 0.8, 0.5, 0.7, 1.0])


def test_the_matrix_counts_each_class_and_prediction() -> None:
    matrix = FIRST.matrix(4)
    assert matrix.tolist() == [[1, 1, 0, 0], [2, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert class_accuracies(matrix) == [50, 100 / 3, None, 100]
    assert FIRST.accuracy == 50
    assert commonest_mistake(matrix) == (1, 0, 2)
    assert commonest_mistake(np.diag([3, 4])) is None


def test_images_come_with_the_most_confident_first() -> None:
    assert FIRST.in_cell(1, 0).tolist() == [4, 3]
    assert FIRST.in_cell(2, 0).tolist() == []
    assert FIRST.mistakes().tolist() == [4, 1, 3]


def test_an_image_that_only_one_network_gets_right_is_wrong_in_every_other() -> None:
    assert FIRST.right_alone([SECOND]).tolist() == [5, 2]
    assert SECOND.right_alone([FIRST]).tolist() == [1, 3]
    assert FIRST.right_alone([SECOND, FIRST]).tolist() == []


def test_a_network_without_finite_weights_has_mistakes_too() -> None:
    lost = _classified([0, 1], [0, 0], [np.nan, np.nan])
    assert lost.mistakes().tolist() == [1]
    assert lost.in_cell(0, 0).tolist() == [0]

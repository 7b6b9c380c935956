"""The results and claims that the homework sheet reports, for comparison with the results of this app.

The app computes nothing from these numbers.
"""

SHEET_ACCURACY = {
    "relu": (97.37856984138489, 98.02857041358948, 98.60000014305115, 98.69285821914673, 98.80714416503906),
    "sigmoid": (18.33571493625641, 51.27142667770386, 72.73571491241455, 81.77857398986816, 86.31428480148315),
}
"""The sheet's test accuracies in percent after epochs 0 to 4, by activation."""

CLAIMS = (
    "ReLU gives the best accuracy on the test set.",
    "Sigmoid takes longer to learn, and does not get as far.",
    "Sigmoid has the longer running time.",
    "Sigmoid learns late because it saturates: far from 0, distant inputs become nearly indistinguishable, while ReLU "
    "keeps their size.",
)
"""The sheet's conclusions, in its order."""

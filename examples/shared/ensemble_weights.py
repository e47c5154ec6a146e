"""Weights for averaging the members' probabilities, fitted on rows that the members did not learn from.

The weights are those of the linear opinion pool with the smallest log loss, found by expectation maximisation, which for
this concave problem ends at the best weights wherever it starts. There are few rows of class 1 to fit them on, so they are
drawn towards equal weights, as if a tenth as many more rows had been answered equally well by every member.
"""

import numpy as np

PRIOR_SHARE = 0.1
ITERATIONS = 2_000


def fit_ensemble_weights(probability: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`probability` [rows, members]: each member's, of class 1. Gives weights that sum to 1, two decimals each."""
    given_to_truth = np.where(target[:, None] == 1, probability, 1 - probability).astype(np.float64)
    rows, members = given_to_truth.shape
    prior = PRIOR_SHARE * rows / members
    weights = np.full(members, 1 / members)
    for _ in range(ITERATIONS):
        shares = weights * given_to_truth
        shares /= shares.sum(axis=1, keepdims=True)
        weights = (shares.sum(axis=0) + prior) / (rows * (1 + PRIOR_SHARE))
    rounded = np.round(weights, 2)
    rounded[np.argmax(rounded)] += 1 - rounded.sum()
    return np.round(rounded, 2)

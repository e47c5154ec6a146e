"""Writes test/fixtures/digits.json: scikit-learn's handwritten digits with the guesses of two classifiers.

Out-of-fold guesses of a weak logistic regression (three pixel rows) and a stronger one (all pixels) for the 1,797 rows;
`simulations/off-policy.ts` turns them into bandit feedback whose true values are exact.
"""

import json
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

digits = load_digits()
pixels = digits.data / 16
weak = cross_val_predict(LogisticRegression(max_iter=500), pixels[:, 8:32], digits.target, cv=5)
strong = cross_val_predict(LogisticRegression(max_iter=500), pixels, digits.target, cv=5)
columns = {"labels": digits.target, "weak": weak, "strong": strong}
output = Path(__file__).parent.parent / "test" / "fixtures" / "digits.json"
output.write_text(json.dumps({name: "".join(map(str, values)) for name, values in columns.items()}) + "\n")
print({name: float((values == digits.target).mean()) for name, values in columns.items()})

"""Writes test/fixtures/ridge.json: weighted ridge regressions solved in fractions, and checks scikit-learn against them.

scikit-learn solves the normal equations in doubles, whose squares can overflow;
so the stored answers are exact ones, and scikit-learn must agree as far as it can.
"""
import json
import pathlib
import warnings
from fractions import Fraction

import numpy as np
from sklearn.linear_model import Ridge

from ridge_cases import ridge_case

warnings.simplefilter('ignore')
fixtures = pathlib.Path(__file__).resolve().parent.parent / 'test/fixtures'


def solve(matrix, right):
    """Gaussian elimination in fractions; None when some column depends on others."""
    size = len(matrix)
    rows = [row[:] + [value] for row, value in zip(matrix, right)]
    for k in range(size):
        pivot = next((r for r in range(k, size) if rows[r][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for r in range(size):
            if r != k and rows[r][k] != 0:
                factor = rows[r][k] / rows[k][k]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[k])]
    return [rows[k][size] / rows[k][k] for k in range(size)]


def exact(design, targets, weights, alpha):
    """[intercept, R², coefficients], or None without a unique answer."""
    w = [Fraction(v) for v in weights]
    total = sum(w)
    columns = [[Fraction(row[c]) for row in design] for c in range(len(design[0]))] + [[Fraction(v) for v in targets]]
    means = [sum(a * b for a, b in zip(w, column)) / total for column in columns]
    centred = [[v - mean for v in column] for column, mean in zip(columns, means)]
    dot = lambda a, b: sum(p * q * r for p, q, r in zip(w, a, b))  # noqa: E731
    *xs, y = centred
    spread = dot(y, y)
    matrix = [[dot(a, b) + (Fraction(alpha) if i == j else 0) for j, b in enumerate(xs)] for i, a in enumerate(xs)]
    found = solve(matrix, [dot(a, y) for a in xs])
    if found is None or spread == 0:
        return None
    residuals = [v - sum(b * x[row] for b, x in zip(found, xs)) for row, v in enumerate(y)]
    intercept = means[-1] - sum(b * mean for b, mean in zip(found, means))
    return [float(intercept), float(1 - dot(residuals, residuals) / spread), [float(b) for b in found]]


answers, worst = [], {}
for index in range(1000):
    kind, design, targets, weights, alpha = ridge_case(index)
    answer = exact(design, targets, weights, alpha)
    answers.append(answer and [float('%.13g' % answer[0]), float('%.13g' % answer[1]), [float('%.13g' % b) for b in answer[2]]])
    if answer is None or kind in ('tiny', 'huge'):
        continue
    fitted = Ridge(alpha=alpha, solver='cholesky').fit(np.array(design), np.array(targets), sample_weight=weights)
    gap = max(abs(a - b) for a, b in zip(fitted.coef_, answer[2])) / (max(abs(b) for b in answer[2]) or 1)
    worst[kind] = max(worst.get(kind, 0), float(gap))
print(worst)
assert all(gap < 1e-9 for kind, gap in worst.items()), worst
(fixtures / 'ridge.json').write_text(json.dumps(answers, separators=(',', ':')).replace(']],[', ']],\n[') + '\n')
print(len(answers), sum(a is None for a in answers), 'without an answer')

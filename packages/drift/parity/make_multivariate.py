"""Writes test/fixtures/multivariate.json: the tests of several columns on 1,000 random matrices, by NumPy, SciPy and
scikit-learn. Draws follow this package's order of asking for random numbers.
"""
import json
import math
import pathlib
import warnings

import numpy as np
import sklearn
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cases import matrix_case, mulberry32, rounded

warnings.simplefilter('ignore')
fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'
PERMUTATIONS = 20


def draw_positions(size, count, uniform):
    positions = list(range(size))
    for i in range(count):
        j = i + int(uniform() * (size - i))
        positions[i], positions[j] = positions[j], positions[i]
    return positions[:count]


def discrepancy(reference, current, seed):
    """[statistic, p, bandwidth] with the bandwidth from the upper median of the pooled distances."""
    uniform = mulberry32(seed)
    rows = np.vstack([reference, current])
    squares = ((rows[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2)
    upper = np.sort(squares[np.triu_indices(len(rows), 1)])
    bandwidth = math.sqrt(upper[len(upper) // 2]) or math.sqrt(upper[-1])
    kernel = np.exp(-squares / (2 * bandwidth * bandwidth))
    np.fill_diagonal(kernel, 0)
    m, n = len(reference), len(current)

    def statistic(order):
        k = kernel[np.ix_(order, order)]
        return k[:m, :m].sum() / (m * (m - 1)) + k[m:, m:].sum() / (n * (n - 1)) - 2 * k[:m, m:].sum() / (m * n)

    observed = statistic(list(range(m + n)))
    reached = sum(statistic(draw_positions(m + n, m + n, uniform)) >= observed - 1e-12 for _ in range(PERMUTATIONS))
    return [rounded(observed), rounded((1 + reached) / (1 + PERMUTATIONS)), rounded(bandwidth)]


def reconstruction(reference, current):
    """[mean error of the reference, of the current rows, Welch p, explained share], as NannyML's calculator does it."""
    scaler = StandardScaler().fit(reference)
    pca = PCA(n_components=0.65, svd_solver='full').fit(scaler.transform(reference))

    def errors(rows):
        z = scaler.transform(rows)
        return np.linalg.norm(z - pca.inverse_transform(pca.transform(z)), axis=1)

    first, second = errors(reference), errors(current)
    if max(first.max(), second.max()) < 1e-12:
        # One column that varies is its own component: nothing is left to compare.
        return None
    p = stats.ttest_ind(first, second, equal_var=False).pvalue
    return [rounded(v) for v in (first.mean(), second.mean(), p, pca.explained_variance_ratio_.sum())]


def classifier(reference, current, seed):
    """[area under the curve, p, weight of each column]."""
    uniform = mulberry32(seed)
    halves = []
    for rows in (reference, current):
        drawn = rows[draw_positions(len(rows), len(rows), uniform)]
        cut = min(len(rows) - 5, max(5, math.floor(len(rows) * 0.5 + 0.5)))
        halves.append((drawn[:cut], drawn[cut:]))
    training = np.vstack([half[0] for half in halves])
    labels = np.repeat([0, 1], [len(halves[0][0]), len(halves[1][0])])
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    varies = deviation**2 > 1e-24 * mean**2
    width = training.shape[1]

    def expand(rows):
        z = np.where(varies, np.clip((rows - mean) / np.where(varies, deviation, 1), -5, 5), 0)
        products = [z[:, i] * z[:, j] for i in range(width) for j in range(i + 1, width)]
        return np.column_stack([z, z * z - 1, *products])

    x = expand(training)
    fitted = LogisticRegression(C=1.0, solver='newton-cholesky', tol=1e-12, max_iter=1000).fit(x, labels)
    beta = np.concatenate([fitted.intercept_, fitted.coef_[0]])
    wide = np.hstack([np.ones((len(x), 1)), x])
    ridge = np.concatenate([[0.0], np.ones(x.shape[1])])
    for _ in range(20):
        # scikit-learn stops once a step is small enough for it; a few more lead to the end.
        p = 1 / (1 + np.exp(-wide @ beta))
        step = np.linalg.solve((wide * (p * (1 - p))[:, None]).T @ wide + np.diag(ridge), wide.T @ (labels - p) - ridge * beta)
        beta += step
        if np.abs(step).max() < 1e-15:
            break
    assert np.abs(beta[1:] - fitted.coef_[0]).max() < 1e-6
    scores = [np.round(expand(half[1]) @ beta[1:] + beta[0], 12) for half in halves]
    test = stats.mannwhitneyu(scores[1], scores[0], alternative='greater', method='asymptotic')
    linear, squared, products = beta[1:1 + width], beta[1 + width:1 + 2 * width], beta[1 + 2 * width:]
    weights = np.abs(linear) + np.abs(squared)
    pairs = [(i, j) for i in range(width) for j in range(i + 1, width)]
    for (i, j), value in zip(pairs, products):
        weights[[i, j]] += abs(value) / 2
    area = test.statistic / (len(scores[0]) * len(scores[1]))
    return [rounded(area), rounded(test.pvalue), [rounded(w) for w in weights]]


answers = []
for index in range(1000):
    _, reference, current = matrix_case(index)
    reference, current = np.array(reference), np.array(current)
    answers.append([discrepancy(reference, current, index), reconstruction(reference, current), classifier(reference, current, index)])
output = {'versions': {'sklearn': sklearn.__version__, 'numpy': np.__version__}, 'permutations': PERMUTATIONS, 'cases': answers}
(fixtures / 'multivariate.json').write_text(json.dumps(output, separators=(',', ':')).replace(']]],[', ']]],\n[') + '\n')
print((fixtures / 'multivariate.json').stat().st_size, 'bytes')

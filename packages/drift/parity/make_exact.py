"""Writes test/fixtures/exact.json: Cramér–von Mises p-values to full accuracy, where SciPy is right to 1e-7 only.

The same columns and cases as in make_scipy.py. Statistics are exact fractions. Asymptotic p-values are the Bessel series
of Anderson and Darling (1952) carried to convergence with as many digits as the tail asks for (SciPy stops it early);
exact ones count orderings in whole numbers, along another route than SciPy and this package.

And what NannyML's distances are without its rounding, where that shows: it takes the share outside the reference's cells
as one minus a sum, and the root of the 1e-16 that this leaves is 1e-8. Run after make_nannyml.py.
"""
import json
import math
import pathlib
from fractions import Fraction
from functools import lru_cache

import mpmath as mp
import numpy as np

from cases import categorical_column, numeric_case, numeric_column, rounded

fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'


def present(values):
    return [v for v in values if v is not None and not math.isnan(v)]


def rank_sum(x, y):
    """U = m Σ (rank - i)² + n Σ (rank - j)² from midranks, as a fraction."""
    pooled = sorted(x + y)
    first, last = {}, {}
    for position, value in enumerate(pooled, 1):
        first.setdefault(value, position)
        last[value] = position
    total = Fraction(0)
    for side in (x, y):
        squares = sum((Fraction(first[v] + last[v], 2) - i) ** 2 for i, v in enumerate(sorted(side), 1))
        total += len(side) * squares
    return total


def survival(x):
    """1 - cdf of the limit law."""
    if x <= 0:
        return mp.mpf(1)
    # The tail falls as exp(-π² x / 2); one minus the series needs that many digits more.
    mp.mp.dps = 40 + int(2.2 * x)
    x = mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)
    total = mp.mpf(0)
    k = 0
    while True:
        q = mp.mpf((4 * k + 1) ** 2) / (16 * x)
        term = mp.gamma(k + mp.mpf(1) / 2) / mp.gamma(k + 1) * mp.sqrt(4 * k + 1) * mp.exp(-q) * mp.besselk(mp.mpf(1) / 4, q)
        total += term
        k += 1
        if term < total * mp.mpf(10) ** (-mp.mp.dps):
            break
    return 1 - total / (mp.pi ** mp.mpf(1.5) * mp.sqrt(x))


def asymptotic(u, m, n):
    pairs, total = m * n, m + n
    statistic = u / (pairs * total) - Fraction(4 * pairs - 1, 6 * total)
    mean = Fraction(total + 1, 6 * total)
    variance = Fraction((total + 1) * (4 * pairs * total - 3 * (m * m + n * n) - 2 * pairs), 45 * total**2 * 4 * pairs)
    mp.mp.dps = 60
    ratio = 45 * variance
    shift = statistic - mean
    standardised = mp.mpf(1) / 6 + mp.mpf(shift.numerator) / shift.denominator / mp.sqrt(mp.mpf(ratio.numerator) / ratio.denominator)
    return survival(standardised)


@lru_cache(maxsize=None)
def orderings(m, n):
    """How many orderings of m and n values without ties have each U, by walking all of them at once."""
    largest = m * m * n * n * 2 + 1
    row = None
    for a in range(m + 1):
        next_row = []
        for b in range(n + 1):
            counts = np.zeros(largest, dtype=np.int64)
            if a == 0 and b == 0:
                counts[0] = 1
            if a > 0:
                cost = m * b * b
                counts[cost:] += row[b][: largest - cost]
            if b > 0:
                cost = n * a * a
                counts[cost:] += next_row[b - 1][: largest - cost]
            next_row.append(counts)
        row = next_row
    return row[n]


def exact(u, m, n):
    """SciPy compares whole multiples, rounded down, which matters for ties only."""
    scale = Fraction(math.lcm(m, n) ** 2 * (m + n), 6 * (m * n) ** 2)
    multiple = lambda value: scale * (6 * value - m * n * (4 * m * n - 1))  # noqa: E731
    wanted = math.floor(multiple(u))
    counts = orderings(m, n)
    at_least = sum(int(counts[k]) for k in np.flatnonzero(counts) if multiple(int(k)) >= wanted)
    return at_least / math.comb(m + n, m)


def answers(reference, current):
    x, y = present(reference), present(current)
    m, n = len(x), len(y)
    if m < 2 or n < 2:
        return None
    u = rank_sum(x, y)
    limit = rounded(asymptotic(u, m, n))
    return [rounded(exact(u, m, n)) if max(m, n) <= 20 else limit, limit]


def distances(reference, outside, inside):
    """Jensen–Shannon and Hellinger of counts per cell; rows outside the cells are one cell more."""
    n, m = sum(reference), sum(inside) + outside
    pairs = [(mp.mpf(a) / n, mp.mpf(b) / m) for a, b in zip(reference + [0], inside + [outside])]
    divergence = mp.fsum(x * mp.log(2 * x / (a + b)) for a, b in pairs for x in (a, b) if x > 0)
    roots = mp.fsum((mp.sqrt(a) - mp.sqrt(b)) ** 2 for a, b in pairs)
    return mp.sqrt(divergence / 2 / mp.log(2)), mp.sqrt(roots / 2)


def chunk_distances(reference, current, chunk_size):
    """Per method: the values of the chunks, and the mean of those of the reference plus three deviations."""
    mp.mp.dps = 40
    kept = present(reference) if isinstance(reference[0], float) else reference
    if isinstance(reference[0], float):
        edges = np.histogram_bin_edges(np.array(kept), bins='doane')
        count = lambda values: [int(c) for c in np.histogram(np.array(present(values)), bins=edges)[0]]  # noqa: E731
        size = lambda values: len(present(values))  # noqa: E731
    else:
        keys = sorted(set(reference))
        count, size = lambda values: [values.count(key) for key in keys], len  # noqa: E731
    whole = count(kept)

    def of(values):
        if size(values) == 0:
            return None, None
        inside = count(values)
        return distances(whole, size(values) - sum(inside), inside)

    chunks = lambda values: [values[i:i + chunk_size] for i in range(0, len(values), chunk_size)]  # noqa: E731
    answers = []
    of_reference, of_current = [of(c) for c in chunks(reference)], [of(c) for c in chunks(current)]
    for method in (0, 1):
        values = [v[method] for v in of_reference if v[method] is not None]
        mean = mp.fsum(values) / len(values)
        upper = mean + 3 * mp.sqrt(mp.fsum((v - mean) ** 2 for v in values) / len(values))
        answers.append([[None if v[method] is None else rounded(v[method]) for v in of_current], rounded(upper)])
    return answers


def differs(a, b):
    return a is not None and b is not None and abs(a - b) > 1e-10 * abs(b)


def corrections(make, answers, methods):
    """{column: {method: [values, upper]}} where NannyML's own differ by more than 1e-10."""
    found = {}
    for index, answer in enumerate(answers):
        rows = 60 + 40 * (index // 50 % 7)
        if any(answer[methods.index(name)] is None for name in ('jensen_shannon', 'hellinger')):
            continue
        exact_answers = chunk_distances(*make(index, rows, rows // 2 + 13), rows // 3)
        for name, (values, upper) in zip(('jensen_shannon', 'hellinger'), exact_answers):
            theirs = answer[methods.index(name)]
            if differs(theirs[1], upper) or any(differs(a, b) for a, b in zip(theirs[0], values)):
                found.setdefault(str(index), {})[name] = [values, upper]
    return found


nannyml = json.loads((fixtures / 'nannyml.json').read_text())
columns = [c for c in json.loads((fixtures / 'columns.json').read_text()) if c['type'] == 'numerical']
output = {
    'mpmath': mp.__version__,
    'columns': {c['name']: answers(c['reference'], c['current']) for c in columns},
    'numeric': [answers(*numeric_case(i)[1:]) for i in range(1000)],
    'nannyml': {
        'numeric': corrections(numeric_column, nannyml['numeric'], nannyml['methods']['continuous']),
        'categorical': corrections(categorical_column, nannyml['categorical'], nannyml['methods']['categorical']),
    },
    'limit': [[x, float(survival(x))] for x in [0.004, 0.01, 0.03, 0.06, 0.1, 0.17, 0.3, 0.46, 0.74, 1.16, 2, 4, 8, 12, 40, 120]],
}
(fixtures / 'exact.json').write_text(json.dumps(output, separators=(',', ':')).replace('],[', '],\n[') + '\n')
print((fixtures / 'exact.json').stat().st_size, 'bytes')

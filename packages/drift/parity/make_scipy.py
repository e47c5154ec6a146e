"""Writes test/fixtures/scipy.json: SciPy's answers for the real columns, 1,000 + 1,000 random cases and 10,000 for KS."""
import base64
import json
import math
import pathlib
import warnings

import numpy as np
from scipy import stats

from cases import categorical_case, numeric_case, rounded, step_case

warnings.simplefilter('ignore')
fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'


def clean(value):
    value = float(value)
    return rounded(value) if math.isfinite(value) else None


def attempt(function):
    try:
        return [clean(v) for v in function()]
    except (ValueError, FloatingPointError, ZeroDivisionError):
        return None


def numeric(reference, current):
    x, y = np.asarray(reference), np.asarray(current)
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    if len(x) < 2 or len(y) < 2:
        return {}

    def pair(result):
        return [result.statistic, result.pvalue]

    return {
        'ks': attempt(lambda: pair(stats.ks_2samp(x, y))),
        'ksExact': attempt(lambda: pair(stats.ks_2samp(x, y, method='exact'))),
        'ksAsymptotic': attempt(lambda: pair(stats.ks_2samp(x, y, method='asymp'))),
        'cvm': attempt(lambda: pair(stats.cramervonmises_2samp(x, y))),
        'cvmAsymptotic': attempt(lambda: pair(stats.cramervonmises_2samp(x, y, method='asymptotic'))),
        'ad': attempt(lambda: pair(stats.anderson_ksamp([x, y], variant='midrank'))),
        'mwu': attempt(lambda: pair(stats.mannwhitneyu(x, y))),
        'mwuAsymptotic': attempt(lambda: pair(stats.mannwhitneyu(x, y, method='asymptotic'))),
        'mwuLess': attempt(lambda: pair(stats.mannwhitneyu(x, y, alternative='less'))),
        'welch': attempt(lambda: pair(stats.ttest_ind(x, y, equal_var=False))),
        'student': attempt(lambda: pair(stats.ttest_ind(x, y))),
        'wasserstein': attempt(lambda: [stats.wasserstein_distance(x, y)]),
        'energy': attempt(lambda: [stats.energy_distance(x, y)]),
        'eppsSingleton': attempt(lambda: pair(stats.epps_singleton_2samp(x, y))),
    }


def categorical(reference, current):
    keys = sorted(set(reference) | set(current))
    table = [[reference.count(k) for k in keys], [current.count(k) for k in keys]]
    answer = {}
    if len(keys) > 1:
        for name, options in {
            'chiSquare': {},
            'chiSquareUncorrected': {'correction': False},
            'g': {'lambda_': 'log-likelihood'},
        }.items():
            answer[name] = attempt(lambda: stats.chi2_contingency(table, **options)[:2])
    if len(keys) == 2:
        answer['fisher'] = attempt(lambda: stats.fisher_exact(table))
    p, q = np.array(table[0]) / len(reference), np.array(table[1]) / len(current)
    from scipy.spatial.distance import jensenshannon
    answer['jensenShannon2'] = [clean(jensenshannon(p, q, 2))]
    answer['jensenShannonE'] = [clean(jensenshannon(p, q))]
    if (p > 0).all() and (q > 0).all():
        answer['kl'] = [clean(stats.entropy(p, q))]
        answer['psi'] = [clean(np.sum((p - q) * np.log(p / q)))]
    answer['hellinger'] = [clean(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2))]
    answer['totalVariation'] = [clean(np.abs(p - q).sum() / 2)]
    answer['largest'] = [clean(np.abs(p - q).max())]
    return answer


columns = json.loads((fixtures / 'columns.json').read_text())
large = []
for m, n, shift in [(10_000, 10_000, 0.02), (9_999, 7_000, 0.03), (12_000, 9_000, 0.0), (30_000, 15_000, 0.01), (200_000, 150_000, 0.002), (1_000, 999, 0.5)]:
    i = np.arange(m)
    j = np.arange(n)
    x = ((i * 7919) % m) / m
    y = ((j * 104729) % n) / n + shift
    large.append({'m': m, 'n': n, 'shift': shift, 'ks': list(map(float, stats.ks_2samp(x, y))), 'asymp': list(map(float, stats.ks_2samp(x, y, method='asymp')))})

steps = np.array([stats.ks_2samp(*step_case(i), method='asymp').pvalue for i in range(10_000)], dtype='<f8')
output = {
    'versions': {'scipy': __import__('scipy').__version__, 'numpy': np.__version__},
    'columns': [(numeric if c['type'] == 'numerical' else categorical)(c['reference'], c['current']) for c in columns],
    'numeric': [numeric(*numeric_case(i)[1:]) for i in range(1000)],
    'categorical': [categorical(*categorical_case(i)) for i in range(1000)],
    'ksLarge': large,
    # As doubles, one after the other.
    'ksAsymptotic': base64.b64encode(steps.tobytes()).decode(),
}
(fixtures / 'scipy.json').write_text(json.dumps(output, separators=(',', ':')).replace('},{', '},\n{') + '\n')
print((fixtures / 'scipy.json').stat().st_size, 'bytes')

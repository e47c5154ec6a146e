"""Writes test/fixtures/evidently.json: scores of Evidently's own test functions on the same columns and cases."""
import json
import math
import pathlib
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter('ignore')
import evidently  # noqa: E402
from evidently.legacy.calculations.stattests import get_stattest  # noqa: E402
from evidently.legacy.calculations.stattests.mmd_stattest import kernel_matrix, mmd_2samp  # noqa: E402
from evidently.legacy.core import ColumnType  # noqa: E402

from cases import categorical_case, numeric_case, rounded  # noqa: E402

fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'
NUMERIC = ['ks', 'wasserstein', 'psi', 'jensenshannon', 'kl_div', 'hellinger', 'ed', 'anderson', 'cramer_von_mises', 'mannw', 't_test', 'es']
CATEGORICAL = ['chisquare', 'z', 'g_test', 'fisher_exact', 'psi', 'jensenshannon', 'kl_div', 'hellinger']
thresholds = {}


def run(names, reference, current, kind):
    """[test chosen by default, scores of the default and of each name, verdicts]: null for NaN, false for an error."""
    chosen, scores, verdicts = None, [], ''
    for name in [None, *names]:
        try:
            test = get_stattest(reference, current, kind, name)
            result = test(reference.copy(), current.copy(), kind, None)
        except Exception:  # noqa: BLE001 (Evidently raises many kinds)
            scores.append(False)
            verdicts += '-'
            continue
        if name is None:
            chosen = test.name
        assert thresholds.setdefault(test.name, result.actual_threshold) == result.actual_threshold
        score = float(result.drift_score)
        scores.append(rounded(score) if math.isfinite(score) else None)
        verdicts += '1' if result.drifted else '0'
    return [chosen, scores, verdicts]


def numeric(reference, current):
    reference, current = (pd.Series(v, dtype=float).replace([-np.inf, np.inf], np.nan).dropna() for v in (reference, current))
    if len(reference) < 2 or len(current) < 2:
        return None
    return run(NUMERIC, reference, current, ColumnType.Numerical)


def categorical(reference, current):
    return run(CATEGORICAL, pd.Series(reference), pd.Series(current), ColumnType.Categorical)


columns = json.loads((fixtures / 'columns.json').read_text())
output = {
    'version': evidently.__version__,
    'names': {'numerical': NUMERIC, 'categorical': CATEGORICAL},
    'thresholds': thresholds,
    'columns': [(numeric if c['type'] == 'numerical' else categorical)(c['reference'], c['current']) for c in columns],
    'numeric': [numeric(*numeric_case(i)[1:]) for i in range(1000)],
    'categorical': [categorical(*categorical_case(i)) for i in range(1000)],
}
mmd = []
for c in [c for c in columns if c['type'] == 'numerical'][:6]:
    x, y = np.array(c['reference'][:120]).reshape(-1, 1), np.array(c['current'][:90]).reshape(-1, 1)
    k = kernel_matrix(x, y)
    k = k - np.diag(np.diagonal(k))
    mmd.append(float(mmd_2samp(k, len(y))))
output['mmd'] = mmd
(fixtures / 'evidently.json').write_text(json.dumps(output, separators=(',', ':')).replace('],[', '],\n[') + '\n')
print((fixtures / 'evidently.json').stat().st_size, 'bytes')

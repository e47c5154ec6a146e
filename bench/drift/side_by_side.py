"""Evidently's default test and SciPy's Kolmogorov-Smirnov on the arrays that bench/drift/main.ts wrote."""
import json
import resource
import sys
import time
import warnings

warnings.simplefilter('ignore')
import evidently
import numpy as np
import pandas as pd
import scipy
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from scipy import stats

folder, count = sys.argv[1], int(sys.argv[2])
evidently_seconds = evidently_processor = kolmogorov_seconds = kolmogorov_processor = 0.0
for k in range(count):
    reference = pd.Series(np.fromfile(f'{folder}/reference-{k}.f64'))
    current = pd.Series(np.fromfile(f'{folder}/current-{k}.f64'))
    started, processor = time.perf_counter(), time.process_time()
    test = get_stattest(reference, current, ColumnType.Numerical, None)
    test(reference, current, ColumnType.Numerical, None)
    evidently_seconds += time.perf_counter() - started
    evidently_processor += time.process_time() - processor
    started, processor = time.perf_counter(), time.process_time()
    stats.ks_2samp(reference.values, current.values)
    kolmogorov_seconds += time.perf_counter() - started
    kolmogorov_processor += time.process_time() - processor
print(json.dumps({
    'evidently': evidently.__version__,
    'scipy': scipy.__version__,
    'evidentlySeconds': evidently_seconds,
    'evidentlyProcessor': evidently_processor,
    'kolmogorovSeconds': kolmogorov_seconds,
    'kolmogorovProcessor': kolmogorov_processor,
    'peakMb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))

"""Writes test/fixtures/nannyml.json: NannyML's univariate methods and PCA reconstruction on the same columns."""
import json
import math
import os
import pathlib
import warnings

os.environ['NML_DISABLE_USAGE_LOGGING'] = '1'
warnings.simplefilter('ignore')
import nannyml  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from nannyml.drift.multivariate.data_reconstruction import DataReconstructionDriftCalculator  # noqa: E402
from nannyml.drift.univariate import UnivariateDriftCalculator  # noqa: E402

fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'
columns = json.loads((fixtures / 'columns.json').read_text())


def calculate(name, reference, current, kind, methods, chunk_size):
    options = {'continuous_methods': methods} if kind == 'continuous' else {'categorical_methods': methods}
    calculator = UnivariateDriftCalculator(
        column_names=[name], treat_as_categorical=[name] if kind == 'categorical' else [], chunk_size=chunk_size, **options)
    calculator.fit(pd.DataFrame({name: reference}))
    frame = calculator.calculate(pd.DataFrame({name: current})).filter(period='analysis').to_df()
    answers = {}
    for method in methods:
        part = frame[name][method]
        upper = part['upper_threshold'].iloc[0]
        answers[method] = {
            'values': [float(v) for v in part['value']],
            'upper': None if upper is None or not math.isfinite(upper) else float(upper),
            'alerts': [bool(a) for a in part['alert']],
        }
    return answers


output = {'version': nannyml.__version__, 'columns': []}
for c in columns:
    kind = 'continuous' if c['type'] == 'numerical' else 'categorical'
    methods = ['jensen_shannon', 'kolmogorov_smirnov', 'wasserstein', 'hellinger'] if kind == 'continuous' else ['jensen_shannon', 'chi2', 'hellinger', 'l_infinity']
    output['columns'].append(calculate(c['name'], c['reference'], c['current'], kind, methods, 100))

# A reference above 10,000 rows takes NannyML's binned path; generated from whole numbers so both languages agree.
big_reference = [((i * 7919) % 12007) / 12007 for i in range(12000)]
big_current = [((i * 104729) % 3001) / 3001 * 1.2 - 0.1 for i in range(3000)]
output['big'] = calculate('big', big_reference, big_current, 'continuous', ['kolmogorov_smirnov', 'wasserstein', 'jensen_shannon'], 1000)

numeric = [c for c in columns if c['name'].startswith('breast-cancer')][:12]
reference = pd.DataFrame({c['name']: c['reference'] for c in numeric})
current = pd.DataFrame({c['name']: c['current'] for c in numeric})
calculator = DataReconstructionDriftCalculator(column_names=list(reference.columns), chunk_size=100)
calculator.fit(reference)
frame = calculator.calculate(current).filter(period='all').to_df()
output['reconstruction'] = {
    'columns': list(reference.columns),
    'values': [float(v) for v in frame['reconstruction_error']['value']],
    'upper': float(frame['reconstruction_error']['upper_threshold'].iloc[0]),
}
(fixtures / 'nannyml.json').write_text(json.dumps(output, separators=(',', ':')).replace('},{', '},\n{') + '\n')
print((fixtures / 'nannyml.json').stat().st_size, 'bytes')

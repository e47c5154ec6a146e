"""Writes test/fixtures/nannyml.json: NannyML's univariate methods and PCA reconstruction on the same columns, and on 1,500 random ones."""
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

from cases import categorical_column, numeric_column, rounded  # noqa: E402

fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'
columns = json.loads((fixtures / 'columns.json').read_text())


def calculate(data, kind, methods, chunk_size):
    """Per column and method: [value per chunk, upper threshold, alerts]. `data`: name -> (reference, current)."""
    options = {'continuous_methods': methods} if kind == 'continuous' else {'categorical_methods': methods}
    names = list(data)
    calculator = UnivariateDriftCalculator(
        column_names=names, treat_as_categorical=names if kind == 'categorical' else [], chunk_size=chunk_size, **options)
    calculator.fit(pd.DataFrame({name: pair[0] for name, pair in data.items()}))
    frame = calculator.calculate(pd.DataFrame({name: pair[1] for name, pair in data.items()}))
    frame = frame.filter(period='analysis').to_df()

    def answer(part):
        upper = part['upper_threshold'].iloc[0]
        return [
            [rounded(v) if math.isfinite(v) else None for v in part['value']],
            None if upper is None or not math.isfinite(upper) else rounded(upper),
            ''.join('1' if a else '0' for a in part['alert']),
        ]

    return {name: [answer(frame[name][method]) for method in methods] for name in names}


CONTINUOUS = ['jensen_shannon', 'kolmogorov_smirnov', 'wasserstein', 'hellinger']
CATEGORICAL = ['jensen_shannon', 'chi2', 'hellinger', 'l_infinity']
output = {'version': nannyml.__version__, 'methods': {'continuous': CONTINUOUS, 'categorical': CATEGORICAL}, 'columns': []}
for c in columns:
    kind = 'continuous' if c['type'] == 'numerical' else 'categorical'
    methods = CONTINUOUS if kind == 'continuous' else CATEGORICAL
    output['columns'].append(calculate({c['name']: (c['reference'], c['current'])}, kind, methods, 100)[c['name']])


def attempt(data, kind, methods, chunk_size):
    """One column or method that NannyML cannot fit fails a whole batch; then in halves. null: it raises."""
    try:
        return list(calculate(data, kind, methods, chunk_size).values())
    except nannyml.exceptions.NannyMLException:
        names = list(data)
        if len(names) == 1:
            if len(methods) == 1:
                return [[None]]
            return [[attempt(data, kind, [method], chunk_size)[0][0] for method in methods]]
        half = len(names) // 2
        parts = ({name: data[name] for name in part} for part in (names[:half], names[half:]))
        return [answer for part in parts for answer in attempt(part, kind, methods, chunk_size)]


def random_columns(make, kind, methods, count):
    """In batches of columns of equal length, whose lengths differ between batches."""
    answers = []
    for start in range(0, count, 50):
        rows = 60 + 40 * (start // 50 % 7)
        data = {str(i): make(i, rows, rows // 2 + 13) for i in range(start, start + 50)}
        answers += attempt(data, kind, methods, rows // 3)
    return answers


output['numeric'] = random_columns(numeric_column, 'continuous', CONTINUOUS, 1000)
output['categorical'] = random_columns(categorical_column, 'categorical', CATEGORICAL, 500)

# A reference above 10,000 rows takes NannyML's binned path; generated from whole numbers so both languages agree.
big_reference = [((i * 7919) % 12007) / 12007 for i in range(12000)]
big_current = [((i * 104729) % 3001) / 3001 * 1.2 - 0.1 for i in range(3000)]
output['big'] = calculate({'big': (big_reference, big_current)}, 'continuous', CONTINUOUS, 1000)['big']

numeric = [c for c in columns if c['name'].startswith('breast-cancer')][:12]
reference = pd.DataFrame({c['name']: c['reference'] for c in numeric})
current = pd.DataFrame({c['name']: c['current'] for c in numeric})
calculator = DataReconstructionDriftCalculator(column_names=list(reference.columns), chunk_size=100)
calculator.fit(reference)
frame = calculator.calculate(current).filter(period='all').to_df()
output['reconstruction'] = {
    'columns': list(reference.columns),
    'values': [rounded(v) for v in frame['reconstruction_error']['value']],
    'upper': rounded(frame['reconstruction_error']['upper_threshold'].iloc[0]),
}
(fixtures / 'nannyml.json').write_text(json.dumps(output, separators=(',', ':')).replace(']],[[', ']],\n[[') + '\n')
print((fixtures / 'nannyml.json').stat().st_size, 'bytes')

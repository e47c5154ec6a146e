"""Writes test/fixtures/river.json: at which indices River's detectors warn and detect, on generated and real streams."""
import base64
import json
import pathlib
import random

import river
from river import datasets, drift, naive_bayes, preprocessing, tree

from cases import bell, mulberry32

fixtures = pathlib.Path(__file__).parent.parent / 'test/fixtures'
columns = json.loads((fixtures / 'columns.json').read_text())


CLASSIFIERS = {
    'bayes': lambda: preprocessing.StandardScaler() | naive_bayes.GaussianNB(),
    'tree': lambda: tree.HoeffdingTreeClassifier(),
}
SETS = {'phishing': datasets.Phishing, 'bananas': datasets.Bananas, 'segments': datasets.ImageSegments, 'shuttle': datasets.Shuttle}


def prequential(name, classifier, limit):
    """Errors of a classifier that is asked about every row and then learns it, on sets that come with River."""
    model, errors = CLASSIFIERS[classifier](), []
    for index, (x, y) in enumerate(SETS[name]()):
        if index == limit:
            break
        errors.append(int(model.predict_one(x) != y))
        model.learn_one(x, y)
    return errors


def stream(spec):
    kind, seed = spec['kind'], spec.get('seed', 0)
    if kind == 'prequential':
        return spec['errors']
    if kind == 'doctest-values':
        rng = random.Random(seed)
        return rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000)
    if kind == 'doctest-errors':
        rng = random.Random(seed)
        return rng.choices([0, 1], k=1000) + rng.choices([0, 1], k=1000, weights=[0.3, 0.7])
    if kind == 'column':
        column = columns[spec['index']]
        return column['reference'] + column['current']
    if kind == 'no-change':
        # Errors, in order, of a classifier that answers with the row before: the usual baseline of prequential tests.
        column = columns[spec['index']]
        values = column['reference'] + column['current']
        return [int(value != before) for before, value in zip(values, values[1:])]
    uniform = mulberry32(seed)
    values = []
    for part in spec['parts']:
        for _ in range(part['length']):
            if kind == 'errors':
                values.append(1 if uniform() < part['rate'] else 0)
            else:
                values.append(bell(uniform) * part['scale'] + part['mean'])
    return values


DETECTORS = {
    'adwin': lambda o: drift.ADWIN(**o),
    'page-hinkley': lambda o: drift.PageHinkley(**o),
    'kswin': lambda o: drift.KSWIN(**o),
    'ddm': lambda o: drift.binary.DDM(**o),
    'eddm': lambda o: drift.binary.EDDM(**o),
    'hddm-a': lambda o: drift.binary.HDDMA(**o),
    'hddm-w': lambda o: drift.binary.HDDMW(**o),
}


def run(name, options, values):
    detector = DETECTORS[name](options)
    drifts, warnings = [], []
    for index, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            drifts.append(index)
        if getattr(detector, 'warning_detected', False):
            warnings.append(index)
    # Warnings can be long runs; their count and ends identify them.
    return {'drifts': drifts, 'warnings': [len(warnings), *warnings[:1], *warnings[-1:]]}


streams = [{'kind': 'doctest-values', 'seed': 12345}, {'kind': 'doctest-errors', 'seed': 42}]
for seed in range(12):
    streams.append({'kind': 'errors', 'seed': seed, 'parts': [{'length': 800, 'rate': 0.1 + 0.02 * seed}, {'length': 800, 'rate': 0.4}, {'length': 500, 'rate': 0.05}]})
    streams.append({'kind': 'values', 'seed': 100 + seed, 'parts': [{'length': 900, 'mean': 0, 'scale': 1}, {'length': 900, 'mean': 0.25 * seed, 'scale': 1 + 0.1 * seed}, {'length': 400, 'mean': -2, 'scale': 0.5}]})
for seed in range(4):
    streams.append({'kind': 'errors', 'seed': 50 + seed, 'parts': [{'length': 1500, 'rate': [0.0, 1.0, 0.5, 0.02][seed]}]})
streams += [{'kind': 'column', 'index': i} for i in range(0, 30, 2)]
streams += [{'kind': 'no-change', 'index': i} for i, column in enumerate(columns) if column['type'] == 'categorical']

for name in SETS:
    for classifier in CLASSIFIERS:
        streams.append({'kind': 'prequential', 'set': name, 'classifier': classifier, 'errors': prequential(name, classifier, 20_000)})

cases = []
for index, spec in enumerate(streams):
    values = stream(spec)
    binary = spec['kind'] in ('errors', 'doctest-errors', 'no-change', 'prequential')
    for options in [{}, {'delta': 0.05, 'clock': 8, 'max_buckets': 3}]:
        cases.append([index, 'adwin', options])
    for options in [{}, {'threshold': 10, 'delta': 0.01, 'mode': 'up'}, {'threshold': 5, 'alpha': 0.99, 'mode': 'down', 'min_instances': 10}]:
        cases.append([index, 'page-hinkley', options])
    kswin = [{'seed': 42}, {'seed': 7, 'alpha': 0.0001}, {'seed': 12345678, 'alpha': 0.01, 'window_size': 200, 'stat_size': 20}]
    # A Kolmogorov–Smirnov test per row: once is enough on the long streams.
    for options in kswin[:1] if spec['kind'] == 'prequential' else kswin:
        cases.append([index, 'kswin', options])
    if binary:
        cases += [[index, 'ddm', {}], [index, 'ddm', {'warm_start': 100, 'warning_threshold': 1, 'drift_threshold': 2}], [index, 'eddm', {}], [index, 'eddm', {'alpha': 0.8, 'beta': 0.75}]]
        for options in [{}, {'two_sided_test': True}, {'drift_confidence': 0.01, 'warning_confidence': 0.05}]:
            cases += [[index, 'hddm-a', options], [index, 'hddm-w', options]]
        cases.append([index, 'hddm-w', {'lambda_val': 0.2, 'two_sided_test': True}])
answers = [[*case, run(case[1], case[2], stream(streams[case[0]]))] for case in cases]


def kept(spec):
    if spec['kind'] == 'prequential':
        bits = ''.join(map(str, spec['errors']))
        whole = int(bits, 2).to_bytes((len(bits) + 7) // 8, 'big')
        return {**spec, 'length': len(bits), 'errors': base64.b64encode(whole).decode()}
    return {**spec, 'values': stream(spec)} if spec['kind'].startswith('doctest') else spec


stored = [kept(spec) for spec in streams]
(fixtures / 'river.json').write_text(json.dumps({'version': river.__version__, 'streams': stored, 'cases': answers}, separators=(',', ':')).replace(']],[', ']],\n[').replace('},{', '},\n{') + '\n')
print(len(cases), 'runs,', sum(len(a[3]['drifts']) for a in answers), 'drifts')

"""Writes test/fixtures/fraud.json: Tree SHAP of the two tree models of examples/fraud by Python's shap.

The models are trained again as examples/fraud/training does (same seeds, so the committed ONNX files are exports of
the same trees), and shap explains them in their own framework's form (XGBoost's path-dependent values come from XGBoost
itself, in float32). Then shap explains the trees as the ONNX files hold them, with the frameworks' covers and with
covers counted on the training rows.
"""
import json
import pathlib
import sys

import numpy as np
import pandas as pd
import shap
import xgboost
from sklearn.ensemble import RandomForestClassifier

from tree_arrays import count_covers, onnx_trees, sklearn_covers, xgboost_covers

here = pathlib.Path(__file__).resolve().parent
fraud = here.parent.parent.parent / 'examples/fraud'
sys.path.insert(0, str(fraud / 'training'))
from dataset import load_dataset  # noqa: E402

SEED = 7
data = load_dataset()
train, target = data.features[:data.split], data.target[:data.split]
frauds = [int(i) for i in np.flatnonzero(data.target) if i >= data.split]
explained = frauds[:: len(frauds) // 10][:10] + list(range(data.split, data.split + 20))
background = [int(i) for i in np.linspace(0, data.split - 1, 100).astype(int)]
rows = data.features[explained].astype(np.float64)

forest = RandomForestClassifier(n_estimators=60, max_depth=8, min_samples_leaf=3, random_state=SEED, n_jobs=1)
forest.fit(train, target)
booster = xgboost.XGBClassifier(n_estimators=80, max_depth=4, learning_rate=0.1, subsample=0.8, colsample_bytree=0.8,
                                tree_method='hist', random_state=SEED, n_jobs=1)
booster.fit(train, target)


def explain(model, background_rows=None):
    if background_rows is None:
        explainer = shap.TreeExplainer(model, feature_perturbation='tree_path_dependent')
    else:
        explainer = shap.TreeExplainer(model, data=background_rows, feature_perturbation='interventional')
    values = np.asarray(explainer.shap_values(rows, check_additivity=False))
    base = np.asarray(explainer.expected_value).ravel()[-1]
    if values.ndim == 3:
        values = values[:, :, -1]
    return {'base': float(base), 'values': [[float(v) for v in row] for row in values]}


result = {'versions': {'shap': shap.__version__, 'xgboost': xgboost.__version__},
          'rows': explained, 'background': background, 'models': {}}
for name, model, covers in [
    ('random-forest', forest, sklearn_covers(forest.estimators_)),
    ('xgboost', booster, xgboost_covers(booster.get_booster())),
]:
    trees, base_score = onnx_trees(fraud / f'artifacts/{name}.onnx')
    exported = {'trees': count_covers(trees, train.astype(np.float64)), 'base_offset': 0.0}
    counted = explain(exported)
    at = 0
    for tree in trees:
        size = len(tree['features'])
        tree['node_sample_weight'] = np.array(covers[at:at + size])
        at += size
    trained_covers = explain(exported)
    interventional = explain(exported, data.features[background].astype(np.float64))
    for one in (counted, trained_covers, interventional):
        one['base'] += base_score
    result['models'][name] = {
        'covers': covers,
        'pathDependent': explain(model),
        'interventional': explain(model, data.features[background].astype(np.float64)),
        'exportedPathDependent': counted,
        'exportedTrainedCovers': trained_covers,
        'exportedInterventional': interventional,
    }
(here.parent / 'test/fixtures/fraud.json').write_text(json.dumps(result, separators=(',', ':')) + '\n')
for name, one in result['models'].items():
    for kind in ('pathDependent', 'interventional', 'exportedPathDependent', 'exportedInterventional'):
        print(name, kind, one[kind]['base'], one[kind]['values'][0][:3])

"""Writes small ONNX files of tree models to test/fixtures/*.onnx and, to test/fixtures/models.json, rows, covers and what
shap (or LightGBM itself) says of the models that have an original.

Two groups: models as exporters write them (scikit-learn, LightGBM), and graphs written by hand for what exporters
seldom use: every branch mode, tracks of missing values, averages, several targets, double precision, TreeEnsemble.
"""
import json
import pathlib
import warnings

import lightgbm
import numpy as np
import onnx
import onnxmltools
import shap
import skl2onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType as LightFloat
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestClassifier

from tree_arrays import sklearn_covers

warnings.simplefilter('ignore')
fixtures = pathlib.Path(__file__).resolve().parent.parent / 'test/fixtures'
OPSETS = {'': 15, 'ai.onnx.ml': 3}
models = {}


def listed(array):
    return json.loads(json.dumps(np.asarray(array, dtype=np.float64).tolist()))


def save(name, model, **more):
    data = model if isinstance(model, bytes) else model.SerializeToString()
    (fixtures / f'{name}.onnx').write_bytes(data)
    models[name] = more


def explained(explainer, rows):
    values = np.asarray(explainer.shap_values(rows, check_additivity=False))
    values = values[:, :, None] if values.ndim == 2 else values
    return {'base': listed(np.ravel(explainer.expected_value)), 'values': listed(values)}


def from_sklearn(name, model, features, target, scale=None):
    features = features.astype(np.float32)
    model.fit(features, target)
    rows = features[::29][:5].astype(np.float64)
    background = features[::17][:8].astype(np.float64)
    estimators = np.ravel(model.estimators_)
    export = skl2onnx.convert_sklearn(model, initial_types=[('x', FloatTensorType([None, features.shape[1]]))],
                                      options={id(model): {'zipmap': False}} if hasattr(model, 'classes_') else None,
                                      target_opset=OPSETS)
    save(name, export, rows=listed(rows), background=listed(background), covers=sklearn_covers(estimators),
         pathDependent=explained(shap.TreeExplainer(model, feature_perturbation='tree_path_dependent'), rows),
         interventional=explained(shap.TreeExplainer(model, background, feature_perturbation='interventional'), rows))


wine, diabetes = load_wine(), load_diabetes()
from_sklearn('wine-forest', RandomForestClassifier(6, max_depth=4, random_state=3), wine.data, wine.target)
from_sklearn('diabetes-boosting', GradientBoostingRegressor(n_estimators=12, max_depth=4, random_state=3), diabetes.data, diabetes.target)
from_sklearn('diabetes-deep', ExtraTreesRegressor(2, max_depth=17, min_samples_leaf=1, random_state=5), diabetes.data[:, :6], diabetes.target)

# LightGBM on rows with missing values.
generator = np.random.default_rng(5)
features = diabetes.data[:, :6].astype(np.float32)
features[generator.random(features.shape) < 0.15] = np.nan
light = lightgbm.LGBMRegressor(n_estimators=10, num_leaves=9, min_child_samples=15, verbose=-1, random_state=1, n_jobs=1)
light.fit(features, diabetes.target)
rows = features[:12].astype(np.float64)
export = onnxmltools.convert_lightgbm(light, initial_types=[('x', LightFloat([None, 6]))], target_opset=15)
save('lightgbm-missing', export, rows=[[None if np.isnan(v) else v for v in row] for row in rows.tolist()],
     training=[[None if np.isnan(v) else float(v) for v in row] for row in features.tolist()],
     pathDependent={'base': [float(light.predict(rows[:1], pred_contrib=True)[0, -1])],
                    'values': listed(light.predict(rows, pred_contrib=True)[:, :-1, None])})


def graph(name, nodes, width=4, kind=TensorProto.FLOAT, outputs=1, inputs=None, opset=3):
    given = inputs or [helper.make_tensor_value_info('x', kind, [None, width])]
    out = [helper.make_tensor_value_info('label', TensorProto.INT64, [None])] if outputs == 2 else []
    out.append(helper.make_tensor_value_info('y', kind, [None, None]))
    made = helper.make_model(helper.make_graph(nodes, name, given, out), ir_version=10,
                             opset_imports=[helper.make_opsetid('', 18), helper.make_opsetid('ai.onnx.ml', opset)])
    return made


def random_tree(generator, depth, width, modes):
    if depth == 0 or generator.random() < 0.15:
        return [float(np.float32(v)) for v in generator.normal(size=3)]
    return {'feature': int(generator.integers(width)), 'mode': modes[generator.integers(len(modes))],
            'value': float(np.round(generator.normal(), 1)), 'track': int(generator.integers(2)),
            'true': random_tree(generator, depth - 1, width, modes), 'false': random_tree(generator, depth - 1, width, modes)}


MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']


def attributes(trees, prefix, targets, double=False, negate=False):
    a = {f'nodes_{k}': [] for k in ('treeids', 'nodeids', 'featureids', 'modes', 'values', 'truenodeids', 'falsenodeids',
                                    'missing_value_tracks_true')}
    w = {k: [] for k in ('treeids', 'nodeids', 'ids', 'weights')}
    for tree_id, tree in enumerate(trees):
        counter = [0]

        def walk(node):
            me = counter[0]
            counter[0] += 1
            split = isinstance(node, dict)
            row = [tree_id, me, node['feature'] if split else 0, node['mode'] if split else 'LEAF',
                   node['value'] if split else 0.0, 0, 0, node['track'] if split else 0]
            at = len(a['nodes_treeids'])
            for key, value in zip(a, row):
                a[key].append(value)
            if split:
                a['nodes_truenodeids'][at] = walk(node['true'])
                a['nodes_falsenodeids'][at] = walk(node['false'])
            else:
                for target in targets:
                    for key, value in zip(w, (tree_id, me, target, abs(node[target]) if negate else node[target])):
                        w[key].append(value)
            return me

        walk(tree)
    a.update({f'{prefix}_{k}': v for k, v in w.items()})
    if double:
        for key in ('nodes_values', f'{prefix}_weights'):
            a[f'{key}_as_tensor'] = numpy_helper.from_array(np.array(a.pop(key), dtype=np.float64))
    return a


def trees_of(seed, modes=MODES, count=5, depth=4):
    generator = np.random.default_rng(seed)
    return [random_tree(generator, depth, 4, modes) for _ in range(count)]


def regressor(name, seed, targets, **more):
    double = more.pop('double', False)
    made = helper.make_node('TreeEnsembleRegressor', ['x'], ['y'], domain='ai.onnx.ml', n_targets=len(targets),
                            **attributes(trees_of(seed), 'target', targets, double), **more)
    save(name, graph(name, [made], kind=TensorProto.DOUBLE if double else TensorProto.FLOAT))


def classifier(name, seed, targets, labels, negate=False, **more):
    made = helper.make_node('TreeEnsembleClassifier', ['x'], ['label', 'y'], domain='ai.onnx.ml', classlabels_int64s=labels,
                            **attributes(trees_of(seed), 'class', targets, negate=negate), **more)
    save(name, graph(name, [made], outputs=2))


regressor('every-mode', 1, [0])
regressor('average-of-three', 2, [0, 1, 2], aggregate_function='AVERAGE', base_values=[0.5, -1.0, 2.0])
regressor('largest-leaf', 2, [0], aggregate_function='MAX')
classifier('softmax-three', 3, [0, 1, 2], [4, 5, 6], post_transform='SOFTMAX', base_values=[0.1, 0.2, 0.3])
classifier('softmax-zero-three', 3, [0, 1], [4, 5, 6], post_transform='SOFTMAX_ZERO')
classifier('logistic-two', 4, [0], [0, 1], post_transform='LOGISTIC', base_values=[0.25])
classifier('raw-two', 4, [0], [0, 1])
classifier('positive-two', 4, [0], [0, 1], negate=True)
classifier('second-class-only', 4, [1], [0, 1], post_transform='LOGISTIC')
classifier('both-classes', 5, [0, 1], [0, 1], post_transform='SOFTMAX')
classifier('both-classes-with-base', 5, [0, 1], [0, 1], base_values=[0.1, 0.2])

# TreeEnsemble, the operator of ai.onnx.ml 5, with a member split; in float32 and float64.
NUMBERS = {mode: k for k, mode in enumerate(MODES)}


def version_five(name, seed, dtype, **more):
    nodes, leaves, roots = [], [], []

    def walk(node):
        if isinstance(node, list):
            target = len(leaves) % 2
            leaves.append((node[0], target))
            return 1, len(leaves) - 1
        at = len(nodes)
        member = node['mode'] == 'BRANCH_EQ'
        nodes.append([node['feature'], 6 if member else NUMBERS[node['mode']], node['value'], node['track']])
        nodes[at] += [*walk(node['true']), *walk(node['false'])]
        return 0, at

    for tree in trees_of(seed):
        if isinstance(tree, list):
            continue
        roots.append(walk(tree)[1])
    columns = list(zip(*nodes))
    # Members are listed in the order of the nodes that test them; ONNX Runtime takes small whole numbers only.
    members = []
    for position, (feature, mode, *_) in enumerate(nodes):
        if mode == 6:
            members += [1.0, 2.0 + position % 3, np.nan]
    tensor = lambda values: numpy_helper.from_array(np.array(values, dtype=dtype))
    made = helper.make_node(
        'TreeEnsemble', ['x'], ['y'], domain='ai.onnx.ml', n_targets=2, tree_roots=roots,
        nodes_featureids=columns[0], nodes_modes=numpy_helper.from_array(np.array(columns[1], dtype=np.uint8)),
        nodes_splits=tensor(columns[2]), nodes_missing_value_tracks_true=columns[3], nodes_trueleafs=columns[4],
        nodes_truenodeids=columns[5], nodes_falseleafs=columns[6], nodes_falsenodeids=columns[7],
        leaf_weights=tensor([w for w, _ in leaves]), leaf_targetids=[t for _, t in leaves],
        membership_values=tensor(members), **more)
    save(name, graph(name, [made], kind=TensorProto.DOUBLE if dtype == np.float64 else TensorProto.FLOAT, opset=5))


version_five('version-five', 6, np.float32)
version_five('version-five-double', 7, np.float64)
version_five('version-five-logistic', 7, np.float64, post_transform=2)

# Behind a scaler: the trees do not see the model's inputs.
scaler = helper.make_node('Scaler', ['x'], ['scaled'], domain='ai.onnx.ml', offset=[1.0] * 4, scale=[2.0] * 4)
behind = helper.make_node('TreeEnsembleRegressor', ['scaled'], ['y'], domain='ai.onnx.ml', n_targets=1,
                          **attributes(trees_of(1), 'target', [0]))
save('behind-a-scaler', graph('behind', [scaler, behind]))
first = helper.make_node('TreeEnsembleRegressor', ['x'], ['a'], domain='ai.onnx.ml', n_targets=1,
                         **attributes(trees_of(1), 'target', [0]))
second = helper.make_node('TreeEnsembleRegressor', ['x'], ['b'], domain='ai.onnx.ml', n_targets=1,
                          **attributes(trees_of(2), 'target', [0]))
save('two-ensembles', graph('two', [first, second, helper.make_node('Add', ['a', 'b'], ['y'])]))
# ONNX Runtime takes double inputs and attributes for this operator, and answers in float32.
double = helper.make_node('TreeEnsembleRegressor', ['x'], ['z'], domain='ai.onnx.ml', n_targets=1,
                          **attributes(trees_of(8), 'target', [0], double=True))
save('double-input', graph('double', [double, helper.make_node('Cast', ['z'], ['y'], to=TensorProto.DOUBLE)], kind=TensorProto.DOUBLE))

(fixtures / 'models.json').write_text(json.dumps({
    'versions': {'shap': shap.__version__, 'lightgbm': lightgbm.__version__, 'onnx': onnx.__version__},
    'models': models}, separators=(',', ':')) + '\n')
print(sorted(models))

"""Trees of sklearn, XGBoost and ONNX as plain arrays in one node order: depth first, true branch first."""
import json

import numpy as np
import onnx


def sklearn_covers(estimators):
    """sklearn numbers nodes depth first, left (x <= t) first: already in order."""
    return [float(w) for tree in estimators for w in tree.tree_.weighted_n_node_samples]


def xgboost_covers(booster):
    """Sums of Hessians, as shap uses them, from the binary form: the text dump shortens them."""
    model = json.loads(bytes(booster.save_raw('json')))
    covers = []
    for tree in model['learner']['gradient_booster']['model']['trees']:

        def walk(node):
            covers.append(float(tree['sum_hessian'][node]))
            if tree['left_children'][node] >= 0:
                walk(tree['left_children'][node])
                walk(tree['right_children'][node])

        walk(0)
    return covers


def onnx_trees(path, binary=True):
    """The trees of a TreeEnsembleClassifier with weights of class 0 only, as shap takes trees from outside.

    BRANCH_LT becomes "<=" of the next smaller float32.
    """
    node = next(n for n in onnx.load(path).graph.node if n.op_type.startswith('TreeEnsemble'))
    a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
    weights = {}
    for tree, at, weight in zip(a['class_treeids'], a['class_nodeids'], a['class_weights']):
        weights[tree, at] = weights.get((tree, at), 0.0) + float(weight)
    rows = {}
    for i, tree in enumerate(a['nodes_treeids']):
        rows.setdefault(tree, {})[a['nodes_nodeids'][i]] = i
    trees = []
    for tree, at in sorted(rows.items()):
        order = []

        def walk(name):
            order.append(name)
            i = at[name]
            if a['nodes_modes'][i] != b'LEAF':
                walk(a['nodes_truenodeids'][i])
                walk(a['nodes_falsenodeids'][i])

        walk(0)
        position = {name: k for k, name in enumerate(order)}
        leaf = [a['nodes_modes'][at[n]] == b'LEAF' for n in order]
        threshold = []
        for n in order:
            value = np.float32(a['nodes_values'][at[n]])
            if a['nodes_modes'][at[n]] == b'BRANCH_LT':
                value = np.nextafter(value, np.float32(-np.inf))
            threshold.append(float(value))
        trees.append({
            'children_left': np.array([-1 if l else position[a['nodes_truenodeids'][at[n]]] for n, l in zip(order, leaf)]),
            'children_right': np.array([-1 if l else position[a['nodes_falsenodeids'][at[n]]] for n, l in zip(order, leaf)]),
            'children_default': np.array([-1 if l else position[a['nodes_falsenodeids'][at[n]]] for n, l in zip(order, leaf)]),
            'features': np.array([-2 if l else a['nodes_featureids'][at[n]] for n, l in zip(order, leaf)]),
            'thresholds': np.array(threshold),
            'values': np.array([[weights.get((tree, n), 0.0) if l else 0.0] for n, l in zip(order, leaf)]),
        })
    base = a.get('base_values', [0.0])[0]
    return trees, float(base)


def count_covers(trees, rows):
    """Rows that pass each node; sets node_sample_weight."""
    for tree in trees:
        covers = np.zeros(len(tree['features']))
        for row in rows:
            node = 0
            while True:
                covers[node] += 1
                if tree['children_left'][node] < 0:
                    break
                goes_left = row[tree['features'][node]] <= tree['thresholds'][node]
                node = tree['children_left' if goes_left else 'children_right'][node]
        tree['node_sample_weight'] = covers
    return trees

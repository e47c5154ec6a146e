"""Writes test/fixtures/combine.json: what members answer on real sets, and what scikit-learn makes of it by voting,
stacking and weighted means; and its vote on every table of 2 to 5 models.

    python parity/make_combine_fixtures.py          (versions: parity/requirements.txt)
"""
import base64
import itertools
import json
import pathlib

import numpy as np
from scipy import stats
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import (GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor,
                              StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

OUT = pathlib.Path(__file__).resolve().parents[1] / "test" / "fixtures"
SEED = 20260611


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def classifiers():
    return [
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))),
        ("tree", DecisionTreeClassifier(max_depth=3, random_state=SEED)),
        ("forest", RandomForestClassifier(n_estimators=20, max_depth=4, random_state=SEED)),
        ("neighbours", make_pipeline(StandardScaler(), KNeighborsClassifier(4))),
        ("bayes", GaussianNB()),
    ]


def regressors():
    return [
        ("ridge", make_pipeline(StandardScaler(), Ridge())),
        ("tree", DecisionTreeRegressor(max_depth=3, random_state=SEED)),
        ("forest", RandomForestRegressor(n_estimators=20, max_depth=4, random_state=SEED)),
        ("neighbours", make_pipeline(StandardScaler(), KNeighborsRegressor(5))),
        ("boosting", GradientBoostingRegressor(n_estimators=40, random_state=SEED)),
    ]


WEIGHTS = [None, [1, 2, 1, 2, 1], [0.5, 0.125, 1.5, 0.0, 0.25], [0.3, 1.7, 0.9, 2.2, 0.1]]


def classification_set(name, data, members):
    x, y = data.data, data.target
    x_train, x_test, y_train, _ = train_test_split(x, y, test_size=60, stratify=y, random_state=SEED)
    named = [one for one in classifiers() if one[0] in members]
    classes = len(np.unique(y))
    cases = []
    for weights in WEIGHTS:
        weights = None if weights is None else weights[: len(named)]
        hard = VotingClassifier(named, voting="hard", weights=weights).fit(x_train, y_train)
        soft = VotingClassifier(named, voting="soft", weights=weights).fit(x_train, y_train)
        probabilities = np.stack([m.predict_proba(x_test) for m in soft.estimators_], axis=1)
        w = np.ones(len(named)) if weights is None else np.array(weights)
        # SciPy's entropy per member and row; certain where it is 0.
        by_entropy = np.clip(1 - stats.entropy(probabilities, axis=2) / np.log(classes), 0, None)
        by_largest = probabilities.max(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(w[None, :, None] > 0, w[None, :, None] * np.log(probabilities), 0).sum(axis=1) / w.sum()
            log_pool = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        cases.append({
            "weights": weights,
            "hard": hard.predict(x_test).tolist(),
            "soft": soft.predict(x_test).tolist(),
            "softProbabilities": pack(soft.predict_proba(x_test)),
            "byEntropy": pack(pooled(probabilities, w * by_entropy)),
            "byLargest": pack(pooled(probabilities, w * by_largest)),
            "logPool": [None if np.isnan(row).any() else row.tolist() for row in log_pool],
        })
    stack = StackingClassifier(named, final_estimator=LogisticRegression(max_iter=2000), cv=5).fit(x_train, y_train)
    members_of_stack = np.stack([m.predict_proba(x_test) for m in stack.estimators_], axis=1)
    assert np.array_equal(members_of_stack, probabilities)
    return {
        "name": name, "classes": classes, "members": len(named), "rows": len(x_test),
        "probabilities": pack(probabilities),
        "labels": [m.predict(x_test).tolist() for m in hard.estimators_],
        "cases": cases,
        "stacking": {
            "features": pack(stack.transform(x_test)),
            "width": stack.transform(x_test).shape[1],
        },
    }


def pooled(probabilities, weights):
    return (probabilities * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)


def regression_set():
    x, y = load_diabetes(return_X_y=True)
    x_train, x_test, y_train, _ = train_test_split(x, y, test_size=60, random_state=SEED)
    named = regressors()
    cases = []
    variances = np.array([2900.0, 3500.0, 3000.0, 3600.0, 3100.0])
    for weights in WEIGHTS:
        voting = VotingRegressor(named, weights=weights).fit(x_train, y_train)
        values = np.stack([m.predict(x_test) for m in voting.estimators_], axis=1)
        w = np.ones(len(named)) if weights is None else np.array(weights)
        cases.append({
            "weights": weights,
            "mean": pack(voting.predict(x_test)),
            "byVariance": pack(np.average(values, axis=1, weights=w / variances)),
        })
    stack = StackingRegressor(named, final_estimator=RidgeCV(), cv=5).fit(x_train, y_train)
    assert np.array_equal(np.stack([m.predict(x_test) for m in stack.estimators_], axis=1), values)
    return {
        "name": "diabetes", "members": len(named), "rows": len(x_test), "values": pack(values),
        "variances": variances.tolist(), "cases": cases, "stacking": pack(stack.transform(x_test)),
    }


class Column:
    """A fitted member that answers one column of the table."""

    def __init__(self, read):
        self.read = read

    def predict(self, table):
        return self.read(table)

    def predict_proba(self, table):
        return self.read(table)


def fitted_voting(voting, readers, classes, weights):
    ensemble = VotingClassifier([(str(i), Column(r)) for i, r in enumerate(readers)], voting=voting, weights=weights)
    ensemble.estimators_ = [Column(r) for r in readers]
    ensemble.le_ = LabelEncoder().fit(range(classes))
    ensemble.classes_ = ensemble.le_.classes_
    return ensemble


# Sums of these are exact in binary, so that scikit-learn sees every tie.
TABLE_WEIGHTS = {
    2: [None, [1, 2], [0.5, 0.5]],
    3: [None, [1, 1, 2], [0.75, 0.5, 0.25]],
    4: [None, [1, 1, 2, 2], [0.25, 0.5, 0.25, 1]],
    5: [None, [1, 1, 1, 1, 2], [0.5, 0.25, 0.25, 0.75, 0.25]],
}


def vote_tables():
    tables = []
    for members in range(2, 6):
        for classes in range(2, 6):
            table = np.array(list(itertools.product(range(classes), repeat=members)))
            for weights in TABLE_WEIGHTS[members]:
                readers = [lambda t, i=i: t[:, i] for i in range(members)]
                voted = fitted_voting("hard", readers, classes, weights).predict(table)
                shares = [np.bincount(row, weights=weights, minlength=classes) for row in table]
                ties = [int((share == share.max()).sum() > 1) for share in shares]
                tables.append({"members": members, "classes": classes, "weights": weights,
                               "answers": "".join(map(str, voted)), "ties": "".join(map(str, ties))})
    return tables


def probability_tables():
    """Every table of 2 to 5 models whose probabilities are quarters; two classes, and for 2 and 3 models three."""
    tables = []
    for classes, sizes in ((2, range(2, 6)), (3, range(2, 4))):
        answers = [np.array(c) / 4 for c in itertools.product(range(5), repeat=classes) if sum(c) == 4]
        for members in sizes:
            table = np.array(list(itertools.product(range(len(answers)), repeat=members)))
            for weights in TABLE_WEIGHTS[members]:
                readers = [lambda t, i=i: np.array(answers)[t[:, i]] for i in range(members)]
                voted = fitted_voting("soft", readers, classes, weights).predict(table)
                tables.append({"members": members, "classes": classes, "weights": weights,
                               "choices": [a.tolist() for a in answers], "answers": "".join(map(str, voted))})
    return tables


if __name__ == "__main__":
    fixture = {
        "classification": [
            classification_set("iris", load_iris(), ["logistic", "tree", "neighbours", "bayes"]),
            classification_set("wine", load_wine(), ["logistic", "tree", "forest", "neighbours", "bayes"]),
            classification_set("breast cancer", load_breast_cancer(), ["logistic", "tree", "forest", "neighbours"]),
        ],
        "regression": regression_set(),
        "voteTables": vote_tables(),
        "probabilityTables": probability_tables(),
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "combine.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")

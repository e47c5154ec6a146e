"""Writes test/fixtures/models-any.json: permutation importance and weighted ridge by scikit-learn, exact Shapley values by
shap's ExactExplainer, of models that a test can write down as a formula.
"""
import json
import pathlib
import warnings

import numpy as np
import shap
import sklearn
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

warnings.simplefilter('ignore')
fixtures = pathlib.Path(__file__).resolve().parent.parent / 'test/fixtures'


class Formula(BaseEstimator):
    """intercept + rows @ weights; a probability when `logistic`."""

    def __init__(self, intercept, weights, logistic):
        self.intercept, self.weights, self.logistic = intercept, weights, logistic

    def fit(self, rows, labels):
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = 'classifier' if self.logistic else 'regressor'
        return tags

    @property
    def classes_(self):
        if not self.logistic:
            raise AttributeError('classes_')
        return np.array([0, 1])

    def margin(self, rows):
        total = np.full(len(rows), self.intercept)
        for feature, weight in enumerate(self.weights):
            total = total + weight * rows[:, feature]
        return total

    def predict_proba(self, rows):
        positive = 1 / (1 + np.exp(-self.margin(rows)))
        return np.column_stack([1 - positive, positive])

    def predict(self, rows):
        if self.logistic:
            return (self.predict_proba(rows)[:, 1] >= 0.5).astype(int)
        return self.margin(rows)


REGRESSION = {'r-squared': 'r2', 'mean-absolute-error': 'neg_mean_absolute_error',
              'mean-squared-error': 'neg_mean_squared_error', 'root-mean-squared-error': 'neg_root_mean_squared_error'}
BINARY = {'accuracy': 'accuracy', 'roc-auc': 'roc_auc', 'average-precision': 'average_precision',
          'log-loss': 'neg_log_loss', 'brier-score': 'neg_brier_score'}


def permutations(seed, count, repeats):
    """Whose cells each row gets inside permutation_importance: one seed for all features; one order is shuffled on, and
    applied to what the repeat before left."""
    inner = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    random = np.random.RandomState(inner)
    order = np.arange(count)
    donors = np.arange(count)
    all_donors = []
    for _ in range(repeats):
        random.shuffle(order)
        donors = donors[order]
        all_donors.append(donors.tolist())
    return all_donors


def importance_case(name, rows, labels, logistic, seed, repeats=5):
    fitted = LogisticRegression(max_iter=5000).fit(rows, labels) if logistic else LinearRegression().fit(rows, labels)
    weights = [float(w) for w in np.ravel(fitted.coef_)]
    model = Formula(float(np.ravel(fitted.intercept_)[0]), weights, logistic)
    answers = {}
    for ours, theirs in (BINARY if logistic else REGRESSION).items():
        result = permutation_importance(model, rows, labels, scoring=theirs, n_repeats=repeats, random_state=seed)
        answers[ours] = {'importances': result.importances.tolist(), 'mean': result.importances_mean.tolist(),
                         'deviation': result.importances_std.tolist()}
    return {'name': name, 'intercept': model.intercept, 'weights': weights, 'logistic': logistic,
            'rows': np.asarray(rows).tolist(), 'labels': [float(v) for v in labels],
            'permutations': permutations(seed, len(rows), repeats), 'answers': answers}


diabetes, cancer = load_diabetes(), load_breast_cancer()
cases = [
    importance_case('diabetes', np.round(diabetes.data[:60], 6), diabetes.target[:60], False, 0),
    importance_case('breast cancer', np.round(cancer.data[:60, :6], 6), cancer.target[:60], True, 1),
]
generator = np.random.default_rng(11)
for index in range(24):
    count, width = int(generator.integers(12, 40)), int(generator.integers(1, 5))
    rows = generator.normal(size=(count, width)) * 10.0 ** generator.integers(-3, 4, size=width)
    if index % 4 == 1:
        rows = np.round(rows)
    if index % 6 == 2:
        rows[:, 0] = 3.5
    rows = np.array([[float(f'{v:.6g}') for v in row] for row in rows])
    logistic = index % 2 == 0
    signal = (rows / (np.abs(rows).max(axis=0) + 1e-300)).sum(axis=1) + generator.normal(size=count)
    labels = (signal > np.median(signal)).astype(int) if logistic else np.array([float(f'{v:.6g}') for v in signal])
    cases.append(importance_case(f'random {index}', rows, labels, logistic, 100 + index, repeats=2 + index % 4))

ridges = []
for index in range(40):
    count, width = int(generator.integers(8, 30)), int(generator.integers(1, 6))
    design = np.round(generator.normal(size=(count, width)), 3)
    if index % 3 == 0:
        design = (design > 0).astype(float)
    targets = np.round(generator.normal(size=count) + design.sum(axis=1) + (1000 if index % 5 == 0 else 0), 3)
    weights = np.round(generator.random(count), 3)
    weights[0] = 0.0 if index % 7 == 0 else weights[0]
    alpha = [1.0, 0.01, 10.0, 0.0][index % 4] if index % 3 else 1.0
    fitted = Ridge(alpha=alpha, solver='cholesky').fit(design, targets, sample_weight=weights)
    ridges.append({'design': design.tolist(), 'targets': targets.tolist(), 'weights': weights.tolist(), 'alpha': alpha,
                   'intercept': float(fitted.intercept_), 'coefficients': fitted.coef_.tolist(),
                   'rSquared': float(fitted.score(design, targets, sample_weight=weights))})


def game(x):
    return x[:, 0] * x[:, 1] + np.sin(x[:, 2]) - np.maximum(x[:, 3], x[:, 4]) * x[:, 5] + np.abs(x[:, 6]) ** 1.5 * x[:, 0]



rows = np.round(generator.normal(size=(6, 8)), 4)
background = np.round(generator.normal(size=(7, 8)), 4)
background[:, 5] = rows[0, 5]
exact = shap.explainers.Exact(game, shap.maskers.Independent(background, max_samples=len(background)))
answer = exact(rows)
shapley = {'rows': rows.tolist(), 'background': background.tolist(), 'values': answer.values.tolist(),
           'base': [float(v) for v in np.ravel(answer.base_values)]}
(fixtures / 'models-any.json').write_text(json.dumps({
    'versions': {'sklearn': sklearn.__version__, 'shap': shap.__version__},
    'permutation': cases, 'ridge': ridges, 'shapley': shapley}, separators=(',', ':')) + '\n')
print(len(cases), len(ridges), answer.values[0])

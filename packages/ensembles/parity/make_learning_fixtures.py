"""Writes test/fixtures/learning.json: out-of-fold answers of members on real sets and on random ones, and what SciPy
(SLSQP, nnls), scikit-learn (LogisticRegression, RidgeCV, CalibratedClassifierCV) and the published greedy selection
make of them.

    python parity/make_learning_fixtures.py          (versions: parity/requirements.txt)
"""
import base64
import json
import pathlib
import warnings

import numpy as np
from scipy import stats
from scipy.optimize import minimize, nnls
from scipy.special import logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.model_selection import LeaveOneOut, StratifiedKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parents[1] / "test" / "fixtures"
SEED = 20260611
FLOOR = 2.0 ** -52
rng = np.random.default_rng(SEED)


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def loss_of(name, answers, y):
    if name == "squared_error":
        return np.mean((answers - y) ** 2)
    n, k = answers.shape
    if name == "log_loss":
        return -np.mean(np.log(np.maximum(answers[np.arange(n), y], FLOOR)))
    if name == "brier":
        truth = np.eye(k)[y]
        return np.mean((answers[:, 1] - truth[:, 1]) ** 2) if k == 2 else np.mean(((answers - truth) ** 2).sum(axis=1))
    return np.mean(answers.argmax(axis=1) != y)


def simplex(name, members, y):
    """The best of SLSQP from several starts; members: [M, n, K] or [M, n]."""
    size = len(members)
    starts = [np.full(size, 1 / size)] + [np.full(size, 0.1 / size) + 0.9 * np.eye(size)[i] for i in range(size)]
    best = None
    for start in starts:
        found = minimize(lambda w: loss_of(name, np.tensordot(w, members, 1), y), start, method="SLSQP",
                         bounds=[(0, 1)] * size, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
                         options={"ftol": 1e-15, "maxiter": 1000})
        w = np.clip(found.x, 0, None)
        w /= w.sum()
        value = loss_of(name, np.tensordot(w, members, 1), y)
        if best is None or value < best[1]:
            best = (w, value)
    return {"weights": best[0].tolist(), "loss": float(best[1])}


def least_squares(members, y):
    if members.ndim == 2:
        a, b = members.T, y
    elif members.shape[2] == 2:
        a, b = members[:, :, 1].T, (y == 1).astype(float)
    else:
        a, b = members.reshape(len(members), -1).T, np.eye(members.shape[2])[y].ravel()
    raw = nnls(a, b)[0]
    return {"raw": raw.tolist(), "weights": (raw / raw.sum()).tolist()}


def greedy(name, members, y, rounds=25):
    """Ensemble selection as published, ties as in AutoGluon: used members, then log loss, then the first."""
    order, trajectory = [], []
    current = np.zeros_like(members[0])
    for s in range(rounds):
        fantasy = [(s / (s + 1)) * current + one / (s + 1) for one in members]
        scores = np.array([loss_of(name, f, y) for f in fantasy])
        tied = np.flatnonzero(scores <= scores.min() * (1 + 1e-12))
        used = [j for j in tied if j in order]
        tied = used or list(tied)
        if len(tied) > 1 and name in ("brier", "error"):
            second = np.array([loss_of("log_loss", fantasy[j], y) for j in tied])
            tied = [j for j, value in zip(tied, second) if value <= second.min() * (1 + 1e-12)]
        chosen = int(tied[0])
        order.append(chosen)
        trajectory.append(float(scores[chosen]))
        current = fantasy[chosen]
    size = int(np.flatnonzero(np.array(trajectory) <= min(trajectory) * (1 + 1e-12))[0]) + 1
    return {"order": order, "trajectory": trajectory, "size": size,
            "weights": [order[:size].count(j) / size for j in range(len(members))]}


def logistic(members, y):
    k = members.shape[2]
    x = members[:, :, 1].T if k == 2 else np.concatenate(list(members), axis=1)
    fits = []
    for c in (0.1, 1.0, 10.0):
        # Newton with whole second derivatives, far past the tolerance that a user would ask for.
        fit = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, y)
        probabilities = fit.predict_proba(x)
        losses = -np.log(probabilities[np.arange(len(y)), y])
        fits.append({
            "c": c, "coefficients": fit.coef_.tolist(), "intercepts": (fit.intercept_ - fit.intercept_.mean()).tolist()
            if k > 2 else fit.intercept_.tolist(),
            "objective": float(0.5 * (fit.coef_ ** 2).sum() + c * losses.sum()),
            **({"probabilities": pack(probabilities)} if c == 1.0 else {}),
        })
    return fits


def ridge(members, y):
    x = members.T
    fit = RidgeCV(alphas=(0.1, 1.0, 10.0)).fit(x, y)
    errors = [float(np.mean((cross_val_predict(Ridge(alpha=a), x, y, cv=LeaveOneOut()) - y) ** 2)) for a in (0.1, 1, 10)]
    wide = RidgeCV(alphas=(1.0, 100.0, 1e4, 1e6)).fit(x, y)
    return {"alpha": float(fit.alpha_), "coefficients": fit.coef_.tolist(), "intercept": float(fit.intercept_),
            "leaveOneOut": errors, "predictions": pack(fit.predict(x)),
            "wide": {"alpha": float(wide.alpha_), "coefficients": wide.coef_.tolist(), "intercept": float(wide.intercept_)}}


class Stored(ClassifierMixin, BaseEstimator):
    """Answers with what was stored for the row whose number is asked."""

    def __init__(self, answers=None, how="predict_proba"):
        self.answers = answers
        self.how = how

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        return np.arange(2 if self.answers.ndim == 1 else self.answers.shape[1])

    def fit(self, x, y):
        return self

    def predict(self, x):
        return np.zeros(len(x), dtype=int)


class StoredProbabilities(Stored):
    def predict_proba(self, x):
        return self.answers[x[:, 0].astype(int)]


class StoredDecisions(Stored):
    def decision_function(self, x):
        return self.answers[x[:, 0].astype(int)]


def calibrated(stored, y, method):
    x = np.arange(len(y), dtype=float)[:, None]
    model = CalibratedClassifierCV(FrozenEstimator(stored), method=method, ensemble=False).fit(x, y)
    inner = model.calibrated_classifiers_[0].calibrators
    found = {"probabilities": pack(model.predict_proba(x))}
    if method == "sigmoid":
        found["slopes"] = [-float(c.a_) for c in inner]
        found["intercepts"] = [-float(c.b_) for c in inner]
    if method == "temperature":
        found["temperature"] = float(1 / inner[0].beta_)
    return found


def calibrations(probabilities, y):
    k = probabilities.shape[1]
    clipped = np.clip(probabilities, FLOOR, 1 - FLOOR)
    odds = logit(clipped[:, 1]) if k == 2 else logit(clipped)
    return {
        "plattOnProbability": calibrated(StoredProbabilities(probabilities), y, "sigmoid"),
        "plattOnLogOdds": calibrated(StoredDecisions(odds), y, "sigmoid"),
        "isotonic": calibrated(StoredProbabilities(probabilities), y, "isotonic"),
        "temperature": calibrated(StoredProbabilities(probabilities), y, "temperature"),
    }


def classification_set(name, data, estimators, limit=None):
    x, y = data.data, data.target
    if limit is not None:
        keep = rng.permutation(len(y))[:limit]
        x, y = x[keep], y[keep]
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    members = np.stack([cross_val_predict(e, x, y, cv=folds, method="predict_proba") for e in estimators])
    return learned(name, members, y, calibrate=True, stack=True)


def learned(name, members, y, calibrate=False, stack=False):
    classes = members.shape[2]
    fixture = {
        "name": name, "classes": classes, "members": [pack(one) for one in members], "outcomes": y.tolist(),
        "simplex": {loss: simplex(loss, members, y) for loss in ("log_loss", "brier")},
        "nonNegative": least_squares(members, y),
        "greedy": {loss: greedy(loss, members, y) for loss in ("log_loss", "brier", "error")},
    }
    if stack:
        fixture["logistic"] = logistic(members, y)
    if calibrate:
        fixture["calibration"] = calibrations(members[-1], y)
    return fixture


def regression_set(name, members, y, stack=True):
    fixture = {
        "name": name, "members": [pack(one) for one in members], "outcomes": y.tolist(),
        "simplex": simplex_scaled(members, y),
        "nonNegative": least_squares(members, y),
        "greedy": greedy("squared_error", members, y),
    }
    if stack:
        fixture["ridge"] = ridge(members, y)
    return fixture


def simplex_scaled(members, y):
    """SLSQP stops too early on large numbers; the weights do not depend on the unit."""
    unit = y.std()
    found = simplex("squared_error", members / unit, y / unit)
    return {"weights": found["weights"], "loss": float(loss_of("squared_error", np.tensordot(found["weights"], members, 1), y))}


def diabetes():
    x, y = load_diabetes(return_X_y=True)
    estimators = [
        make_pipeline(StandardScaler(), Ridge()), DecisionTreeRegressor(max_depth=4, random_state=SEED),
        RandomForestRegressor(n_estimators=30, random_state=SEED), make_pipeline(StandardScaler(), KNeighborsRegressor(7)),
        GradientBoostingRegressor(n_estimators=60, random_state=SEED),
    ]
    folds = list(StratifiedKFold(5, shuffle=True, random_state=SEED).split(x, y > np.median(y)))
    return regression_set("diabetes", np.stack([cross_val_predict(e, x, y, cv=folds) for e in estimators]), y)


def random_classification(index):
    """Members of all qualities: copies, mixtures of others, constants, certain and wrong ones."""
    n, size, classes = 40, int(rng.integers(2, 7)), int(rng.integers(2, 4))
    y = rng.integers(0, classes, n)
    y[:classes] = np.arange(classes)
    members = []
    for m in range(size):
        kind = rng.integers(0, 6) if m > 1 else 0
        if kind == 1:
            members.append(members[0].copy())
        elif kind == 2:
            members.append(0.3 * members[0] + 0.7 * members[1])
        elif kind == 3:
            members.append(np.full((n, classes), 1 / classes))
        elif kind == 4:
            members.append(np.eye(classes)[rng.integers(0, classes, n)])
        else:
            skill = rng.uniform(0, 3)
            members.append(softmax(rng.normal(size=(n, classes)) + skill * np.eye(classes)[y], axis=1))
    return learned(f"random {index}", np.stack(members), y)


def random_regression(index):
    n, size = 40, int(rng.integers(2, 7))
    scale = 10.0 ** rng.integers(-6, 7)
    y = rng.normal(size=n) * scale
    members = [y + rng.normal(size=n) * scale * rng.uniform(0.2, 2) + scale * rng.uniform(-1, 1) for _ in range(size)]
    if size > 2 and index % 3 == 0:
        members[2] = 0.5 * members[0] + 0.5 * members[1]
    if size > 3 and index % 2 == 0:
        members[3] = members[0].copy()
    return regression_set(f"random {index}", np.stack(members), y, stack=False)


def classifiers(*names):
    every = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        "tree": DecisionTreeClassifier(max_depth=3, random_state=SEED),
        "forest": RandomForestClassifier(n_estimators=25, max_depth=4, random_state=SEED),
        "neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(7)),
        "bayes": make_pipeline(StandardScaler(), GaussianNB(var_smoothing=1e-2)),
    }
    return [every[name] for name in names]


def row_losses(answers, y):
    if answers.ndim == 1:
        return {"squared_error": (answers - y) ** 2, "absolute_error": np.abs(answers - y)}
    n, k = answers.shape
    squares = (answers - np.eye(k)[y]) ** 2
    return {"log_loss": -np.log(np.maximum(answers[np.arange(n), y], FLOOR)),
            "brier": squares[:, 1] if k == 2 else squares.sum(axis=1),
            "accuracy": (answers.argmax(axis=1) == y).astype(float)}


def compared(before, after):
    """Paired differences with the normal interval; confidence 0.9."""
    found = {}
    for name, first in before.items():
        difference = after[name] - first
        half = stats.norm.isf(0.05) * difference.std(ddof=1) / np.sqrt(len(difference))
        found[name] = {"current": float(first.mean()), "candidate": float(after[name].mean()),
                       "lower": float(difference.mean() - half), "upper": float(difference.mean() + half)}
    return found


def simulations(name, members, y):
    """The weakest member against: the weighted mean, the hard vote, and a stack fitted on these rows."""
    losses = [loss_of("log_loss" if members.ndim == 3 else "squared_error", one, y) for one in members]
    worst = int(np.argmax(losses))
    before = row_losses(members[worst], y)
    weights = np.arange(1.0, len(members) + 1)
    mean = np.average(members, axis=0, weights=weights)
    found = {"name": name, "current": worst, "weights": weights.tolist(), "mean": compared(before, row_losses(mean, y))}
    if members.ndim == 3:
        k = members.shape[2]
        votes = np.stack([np.bincount(v, weights=weights, minlength=k) for v in members.argmax(axis=2).T]) / weights.sum()
        found["vote"] = compared(before, row_losses(votes, y))
        # A vote share of 0 for the truth makes the log loss a matter of where it is cut off.
        del found["vote"]["log_loss"]
        x = members[:, :, 1].T if k == 2 else np.concatenate(list(members), axis=1)
        stack = LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, y).predict_proba(x)
        found["stack"] = compared(before, row_losses(stack, y))
    else:
        found["stack"] = compared(before, row_losses(RidgeCV().fit(members.T, y).predict(members.T), y))
    return found


def unpacked(fixture):
    shape = (len(fixture["outcomes"]), -1) if "classes" in fixture else (-1,)
    members = [np.frombuffer(base64.b64decode(one), dtype="<f8").reshape(shape) for one in fixture["members"]]
    return fixture["name"], np.stack(members), np.array(fixture["outcomes"])


if __name__ == "__main__":
    fixture = {
        "classification": [
            classification_set("breast cancer", load_breast_cancer(), classifiers("logistic", "tree", "forest", "neighbours", "bayes")),
            classification_set("wine", load_wine(), classifiers("logistic", "forest", "neighbours", "bayes")),
            classification_set("digits", load_digits(), classifiers("logistic", "tree", "bayes"), limit=250),
        ],
        "regression": [diabetes()],
        "randomClassification": [random_classification(i) for i in range(60)],
        "randomRegression": [random_regression(i) for i in range(40)],
    }
    fixture["simulations"] = [simulations(*unpacked(one)) for one in fixture["classification"] + fixture["regression"]]
    (OUT / "learning.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")

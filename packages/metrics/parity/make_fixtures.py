"""Writes test/fixtures/random-cases.json and test/fixtures/real-sets.json: inputs and what scikit-learn, SciPy and
statsmodels answer for them. A figure that has no answer (NaN, infinite, refused) is null: the package must refuse it.

    python parity/make_fixtures.py          (versions: parity/requirements.txt)
"""
import base64
import csv
import json
import math
import pathlib
import warnings

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")
ROOT = pathlib.Path(__file__).resolve().parents[3]
OUT = pathlib.Path(__file__).resolve().parents[1] / "test" / "fixtures"
rng = np.random.default_rng(20260611)


def plain(value):
    if value is None:
        return None
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    value = float(value)
    return value if math.isfinite(value) else None


def attempt(function):
    try:
        with np.errstate(all="ignore"):
            return plain(function())
    except ValueError:
        return None


def delong_se(y, s):
    """Straight from the definition: every pair of a positive and a negative."""
    pos, neg = s[y == 1], s[y == 0]
    psi = (pos[:, None] > neg[None, :]) + 0.5 * (pos[:, None] == neg[None, :])
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    return math.sqrt(v10.var(ddof=1) / len(pos) + v01.var(ddof=1) / len(neg))


def ece(y, p, edges):
    """Brute force over (from, to] bins; the first bin holds its lower end."""
    total, worst = 0.0, 0.0
    for b in range(len(edges) - 1):
        inside = (p > edges[b]) & (p <= edges[b + 1])
        if b == 0:
            inside |= p <= edges[0]
        if b == len(edges) - 2:
            inside |= p > edges[-1]
        if inside.any():
            gap = abs(y[inside].mean() - p[inside].mean())
            total += inside.mean() * gap
            worst = max(worst, gap)
    return [total, worst]


def binary_expected(y, s, w=None, threshold=0.5, slope=False, brute=True):
    """y and s without missing rows."""
    n = len(y)
    if n < 2:
        return {"refused": True}
    hat = (s >= threshold).astype(int)
    kw = dict(sample_weight=w, zero_division=np.nan)
    tn, fp, fn, tp = sk.confusion_matrix(y, hat, labels=[0, 1], sample_weight=w).ravel()
    probability = bool(((s >= 0) & (s <= 1)).all())
    both = 0 < y.sum() < n
    both_hat = 0 < hat.sum() < n
    varied = len(np.unique(s)) > 1
    out = {
        "accuracy": attempt(lambda: sk.accuracy_score(y, hat, sample_weight=w)),
        "precision": attempt(lambda: sk.precision_score(y, hat, **kw)),
        "recall": attempt(lambda: sk.recall_score(y, hat, **kw)),
        "specificity": attempt(lambda: sk.recall_score(y, hat, pos_label=0, **kw)),
        "negativePredictiveValue": attempt(lambda: sk.precision_score(y, hat, pos_label=0, **kw)),
        "f1": attempt(lambda: sk.f1_score(y, hat, **kw)),
        "fBeta": attempt(lambda: sk.fbeta_score(y, hat, beta=2, **kw)),
        "jaccard": attempt(lambda: sk.jaccard_score(y, hat, sample_weight=w)) if tp + fp + fn > 0 else None,
        "balancedAccuracy": attempt(lambda: sk.balanced_accuracy_score(y, hat, sample_weight=w)) if both else None,
        "matthewsCorrelation": attempt(lambda: sk.matthews_corrcoef(y, hat, sample_weight=w)) if both and both_hat else None,
        "cohensKappa": attempt(lambda: sk.cohen_kappa_score(y, hat, labels=[0, 1], sample_weight=w)),
        "logLoss": attempt(lambda: sk.log_loss(y, s, labels=[0, 1], sample_weight=w)) if probability else None,
        "brierScore": attempt(lambda: sk.brier_score_loss(y, s, labels=[0, 1], pos_label=1, sample_weight=w)) if probability else None,
        "averagePrecision": attempt(lambda: sk.average_precision_score(y, s, sample_weight=w)) if both and varied else None,
        "weightedAuc": None,
    }
    if w is None:
        lower, upper = proportion_confint(tp + tn, n, method="wilson")
        out["accuracyInterval"] = plain([lower, upper])
        lower, upper = proportion_confint(tp + tn, n, method="beta")
        out["accuracyExactInterval"] = plain([0 if np.isnan(lower) else lower, 1 if np.isnan(upper) else upper])
        answerable = both and varied and y.sum() >= 2 and n - y.sum() >= 2
        out["rocAuc"] = attempt(lambda: sk.roc_auc_score(y, s)) if answerable else None
        if brute:
            out["rocAucStandardError"] = attempt(lambda: delong_se(y, s)) if answerable else None
        if probability:
            out["ece"] = plain(ece(y, s, np.linspace(0, 1, 11)))
            out["eceEqualCount"] = plain(ece(y, s, np.percentile(s, np.linspace(0, 1, 6) * 100)))
            true, mean = calibration_curve(y, s, n_bins=10)
            out["curve"] = [plain(true), plain(mean)]
    if slope:
        p = np.clip(s, 1e-6, 1 - 1e-6)
        x = np.log(p / (1 - p))
        line = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
        level = sm.GLM(y, np.ones(n), offset=x, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
        out["slope"] = plain([line.params[1], line.bse[1], line.params[0], level.params[0], level.bse[0]])
    return out


def curves(y, s):
    fpr, tpr, thresholds = sk.roc_curve(y, s)
    precision, recall, cut = sk.precision_recall_curve(y, s)
    return {
        "roc": [plain(fpr), plain(tpr), plain(thresholds[1:])],
        "precisionRecall": [plain(precision[:-1][::-1]), plain(recall[:-1][::-1]), plain(cut[::-1])],
    }


def percentage_error(y, p, w):
    """scikit-learn's, but for targets below 2.2e-16, by which it does not divide."""
    if (np.abs(y) > 2.3e-16).all():
        return sk.mean_absolute_percentage_error(y, p, sample_weight=w)
    return np.average(np.abs(p - y) / np.abs(y), weights=w)


def log_error(y, p, w):
    """scikit-learn's difference of logarithms keeps only 8 digits around 1e8; this form keeps all. Both must agree."""
    value = math.sqrt(np.average(np.log1p((p - y) / (1 + y)) ** 2, weights=w))
    assert math.isclose(value, sk.root_mean_squared_log_error(y, p, sample_weight=w), rel_tol=1e-6)
    return value


def regression_expected(y, p, w=None):
    if len(y) < 2:
        return {"refused": True}
    kw = dict(sample_weight=w)
    nonzero = y != 0
    with np.errstate(all="ignore"):
        lost = np.abs(p - y).max() > 0 and ((p - y) ** 2).max() == 0
        varied = len(np.unique(y)) > 1
    weights = np.ones(len(y)) if w is None else w
    return {
        "meanAbsoluteError": attempt(lambda: sk.mean_absolute_error(y, p, **kw)) if not lost else None,
        "meanSquaredError": attempt(lambda: sk.mean_squared_error(y, p, **kw)) if not lost else None,
        "rootMeanSquaredError": attempt(lambda: sk.root_mean_squared_error(y, p, **kw)) if not lost else None,
        "rSquared": attempt(lambda: sk.r2_score(y, p, force_finite=False, **kw)) if varied and not lost else None,
        "explainedVariance": attempt(lambda: sk.explained_variance_score(y, p, force_finite=False, **kw)) if varied and not lost else None,
        "meanAbsolutePercentageError": attempt(lambda: percentage_error(y[nonzero], p[nonzero], weights[nonzero])) if nonzero.sum() > 1 else None,
        "rootMeanSquaredLogError": attempt(lambda: log_error(y, p, weights)) if (y > -1).all() and (p > -1).all() else None,
        "pinballLoss": attempt(lambda: sk.mean_pinball_loss(y, p, alpha=0.5, **kw)) if not lost else None,
        "medianAbsoluteError": attempt(lambda: sk.median_absolute_error(y, p)) if w is None else None,
        "maximumError": attempt(lambda: sk.max_error(y, p)),
        "weightedAbsolutePercentageError": attempt(lambda: (weights * np.abs(p - y)).sum() / (weights * np.abs(y)).sum()) if nonzero.any() else None,
    }


def multiclass_expected(y, hat, prob, classes):
    if len(y) < 2:
        return {"refused": True}
    out = {"confusion": sk.confusion_matrix(y, hat, labels=classes).tolist()}
    for average in ["macro", "weighted", "micro"]:
        p, r, f, _ = sk.precision_recall_fscore_support(y, hat, labels=classes, average=average, zero_division=np.nan)
        out[average] = plain([p, r, f])
    p, r, f, support = sk.precision_recall_fscore_support(y, hat, labels=classes, average=None, zero_division=np.nan)
    # scikit-learn answers 0 when every class that has a figure has no rows to weigh it with; that is no answer.
    out["weighted"] = [None if support[~np.isnan(each)].sum() == 0 else value for each, value in zip((p, r, f), out["weighted"])]
    out["perClass"] = [plain(p), plain(r), plain(f)]
    out["accuracy"] = plain(sk.accuracy_score(y, hat))
    seen, answered = len(set(y)), len(set(hat))
    out["matthewsCorrelation"] = attempt(lambda: sk.matthews_corrcoef(y, hat)) if seen > 1 and answered > 1 else None
    out["cohensKappa"] = attempt(lambda: sk.cohen_kappa_score(y, hat, labels=classes)) if seen > 1 or answered > 1 or y[0] != hat[0] else None
    out["logLoss"] = attempt(lambda: sk.log_loss(y, prob, labels=classes))
    indicator = (np.asarray(y)[:, None] == np.asarray(classes)[None, :]).astype(float)
    out["brierScore"] = plain(((indicator - prob) ** 2).sum(axis=1).mean())
    out["top2"] = attempt(lambda: sk.top_k_accuracy_score(y, prob, k=2, labels=classes)) if len(classes) > 2 else None
    auc = {}
    if seen == len(classes) and len(np.unique(prob, axis=0)) > 1:
        for scheme in ["ovr", "ovo"]:
            for average in ["macro", "weighted"]:
                auc[f"{scheme}-{average}"] = attempt(lambda: sk.roc_auc_score(y, prob, labels=classes, multi_class=scheme, average=average))
    out["auc"] = auc
    return out


def with_missing(values, share):
    gone = rng.random(len(values)) < share
    return [None if g else v for v, g in zip(values, gone)], ~gone


def random_binary(index):
    kind = ["plain", "ties", "constant", "tiny", "huge", "one-class", "missing", "weights", "extreme", "raw"][index % 10]
    n = int(rng.integers(2, 60))
    y = (rng.random(n) < rng.uniform(0.1, 0.9)).astype(int)
    s = np.clip(0.3 * y + rng.random(n) * 0.7, 0, 1)
    w = None
    if kind == "ties":
        s = np.round(s, 1)
    if kind == "constant":
        s = np.full(n, round(rng.random(), 3))
    if kind == "tiny":
        s = s * 10.0 ** -rng.integers(5, 300)
    if kind == "huge":
        s = (s - 0.4) * 10.0 ** rng.integers(5, 300)
    if kind == "one-class":
        y = np.full(n, int(rng.random() < 0.5))
    if kind == "weights":
        w = np.round(rng.random(n) * 5, 2)
    if kind == "extreme":
        s = rng.choice([0.0, 1.0, 1e-17, 0.5, 1 - 1e-16], n)
    if kind == "raw":
        s = s * 8 - 4
    labels, kept = with_missing(y.tolist(), 0.3 if kind == "missing" else 0)
    if w is not None:
        kept &= w > 0
    case = {"kind": kind, "labels": labels, "scores": s.tolist(), "threshold": 0.5}
    if w is not None:
        case["weights"] = w.tolist()
    case["expected"] = binary_expected(y[kept], s[kept], None if w is None else w[kept])
    if index % 8 == 0 and not case["expected"].get("refused") and len(set(y[kept])) == 2 and len(set(s[kept])) > 1 and w is None:
        case["curves"] = curves(y[kept], s[kept])
    return case


def random_regression(index):
    kind = ["plain", "ties", "constant", "tiny", "huge", "offset", "missing", "weights", "zeros", "logs"][index % 10]
    n = int(rng.integers(2, 60))
    y = rng.normal(size=n) * 3
    p = y + rng.normal(size=n)
    w = None
    if kind == "ties":
        y, p = np.round(y), np.round(p)
    if kind == "constant":
        y = np.full(n, 2.5)
    if kind == "tiny":
        y, p = y * 1e-140, p * 1e-140
    if kind == "huge":
        y, p = y * 1e70, p * 1e70
    if kind == "offset":
        y, p = y + 1e8, p + 1e8
    if kind == "weights":
        w = np.round(rng.random(n) * 5, 2)
    if kind == "zeros":
        y[rng.random(n) < 0.5] = 0
    if kind == "logs":
        y, p = np.abs(y), np.abs(p)
    labels, kept = with_missing(y.tolist(), 0.3 if kind == "missing" else 0)
    if w is not None:
        kept &= w > 0
    case = {"kind": kind, "targets": labels, "predictions": p.tolist()}
    if w is not None:
        case["weights"] = w.tolist()
    case["expected"] = regression_expected(y[kept], p[kept], None if w is None else w[kept])
    return case


def random_multiclass(index):
    kind = ["plain", "ties", "absent", "missing", "constant"][index % 5]
    k = int(rng.integers(2, 6))
    n = int(rng.integers(2, 60))
    classes = [f"c{i}" for i in range(k)]
    truth = rng.integers(0, k - 1 if kind == "absent" else k, n)
    raw = rng.random((n, k)) + 0.8 * np.eye(k)[truth]
    if kind == "ties":
        raw = np.round(raw * 2) + 1
    if kind == "constant":
        raw = np.ones((n, k))
    prob = raw / raw.sum(axis=1, keepdims=True)
    hat = prob.argmax(axis=1)
    labels, kept = with_missing([classes[t] for t in truth], 0.3 if kind == "missing" else 0)
    y = [classes[t] for t, g in zip(truth, kept) if g]
    guess = [classes[h] for h, g in zip(hat, kept) if g]
    expected = multiclass_expected(y, guess, prob[kept], classes)
    return {"kind": kind, "classes": classes, "labels": labels, "predicted": [classes[h] for h in hat], "probabilities": prob.tolist(), "expected": expected}


def random_ranking(index):
    kind = ["plain", "ties", "none", "same"][index % 4]
    n = int(rng.integers(2, 30))
    relevance = rng.integers(0, 4, n).astype(float)
    scores = relevance + rng.normal(size=n) * 2
    if kind == "ties":
        scores = np.round(scores)
    if kind == "none":
        relevance = np.zeros(n)
    if kind == "same":
        relevance = np.full(n, 2.0)
    k = int(rng.integers(1, n + 3))
    binary = (relevance > 0).astype(int)
    answerable = relevance.max() > 0 and len(np.unique(relevance)) > 1
    expected = {"refused": True}
    if answerable:
        order = np.argsort(-scores, kind="stable")[:k]
        hits = binary[order]
        found = np.flatnonzero(hits)
        precision_at = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        expected = {
            "linear": plain(sk.ndcg_score([relevance], [scores], k=k)),
            "exponential": plain(sk.ndcg_score([2**relevance - 1], [scores], k=k)),
            "precision": hits.sum() / k,
            "recall": hits.sum() / binary.sum(),
            "reciprocalRank": 1 / (found[0] + 1) if len(found) else 0,
            "averagePrecision": float((precision_at * hits).sum() / min(k, binary.sum())),
            # Where no two scores tie and k takes all, this is scikit-learn's figure too.
            "scikitAveragePrecision": plain(sk.average_precision_score(binary, scores)) if len(set(scores)) == n and k >= n and 0 < binary.sum() < n else None,
        }
    return {"kind": kind, "relevances": relevance.tolist(), "scores": scores.tolist(), "k": k, "expected": expected}


def bootstrap_case(method):
    x = rng.exponential(size=12)
    n, resamples, seed = len(x), 300, 5
    result = stats.bootstrap((x,), np.mean, n_resamples=resamples, method=method, rng=np.random.default_rng(seed), vectorized=True, axis=-1)
    drawn = np.random.default_rng(seed).integers(0, n, (resamples, n))
    interval = result.confidence_interval
    return {"method": method.lower(), "values": x.tolist(), "drawn": drawn.ravel().tolist(), "replicates": resamples, "lower": interval.low, "upper": interval.high}


def delay_case():
    n = 80
    made = np.sort(rng.integers(0, 50_000, n))
    delay = rng.exponential(20_000, n).round(-2)
    labelled = [int(m + d) if m + d <= 60_000 else None for m, d in zip(made, delay)]
    wait = np.where([v is not None for v in labelled], delay, 60_000 - made)
    curve = sm.SurvfuncRight(wait, np.array([v is not None for v in labelled]).astype(int))
    return {"predictedAtMs": made.tolist(), "labelledAtMs": labelled, "nowMs": 60_000, "delaysMs": curve.surv_times.tolist(), "labelledShares": (1 - curve.surv_prob).tolist(), "standardErrors": plain(curve.surv_prob_se)}


def packed(values):
    return base64.b64encode(np.asarray(values, dtype="<f8").tobytes()).decode()


def columns_of(path, limit=None):
    with open(ROOT / path if not str(path).startswith("/") else path) as file:
        rows = list(csv.reader(file))[: None if limit is None else limit + 1]
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}


def unit(x):
    return (x - x.min()) / (x.max() - x.min())


def real_sets(data):
    sets = {"binary": [], "regression": [], "multiclass": []}

    def add_binary(name, y, s, slope=False):
        sets["binary"].append({"name": name, "labels": packed(y), "scores": packed(s), "expected": binary_expected(y, s, slope=slope)})

    card = columns_of("examples/fraud/data/transactions.csv")
    fraud = np.array(card["Class"]).astype(float).astype(int)
    artifacts = json.loads((ROOT / "examples/fraud/artifacts/expected.json").read_text())
    start, end = artifacts["replayed"]["from"], artifacts["replayed"]["to"]
    for name, model in artifacts["models"].items():
        scores = np.frombuffer(base64.b64decode(model["probabilities"]), dtype="<f4").astype(float)
        add_binary(f"fraud, {name}", fraud[start:end], scores[start:end])
    cancer = columns_of(data / "breast-cancer.csv")
    malignant = np.array(cancer.pop("malignant")).astype(float).astype(int)
    matrix = np.array([np.array(column).astype(float) for column in cancer.values()]).T
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.02))
    add_binary("breast cancer, logistic regression", malignant, cross_val_predict(model, matrix[:, :8], malignant, method="predict_proba")[:, 1], slope=True)
    for i, name in enumerate(cancer):
        add_binary(f"breast cancer, {name}", malignant, unit(matrix[:, i]))
    shop = columns_of(data / "online-shoppers.csv", 3000)
    bought = np.array([value == "TRUE" for value in shop["Revenue"]]).astype(int)
    for name in ["Administrative", "ProductRelated", "ProductRelated_Duration", "BounceRates", "ExitRates", "PageValues"]:
        add_binary(f"online shoppers, {name}", bought, unit(np.array(shop[name]).astype(float)))

    for i in range(20):
        x, y = matrix[:, [i]], matrix[:, (i + 7) % 30]
        prediction = LinearRegression().fit(x[:300], y[:300]).predict(x)
        names = list(cancer)
        sets["regression"].append({"name": f"breast cancer, {names[(i + 7) % 30]} from {names[i]}", "targets": packed(y), "predictions": packed(prediction), "expected": regression_expected(y, prediction)})
    classes = sorted(set(shop["Month"]))
    features = np.array([np.array(shop[name]).astype(float) for name in ["ProductRelated", "BounceRates", "ExitRates", "PageValues"]]).T
    prob = cross_val_predict(make_pipeline(StandardScaler(), LogisticRegression()), features, shop["Month"], method="predict_proba", cv=3)
    hat = [classes[i] for i in prob.argmax(axis=1)]
    sets["multiclass"].append({"name": "online shoppers, month", "classes": classes, "labels": shop["Month"], "predicted": hat, "probabilities": packed(prob), "expected": multiclass_expected(shop["Month"], hat, prob, classes)})
    return sets


if __name__ == "__main__":
    import sys

    data = pathlib.Path(sys.argv[1])  # folder with breast-cancer.csv and online-shoppers.csv (UCI 17 and 468)
    cases = {
        "binary": [random_binary(i) for i in range(400)],
        "regression": [random_regression(i) for i in range(300)],
        "multiclass": [random_multiclass(i) for i in range(200)],
        "ranking": [random_ranking(i) for i in range(100)],
        "bootstrap": [bootstrap_case(m) for m in ["BCa", "percentile", "basic"]],
        "labelDelay": delay_case(),
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "random-cases.json").write_text(json.dumps(cases) + "\n")
    (OUT / "real-sets.json").write_text(json.dumps(real_sets(data)) + "\n")
    print({name: len(value) for name, value in cases.items()})

"""Writes test/fixtures/parity.json, sequences.json and open-bandit.json: answers of SciPy, statsmodels, mpmath, gbstats, confseq and obp on the same input.

    pip install -r requirements.txt && pip install --no-deps gbstats==0.8.0
    python make_fixtures.py DIRECTORY_WITH_UNPACKED_CONFSEQ_AND_OBP_SOURCES

Seeded; the same versions write the same file. Real columns are those of scikit-learn's bundled breast-cancer data
(30 columns, split into two arms by diagnosis) and wine data (13 columns, split by class 0 against the rest).
"""

import importlib.util
import json
import math
import sys
import types
from pathlib import Path

import mpmath
import numpy as np
import scipy
import sequence_cases
import statsmodels
from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
from gbstats.models.statistics import (
    QuantileClusteredStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
    compute_theta,
)
from scipy import integrate, special, stats
from sklearn import datasets
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

mpmath.mp.dps = 40
SOURCES = Path(sys.argv[1])
OUTPUT = Path(__file__).parent.parent / "test" / "fixtures" / "parity.json"
rng = np.random.default_rng(20240817)


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_confseq():
    np.float_ = np.float64  # confseq names it in annotations; NumPy 2 dropped it
    root = next(SOURCES.glob("confseq-*")) / "src" / "confseq"
    package = types.ModuleType("confseq")
    package.__path__ = [str(root)]
    sys.modules["confseq"] = package
    sys.modules["multiprocess"] = types.ModuleType("multiprocess")  # only for plots
    return load("confseq.predmix", root / "predmix.py")


def load_obp():
    root = next(SOURCES.glob("obp-*")) / "obp"
    for name in ("obp", "obp.ope"):
        package = types.ModuleType(name)
        package.__path__ = [str(root if name == "obp" else root / "ope")]
        sys.modules[name] = package
    torch = types.ModuleType("torch")  # only for its neural policies
    torch.Tensor = torch.tensor = type("Tensor", (), {})
    sys.modules["torch"] = torch
    return load("obp.ope.estimators", root / "ope" / "estimators.py")


def listed(values):
    return [None if v is None else float(v) for v in values]


def summary(values):
    values = np.asarray(values, dtype=float)
    return {"count": len(values), "mean": float(values.mean()), "variance": float(values.var(ddof=1))}


# --- means -----------------------------------------------------------------------------------------------------------
def welch(a, b):
    """SciPy where its squares of variances stay inside the range of doubles, the same formula in 40 digits elsewhere."""
    m = mpmath.mpf
    va, vb = m(a["variance"]) / a["count"], m(b["variance"]) / b["count"]
    dof = float((va + vb) ** 2 / (va**2 / (a["count"] - 1) + vb**2 / (b["count"] - 1)))
    error = mpmath.sqrt(va + vb)
    difference = m(b["mean"]) - m(a["mean"])
    statistic = float(difference / error)
    half = stats.t.isf(0.025, dof) * error
    p = float(2 * stats.t.sf(abs(statistic), dof))
    if 1e-70 < va + vb < 1e70:
        t = stats.ttest_ind_from_stats(
            b["mean"], math.sqrt(b["variance"]), b["count"],
            a["mean"], math.sqrt(a["variance"]), a["count"], equal_var=False,
        )  # fmt: skip
        # SciPy subtracts in doubles, so nearly equal means keep fewer digits there.
        assert math.isclose(t.pvalue, p, rel_tol=1e-7), (t.pvalue, p)
    return {
        "estimate": float(difference),
        "p": p,
        "pGreater": float(stats.t.sf(statistic, dof)),
        "lower": float(difference - half),
        "upper": float(difference + half),
        "dof": dof,
    }


def relative(a, b):
    """Delta method in 40 digits, Student t from SciPy."""
    m = mpmath.mpf
    ma, mb = m(a["mean"]), m(b["mean"])
    va, vb = m(a["variance"]) / a["count"], m(b["variance"]) / b["count"]
    dof = (va + vb) ** 2 / (va**2 / (a["count"] - 1) + vb**2 / (b["count"] - 1))
    lift = (mb - ma) / abs(ma)
    error = mpmath.sqrt(vb / ma**2 + va * mb**2 / ma**4)
    half = stats.t.isf(0.025, float(dof)) * error
    p = 2 * stats.t.sf(float(abs(lift) / error), float(dof))
    return {"estimate": float(lift), "p": float(p), "lower": float(lift - half), "upper": float(lift + half)}


def make_means():
    cases = []
    for index in range(1000):
        scale = 10.0 ** rng.integers(-120, 121) if index % 5 == 0 else 10.0 ** rng.integers(-3, 4)
        arms = []
        for _ in range(2):
            arms.append(
                {
                    "count": int(rng.integers(2, 50)) if index % 2 else int(rng.integers(50, 2_000_000)),
                    "mean": float(scale * rng.normal(1, 1)),
                    "variance": float((scale * rng.lognormal(0, 1)) ** 2),
                }
            )
        if index % 50 == 7:
            arms[0]["variance"] = 0.0  # one constant arm is answerable
        cases.append({"a": arms[0], "b": arms[1], "absolute": welch(*arms), "relative": relative(*arms)})
    return cases


def make_columns():
    """Real columns, as raw values: summaries, Welch and quantiles."""
    columns = []
    cancer = datasets.load_breast_cancer()
    wine = datasets.load_wine()
    for data, split in ((cancer, cancer.target == 0), (wine, wine.target == 0)):
        for j, name in enumerate(data.feature_names):
            a, b = data.data[~split, j], data.data[split, j]
            quantiles = []
            for q in (0.25, 0.5, 0.9):
                for arm in (a, b):
                    quantiles.append([q, float(np.quantile(arm, q)), *order_interval(arm, q)])
            columns.append(
                {
                    "name": str(name),
                    "a": listed(a),
                    "b": listed(b),
                    "summaryA": summary(a),
                    "summaryB": summary(b),
                    "absolute": welch(summary(a), summary(b)),
                    "welchRaw": float(stats.ttest_ind(b, a, equal_var=False).pvalue),
                    "quantiles": quantiles,
                }
            )
    return columns


def order_interval(values, q):
    values = np.sort(values)
    n, z = len(values), stats.norm.isf(0.025)
    half = z * math.sqrt(q * (1 - q) / n)
    if n <= z * z * max(q / (1 - q), (1 - q) / q):
        return [None, None]
    return [float(values[max(1, math.floor(n * (q - half))) - 1]), float(values[min(n, math.ceil(n * (q + half))) - 1])]


def make_raw():
    """Small raw samples: ties, constants, missing values, tiny and huge."""
    cases = []
    for index in range(300):
        n = int(rng.integers(3, 30))
        kind = index % 6
        values = rng.normal(size=n)
        if kind == 1:
            values = rng.integers(0, 3, n).astype(float)
        if kind == 2:
            values = np.full(n, float(rng.normal()))
        if kind == 3:
            values = values * 1e-150
        if kind == 4:
            values = values * 1e150
        entries = listed(values)
        if kind in (0, 5):
            entries[0] = None
        present = np.array([v for v in entries if v is not None])
        constant = bool(np.all(present == present[0]))
        cases.append(
            {
                "values": entries,
                "mean": float(mpmath.fsum(present) / len(present)),
                "variance": 0.0 if constant else float(exact_variance(present)),
                "count": len(present),
            }
        )
    return cases


def exact_variance(values):
    mean = mpmath.fsum(values) / len(values)
    return mpmath.fsum((mpmath.mpf(v) - mean) ** 2 for v in values) / (len(values) - 1)


# --- gbstats: ratios, covariate adjustment ---------------------------------------------------------------------------
def pair_arm(n, first, second):
    return {
        "count": n,
        "sumFirst": float(first.sum()),
        "sumSecond": float(second.sum()),
        "sumOfSquaresFirst": float((first**2).sum()),
        "sumOfSquaresSecond": float((second**2).sum()),
        "sumOfProducts": float((first * second).sum()),
    }


def make_pairs():
    cases = []
    for _ in range(200):
        arms = []
        for _ in range(2):
            n = int(rng.integers(30, 400))
            second = rng.gamma(4, 2, n) + 1
            arms.append(pair_arm(n, 0.3 * second + rng.normal(1, 1, n), second))
        ratios, adjusted = [], []
        for arm in arms:
            first = SampleMeanStatistic(n=arm["count"], sum=arm["sumFirst"], sum_squares=arm["sumOfSquaresFirst"])
            second = SampleMeanStatistic(n=arm["count"], sum=arm["sumSecond"], sum_squares=arm["sumOfSquaresSecond"])
            product = arm["sumOfProducts"]
            ratios.append(RatioStatistic(n=arm["count"], m_statistic=first, d_statistic=second, m_d_sum_of_products=product))
            adjusted.append(
                RegressionAdjustedStatistic(
                    n=arm["count"], post_statistic=first, pre_statistic=second, post_pre_sum_of_products=product, theta=0
                )
            )
        theta = compute_theta(*adjusted)
        for item in adjusted:
            item.theta = theta
        case = {"a": arms[0], "b": arms[1], "theta": float(theta)}
        for name, (left, right), kinds in (("ratio", ratios, ("absolute", "relative")), ("cuped", adjusted, ("absolute",))):
            for kind in kinds:
                test = TwoSidedTTest(left, right, FrequentistConfig(difference_type=kind))
                estimate, variance, dof = test.point_estimate, test.variance, test.dof
                half = stats.t.isf(0.025, dof) * math.sqrt(variance)
                case[f"{name}-{kind}"] = {
                    "estimate": float(estimate),
                    "p": float(2 * stats.t.sf(abs(estimate) / math.sqrt(variance), dof)),
                    "lower": float(estimate - half),
                    "upper": float(estimate + half),
                }
        cases.append(case)
    return cases


def make_clusters():
    cases = []
    for _ in range(20):
        values, clusters = [], []
        for cluster in range(60):
            size = int(rng.integers(1, 12))
            centre = rng.normal()
            values += list(np.exp(centre + 0.5 * rng.normal(size=size)))
            clusters += [cluster] * size
        values = np.array(values)
        q = 0.75
        estimate = float(np.quantile(values, q))
        below = np.bincount(clusters, values <= estimate)
        sizes = np.bincount(clusters).astype(float)
        statistic = QuantileClusteredStatistic(
            n=len(values), n_star=len(values), nu=q, quantile_hat=estimate, quantile_lower=0, quantile_upper=1,
            main_sum=below.sum(), main_sum_squares=(below**2).sum(), denominator_sum=sizes.sum(),
            denominator_sum_squares=(sizes**2).sum(), main_denominator_sum_product=(below * sizes).sum(), n_clusters=60,
        )  # fmt: skip
        effect = statistic.get_cluster_variance / (q * (1 - q) / len(values))
        cases.append({"values": listed(values), "clusters": clusters, "quantile": q, "estimate": estimate, "designEffect": float(effect)})
    return cases


# --- proportions, corrections, power, counts -------------------------------------------------------------------------
def make_proportions():
    cases = []
    while len(cases) < 300:
        n = [int(v) for v in rng.integers(5, 5000, 2)]
        rate = rng.beta(0.7, 3)
        x = [int(rng.binomial(n[i], rate)) for i in range(2)]
        if sum(x) in (0, sum(n)):
            continue
        z, p = proportions_ztest([x[1], x[0]], [n[1], n[0]])
        low, high = confint_proportions_2indep(x[1], n[1], x[0], n[0], method="newcomb", compare="diff")
        cases.append({"x": x, "n": n, "z": float(z), "p": float(p), "newcombe": [float(low), float(high)]})
    return cases


def make_corrections():
    methods = {
        "bonferroni": "bonferroni",
        "holm": "holm",
        "hochberg": "simes-hochberg",
        "benjamini-hochberg": "fdr_bh",
        "benjamini-yekutieli": "fdr_by",
    }
    cases = []
    for _ in range(60):
        p = rng.beta(0.4, 1.5, int(rng.integers(1, 25)))
        if len(p) > 3:
            p[1] = p[0]  # ties
        cases.append({"p": listed(p), **{ours: listed(multipletests(p, method=theirs)[1]) for ours, theirs in methods.items()}})
    return cases


def make_power():
    cases = []
    for _ in range(100):
        effect, n, ratio, alpha = rng.uniform(0.02, 1), int(rng.integers(10, 5000)), rng.uniform(0.2, 5), rng.uniform(0.001, 0.2)
        cases.append(
            {
                "effect": float(effect), "n": n, "ratio": float(ratio), "alpha": float(alpha),
                "twoSided": float(NormalIndPower().power(effect, n, alpha, ratio, "two-sided")),
                "oneSided": float(NormalIndPower().power(effect, n, alpha, ratio, "larger")),
            }
        )  # fmt: skip
    return cases


def make_sample_ratios():
    fixed, varying, anytime = [], [], []
    for _ in range(150):
        arms = int(rng.integers(2, 6))
        shares = rng.dirichlet(np.full(arms, 8.0))
        counts = rng.multinomial(int(rng.integers(200, 200_000)), rng.dirichlet(shares * 20_000))
        shares = shares / shares.sum()
        if (counts.sum() * shares).min() >= 5:
            statistic, p = stats.chisquare(counts, counts.sum() * shares)
            fixed.append({"shares": listed(shares), "counts": counts.tolist(), "statistic": float(statistic), "p": float(p)})
        theta = [mpmath.mpf(float(s)) for s in shares]
        k = mpmath.mpf(100)
        log_e = mpmath.loggamma(k) - mpmath.loggamma(k + int(counts.sum()))
        for share, count in zip(theta, counts):
            log_e += mpmath.loggamma(k * share + int(count)) - mpmath.loggamma(k * share) - int(count) * mpmath.log(share)
        # The shares sum to 1 only within rounding; in 40 digits that shows.
        log_e += mpmath.loggamma(k * mpmath.fsum(theta)) - mpmath.loggamma(k)
        log_e += mpmath.loggamma(k + int(counts.sum())) - mpmath.loggamma(k * mpmath.fsum(theta) + int(counts.sum()))
        anytime.append({"shares": listed(shares), "counts": counts.tolist(), "logE": float(log_e)})
    for _ in range(50):
        arms = int(rng.integers(2, 5))
        epochs, difference, covariance = [], np.zeros(arms), np.zeros((arms, arms))
        for _ in range(int(rng.integers(2, 6))):
            shares = rng.dirichlet(np.full(arms, 5.0))
            counts = rng.multinomial(int(rng.integers(500, 5000)), shares)
            total = counts.sum()
            difference += counts - total * shares
            covariance += total * (np.diag(shares) - np.outer(shares, shares))
            epochs.append({"shares": listed(shares), "counts": counts.tolist()})
        statistic = float(difference[:-1] @ np.linalg.solve(covariance[:-1, :-1], difference[:-1]))
        varying.append({"epochs": epochs, "statistic": statistic, "p": float(stats.chi2.sf(statistic, arms - 1))})
    return {"fixed": fixed, "varying": varying, "anytime": anytime}


# --- exact sequences -------------------------------------------------------------------------------------------------
def mixture_scale(rate, horizon, alpha=0.05):
    variance = rate * (1 - rate)
    log_inverse = mpmath.log(1 / mpmath.mpf(alpha))
    rho = variance * horizon / (2 * log_inverse + mpmath.log(1 + 2 * log_inverse))
    return max(rho - variance, variance / 1000)


def beta_mixture(successes, count, rate, scale):
    a, b = scale / (1 - rate), scale / rate

    def log_beta(u, v):
        return mpmath.loggamma(u) + mpmath.loggamma(v) - mpmath.loggamma(u + v)

    return (
        log_beta(a + successes, b + count - successes) - log_beta(a, b)
        - successes * mpmath.log(rate) - (count - successes) * mpmath.log(1 - rate)
    )  # fmt: skip


def make_bernoulli():
    cases = []
    for _ in range(100):
        n = int(rng.integers(1, 20_000))
        s = int(rng.binomial(n, rng.beta(0.6, 2)))
        rate, horizon = float(rng.uniform(0.01, 0.99)), int(rng.integers(50, 10_000))

        def excess(p):
            return beta_mixture(s, n, p, mixture_scale(p, horizon)) - mpmath.log(20)

        def solve(low, high):
            low, high = mpmath.mpf(low), mpmath.mpf(high)
            if excess(low) <= 0:  # the end lies beyond what could be shown
                return float(low)
            sign = excess(low) > 0
            for _ in range(80):
                middle = (low + high) / 2
                if (excess(middle) > 0) == sign:
                    low = middle
                else:
                    high = middle
            return float(low)

        tiny = mpmath.mpf("1e-30")
        cases.append(
            {
                "s": s, "n": n, "rate": rate, "horizon": horizon,
                "logE": float(beta_mixture(s, n, mpmath.mpf(rate), mixture_scale(mpmath.mpf(rate), horizon))),
                "lower": 0.0 if s == 0 else solve(tiny, mpmath.mpf(s) / n),
                "upper": 1.0 if s == n else solve(1 - tiny, mpmath.mpf(s) / n),
            }
        )  # fmt: skip
    return cases


def make_quantile_pairs():
    """Every observed value tried, counts within a tie scanned on a grid around their convex minimum: slow and plain."""
    cases = []
    for index in range(30):
        q, horizon = float(rng.choice([0.5, 0.9])), 200
        a = rng.exponential(1, int(rng.integers(20, 120)))
        b = rng.exponential(1 + rng.uniform(0, 1.5), int(rng.integers(20, 120)))
        if index % 3 == 0:
            a, b = np.round(a, 1), np.round(b, 1)
        r = float(mixture_scale(mpmath.mpf(q), horizon))

        def curve(s, n):
            u, v = r / (1 - q), r / q
            return special.betaln(u + s, v + n - s) - special.betaln(u, v) - s * math.log(q) - (n - s) * math.log(1 - q)

        def lowest(values, x):
            low, high = float((values < x).sum()), float((values <= x).sum())
            n = len(values)
            for _ in range(200):
                third = (high - low) / 3
                if curve(low + third, n) < curve(high - third, n):
                    high -= third
                else:
                    low += third
            return curve((low + high) / 2, n)

        log_e = min(lowest(a, x) + lowest(b, x) for x in np.concatenate([a, b]))
        cases.append({"a": listed(a), "b": listed(b), "quantile": q, "horizon": horizon, "p": float(min(1, math.exp(-log_e)))})
    return cases


def make_empirical_bernstein(predmix):
    cases = []
    for index in range(12):
        values = rng.beta(0.5, 2, 300) if index % 2 else rng.gamma(0.2, 1, 300) * rng.choice([0, 5], 300, p=[0.8, 0.2])
        best = predmix.predmix_empbern_lower_cs(values, alpha=0.05, running_intersection=True, truncate_mean=True)
        now = predmix.predmix_empbern_lower_cs(values, alpha=0.05, running_intersection=False, truncate_mean=True)
        cases.append({"values": listed(values), "best": listed(best[::20]), "now": listed(now[::20])})
    return cases


# --- Bayesian --------------------------------------------------------------------------------------------------------
def make_bayesian():
    cases = []
    for _ in range(40):
        n = [int(v) for v in 10 ** rng.uniform(0.5, 4, 2)]
        rate = rng.beta(1, 4)
        x = [int(rng.binomial(n[i], min(1, rate * (1 + 0.3 * i)))) for i in range(2)]
        a, b = stats.beta(1 + x[0], 1 + n[0] - x[0]), stats.beta(1 + x[1], 1 + n[1] - x[1])
        points = sorted({float(np.clip(d.mean() + s * d.std(), 0, 1)) for d in (a, b) for s in (-8, -4, -2, 0, 2, 4, 8)} | {0.0, 1.0})

        def total(function):
            return math.fsum(integrate.quad(function, u, v, epsabs=0, epsrel=1e-12, limit=200)[0] for u, v in zip(points, points[1:]))

        cases.append(
            {
                "x": x, "n": n,
                "chance": total(lambda t: b.pdf(t) * a.cdf(t)),
                "lossTreatment": total(lambda t: a.sf(t) * b.cdf(t)),
                "lossControl": total(lambda t: b.sf(t) * a.cdf(t)),
            }
        )  # fmt: skip
    return cases


# --- adaptive allocation: transcriptions of the formulas in NumPy ----------------------------------------------------
def make_adaptive():
    cases = []
    for _ in range(4):
        n = 1500
        share = np.clip(0.5 + 0.4 * np.sin(np.arange(n) / 200 + rng.uniform(0, 6)), 0.1, 0.9)
        arm = (rng.uniform(size=n) < share).astype(int)
        outcome = (rng.uniform(size=n) < 0.1 + 0.05 * arm).astype(float)
        mean, model_x = 0.5, np.zeros(10)
        effects = np.array([s * size for size in (0.15, 0.3, 0.5, 0.8, 1.2) for s in (1, -1)])
        means, counts, pseudo, residuals = [outcome[0], outcome[0]], [0, 0], [], [[], []]
        for t in range(n):
            logit = math.log(mean / (1 - mean))
            treated, untreated = special.expit(logit + effects * (1 - share[t])), special.expit(logit - effects * share[t])
            if outcome[t] == 0:
                treated, untreated = 1 - treated, 1 - untreated
            chosen = treated if arm[t] else untreated
            model_x += np.log(chosen / (share[t] * treated + (1 - share[t]) * untreated))
            mean += (outcome[t] - mean) * max(1 / (t + 3), 1 / 500)
            if t == 0:
                continue
            m = [means[k] if counts[k] or not counts[1 - k] else means[1 - k] for k in range(2)]
            correction = (outcome[t] - m[1]) / share[t] if arm[t] else -(outcome[t] - m[0]) / (1 - share[t])
            pseudo.append(m[1] - m[0] + correction)
            k = arm[t]
            residuals[k].append((t, (outcome[t] - m[k]) ** 2))
            counts[k] += 1
            means[k] += (outcome[t] - means[k]) * max(1 / counts[k], 1 / 1000)
        # The first outcome sets the first means and is not itself compared.
        pseudo = np.array(pseudo)
        used, treated = share[1:], arm[1:]
        n = len(pseudo)
        first = next(t for t in range(500, n + 1) if min(treated[:t].sum(), t - treated[:t].sum()) >= 100)
        c = float(-special.lambertw(-(0.05**2) / math.e, -1).real - 1)

        def variance(until):
            inverse = [(1 / (1 - used[:until])).mean(), (1 / used[:until]).mean()]
            by_arm = sum(inverse[k] * np.mean([r for t, r in residuals[k] if t <= until]) for k in range(2))
            return max(pseudo[:until].var(), by_arm)

        rho = c / (3000 * variance(first))
        v = variance(n)
        half = math.sqrt((n * v * rho + 1) / (n * n * rho) * math.log((n * v * rho + 1) / 0.05**2))
        cases.append(
            {
                "share": listed(share), "arm": arm.tolist(), "outcome": outcome.astype(int).tolist(),
                "modelX": float(special.logsumexp(model_x) - math.log(10)),
                "estimate": float(pseudo.mean()), "half": half,
            }
        )  # fmt: skip
    return cases


# --- off-policy ------------------------------------------------------------------------------------------------------
def make_off_policy(estimators):
    classes = {
        "ips": estimators.InverseProbabilityWeighting(),
        "snips": estimators.SelfNormalizedInverseProbabilityWeighting(),
        "dm": estimators.DirectMethod(),
        "dr": estimators.DoublyRobust(),
        "sndr": estimators.SelfNormalizedDoublyRobust(),
        "switch-dr": estimators.SwitchDoublyRobust(lambda_=2.0),
        "dr-optimistic-shrinkage": estimators.DoublyRobustWithShrinkage(lambda_=2.0),
        "sub-gaussian-ips": estimators.SubGaussianInverseProbabilityWeighting(lambda_=0.3),
    }
    cases = []
    for _ in range(3):
        n, k = 600, 4
        logged = rng.dirichlet(np.full(k, 3.0), n)
        target = rng.dirichlet(np.full(k, 3.0), n)
        action = np.array([rng.choice(k, p=p) for p in logged])
        reward = (rng.uniform(size=n) < 0.1 + 0.1 * action).astype(int)
        predicted = rng.uniform(0, 0.6, (n, k))
        arguments = dict(
            reward=reward, action=action, position=np.zeros(n, dtype=int), pscore=logged[np.arange(n), action],
            action_dist=target[:, :, None], estimated_rewards_by_reg_model=predicted[:, :, None],
        )  # fmt: skip
        values = {}
        for name, estimator in classes.items():
            values[name] = float(estimator.estimate_policy_value(**arguments))
        rows = np.arange(n)
        cases.append(
            {
                "rewards": reward.tolist(), "logged": listed(logged[rows, action]), "target": listed(target[rows, action]),
                "predictedRewards": listed(predicted[rows, action]), "predictedValues": listed((target * predicted).sum(1)),
                "values": values,
            }
        )  # fmt: skip
    return cases


def make_open_bandit():
    """Open Bandit Dataset sample (10,000 rows): clicks and logged propensities of Bernoulli Thompson sampling."""
    import pandas

    root = next(SOURCES.glob("obp-*")) / "obp" / "dataset" / "obd" / "bts"
    out = {}
    for campaign, arms in (("women", 46), ("men", 34)):
        data = pandas.read_csv(root / campaign / f"{campaign}.csv")
        values, index = np.unique(data.propensity_score.to_numpy(), return_inverse=True)
        out[campaign] = {
            "arms": arms,
            "propensities": listed(values),
            "propensityIndex": index.tolist(),
            "clickRows": np.flatnonzero(data.click).tolist(),
            "rows": len(data),
        }
    return out


def make_cross_checks():
    paired = []
    for _ in range(40):
        wins, losses = (int(v) for v in rng.integers(0, 60, 2))
        if wins + losses:
            paired.append([wins, losses, float(mcnemar([[0, wins], [losses, 0]], exact=True).pvalue)])
    tuning = [[a, float(-special.lambertw(-(a**2) / math.e, -1).real - 1)] for a in (0.2, 0.1, 0.05, 0.01, 0.001, 1e-6)]
    return {"mcnemar": paired, "tuning": tuning}


def cuped_relative(case):
    """Lift of an adjusted difference: the variance of (Y_b − θX_b) − (Y_a − θX_a)·… by the delta method, in 40 digits."""
    m = mpmath.mpf
    arms = []
    for arm in (case["a"], case["b"]):
        n = arm["count"]
        mean = [m(arm["sumFirst"]) / n, m(arm["sumSecond"]) / n]
        v = [(m(arm[f"sumOfSquares{k}"]) - m(arm[f"sum{k}"]) ** 2 / n) / (n - 1) for k in ("First", "Second")]
        c = (m(arm["sumOfProducts"]) - m(arm["sumFirst"]) * m(arm["sumSecond"]) / n) / (n - 1)
        arms.append((n, mean, v, c))
    (na, ma, va, ca), (nb, mb, vb, cb) = arms
    theta = m(case["theta"])
    difference = (mb[0] - theta * mb[1]) - (ma[0] - theta * ma[1])
    lift = difference / ma[0]
    # Gradient of lift in (Y_a, X_a) is (−(1 + lift), θ)/m_a.
    g = [-(1 + lift) / ma[0], theta / ma[0]]
    variance = (vb[0] + theta**2 * vb[1] - 2 * theta * cb) / (nb * ma[0] ** 2)
    variance += (g[0] ** 2 * va[0] + g[1] ** 2 * va[1] + 2 * g[0] * g[1] * ca) / na
    return {"estimate": float(difference / abs(ma[0])), "standardError": float(mpmath.sqrt(variance))}


def write(name, content):
    path = OUTPUT.parent / name
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{name}: {path.stat().st_size / 1e6:.2f} MB")


def main():
    columns, pairs, off_policy = make_columns(), make_pairs(), make_off_policy(load_obp())
    predmix = load_confseq()
    for case in pairs:
        case["cuped-relative"] = cuped_relative(case)
    for case in off_policy:
        case.update(sequence_cases.off_policy_errors(case))
    versions = {
        "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
        "mpmath": mpmath.__version__, "gbstats": "0.8.0", "confseq": "0.0.11", "obp": "0.5.7",
    }  # fmt: skip
    write(
        "parity.json",
        {
            "versions": versions,
            "means": make_means(),
            "columns": columns,
            "raw": make_raw(),
            "pairs": pairs,
            "proportions": make_proportions(),
            "corrections": make_corrections(),
            "power": make_power(),
            "sampleRatios": make_sample_ratios(),
            **make_cross_checks(),
        },
    )
    write(
        "sequences.json",
        {
            "clusters": make_clusters(),
            "bernoulli": make_bernoulli(),
            "quantilePairs": make_quantile_pairs(),
            "empiricalBernstein": make_empirical_bernstein(predmix),
            "bayesian": make_bayesian(),
            "adaptive": make_adaptive(),
            "offPolicy": off_policy,
            **sequence_cases.make_all(predmix),
        },
    )
    write("open-bandit.json", make_open_bandit())


if __name__ == "__main__":
    main()

"""Cases of the sequences, e-processes and designs: the formulas in mpmath (40 digits) or NumPy, written for this purpose.

Nothing here looks at the TypeScript: every formula comes from the paper named in the function's documentation. Ends of
intervals are found by solving the inequality that defines them, not by a closed form.
"""

import math

import mpmath
import numpy as np
from scipy import special, stats

mpmath.mp.dps = 40
m = mpmath.mpf
rng = np.random.default_rng(20240901)


def listed(values):
    return [float(v) for v in values]


def root(function, low, high):
    """Sign change of a function between two points where the signs differ."""
    low, high = m(low), m(high)
    sign = function(low) > 0
    for _ in range(110):
        middle = (low + high) / 2
        if (function(middle) > 0) == sign:
            low = middle
        else:
            high = middle
    return low


# --- asymptotic sequences --------------------------------------------------------------------------------------------
def critical(n, rho, alpha, alternative):
    """Where the mixture of normal likelihood ratios reaches 1/alpha, in standard errors."""
    spread = n * rho + 1

    def excess(z):
        exponent = n * rho * z * z / (2 * spread)
        log_two_sided = exponent - mpmath.log(spread) / 2
        if alternative == "two-sided":
            return log_two_sided + mpmath.log(alpha)
        return 2 * alpha * mpmath.expm1(exponent) / mpmath.sqrt(spread) - 1

    return root(excess, 0, 200)


def p_value(z, n, rho, alternative):
    if alternative == "less":
        z, alternative = -z, "greater"
    spread = n * rho + 1
    if alternative == "greater" and z <= 0:
        return 1.0
    exponent = n * rho * z * z / (2 * spread)
    if alternative == "two-sided":
        return float(min(1, mpmath.sqrt(spread) * mpmath.exp(-exponent)))
    return float(min(1, mpmath.sqrt(spread) / (2 * mpmath.expm1(exponent))))


def make_asymptotic():
    cases = []
    for index in range(150):
        alternative = ("two-sided", "greater", "less")[index % 3]
        alpha = float(rng.choice([0.05, 0.01, 0.001, 0.2]))
        horizon = int(rng.integers(200, 100_000))
        n = [int(v) for v in rng.integers(120, 50_000, 2)]
        scale = 10.0 ** rng.integers(-100, 101) if index % 5 == 0 else 1.0
        mean = [scale * rng.normal(3, 1), scale * rng.normal(3, 1)]
        if index % 7 == 0:
            mean = [-v for v in mean]
        variance = [(scale * rng.lognormal(0, 0.5)) ** 2 for _ in range(2)]
        level = alpha if alternative == "two-sided" else 2 * alpha
        rho = -mpmath.lambertw(-m(level) ** 2 / mpmath.e, -1).real - 1
        rho = rho / horizon
        rho_double = m(float(rho))
        total = sum(n)
        z = critical(total, rho_double, m(alpha), alternative)
        ma, mb = (m(float(v)) for v in mean)
        va, vb = m(float(variance[0])) / n[0], m(float(variance[1])) / n[1]
        difference, error = mb - ma, mpmath.sqrt(va + vb)

        def relative_excess(lift):
            shift = mb - ma - lift * abs(ma)
            ratio = 1 + (1 if ma > 0 else -1) * lift
            return abs(shift) - z * mpmath.sqrt(vb + ratio**2 * va)

        lift = difference / abs(ma)
        ends = None
        if ma**2 > z**2 * va:
            reach = m(1)
            while relative_excess(lift - reach) <= 0 or relative_excess(lift + reach) <= 0:
                reach *= 2
            ends = [float(root(relative_excess, lift, lift - reach)), float(root(relative_excess, lift, lift + reach))]
        cases.append(
            {
                "alternative": alternative, "alpha": alpha, "horizon": horizon, "rho": float(rho),
                "count": n, "mean": listed(mean), "variance": listed(variance),
                "half": float(z * error), "p": p_value(difference / error, total, rho_double, alternative),
                "relative": ends,
            }
        )  # fmt: skip
    return cases


# --- designs ---------------------------------------------------------------------------------------------------------
def normal_isf(p):
    return mpmath.sqrt(2) * mpmath.erfinv(1 - 2 * m(p))


def make_designs():
    cases = []
    for index in range(100):
        alpha, power, share = float(rng.choice([0.05, 0.01, 0.1])), float(rng.choice([0.8, 0.9, 0.5])), float(rng.uniform(0.05, 0.95))
        effect = float(rng.normal() * 10.0 ** rng.integers(-4, 3))
        variance = listed(rng.lognormal(0, 1, 2))
        one_sided = bool(index % 2)
        z = normal_isf(alpha if one_sided else m(alpha) / 2)
        unit = m(variance[0]) / (1 - m(share)) + m(variance[1]) / share
        reach = z + normal_isf(1 - m(power))
        level = m(alpha) * (2 if one_sided else 1)
        rho = -mpmath.lambertw(-(level**2) / mpmath.e, -1).real - 1
        sequential = critical(1, rho, m(alpha), "greater" if one_sided else "two-sided") + normal_isf(1 - m(power))
        counts = [int(v) for v in rng.integers(10, 100_000, 2)]
        error = mpmath.sqrt(m(variance[0]) / counts[0] + m(variance[1]) / counts[1])
        cases.append(
            {
                "alpha": alpha, "power": power, "share": share, "effect": effect, "variance": variance, "oneSided": one_sided,
                "total": float(reach**2 * unit / m(effect) ** 2), "sequential": float(sequential**2 * unit / m(effect) ** 2),
                "counts": counts, "detectable": float(reach * error),
            }
        )  # fmt: skip
    return cases


# --- exact processes -------------------------------------------------------------------------------------------------
def log_beta(a, b):
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def make_event_counts():
    cases = []
    for index in range(80):
        share = float(rng.uniform(0.01, 0.99))
        events = [int(rng.poisson(rng.choice([0, 3, 40, 2000]))), int(rng.poisson(rng.choice([0, 2, 30, 1500])))]
        if sum(events) == 0:
            continue
        k, alpha = float(rng.choice([10, 100])), 0.05

        def log_e(theta):
            prior = (k * (1 - theta), k * theta)
            gain = log_beta(prior[0] + events[0], prior[1] + events[1]) - log_beta(*prior)
            return gain - events[0] * mpmath.log(1 - theta) - events[1] * mpmath.log(theta)

        def excess(theta):
            return log_e(theta) + mpmath.log(m(alpha))

        centre, tiny = m(events[1]) / sum(events), m("1e-30")
        lower = m(0) if events[1] == 0 else root(excess, centre if events[0] else 1 - tiny, tiny)
        upper = m(1) if events[0] == 0 else root(excess, centre if events[1] else tiny, 1 - tiny)
        odds = (1 - m(share)) / m(share)
        cases.append(
            {
                "share": share, "events": events, "k": k, "logE": float(log_e(m(share))),
                "lower": float(lower / (1 - lower) * odds - 1),
                "upper": None if upper == 1 else float(upper / (1 - upper) * odds - 1),
            }
        )  # fmt: skip
    return cases


def make_ratio_process():
    tilts = [s * t for t in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8) for s in (1, -1)]
    cases = []
    for _ in range(40):
        arms = int(rng.integers(2, 5))
        epochs, log_e = [], {(j, t): m(0) for j in range(1 if arms == 2 else arms) for t in tilts}
        for _ in range(int(rng.integers(1, 12))):
            shares = rng.dirichlet(np.full(arms, 4.0))
            counts = rng.multinomial(int(rng.integers(0, 3000)) + 1, rng.dirichlet(shares * 3000))
            epochs.append({"shares": listed(shares), "counts": counts.tolist()})
            for j, tilt in log_e:
                raw = [m(float(s)) * (mpmath.exp(tilt) if i == j else 1) for i, s in enumerate(shares)]
                for i, count in enumerate(counts):
                    log_e[j, tilt] += int(count) * mpmath.log(raw[i] / mpmath.fsum(raw) / m(float(shares[i])))
        mean = mpmath.fsum(mpmath.exp(v) for v in log_e.values()) / len(log_e)
        cases.append({"arms": arms, "epochs": epochs, "logE": float(mpmath.log(mean))})
    return cases


def make_two_proportions():
    cases = []
    for _ in range(40):
        rates = rng.beta(1, 4, 2)
        seen, log_e, blocks = [[0, 0], [0, 0]], m(0), []
        for _ in range(int(rng.integers(1, 40))):
            n = [int(v) for v in rng.integers(0, 12, 2)]
            n[0] += sum(n) == 0
            x = [int(rng.binomial(n[i], rates[i])) for i in range(2)]
            blocks.append([x[0], n[0], x[1], n[1]])
            p = [(m("0.18") + seen[i][0]) / (m("0.36") + seen[i][1]) for i in range(2)]
            common = (n[0] * p[0] + n[1] * p[1]) / sum(n)
            for i in range(2):
                log_e += x[i] * mpmath.log(p[i] / common) + (n[i] - x[i]) * mpmath.log((1 - p[i]) / (1 - common))
                seen[i][0] += x[i]
                seen[i][1] += n[i]
        if min(seen[0][1], seen[1][1]) > 0:
            cases.append({"blocks": blocks, "logE": float(log_e)})
    return cases


def make_quantile_intervals():
    """The definition, tried on every observation: is this many observations below the quantile still believable?"""
    cases = []
    for index in range(40):
        q, horizon = float(rng.choice([0.5, 0.9, 0.95])), 300
        values = rng.exponential(1, int(rng.integers(60, 800)))
        if index % 3 == 0:
            values = np.round(values, 1)
        n = len(values)
        pq = q * (1 - q)
        log_inverse = math.log(20)
        r = max(pq * horizon / (2 * log_inverse + math.log(1 + 2 * log_inverse)) - pq, 1e-3 * pq)
        a, b = r / (1 - q), r / q

        def believable(s):
            log_e = special.betaln(a + s, b + n - s) - special.betaln(a, b) - s * math.log(q) - (n - s) * math.log1p(-q)
            return log_e < log_inverse

        ordered = np.sort(values)
        counts = [s for s in range(n + 1) if believable(s)]
        fits = 0 < counts[0] and counts[-1] < n
        cases.append(
            {
                "values": listed(values), "quantile": q, "horizon": horizon,
                "interval": [float(ordered[counts[0] - 1]), float(ordered[counts[-1]])] if fits else None,
            }
        )  # fmt: skip
    return cases


def make_histogram_pairs():
    cases = []
    for _ in range(30):
        q, horizon = float(rng.choice([0.5, 0.9])), 200
        bins = [rng.multinomial(int(rng.integers(30, 3000)), rng.dirichlet(np.full(12, 1.5) + shift)).tolist() for shift in (0, 0)]
        pq, log_inverse = q * (1 - q), math.log(20)
        r = max(pq * horizon / (2 * log_inverse + math.log(1 + 2 * log_inverse)) - pq, 1e-3 * pq)
        a, b = r / (1 - q), r / q

        def curve(s, n):
            return special.betaln(a + s, b + n - s) - special.betaln(a, b) - s * math.log(q) - (n - s) * math.log1p(-q)

        totals, log_e = [sum(h) for h in bins], math.inf
        for k in range(12):
            value = 0.0
            for h, n in zip(bins, totals):
                low, high = sum(h[:k]), sum(h[: k + 1])
                value += min(curve(s, n) for s in np.linspace(low, high, 20 * (high - low) + 1))
            log_e = min(log_e, value)
        cases.append({"bins": bins, "quantile": q, "horizon": horizon, "logE": log_e})
    return cases


def make_radii():
    cases = []
    for _ in range(25):
        alpha, minimum = float(rng.choice([0.05, 0.01, 0.2, 0.001])), int(rng.integers(1, 500))
        count = int(minimum * 10 ** rng.uniform(0, 4)) + 1
        a = 0.85

        def log_error(c, eta):
            gamma = 2 / eta * (a - math.sqrt(2 * (eta - 1) / c)) ** 2
            if a < math.sqrt(2 * (eta - 1) / c) or gamma <= 1:
                return math.inf
            return math.log(4) - gamma * c + math.log1p(1 / ((gamma - 1) * math.log(eta)))

        def best(c):
            grid = 1 + np.geomspace(1e-6, 0.445, 3000)
            at = int(np.argmin([log_error(c, eta) for eta in grid]))
            low, high = grid[max(0, at - 1)], grid[min(len(grid) - 1, at + 1)]
            for _ in range(90):
                third = (high - low) / 3
                if log_error(c, low + third) < log_error(c, high - third):
                    high -= third
                else:
                    low += third
            return log_error(c, (low + high) / 2)

        low, high = 1.0, 60.0
        for _ in range(60):
            middle = (low + high) / 2
            if best(middle) > math.log(alpha):
                low = middle
            else:
                high = middle
        radius = a * math.sqrt((math.log1p(math.log(count / minimum)) + low) / count)
        cases.append({"alpha": alpha, "minimum": minimum, "count": count, "radius": radius})
    return cases


# --- Bayesian, Model-X on real outcomes, e-BH, reward model, off-policy errors ---------------------------------------
def make_bayesian_effects():
    cases = []
    for index in range(60):
        estimate, error = float(rng.normal() * 10.0 ** rng.integers(-6, 4)), float(10.0 ** rng.uniform(-5, 3))
        prior = [float(rng.normal() * 0.1), float(rng.uniform(0.01, 2))] if index % 2 else None
        precision = 1 / m(error) ** 2 + (1 / m(prior[1]) ** 2 if prior else 0)
        mean = (m(estimate) / m(error) ** 2 + (m(prior[0]) / m(prior[1]) ** 2 if prior else 0)) / precision
        sd = 1 / mpmath.sqrt(precision)
        z = mean / sd
        density = mpmath.npdf(z)
        half = normal_isf(m("0.025")) * sd
        cases.append(
            {
                "estimate": estimate, "error": error, "prior": prior, "chance": float(mpmath.ncdf(z)), "mean": float(mean),
                "lossTreatment": float(sd * density - mean * mpmath.ncdf(-z)), "lossControl": float(sd * density + mean * mpmath.ncdf(z)),
                "lower": float(mean - half), "upper": float(mean + half),
            }
        )  # fmt: skip
    return cases


def make_model_x_scaled():
    effects = np.array([s * t for t in (0.05, 0.1, 0.2, 0.4, 0.8) for s in (1, -1)])
    cases = []
    for index in range(6):
        n = 400
        share = rng.uniform(0.1, 0.9, n)
        arm = (rng.uniform(size=n) < share).astype(int)
        outcome = rng.lognormal(0, 1, n) * (1 + 0.2 * arm)
        if index % 2:
            outcome = rng.normal(5, 2, n) + arm
        values = outcome if index % 2 else np.log(outcome)
        log_e, mean, variance = np.zeros(10), 0.0, 0.0
        for t in range(n):
            if t >= 2:
                density = [
                    stats.norm.logpdf(values[t], mean + math.sqrt(variance) * shift, math.sqrt(variance))
                    for shift in (-effects * share[t], effects * (1 - share[t]))
                ]
                mixed = np.logaddexp(math.log(1 - share[t]) + density[0], math.log(share[t]) + density[1])
                log_e += density[arm[t]] - mixed
            rate = max(1 / (t + 1), 1 / 500)
            step = values[t] - mean
            mean += step * rate
            variance = (1 - rate) * (variance + rate * step * step)
        cases.append(
            {
                "kind": "normal" if index % 2 else "log-normal", "share": listed(share), "arm": arm.tolist(),
                "outcome": listed(outcome), "logE": float(special.logsumexp(log_e) - math.log(10)),
            }
        )  # fmt: skip
    return cases


def make_e_bh():
    cases = []
    for _ in range(60):
        log_e = rng.normal(1, 3, int(rng.integers(1, 20)))
        e = np.exp(log_e)
        k = max([i for i in range(len(e) + 1) if i == 0 or np.sort(e)[::-1][i - 1] >= len(e) / (i * 0.05)])
        threshold = np.sort(e)[::-1][k - 1] if k else math.inf
        cases.append({"logE": listed(log_e), "rejected": [bool(v >= threshold) for v in e]})
    return cases


def make_reward_models():
    cases = []
    for _ in range(6):
        n, arms, folds, shrinkage = int(rng.integers(20, 120)), 3, int(rng.integers(2, 6)), float(rng.choice([0, 10, 2.5]))
        arm, context = rng.integers(0, arms, n), rng.integers(0, 3, n)
        reward = np.round(rng.uniform(size=n), 3)
        predicted = []
        for row in range(n):
            others = np.arange(n) % folds != row % folds
            line = []
            for a in range(arms):
                of_arm = reward[others & (arm == a)]
                arm_mean = of_arm.mean() if len(of_arm) else reward[others].mean()
                cell = reward[others & (arm == a) & (context == context[row])]
                weight = len(cell) + shrinkage
                line.append(float((cell.sum() + shrinkage * arm_mean) / weight) if weight else float(arm_mean))
            predicted.append(line)
        cases.append(
            {
                "rewards": listed(reward), "arms": arm.tolist(), "contexts": [str(c) for c in context], "armCount": arms,
                "folds": folds, "shrinkage": shrinkage, "predicted": predicted,
            }
        )  # fmt: skip
    return cases


def off_policy_errors(case):
    """Standard errors of the estimators and the support report, for a case of make_off_policy."""
    w = np.array(case["target"]) / np.array(case["logged"])
    r, q, v = np.array(case["rewards"], dtype=float), np.array(case["predictedRewards"]), np.array(case["predictedValues"])
    n = len(r)
    deviation = lambda terms: float(terms.std(ddof=1) / math.sqrt(n))  # noqa: E731
    snips = (w * r).sum() / w.sum()
    sndr = (w * (r - q)).sum() / w.sum()
    return {
        "errors": {
            "ips": deviation(w * r),
            "snips": float(math.sqrt((w**2 * (r - snips) ** 2).sum()) / w.sum()),
            "dm": deviation(v),
            "dr": deviation(v + w * (r - q)),
            "sndr": deviation(v + w / w.mean() * (r - q - sndr)),
            "switch-dr": deviation(v + np.where(w <= 2, w, 0) * (r - q)),
            "dr-optimistic-shrinkage": deviation(v + 2 * w / (w**2 + 2) * (r - q)),
            "sub-gaussian-ips": deviation(w / (1 - 0.3 + 0.3 * w) * r),
        },
        "support": {
            "effectiveSample": float(w.sum() ** 2 / (w**2).sum()),
            "meanWeight": float(w.mean()),
            "maximumWeight": float(w.max()),
            "maximumWeightShare": float(w.max() / w.sum()),
            "meanWeightLower": float(w.mean() - 3.29 * w.std(ddof=1) / math.sqrt(n)),
        },
    }


def make_weighted_bounds(predmix):
    """The anytime value of a policy from confseq's bound on w·r and w·(1−r)."""
    cases = []
    for _ in range(6):
        n = 200
        logged, target = rng.uniform(0.05, 1, n), rng.uniform(0, 1, n)
        reward = np.round(rng.uniform(size=n), 3)
        w = target / logged

        def lower(x, running):
            return predmix.predmix_empbern_lower_cs(x, alpha=0.025, running_intersection=running, truncate_mean=True)[-1]

        cases.append(
            {
                "logged": listed(logged), "target": listed(target), "rewards": listed(reward),
                "best": [float(lower(w * reward, True)), float(1 - lower(w * (1 - reward), True))],
                "now": [float(lower(w * reward, False)), float(1 - lower(w * (1 - reward), False))],
            }
        )  # fmt: skip
    return cases


def make_all(predmix):
    return {
        "asymptotic": make_asymptotic(),
        "designs": make_designs(),
        "eventCounts": make_event_counts(),
        "ratioProcess": make_ratio_process(),
        "twoProportions": make_two_proportions(),
        "quantileIntervals": make_quantile_intervals(),
        "histogramPairs": make_histogram_pairs(),
        "radii": make_radii(),
        "bayesianEffects": make_bayesian_effects(),
        "modelXScaled": make_model_x_scaled(),
        "eBh": make_e_bh(),
        "rewardModels": make_reward_models(),
        "weightedBounds": make_weighted_bounds(predmix),
    }

"""Writes test/fixtures/special-functions.json: [function, arguments, value].

Values come from mpmath at 40 digits where it has the function (SciPy itself is only good to about
1e-13 in far tails) and from SciPy for the finite-n Kolmogorov laws. The script also prints the largest
relative difference between SciPy and mpmath, so that a reader sees both oracles agree.

    python parity/make_fixtures.py          (versions: parity/requirements.txt)
"""
import json
import math
import pathlib

import mpmath as mp
import numpy as np
from scipy import special, stats

mp.mp.dps = 40
rng = np.random.default_rng(20240611)
rows = []
worst = {}


def add(name, arguments, value, scipy_value=None):
    value = float(value)
    if not math.isfinite(value) or (value != 0 and abs(value) < 1e-300):
        return
    if scipy_value is not None and value != 0:
        difference = abs(float(scipy_value) - value) / abs(value)
        worst[name] = max(worst.get(name, 0), difference)
    rows.append([name, [float(a) for a in arguments], value])


def m(x):
    return mp.mpf(float(x))


def lower_gamma(a, x):
    return mp.gammainc(m(a), 0, m(x), regularized=True)


def upper_gamma(a, x):
    return mp.gammainc(m(a), m(x), mp.inf, regularized=True)


def beta_lower(a, b, x):
    return mp.betainc(m(a), m(b), 0, m(x) if not isinstance(x, mp.mpf) else x, regularized=True)


for x in np.concatenate([rng.uniform(-6, 6, 40), rng.uniform(0, 26, 30), [0, 1e-300, 1e-9, 1.74999, 1.75, 2.5]]):
    add('erf', [x], mp.erf(m(x)), special.erf(x))
    add('erfc', [x], mp.erfc(m(x)), special.erfc(x))
    add('erfcScaled', [x], mp.exp(m(x) ** 2) * mp.erfc(m(x)), special.erfcx(x))
for x in np.concatenate([rng.uniform(-8, 8, 40), rng.uniform(-37, -8, 20)]):
    add('normalCdf', [x], mp.erfc(-m(x) / mp.sqrt(2)) / 2, stats.norm.cdf(x))
    add('normalSurvival', [-x], mp.erfc(-m(x) / mp.sqrt(2)) / 2, stats.norm.sf(-x))
    add('normalDensity', [x], mp.exp(-m(x) ** 2 / 2) / mp.sqrt(2 * mp.pi), stats.norm.pdf(x))
for x in [-30, -9, -3, -2, -1, 0, 0.5, 1.9, 2.1, 5, 20, 38, 100, 1e4]:
    add('normalLogSurvival', [x], mp.log1p(-mp.erfc(-m(x) / mp.sqrt(2)) / 2) if x < 0 else mp.log(mp.erfc(m(x) / mp.sqrt(2)) / 2), stats.norm.logsf(x))
probabilities = np.concatenate([rng.uniform(0, 1, 25), 10.0 ** -rng.uniform(1, 290, 25), [0.25, 0.4999999, 0.5000001, 0.975, 1 - 1e-10]])
for p in probabilities:
    guess = stats.norm.ppf(p)
    solution = mp.findroot(lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2) - mp.log(m(p)), m(guess))
    add('normalQuantile', [p], solution, guess)
    add('normalUpperQuantile', [p], -solution, stats.norm.isf(p))

for x in np.concatenate([rng.uniform(0.01, 12, 40), 10.0 ** rng.uniform(-10, 12, 30), [1 + 1e-9, 2 - 1e-9, 2 + 1e-7, 0.5, 1.5, 2.5, 9.9999, 10]]):
    add('logGamma', [x], mp.loggamma(m(x)), special.gammaln(x))
for x in [-0.5, -1.3, -7.7, -20.25]:
    add('logGamma', [x], mp.log(abs(mp.gamma(m(x)))), special.gammaln(x))
for _ in range(60):
    a, b = 10.0 ** rng.uniform(-2, 7, 2)
    add('logBeta', [a, b], mp.loggamma(m(a)) + mp.loggamma(m(b)) - mp.loggamma(m(a) + m(b)), special.betaln(a, b))
for _ in range(30):
    n = int(10 ** rng.uniform(0.5, 7))
    k = int(rng.integers(0, n + 1))
    value = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)
    add('logBinomialCoefficient', [n, k], value)

for _ in range(150):
    a = 10.0 ** rng.uniform(-2, 5)
    x = a * 10.0 ** rng.uniform(-1, 0.7) if a < 20 else max(1e-3, a + rng.uniform(-12, 12) * math.sqrt(a))
    add('regularizedGammaLower', [a, x], lower_gamma(a, x), special.gammainc(a, x))
    add('regularizedGammaUpper', [a, x], upper_gamma(a, x), special.gammaincc(a, x))
    add('gammaCdf', [x * 3, a, 3], lower_gamma(a, m(x * 3) / 3), stats.gamma.cdf(x * 3, a, scale=3))
    add('gammaSurvival', [x * 3, a, 3], upper_gamma(a, m(x * 3) / 3), stats.gamma.sf(x * 3, a, scale=3))
for degrees in [1, 2, 3, 7, 19, 63, 255, 999, 4095, 1e5]:
    for shift in [-6, -3, -1, 0, 0.5, 2, 5, 9, 20]:
        x = degrees + shift * math.sqrt(2 * degrees)
        if x > 0:
            add('chiSquareCdf', [x, degrees], lower_gamma(degrees / 2, x / 2), stats.chi2.cdf(x, degrees))
            add('chiSquareSurvival', [x, degrees], upper_gamma(degrees / 2, x / 2), stats.chi2.sf(x, degrees))


def solve(function, target, guess):
    """Root of ln function = ln target next to SciPy's guess, by two Newton steps in ln x (numeric slope)."""
    u = mp.log(m(guess))
    for _ in range(3):
        step = mp.mpf('1e-12')
        value = mp.log(function(mp.exp(u))) - mp.log(target)
        slope = (mp.log(function(mp.exp(u + step))) - mp.log(function(mp.exp(u - step)))) / (2 * step)
        u -= value / slope
    return mp.exp(u)


mp.mp.dps = 30
for degrees in [1, 2, 4.5, 30, 500, 20000]:
    for p in [1e-100, 1e-12, 0.001, 0.05, 0.3, 0.5, 0.7, 0.95, 0.999]:
        guess = stats.chi2.isf(p, degrees)
        value = solve(lambda x: mp.gammainc(m(degrees) / 2, x / 2, mp.inf, regularized=True), m(p), guess)
        add('chiSquareUpperQuantile', [p, degrees], value, guess)
        guess = stats.chi2.ppf(p, degrees)
        if guess > 1e-250:
            value = solve(lambda x: mp.gammainc(m(degrees) / 2, 0, x / 2, regularized=True), m(p), guess)
            add('chiSquareQuantile', [p, degrees], value, guess)
            add('gammaQuantile', [p, degrees / 2, 2], value, stats.gamma.ppf(p, degrees / 2, scale=2))

for _ in range(150):
    a, b = 10.0 ** rng.uniform(-1.5, 3.5, 2)
    mean = a / (a + b)
    deviation = math.sqrt(mean * (1 - mean) / (a + b + 1))
    x = min(max(mean + rng.uniform(-8, 8) * deviation, mean * 0.05), 1 - (1 - mean) * 0.05)
    value = beta_lower(a, b, x)
    add('regularizedBeta', [a, b, x], value, special.betainc(a, b, x))
    add('betaCdf', [x, a, b], value, stats.beta.cdf(x, a, b))
    upper = mp.betainc(m(b), m(a), 0, 1 - m(x), regularized=True)
    add('betaSurvival', [x, a, b], upper, stats.beta.sf(x, a, b))
    add('betaDensity', [x, a, b], m(x) ** (m(a) - 1) * (1 - m(x)) ** (m(b) - 1) / mp.beta(m(a), m(b)), stats.beta.pdf(x, a, b))
for a, b in [(0.5, 0.5), (1, 3), (2, 50), (101, 901), (5000, 20), (0.2, 9)]:
    for p in [1e-60, 1e-9, 0.025, 0.3, 0.5, 0.9]:
        guess = stats.beta.ppf(p, a, b)
        if guess > 1e-200 and 1 - guess > 1e-6:
            value = solve(lambda x: mp.betainc(m(a), m(b), 0, x, regularized=True), m(p), guess)
            add('betaQuantile', [p, a, b], value, guess)
        guess = stats.beta.isf(p, a, b)
        if 1e-200 < guess < 1 - 1e-6:
            value = solve(lambda x: mp.betainc(m(b), m(a), 0, 1 - x, regularized=True), m(p), guess)
            add('betaUpperQuantile', [p, a, b], value, guess)

for degrees in [1, 2.5, 4, 10, 37.3, 200, 5000, 1e6]:
    for t in [1e-8, 0.1, 0.7, 1.5, 2.5, 5, 12, 35]:
        ratio = m(degrees) / (m(degrees) + m(t) ** 2)
        value = mp.betainc(m(degrees) / 2, mp.mpf(1) / 2, 0, ratio, regularized=True) / 2
        add('studentTSurvival', [t, degrees], value, stats.t.sf(t, degrees))
        add('studentTCdf', [-t, degrees], value, stats.t.cdf(-t, degrees))
        add('studentTCdf', [t, degrees], 1 - value, stats.t.cdf(t, degrees))
    for p in [1e-40, 1e-6, 0.01, 0.2, 0.3, 0.49, 0.499999]:
        guess = stats.t.isf(p, degrees)
        value = solve(lambda t: mp.betainc(m(degrees) / 2, mp.mpf(1) / 2, 0, m(degrees) / (m(degrees) + t * t), regularized=True) / 2, m(p), guess)
        add('studentTUpperQuantile', [p, degrees], value, guess)
        add('studentTQuantile', [p, degrees], -value, stats.t.ppf(p, degrees))
for d1, d2 in [(1, 1), (1, 30), (3, 8), (10, 500), (200, 40), (4000, 9000)]:
    for x in [0.05, 0.5, 0.9, 1.0, 1.1, 2, 8, 60]:
        ratio = m(d1) * m(x) / (m(d1) * m(x) + m(d2))
        add('fisherFCdf', [x, d1, d2], mp.betainc(m(d1) / 2, m(d2) / 2, 0, ratio, regularized=True), stats.f.cdf(x, d1, d2))
        add('fisherFSurvival', [x, d1, d2], mp.betainc(m(d2) / 2, m(d1) / 2, 0, 1 - ratio, regularized=True), stats.f.sf(x, d1, d2))
    for p in [1e-20, 0.001, 0.05, 0.4, 0.5]:
        guess = stats.f.isf(p, d1, d2)
        value = solve(lambda x: mp.betainc(m(d2) / 2, m(d1) / 2, 0, m(d2) / (m(d2) + m(d1) * x), regularized=True), m(p), guess)
        add('fisherFUpperQuantile', [p, d1, d2], value, guess)
        guess = stats.f.ppf(p, d1, d2)
        value = solve(lambda x: mp.betainc(m(d1) / 2, m(d2) / 2, 0, m(d1) * x / (m(d2) + m(d1) * x), regularized=True), m(p), guess)
        add('fisherFQuantile', [p, d1, d2], value, guess)

mp.mp.dps = 40
for _ in range(120):
    n = int(10 ** rng.uniform(0.3, 4))
    p = rng.choice([1e-6, 0.01, 0.2, 0.5, 0.83, 0.999])
    k = int(np.clip(round(n * p + rng.uniform(-7, 7) * math.sqrt(n * p * (1 - p) + 0.5)), 0, n))
    mass = mp.binomial(n, k) * m(p) ** k * (1 - m(p)) ** (n - k)
    add('binomialProbability', [k, n, p], mass, stats.binom.pmf(k, n, p))
    if k < n:
        add('binomialCdf', [k, n, p], mp.betainc(n - k, k + 1, 0, 1 - m(p), regularized=True), stats.binom.cdf(k, n, p))
        add('binomialSurvival', [k, n, p], mp.betainc(k + 1, n - k, 0, m(p), regularized=True), stats.binom.sf(k, n, p))
    level = float(rng.uniform())
    add('binomialQuantile', [level, n, p], stats.binom.ppf(level, n, p))
    mean = 10.0 ** rng.uniform(-2, 5)
    k = int(max(0, round(mean + rng.uniform(-7, 7) * math.sqrt(mean))))
    add('poissonProbability', [k, mean], mp.exp(-m(mean) + k * mp.log(m(mean)) - mp.loggamma(k + 1)), stats.poisson.pmf(k, mean))
    add('poissonCdf', [k, mean], upper_gamma(k + 1, mean), stats.poisson.cdf(k, mean))
    add('poissonSurvival', [k, mean], lower_gamma(k + 1, mean), stats.poisson.sf(k, mean))
    add('poissonQuantile', [level, mean], stats.poisson.ppf(level, mean))
    total = int(10 ** rng.uniform(0.5, 6))
    marked = int(rng.integers(0, total + 1))
    draws = int(rng.integers(0, total + 1))
    k = int(round(draws * marked / total))
    value = mp.binomial(marked, k) * mp.binomial(total - marked, draws - k) / mp.binomial(total, draws)
    add('hypergeometricProbability', [k, total, marked, draws], value, stats.hypergeom.pmf(k, total, marked, draws))


def limit_survival(x):
    return 2 * mp.nsum(lambda k: (-1) ** (int(k) - 1) * mp.exp(-2 * k * k * m(x) ** 2), [1, 200], method='d')


for x in np.concatenate([rng.uniform(0.25, 3, 30), [5, 12, 18]]):
    survival = limit_survival(x)
    add('kolmogorovLimitSurvival', [x], survival, special.kolmogorov(x))
    if x < 3:
        add('kolmogorovLimitCdf', [x], 1 - survival)
for p in [1e-200, 1e-9, 0.001, 0.05, 0.5, 0.95, 0.999]:
    add('kolmogorovLimitUpperQuantile', [p], special.kolmogi(p))
for n in [1, 2, 5, 17, 60, 140, 141, 400, 1000, 9999, 10001, 25000, 100001, 500000, 1000000, 3000000]:
    for z in [0.3, 0.4, 0.55, 0.8, 1.0, 1.2, 1.36, 1.45, 1.49, 1.7, 2.0, 2.1, 3.0, 6.0, 11.0]:
        d = z / math.sqrt(n)
        if d < 1:
            add('kolmogorovSurvival', [n, d], stats.kstwo.sf(d, n))
            if z > 1:
                add('smirnovSurvival', [n, d], special.smirnov(n, d))

output = pathlib.Path(__file__).parent.parent / 'test/fixtures/special-functions.json'
output.write_text('[\n' + ',\n'.join(json.dumps(r, separators=(',', ':')) for r in rows) + '\n]\n')
print(len(rows), 'rows')
for name, difference in sorted(worst.items()):
    print(f'{name:32s} largest relative difference SciPy v mpmath {difference:.1e}')

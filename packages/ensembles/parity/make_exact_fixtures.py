"""Writes test/fixtures/exact.json: the optima that learning.json asks optimisers for, to the last digits.

    python parity/make_exact_fixtures.py          (after make_learning_fixtures.py; versions: parity/requirements.txt)

SciPy's and scikit-learn's optimisers stop where the loss is flat to about 1e-14, which leaves coefficients right to 1e-7
and temperatures to 1e-5. From where they stop, Newton steps with slopes in 40 digits lead on until nothing moves; the
second derivatives are doubles, which costs steps and no accuracy.
"""
import json
import pathlib

import mpmath as mp
import numpy as np

from make_learning_fixtures import FLOOR, OUT, compared, pack, row_losses, unpacked

mp.mp.dps = 40


def refine(x, slope, curve):
    """The root of `slope` (whole precision) near x; `curve`: its derivative at x, as doubles."""
    inverse = np.linalg.pinv(curve, rcond=1e-13, hermitian=True)
    x = [mp.mpf(v) for v in x]
    for _ in range(60):
        g = slope(x)
        unit = max(abs(v) for v in g)
        if unit == 0:
            break
        step = inverse @ np.array([float(v / unit) for v in g])
        moved = [unit * mp.mpf(float(s)) for s in step]
        x = [a - b for a, b in zip(x, moved)]
        if max(abs(v) for v in moved) <= mp.mpf(10) ** -25 * max(abs(v) for v in x):
            break
    else:
        raise RuntimeError('not refined')
    return x


def softmax_rows(scores):
    rows = []
    for row in scores:
        top = max(row)
        grown = [mp.exp(v - top) for v in row]
        total = mp.fsum(grown)
        rows.append([v / total for v in grown])
    return rows


def logistic(x, targets, start, penalty):
    """Multinomial (targets: class numbers) or one sigmoid (targets in [0, 1]); weights and intercept per output."""
    n, width = x.shape
    outputs = start.shape[0]
    rows = [[mp.mpf(float(v)) for v in row] + [mp.mpf(1)] for row in x]
    ridge = [mp.mpf(penalty)] * width + [mp.mpf(0)]

    def probabilities(flat):
        blocks = [flat[o * (width + 1):(o + 1) * (width + 1)] for o in range(outputs)]
        scores = [[mp.fdot(b, row) for b in blocks] for row in rows]
        return [[1 / (1 + mp.exp(-s[0]))] for s in scores] if outputs == 1 else softmax_rows(scores)

    def residuals(flat):
        found = probabilities(flat)
        if outputs == 1:
            return [[p[0] - mp.mpf(float(t))] for p, t in zip(found, targets)]
        return [[v - (1 if o == t else 0) for o, v in enumerate(p)] for p, t in zip(found, targets)]

    def slope(flat):
        found = residuals(flat)
        columns = list(zip(*rows))
        return [
            mp.fdot([r[o] for r in found], columns[c]) + ridge[c] * flat[o * (width + 1) + c]
            for o in range(outputs) for c in range(width + 1)
        ]

    flat = start.ravel()
    p = np.array([[float(v) for v in row] for row in probabilities([mp.mpf(float(v)) for v in flat])])
    wide = np.hstack([x, np.ones((n, 1))])
    curve = np.zeros((outputs * (width + 1),) * 2)
    for a in range(outputs):
        for b in range(outputs):
            spread = p[:, a] * (1 - p[:, a]) if a == b else -p[:, a] * p[:, b]
            block = (wide * spread[:, None]).T @ wide
            if a == b:
                block += np.diag([float(v) for v in ridge])
            curve[a * (width + 1):(a + 1) * (width + 1), b * (width + 1):(b + 1) * (width + 1)] = block
    best = refine(flat, slope, curve)
    return best, probabilities(best)


def stacks(fits, members, y):
    k = members.shape[2]
    x = members[:, :, 1].T if k == 2 else np.concatenate(list(members), axis=1)
    width = x.shape[1]
    found = []
    for fit in fits:
        start = np.hstack([np.array(fit['coefficients']), np.array(fit['intercepts'])[:, None]])
        best, p = logistic(x, y if k > 2 else (y == 1).astype(float), start, 1 / mp.mpf(fit['c']))
        blocks = [best[o * (width + 1):(o + 1) * (width + 1)] for o in range(start.shape[0])]
        intercepts = [b[-1] for b in blocks]
        mean = mp.fsum(intercepts) / len(intercepts) if k > 2 else 0
        p = np.array([[float(1 - row[0]), float(row[0])] if k == 2 else [float(v) for v in row] for row in p])
        weights = [[float(v) for v in b[:-1]] for b in blocks]
        penalty = mp.fsum(v * v for b in blocks for v in b[:-1]) / 2
        losses = mp.fsum(-mp.log(mp.mpf(float(p[row, label]))) for row, label in enumerate(y))
        found.append({'c': fit['c'], 'coefficients': weights, 'intercepts': [float(v - mean) for v in intercepts],
                      'objective': float(penalty + mp.mpf(fit['c']) * losses), 'probabilities': p})
    return found


def platt(inputs, y, k, start):
    """One sigmoid per class (of two classes the second) against Platt's targets."""
    slopes, intercepts = [], []
    for at, label in enumerate(range(1 if k == 2 else 0, k)):
        own = (y == label)
        ups, downs = own.sum(), (~own).sum()
        targets = [(mp.mpf(int(ups)) + 1) / (int(ups) + 2) if o else 1 / (mp.mpf(int(downs)) + 2) for o in own]
        rows = [mp.mpf(float(v)) for v in inputs[:, at]]

        def slope(flat):
            residuals = [1 / (1 + mp.exp(-(flat[0] * v + flat[1]))) - t for v, t in zip(rows, targets)]
            return [mp.fdot(residuals, rows), mp.fsum(residuals)]

        first = np.array([start['slopes'][at], start['intercepts'][at]])
        p = 1 / (1 + np.exp(-(first[0] * inputs[:, at] + first[1])))
        wide = np.column_stack([inputs[:, at], np.ones(len(y))])
        best = refine(first, slope, (wide * (p * (1 - p))[:, None]).T @ wide)
        slopes.append(float(best[0]))
        intercepts.append(float(best[1]))
    return {'slopes': slopes, 'intercepts': intercepts}


def temperature(probabilities, y, start):
    logits = [[mp.log(mp.mpf(float(v)) + mp.mpf(1e-12)) for v in row] for row in probabilities]

    def slope(flat):
        mixed = softmax_rows([[flat[0] * v for v in row] for row in logits])
        return [mp.fsum(mp.fdot(p, row) - row[label] for p, row, label in zip(mixed, logits, y))]

    z = np.array([[float(v) for v in row] for row in logits])
    p = np.exp(z / start - (z / start).max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    spread = ((p * z**2).sum(axis=1) - (p * z).sum(axis=1) ** 2).sum()
    return float(1 / refine([1 / start], slope, np.array([[spread]]))[0])


def simplex(loss, members, y, start):
    """Weights where the slopes of all members in use are equal and no other's is lower: the optimum of a convex loss."""
    used = [j for j, w in enumerate(start) if w > 1e-5]
    n = len(y)
    if members.ndim == 2:
        pairs = [([mp.mpf(float(v)) for v in members[:, row]], mp.mpf(float(y[row]))) for row in range(n)]
    elif loss == 'log_loss':
        pairs = [([mp.mpf(float(v)) for v in members[:, row, y[row]]], None) for row in range(n)]
    else:
        k = members.shape[2]
        columns = range(1, 2) if k == 2 else range(k)
        pairs = [([mp.mpf(float(v)) for v in members[:, row, c]], mp.mpf(int(y[row] == c))) for row in range(n) for c in columns]

    def pulls(weights):
        total = [mp.mpf(0)] * len(members)
        value = mp.mpf(0)
        for answers, truth in pairs:
            mixed = mp.fdot(weights, answers)
            value += -mp.log(mixed) if truth is None else (mixed - truth) ** 2
            factor = -1 / mixed if truth is None else 2 * (mixed - truth)
            total = [t + factor * a for t, a in zip(total, answers)]
        return [t / n for t in total], value / n

    def spread(flat):
        return [flat[used.index(j)] if j in used else mp.mpf(0) for j in range(len(members))]

    def slope(flat):
        # One multiplier holds the sum at 1.
        g, _ = pulls(spread(flat))
        return [g[j] + flat[-1] for j in used] + [mp.fsum(flat[:-1]) - 1]

    w = np.array(start)
    size = len(used)
    curve = np.zeros((size + 1, size + 1))
    for answers, truth in pairs:
        a = np.array([float(v) for v in answers])
        second = 1 / (w @ a) ** 2 if truth is None else 2.0
        curve[:size, :size] += second * np.outer(a[used], a[used]) / n
    curve[size, :size] = curve[:size, size] = 1
    g, _ = pulls([mp.mpf(v) for v in start])
    best = refine([start[j] for j in used] + [float(-g[used[0]])], slope, curve)
    weights = spread(best)
    g, value = pulls(weights)
    assert all(v >= 0 for v in weights), weights
    assert all(v + best[-1] >= -mp.mpf(10) ** -20 for v in g), (used, g, best[-1])
    return {'weights': [float(v) for v in weights], 'loss': float(value)}


learning = json.loads((OUT / 'learning.json').read_text())
output = {'mpmath': mp.__version__, 'classification': [], 'regression': []}
for stored in learning['classification']:
    name, members, y = unpacked(stored)
    members = members.reshape(len(members), len(y), -1)
    k = members.shape[2]
    last = members[-1]
    clipped = np.clip(last, FLOOR, 1 - FLOOR)
    odds = np.log(clipped / (1 - clipped))
    own = [1] if k == 2 else list(range(k))
    # Of two classes the second alone is calibrated and the first is the rest.
    pair = np.column_stack([1 - last[:, 1], last[:, 1]]) if k == 2 else last
    old = stored['calibration']
    fits = stacks(stored['logistic'], members, y)
    losses = [-np.mean(np.log(np.maximum(one[np.arange(len(y)), y], FLOOR))) for one in members]
    before = row_losses(members[int(np.argmax(losses))], y)
    output['classification'].append({
        'name': name,
        'simplex': {loss: simplex(loss, members, y, stored['simplex'][loss]['weights']) for loss in ('log_loss', 'brier')},
        'logistic': [{**fit, 'probabilities': pack(fit['probabilities'])} if fit['c'] == 1.0 else
                     {key: value for key, value in fit.items() if key != 'probabilities'} for fit in fits],
        'plattOnLogOdds': platt(odds[:, own], y, k, old['plattOnLogOdds']),
        'plattOnProbability': platt(last[:, own], y, k, old['plattOnProbability']),
        'temperature': temperature(pair, y, old['temperature']['temperature']),
        'stack': compared(before, row_losses(next(f['probabilities'] for f in fits if f['c'] == 1.0), y)),
    })
    print(name)
for stored in learning['regression']:
    name, members, y = unpacked(stored)
    unit = y.std()
    output['regression'].append({'name': name, 'simplex': simplex('squared_error', members, y, stored['simplex']['weights'])})
(OUT / 'exact.json').write_text(json.dumps(output, separators=(',', ':')) + '\n')

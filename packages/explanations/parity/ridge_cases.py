"""Random regressions that Python and TypeScript both generate (test/ridge-cases.ts), so that only answers are stored.

Only +, -, *, / and comparisons on doubles are used, which give the same bits in both languages.
"""

KINDS = ['bell', 'ones', 'ties', 'constant column', 'far from 0', 'tiny', 'huge', 'copies']
ALPHAS = [1.0, 0.01, 10.0, 0.0]


def mulberry32(seed):
    state = seed & 0xFFFFFFFF

    def step():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return step


def ridge_case(index):
    uniform = mulberry32(700_000 + index)
    kind = KINDS[index % len(KINDS)]
    unit = 1e-100 if kind == 'tiny' else 1e100 if kind == 'huge' else 1.0
    alpha = ALPHAS[index // len(KINDS) % len(ALPHAS)] * unit * unit
    count = 8 + int(uniform() * 30)
    width = 1 + int(uniform() * 5)
    bell = lambda: sum(uniform() for _ in range(12)) - 6  # noqa: E731
    design, targets, weights = [], [], []
    for _ in range(count):
        row = []
        for column in range(width):
            if kind == 'ones':
                value = 1.0 if uniform() < 0.4 else 0.0
            elif kind == 'ties':
                value = float(int(uniform() * 4))
            elif kind == 'constant column' and column == 0:
                value = 2.7
            elif kind == 'far from 0':
                value = 1e6 + bell()
            elif kind == 'copies' and column == 1:
                value = row[0]
            else:
                value = bell() * unit
            row.append(value)
        design.append(row)
        signal = 0.0
        for value in row:
            signal = signal + value
        noise = float(int(uniform() * 3)) if kind == 'ties' else bell()
        targets.append(signal + noise * unit)
        weights.append(0.0 if uniform() < 0.1 else 0.5 if kind == 'ties' else uniform())
    return kind, design, targets, weights, alpha

"""Random cases that Python and TypeScript both generate, so that only the expected answers are stored.

Only +, -, *, / and comparisons on doubles are used, which give the same bits in both languages.
The same generator is test/cases.ts.
"""


def mulberry32(seed):
    state = seed & 0xFFFFFFFF

    def step():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 4294967296

    return step


def bell(uniform):
    return sum(uniform() for _ in range(12)) - 6


SCALES = [1.0, 1.0, 1e-9, 1e9, 1e-100, 1e100]
KINDS = ['uniform', 'bell', 'ties', 'binary', 'heavy', 'shifted', 'missing', 'constant', 'half-constant']


def drawing(kind, uniform, shift):
    def draw(current):
        if kind == 'uniform':
            return uniform()
        if kind == 'bell':
            return bell(uniform)
        if kind == 'ties':
            return float(int(uniform() * 6) + (1 if current and uniform() < 0.3 else 0))
        if kind == 'binary':
            return 1.0 if uniform() < (0.3 + 0.4 * shift if current else 0.4) else 0.0
        if kind == 'heavy':
            return 1 / (uniform() + 0.001)
        if kind == 'shifted':
            return bell(uniform) + (shift if current else 0)
        if kind == 'missing':
            value = uniform()
            return float('nan') if uniform() < 0.2 else value
        if kind == 'constant':
            return 3.25
        return 3.25 if current else uniform()

    return draw


def numeric_case(index):
    """Two lists of floats; NaN marks a missing value (kind 'missing')."""
    uniform = mulberry32(1000 + index)
    kind = KINDS[index % len(KINDS)]
    scale = SCALES[(index // len(KINDS)) % len(SCALES)]
    large = index % 50 == 49
    m = 2 + int(uniform() * (400 if large else 40))
    n = m if index % 4 == 0 else 2 + int(uniform() * (400 if large else 40))
    shift = uniform()

    draw = drawing(kind, uniform, shift)
    reference = [draw(False) * scale for _ in range(m)]
    current = [draw(True) * scale for _ in range(n)]
    return kind, reference, current


def numeric_column(index, m, n):
    """The same kinds and scales with a given number of rows on both sides."""
    uniform = mulberry32(2_000_000 + index)
    kind = KINDS[index % len(KINDS)]
    scale = SCALES[(index // len(KINDS)) % len(SCALES)]
    draw = drawing(kind, uniform, uniform())
    return [draw(False) * scale for _ in range(m)], [draw(True) * scale for _ in range(n)]


MATRIX_KINDS = ['bell', 'ties', 'constant column', 'tiny', 'huge', 'correlated', 'copies']


def matrix_case(index):
    """Rows of two to five columns; the first column moves a little."""
    uniform = mulberry32(4_000_000 + index)
    kind = MATRIX_KINDS[index % len(MATRIX_KINDS)]
    scale = 1e-100 if kind == 'tiny' else 1e100 if kind == 'huge' else 1.0
    width = 3 + index % 3 if kind == 'copies' else 2 + index % 4
    m, n = 20 + int(uniform() * 20), 20 + int(uniform() * 20)
    shift = uniform()

    def draw(current):
        row = []
        for column in range(width):
            if kind == 'ties':
                value = float(int(uniform() * 3))
            elif kind == 'constant column' and column == 1:
                value = 3.25
            elif kind == 'copies' and column == 1:
                value = row[0]
            elif kind == 'correlated' and column > 0:
                value = row[column - 1] + bell(uniform)
            else:
                value = (bell(uniform) + (shift if current and column == 0 else 0)) * scale
            row.append(value)
        return row

    return kind, [draw(False) for _ in range(m)], [draw(True) for _ in range(n)]


STEP_KINDS = ['continuous', 'ties', 'binary', 'shifted', 'apart', 'constant against varied', 'tiny', 'huge']


def step_case(index):
    """Samples for Kolmogorov–Smirnov; one case in 500 is large."""
    uniform = mulberry32(2_000_000 + index)
    kind = STEP_KINDS[index % len(STEP_KINDS)]
    most = 300 if index % 500 == 4 else 24
    m = 2 + int(uniform() * (most - 2))
    n = m if index % 3 == 0 else 2 + int(uniform() * (most - 2))

    def draw(current):
        if kind == 'ties':
            return float(int(uniform() * 5))
        if kind == 'binary':
            return 1.0 if uniform() < (0.7 if current else 0.3) else 0.0
        if kind == 'shifted':
            return uniform() + (0.4 if current else 0)
        if kind == 'apart':
            return uniform() + (2 if current else 0)
        if kind == 'constant against varied':
            return 0.5 if current else uniform()
        return uniform() * (1e-300 if kind == 'tiny' else 1e300 if kind == 'huge' else 1)

    return [draw(False) for _ in range(m)], [draw(True) for _ in range(n)]


def drawing_category(uniform, categories, tilt, skewed):
    def draw(current):
        u = uniform()
        if current:
            u = u * (1 - tilt) + tilt * u * u
        if skewed:
            u = u * u
        return 'c%02d' % int(u * categories)

    return draw


def categorical_case(index):
    uniform = mulberry32(500_000 + index)
    categories = [2, 2, 3, 5, 12, 30][index % 6]
    m = 20 + int(uniform() * 400)
    n = m if index % 2 == 0 else 20 + int(uniform() * 400)
    tilt = uniform() * 0.6

    draw = drawing_category(uniform, categories, tilt, index % 3 == 0)
    return [draw(False) for _ in range(m)], [draw(True) for _ in range(n)]


def categorical_column(index, m, n):
    uniform = mulberry32(3_000_000 + index)
    categories = [2, 3, 5, 12, 30, 1][index % 6]
    draw = drawing_category(uniform, categories, uniform() * 0.6, index % 3 == 0)
    return [draw(False) for _ in range(m)], [draw(True) for _ in range(n)]


def rounded(value):
    """13 digits: four more than the comparison asks for, in half the space."""
    return float('%.13g' % value)

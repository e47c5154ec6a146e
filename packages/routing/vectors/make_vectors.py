"""Writes assignment.json: a second, independent implementation of the assignment rule (standard library only)."""
import json
from fractions import Fraction
from pathlib import Path

BUCKETS = 1_000_000


def murmur3(data: bytes, seed: int = 0) -> int:
    mask = 0xFFFFFFFF
    rotate = lambda x, r: ((x << r) | (x >> (32 - r))) & mask
    h = seed
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little")
        k = rotate(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
        h = (rotate(h ^ k, 13) * 5 + 0xE6546B64) & mask
    tail = int.from_bytes(data[whole:], "little")
    h ^= rotate(tail * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & mask
    h = (h ^ h >> 13) * 0xC2B2AE35 & mask
    return h ^ h >> 16


def bucket(salt: str, unit: str, buckets: int = BUCKETS) -> int:
    return murmur3(f"{salt}:{unit}".encode()) * buckets >> 32


def anchor(index: int) -> Fraction:
    position, digit = Fraction(0), Fraction(1, 2)
    while index:
        position += digit * (index & 1)
        index, digit = index >> 1, digit / 2
    return position


def owners(counts: list[int], buckets: int) -> list[int]:
    """Deals bucket by bucket, as the rule is told: own run first, then the free ones that follow, in anchor order."""
    owner = [-1] * buckets
    order = sorted((int(anchor(i) * buckets), i) for i, n in enumerate(counts) if n)
    lacking = list(counts)
    for position, (start, arm) in enumerate(order):
        limit = order[position + 1][0] if position + 1 < len(order) else buckets
        for b in range(start, min(start + lacking[arm], limit)):
            owner[b] = arm
            lacking[arm] -= 1
    for start, arm in order:
        for b in [*range(start, buckets), *range(start)]:
            if lacking[arm] and owner[b] < 0:
                owner[b] = arm
                lacking[arm] -= 1
    return owner


def ranges(owner: list[int]) -> list[list[int]]:
    result: list[list[int]] = []
    for b, arm in enumerate(owner):
        if result and result[-1][2] == arm:
            result[-1][1] = b + 1
        else:
            result.append([b, b + 1, arm])
    return result


texts = ["", "a", "ab", "abc", "abcd", "hello", "exp-1:user-42", "The quick brown fox jumps over the lazy dog",
         "日本語", "Grüße", "🙂", "a🙂b", "user:with:colons", " ", "0", "x" * 257]
salts = ["exp-1", "fraud/:assign", "fraud/:inclusion", "fraud/middle:assign"]
units = ["user-42", "user-43", "", "日本語", "01890a5d-ac96-774b-bcce-b302099a8057"]
weights = [[1], [0.5, 0.5], [0.9, 0.1], [0.1, 0.9], [0.5, 0.3, 0.2], [0.98, 0.01, 0.01], [0.25, 0, 0.75],
           [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.1, 0.1, 0.1], [0, 0, 1], [0, 0.5, 0.5]]


def split_case(shares: list[float], buckets: int) -> dict:
    counts = [round(Fraction(str(share)) * buckets) for share in shares]
    assert sum(counts) == buckets
    return {"weights": shares, "bucketCount": buckets, "ranges": ranges(owners(counts, buckets))}


vectors = {
    "specVersion": 1,
    "bucketCount": BUCKETS,
    "murmur3": [{"text": t, "seed": s, "hash": murmur3(t.encode(), s)} for t in texts for s in (0, 1, 86028157)],
    "buckets": [{"salt": s, "unit": u, "bucketCount": n, "bucket": bucket(s, u, n)}
                for s in salts for u in units for n in (100, 100_000, BUCKETS)],
    "ranges": [split_case(w, n) for w in weights for n in (1_000, BUCKETS)],
}
Path(__file__).with_name("assignment.json").write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n")

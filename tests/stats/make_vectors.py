#!/usr/bin/env python3
"""Writes tests/support/stats_vectors.h: what the statistics must say.

Everything is computed here a second time and another way: p-values by
enumerating every arrangement with rational numbers, binomial, Poisson and
hypergeometric tails as sums of fractions, logarithms and quantiles with forty
digits, intervals by bisection on those sums. Only the standard library is used.

    make_vectors.py            writes the header to standard output
    make_vectors.py --check F  says whether F is what would be written
"""
import sys
from decimal import Decimal as D, getcontext
from fractions import Fraction as F
from itertools import combinations, product
from math import comb, factorial

getcontext().prec = 45
out = []


def emit(text=''):
    out.append(text)


def num(x):
    if isinstance(x, bool):
        return 'true' if x else 'false'
    if x is None:
        return 'NAN'
    if x == 'inf':
        return 'INFINITY'
    if isinstance(x, F):
        x = D(x.numerator) / D(x.denominator)
    return repr(float(x)) if not isinstance(x, int) else str(x)


def dec(x):
    return D(x.numerator) / D(x.denominator) if isinstance(x, F) else D(str(x)) if isinstance(x, float) else D(x)


def array(values):
    return '{ ' + ', '.join(num(v) for v in values) + ' }'


PI = D('3.14159265358979323846264338327950288419716939937510582')


def gamma_half(n2):
    """Gamma(n2 / 2) for whole n2 > 0."""
    if n2 % 2 == 0:
        return D(factorial(n2 // 2 - 1))
    g = PI.sqrt()
    for k in range(1, n2, 2):
        g = g * k / 2
    return g


def beta_inc(a2, b2, x):
    """I_x(a2/2, b2/2): its hypergeometric series (all terms positive)."""
    a, b = D(a2) / 2, D(b2) / 2
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_inc(b2, a2, 1 - x)
    if x <= 0:
        return D(0)
    front = (a * x.ln() + b * (1 - x).ln()).exp() * gamma_half(a2 + b2) / gamma_half(a2) / gamma_half(b2) / a
    term = total = D(1)
    k = 0
    while term > total * D(10) ** -42:
        term = term * (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    return front * total


def gamma_inc(a2, x):
    """P(a2/2, x) by its series."""
    a = D(a2) / 2
    if x <= 0:
        return D(0)
    term = total = 1 / a
    k = 0
    while term > total * D(10) ** -42:
        k += 1
        term = term * x / (a + k)
        total += term
    return total * (a * x.ln() - x).exp() / gamma_half(a2)


def erf(x):
    """By its positive series exp(-x^2) sum 2^k x^(2k+1)/(2k+1)!!"""
    x = D(x)
    term = total = x
    k = 0
    while abs(term) > abs(total) * D(10) ** -42 and term != 0:
        k += 1
        term = term * 2 * x * x / (2 * k + 1)
        total += term
    return total * 2 / PI.sqrt() * (-x * x).exp()


def normal_p(z):
    return 1 - erf(abs(D(z)) / D(2).sqrt())


def bisect(f, lo, hi):
    """f is false, then true."""
    lo, hi = D(lo), D(hi)
    for _ in range(140):
        mid = (lo + hi) / 2
        if f(mid):
            hi = mid
        else:
            lo = mid
    return hi


def normal_quantile(p):
    p = dec(p)
    if p < D('0.5'):
        return -normal_quantile(1 - p)
    return bisect(lambda z: normal_p(z) <= 2 * (1 - p), 0, 9)


def t_p(t, df):
    t = dec(t)
    return beta_inc(df, 1, df / (df + t * t))


def t_quantile(p, df):
    return bisect(lambda t: t_p(t, df) <= 2 * (1 - dec(p)), 0, 2000)


Z95 = normal_quantile(F(39, 40))
HALF_ALPHA = F(1, 40)


# ---- ranks ----

def u_doubled(a, b):
    return sum(2 if x > y else 1 if x == y else 0 for x in a for y in b)


def mann_whitney(a, b):
    both, n1 = list(a) + list(b), len(a)
    mean, mine = len(a) * len(b), u_doubled(a, b)
    ranks = {}
    for v in both:
        less, same = sum(w < v for w in both), both.count(v)
        ranks[v] = 2 * less + same + 1
    rank = [ranks[v] for v in both]
    least = min(mine, 2 * mean - mine)
    far = tail = total = 0
    for pick in combinations(range(len(both)), n1):
        u = sum(rank[i] for i in pick) - n1 * (n1 + 1)
        total += 1
        far += abs(u - mean) >= abs(mine - mean)
        tail += u <= least
    doubled = F(1) if mine == mean else min(F(1), F(2 * tail, total)) if tail else F(far, total)
    n = len(both)
    ties = sum(both.count(v) ** 3 - both.count(v) for v in set(both))
    variance = F(mean, 12) * (n + 1 - F(ties, n * (n - 1)))
    away = abs(F(mine, 2) - F(mean, 2))
    z = (dec(away) - D('0.5')) / dec(variance).sqrt() if away and variance else D(0)
    return F(mine, 2), F(far, total), doubled, normal_p(z), 1 - F(mine, 2 * mean)


RANKS = [
    ([1, 2, 3], [4, 5, 6]),
    ([1, 2, 3, 4], [5, 6, 7, 8]),
    ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]),
    ([101, 104, 99, 103, 100], [106, 102, 108, 107, 105]),
    ([10, 10, 11, 12], [11, 12, 12, 13]),
    ([10, 10, 10, 11], [10, 11, 12, 12, 12, 13]),
    ([5, 5, 5], [5, 5, 6, 7, 8]),
    ([7, 7, 7, 7], [7, 7, 7, 8]),
    ([7, 7, 7], [7, 7]),
    ([3], [1]),
    ([2, 4], [1, 3, 5, 5, 9, 11, 14]),
    ([5, 5, 6, 7, 8], [5, 5, 5]),
    ([512, 512, 520, 512, 520, 520, 520], [512, 512, 512]),
    ([3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062], [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]),
    ([1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774], [1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425]),
    ([100.0, 101.5, 99.2, 100.8, 102.3, 98.9, 100.1, 101.0, 99.7, 100.4], [102.1, 103.0, 101.7, 104.2, 102.8, 101.9, 103.5, 102.4, 105.0, 102.6]),
]


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


def leading(counts, alpha):
    """How many leading values of a symmetric distribution have a doubled mass of at most alpha; the confidence left."""
    total, mass, k = sum(counts), 0, 0
    while F(2 * (mass + counts[k]), total) <= alpha:
        mass += counts[k]
        k += 1
    return k, 1 - F(2 * mass, total)


def u_counts(n1, n2):
    counts = [0] * (n1 * n2 + 1)
    for pick in combinations(range(n1 + n2), n1):
        counts[sum(pick) - n1 * (n1 - 1) // 2] += 1
    return counts


def w_counts(n):
    counts = [1]
    for r in range(1, n + 1):
        counts = [(counts[s] if s < len(counts) else 0) + (counts[s - r] if s >= r else 0) for s in range(len(counts) + r)]
    return counts


def located(members, k, conf):
    v = sorted(members)
    return [median(v).exp(), v[k - 1].exp() if k else D(0), v[-k].exp() if k else 'inf', k, conf]


def hodges_lehmann(a, b):
    k, conf = leading(u_counts(len(a), len(b)), F(1, 20))
    return located([dec(y).ln() - dec(x).ln() for x in a for y in b], k, conf)


def walsh(d):
    k, conf = leading(w_counts(len(d)), F(1, 20))
    return located([(d[i] + d[j]) / 2 for i in range(len(d)) for j in range(i, len(d))], k, conf)


def signed_rank(d):
    d = [x for x in d if x]
    mags = [abs(x) for x in d]
    rank = [2 * sum(m < abs(x) for m in mags) + mags.count(abs(x)) + 1 for x in d]
    mean, mine = F(sum(rank), 2), sum(r for r, x in zip(rank, d) if x > 0)
    far = sum(abs(sum(r for r, s in zip(rank, signs) if s) - mean) >= abs(mine - mean) for signs in product((0, 1), repeat=len(d)))
    return F(mine, 2), F(far, 2 ** len(d))


emit('static const struct { unsigned n1, n2; double a[10], b[10], u1, p, doubled, normal, greater; } v_mann_whitney[] = {')
for a, b in RANKS:
    u, p, doubled, normal, greater = mann_whitney(a, b)
    emit(f'\t{{ {len(a)}, {len(b)}, {array(a)}, {array(b)},\n\t  {num(u)}, {num(p)}, {num(doubled)}, {num(normal)}, {num(greater)} }},')
emit('};\n')

emit('static const struct { unsigned n1, n2; double a[10], b[10], ratio, lo, hi, rank, conf; } v_ratio[] = {')
for a, b in [r for r in RANKS if len(r[0]) > 3]:
    emit(f'\t{{ {len(a)}, {len(b)}, {array(a)}, {array(b)},\n\t  {", ".join(num(v) for v in hodges_lehmann(a, b))} }},')
emit('};\n')

BASE = [100.0, 101.2, 102.1, 103.3, 104.0, 105.2, 106.1, 107.4]
PROFILED = [101.1, 102.9, 102.8, 105.6, 104.9, 106.9, 108.3, 108.2]
SIGNED = [
    [1.1, -0.4, 2.3, 0.8, 1.9, -0.2, 1.5],
    [1, 1, -1, 2, 2, 3],
    [0, 0, 1, -2, 3, 0, -4, 5],
    [1, -1],
    [5],
    [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, -8],
]
emit('static const struct { unsigned n; double d[12], w, p; } v_signed_rank[] = {')
for d in SIGNED:
    w, p = signed_rank(d)
    emit(f'\t{{ {len(d)}, {array(d)}, {num(w)}, {num(p)} }},')
logs = [(dec(y) / dec(x)).ln() for x, y in zip(BASE, PROFILED)]
w, p = signed_rank(logs)
emit(f'\t{{ {len(logs)}, {array(logs)}, {num(w)}, {num(p)} }},\n}};\n')
emit('/* logarithms of the ratios of 8 blocks; ratio, interval, rank, confidence */')
emit(f'static const double v_blocks[8] = {array(logs)};')
emit(f'static const double v_walsh[5] = {array(walsh(logs))};')
emit('static const struct { unsigned n, rank; double conf; } v_walsh_rank[] = {')
for n in range(1, 21):
    k, conf = leading(w_counts(n), F(1, 20))
    emit(f'\t{{ {n}, {k}, {num(conf)} }},')
emit('};\n')


# ---- medians ----

def bin_cdf(k, n, p=F(1, 2)):
    return sum((comb(n, i) * p ** i * (1 - p) ** (n - i) for i in range(0, k + 1)), F(0))


def gathered(n):
    """Gaps between order statistics, the likeliest first, left before right."""
    gaps = sorted(range(n + 1), key=lambda k: (-comb(n, k), k))
    mass, taken = F(0), []
    for gap in gaps:
        if mass >= F(19, 20):
            break
        mass += F(comb(n, gap), 2 ** n)
        taken.append(gap)
    return min(taken), max(taken) + 1, mass


emit('/* symmetric ranks (0 = none), then the ones that are gathered from the middle */')
emit('static const struct { unsigned n, lo, hi; double conf; unsigned left_lo, left_hi; double left_conf; } v_median_ranks[] = {')
for n in range(1, 31):
    k = max((k for k in range(0, n // 2 + 1) if 2 * bin_cdf(k - 1, n) <= F(1, 20)), default=0)
    lo, hi, mass = gathered(n)
    emit(f'\t{{ {n}, {k}, {n + 1 - k if k else 0}, {num(1 - 2 * bin_cdf(k - 1, n) if k else None)}, {lo}, {hi}, {num(mass)} }},')
emit('};\n')

# ---- corrections ----

P = [F(5, 10000), F(9, 1000), F(12, 1000), F(35, 1000), F(45, 1000), F(2, 10), F(6, 10)]


def step_up(p, factor):
    m, q, least = len(p), [], F(1)
    for j in range(m, 0, -1):
        least = min(least, factor * m * p[j - 1] / j)
        q.insert(0, least)
    return q


def holm(p):
    q, most = [], F(0)
    for j, x in enumerate(p):
        most = max(most, min(F(1), (len(p) - j) * x))
        q.append(most)
    return q


emit(f'static const double v_adjust_p[7] = {array(P)};')
emit('static const double v_adjust[4][7] = { /* Bonferroni, Holm, BH, BY */')
for q in ([min(F(1), 7 * x) for x in P], holm(P), step_up(P, F(1)), step_up(P, sum(F(1, i) for i in range(1, 8)))):
    emit(f'\t{array(q)},')
emit('};\n')


# ---- counts ----

def wilson(x, n):
    x, n, z2 = D(x), D(n), Z95 * Z95
    half = Z95 / (n + z2) * (x * (n - x) / n + z2 / 4).sqrt()
    mid = (x + z2 / 2) / (n + z2)
    return (mid - half if x else D(0)), (mid + half if x < n else D(1))


def fisher(x1, n1, x2, n2):
    m = x1 + x2
    weight = {k: comb(n1, k) * comb(n2, m - k) for k in range(max(0, m - n2), min(n1, m) + 1)}
    return F(sum(w for w in weight.values() if w <= weight[x1]), sum(weight.values()))


def shares(x1, n1, x2, n2):
    p1, p2, p = D(x1) / n1, D(x2) / n2, D(x1 + x2) / (n1 + n2)
    z = (p2 - p1) / (p * (1 - p) * (1 / D(n1) + 1 / D(n2))).sqrt()
    (l1, h1), (l2, h2) = wilson(x1, n1), wilson(x2, n2)
    half = D('0.5') if x1 == 0 or x2 == 0 else D(0)
    a, b, na, nb = x1 + half, x2 + half, n1 + half, n2 + half
    ratio, se = (b / nb) / (a / na), (1 / b - 1 / nb + 1 / a - 1 / na).sqrt()
    g = 2 * sum((D(o) * (D(o) / e).ln() for o, e in ((x1, n1 * p), (x2, n2 * p), (n1 - x1, n1 * (1 - p)), (n2 - x2, n2 * (1 - p))) if o), D(0))
    exact = fisher(x1, n1, x2, n2)
    smallest = min(n1, n2) * min(p, 1 - p)
    return [z, normal_p(z), p2 - p1 - ((p2 - l2) ** 2 + (h1 - p1) ** 2).sqrt(), p2 - p1 + ((h2 - p2) ** 2 + (p1 - l1) ** 2).sqrt(),
            ratio, ratio * (-Z95 * se).exp(), ratio * (Z95 * se).exp(), g, normal_p(g.sqrt()), exact, exact if smallest < 10 else normal_p(z)]


emit('/* z, p(z), Newcombe, ratio, Katz, G, p(G), Fisher, the p to report */')
emit('static const struct { double x1, n1, x2, n2, want[11]; } v_shares[] = {')
for x in ((500, 10000, 720, 12000), (12, 3000, 25, 3000), (3, 1000, 9, 1000), (0, 2000, 7, 2500), (5, 10, 5, 10), (1, 2, 0, 7), (9, 10, 10, 10),
          (300, 3000, 305, 3140), (500, 3000, 640, 3140), (4, 10000, 6, 400), (997, 1000, 999, 1000)):
    emit(f'\t{{ {", ".join(map(str, x))}, {array(shares(*x))} }},')
emit('};\n')


def pmf(k, n, p):
    return comb(n, k) * p ** k * (1 - p) ** (n - k)


def clopper_pearson(x, n):
    tail = dec(HALF_ALPHA)
    lo = bisect(lambda p: beta_inc(2 * x, 2 * (n - x + 1), p) >= tail, 0, 1) if x else D(0)
    hi = bisect(lambda p: 1 - beta_inc(2 * (x + 1), 2 * (n - x), p) <= tail, 0, 1) if x < n else D(1)
    return lo, hi


def rates(x1, e1, x2, e2):
    n, share = x1 + x2, F(e2, e1 + e2)
    mine = pmf(x2, n, share)
    p = sum(q for q in (pmf(k, n, share) for k in range(n + 1)) if q <= mine)
    doubled = min(F(1), 2 * min(bin_cdf(x2, n, share), 1 - bin_cdf(x2 - 1, n, share)))
    lo, hi = clopper_pearson(x2, n)
    return [dec(F(x2, e2) / F(x1, e1)) if x1 else 'inf', lo / (1 - lo) * e1 / e2, hi / (1 - hi) * e1 / e2 if x1 else 'inf', p, doubled]


emit('/* ratio, interval, exact p, doubled tail */')
emit('static const struct { double x1, e1, x2, e2, want[5]; } v_rates[] = {')
for x in ((30, 60, 52, 60), (40, 60, 35, 30), (0, 60, 6, 60), (6, 60, 0, 60), (500, 30, 560, 30), (1, 1, 1, 1000), (1000, 120000, 1100, 144000), (1, 7, 0, 1)):
    emit(f'\t{{ {", ".join(map(str, x))}, {array(rates(*x))} }},')
emit('};\n')


def garwood(x):
    tail = dec(HALF_ALPHA)
    lo = bisect(lambda m: gamma_inc(2 * x, m) >= tail, 0, 2 * x) if x else D(0)
    return lo, bisect(lambda m: 1 - gamma_inc(2 * x + 2, m) <= tail, 0, 3 * x + 9)


emit('static const struct { double x, lo, hi; } v_garwood[] = {')
for x in (0, 1, 2, 5, 30, 100, 400):
    emit(f'\t{{ {x}, {", ".join(num(v) for v in garwood(x))} }},')
emit('};\n/* Wilson, then Clopper and Pearson */')
emit('static const struct { double x, n, lo, hi, exact_lo, exact_hi; } v_share_ci[] = {')
for x, n in ((37, 1000), (1, 200), (0, 500), (500, 500), (1, 2), (7, 9)):
    emit(f'\t{{ {x}, {n}, {", ".join(num(v) for v in wilson(x, n) + clopper_pearson(x, n))} }},')
emit('};\n')

# ---- distributions ----

emit('static const struct { double df, t975, t80, chi975; } v_quantiles[] = {')
for df in (1, 2, 3, 4, 7, 9, 10, 18, 20, 30, 100):
    chi = 2 * bisect(lambda x, d=df: gamma_inc(d, x) >= dec(F(39, 40)), 0, 3 * df + 20)
    emit(f'\t{{ {df}, {num(t_quantile(F(39, 40), df))}, {num(t_quantile(F(4, 5), df))}, {num(chi)} }},')
emit('};\nstatic const struct { double z, tail; } v_normal[] = {')
for z in ('0', '0.5', '1', '1.96', '3', '6', '8.5'):
    emit(f'\t{{ {z}, {num(normal_p(z) / 2)} }},')
emit('};\nstatic const struct { double p, z; } v_normal_quantile[] = {')
for p in (F(39, 40), F(1, 2), F(19, 20), F(4, 5), F(1, 1000), F(1, 10 ** 9), F(3, 10)):
    emit(f'\t{{ {num(p)}, {num(normal_quantile(p))} }},')
emit('};\nstatic const struct { double t, df, p; } v_t[] = {')
for t, df in ((1, 1), (2, 5), (F('2.868170347428652'), 8), (F(13, 2), 9), (12, 3), (F(1, 10), 60)):
    emit(f'\t{{ {num(t)}, {df}, {num(t_p(t, df))} }},')
emit('};\n')

# ---- replicates and whole profiles ----

A = [(48, 1000), (61, 1020), (39, 980), (70, 1010), (42, 990)]
B = [(66, 1000), (85, 1030), (60, 970), (79, 1005), (71, 1000)]


def pearson(side):
    p = F(sum(x for x, _ in side), sum(n for _, n in side))
    return sum((x - n * p) ** 2 / (n * p * (1 - p)) for x, n in side), len(side) - 1


(ca, fa), (cb, fb) = pearson(A), pearson(B)
phi = max(F(1), (ca + cb) / (fa + fb))
z = shares(sum(x for x, _ in A), sum(n for _, n in A), sum(x for x, _ in B), sum(n for _, n in B))[0]
t = z / dec(phi).sqrt()
emit('/* dispersions, phi, naive z and p, t, p */')
emit(f'static const double v_replicates_a[2][5] = {{ {array([x for x, _ in A])}, {array([n for _, n in A])} }};')
emit(f'static const double v_replicates_b[2][5] = {{ {array([x for x, _ in B])}, {array([n for _, n in B])} }};')
emit(f'static const double v_replicates[7] = {array([ca / fa, cb / fb, phi, z, normal_p(z), t, t_p(F(str(t)), 8)])};\n')

TA, TB = [300, 500, 900, 200, 100, 400, 600], [305, 640, 905, 210, 95, 395, 590]
na, nb = sum(TA), sum(TB)
g = sum((2 * (x * (D(x) * (na + nb) / (D(na) * (x + y))).ln() + y * (D(y) * (na + nb) / (D(nb) * (x + y))).ln()) for x, y in zip(TA, TB)), D(0))
tv = sum(abs(F(x, na) - F(y, nb)) for x, y in zip(TA, TB)) / 2
js = sum((p * (p / ((p + q) / 2)).ln() + q * (q / ((p + q) / 2)).ln() for p, q in ((D(x) / na, D(y) / nb) for x, y in zip(TA, TB))), D(0)) / 2 / D(2).ln()
emit('/* G, p on 6 df, total variation, Jensen-Shannon divergence in bits */')
emit(f'static const double v_tree_a[7] = {array(TA)};\nstatic const double v_tree_b[7] = {array(TB)};')
emit(f'static const double v_tree[4] = {array([g, 1 - gamma_inc(6, g / 2), tv, js])};\n')

# ---- series ----

SERIES = [F(x) for x in '100.2 99.8 100.5 100.9 100.4 101.2 101.0 101.6 101.3 101.9 101.5 102.2'.split()]
MODES = [F(x) for x in '100 101 99.5 100.5 100.2 130 131 129.5 130.4 100.1 130.8 99.9'.split()]


def kendall(x):
    return sum((x[j] > x[i]) - (x[j] < x[i]) for i in range(len(x)) for j in range(i + 1, len(x)))


def bimodality(x):
    n, mean = len(x), sum(x) / len(x)
    m2, m3, m4 = (sum((v - mean) ** k for v in x) / n for k in (2, 3, 4))
    skew2 = m3 * m3 / m2 ** 3 * n * (n - 1) / F((n - 2) ** 2)
    kurtosis = F(n - 1, (n - 2) * (n - 3)) * ((n + 1) * (m4 / m2 ** 2 - 3) + 6)
    return (skew2 + 1) / (kurtosis + F(3 * (n - 1) ** 2, (n - 2) * (n - 3)))


n, mean = len(SERIES), sum(SERIES) / len(SERIES)
s2 = sum((x - mean) ** 2 for x in SERIES)
r1 = sum((x - mean) * (y - mean) for x, y in zip(SERIES, SERIES[1:])) / s2
vn = sum((y - x) ** 2 for x, y in zip(SERIES, SERIES[1:])) / s2
S = kendall(SERIES)
slope = median([(SERIES[j] - SERIES[i]) / (j - i) for i in range(n) for j in range(i + 1, n)])
emit('/* S, z, slope, lag 1, von Neumann, effective runs, bimodality */')
emit(f'static const double v_series[12] = {array(SERIES)};')
emit(f'static const double v_noise[7] = {array([F(S), (S - 1) / dec(F(n * (n - 1) * (2 * n + 5), 18)).sqrt(), slope, r1, vn, n * (1 - r1) / (1 + r1), bimodality(SERIES)])};')
low, high = sorted(MODES)[:7], sorted(MODES)[7:]
ml, mh = sum(low) / 7, sum(high) / 5
inside = (sum((x - ml) ** 2 for x in low) + sum((x - mh) ** 2 for x in high)) / 10
emit(f'static const double v_modes_series[12] = {array(MODES)};')
emit(f'static const double v_modes[2] = {array([bimodality(MODES), dec(mh - ml) / dec(inside).sqrt()])}; /* coefficient, separation of 7 and 5 */')


def inversions(n):
    counts = [1]
    for i in range(2, n + 1):
        counts = [sum(counts[k - j] for j in range(i) if 0 <= k - j < len(counts)) for k in range(len(counts) + i - 1)]
    return counts


emit('static const struct { unsigned n, s; double p; } v_kendall[] = { /* P(|S| >= s) */')
for n in range(3, 11):
    counts = inversions(n)
    pairs = n * (n - 1) // 2
    for s in range(pairs % 2, pairs + 1, 6 if n > 6 else 2):
        emit(f'\t{{ {n}, {s}, {num(F(sum(c for k, c in enumerate(counts) if abs(pairs - 2 * k) >= s), factorial(n)))} }},')
emit('};\n')


# ---- random numbers ----

class Rng:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2 ** 64
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2 ** 64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2 ** 64
        return z ^ z >> 31

    def below(self, n):
        return self.next() * n >> 64


rng = Rng(42)
emit('static const uint64_t v_rng[6] = { ' + ', '.join(f'0x{rng.next():016x}' for _ in range(6)) + ' };')
rng = Rng(42)
emit('static const unsigned v_below10[24] = { ' + ', '.join(str(rng.below(10)) for _ in range(24)) + ' };\n')

BOOT_A, BOOT_B = RANKS[-1]


def bootstrap(center, seed, paired=False, replicates=9999):
    rng, ratios = Rng(seed), []
    for _ in range(replicates):
        i = [rng.below(10) for _ in range(10)]
        j = i if paired else [rng.below(10) for _ in range(10)]
        ratios.append(center([BOOT_B[k] for k in j]) / center([BOOT_A[k] for k in i]))
    ratios.sort()
    r = center(BOOT_B) / center(BOOT_A)
    lo, hi = ratios[-(-(replicates + 1) // 40) - 1], ratios[-(-39 * (replicates + 1) // 40) - 1]
    return r, lo, hi


def mean_of(x):
    return float(sum((F(v) for v in x), F(0)) / len(x))


emit('/* medians, means, paired medians of v_mann_whitney\'s last row; other seeds for medians: ratio, interval */')
emit('static const struct { unsigned center, seed; bool paired; double ratio, lo, hi; } v_bootstrap[] = {')
for center, which, seed, paired in ((median, 0, 42, False), (mean_of, 1, 42, False), (median, 0, 42, True), (median, 0, 1, False), (median, 0, 2, False), (median, 0, 3, False)):
    emit(f'\t{{ {which}, {seed}, {num(paired)}, {", ".join(num(v) for v in bootstrap(center, seed, paired))} }},')
emit('};\n')

# ---- means over workloads, plans ----

RATIOS, SE = [D('1.004'), D('0.993'), D('1.031'), D('1.02')], [D('0.004'), D('0.006'), D('0.005'), D('0.01')]
logs = [r.ln() for r in RATIOS]
m = sum(logs) / 4
fixed = Z95 * sum(s * s for s in SE).sqrt() / 4
random = t_quantile(F(39, 40), 3) * (sum((x - m) ** 2 for x in logs) / 3).sqrt() / 2
emit('/* mean; interval of these workloads; interval of all workloads */')
emit(f'static const double v_geo_logs[4] = {array(logs)};\nstatic const double v_geo_se[4] = {array(SE)};')
emit(f'static const double v_geo[5] = {array([m.exp(), (m - fixed).exp(), (m + fixed).exp(), (m - random).exp(), (m + random).exp()])};\n')
emit('static const struct { double cv; unsigned n; double mde; } v_mde[] = {')
for cv in (F(1, 200), F(1, 100), F(1, 20)):
    for n in (5, 10, 20, 30):
        mde = (t_quantile(F(39, 40), 2 * n - 2) + t_quantile(F(4, 5), 2 * n - 2)) * dec(cv) * (D(2) / n).sqrt()
        emit(f'\t{{ {num(cv)}, {n}, {num(mde)} }},')
emit('};')

text = '''/* What the statistics must say: written by tests/stats/make_vectors.py, do not edit. */
#ifndef SUPPORT_STATS_VECTORS_H
#define SUPPORT_STATS_VECTORS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

''' + '\n'.join(out).rstrip() + '\n\n#endif\n'
if len(sys.argv) == 3 and sys.argv[1] == '--check':
    with open(sys.argv[2], encoding='utf-8') as f:
        if f.read() != text:
            sys.exit(f'{sys.argv[2]} is not what {sys.argv[0]} writes')
else:
    sys.stdout.write(text)

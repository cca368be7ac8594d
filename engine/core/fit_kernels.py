#!/usr/bin/env python3
"""Prints the coefficient tables of engine/core/kernels.hpp and include/spikecast/simd_math.hpp (needs mpmath).

Rational functions P/Q are interpolated at Chebyshev nodes, which is within a small factor of the best approximation; the
largest relative error on a fine grid is printed beside each. erfcx is expanded in Chebyshev polynomials.
"""
from mpmath import (mp, mpf, matrix, lu_solve, cos, pi, sqrt, exp, log, erfc, erfinv, findroot, chebyt)

mp.dps = 60


def rational(f, low, high, m, n, weight=lambda s: 1):
    """P (degree m) and Q (degree n, Q(0) = 1) with P/Q = f at the m + n + 1 Chebyshev nodes of [low, high]."""
    count = m + n + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    a, b = matrix(count, count), matrix(count, 1)
    for i, s in enumerate(nodes):
        y = f(s)
        for j in range(m + 1):
            a[i, j] = s**j
        for j in range(1, n + 1):
            a[i, m + j] = -y * s**j
        b[i] = y
    x = lu_solve(a, b)
    p, q = [x[j] for j in range(m + 1)], [mpf(1)] + [x[m + j] for j in range(1, n + 1)]
    worst = mpf(0)
    for i in range(301):
        s = low + (high - low) * (mpf(i) + mpf("0.37")) / 302
        value = sum(c * s**j for j, c in enumerate(p)) / sum(c * s**j for j, c in enumerate(q))
        worst = max(worst, abs(value / f(s) - 1))
    return p, q, worst


def table(name, values):
    # Chosen by repr, the shortest text that reads back as the same double.
    print(f"inline constexpr double {name}[] = {{")
    for i in range(0, len(values), 4):
        print("    " + ", ".join(repr(float(v)) for v in values[i:i + 4]) + ",")
    print("};")


def central(s):
    """z / q at q = p - 1/2, s = q^2."""
    if s == 0:
        return sqrt(2 * pi)
    q = sqrt(s)
    return sqrt(mpf(2)) * erfinv(2 * q) / q


def tail(r):
    """-z at p = exp(-r^2)."""
    target = -r * r
    start = sqrt(2) * r * mpf("0.95") if r > 3 else sqrt(2) * r - mpf("0.7")
    return findroot(lambda z: log(erfc(z / sqrt(mpf(2))) / 2) - target, start)


def erfcx_scaled(t):
    """(1 + 2 x) exp(x^2) erfc(x) at x = 2 (1 + t) / (1 - t)."""
    if t == 1:
        return 2 / sqrt(pi)
    x = 2 * (1 + t) / (1 - t)
    return (1 + 2 * x) * exp(x * x) * erfc(x)


def chebyshev(f, terms):
    count = 120
    angles = [pi * (2 * i + 1) / (2 * count) for i in range(count)]
    values = [f(cos(x)) for x in angles]
    out = [2 * sum(v * cos(k * x) for v, x in zip(values, angles)) / count for k in range(terms)]
    out[0] /= 2
    return out


def exp_tail(n):
    """(exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2 by a polynomial of degree n; and the relative error of exp by it."""
    f = lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > mpf("1e-20") else mpf("0.5")
    half = log(mpf(2)) / 2 * mpf("1.0001")
    p, _, _ = rational(f, -half, half, n, 0)
    worst = max(abs((1 + r + r * r * sum(c * r**j for j, c in enumerate(p))) / exp(r) - 1)
                for r in (half * (mpf(2 * i) / 301 - 1) for i in range(302)))
    return p, worst


if __name__ == "__main__":
    for name, f, low, high, m, n in (
            ("central", lambda t: central(mpf("0.180625") - t), mpf(0), mpf("0.180625"), 8, 7),
            ("tail", lambda t: tail(t + mpf("1.5")), mpf(0), mpf("3.5"), 8, 7),
            ("far", lambda t: tail(t + 5), mpf(0), mpf("27.5") - 5, 9, 8)):
        p, q, worst = rational(f, low, high, m, n)
        print(f"// relative error {float(worst):.1e}")
        table(f"{name}_p", p)
        table(f"{name}_q", q)
    table("erfcx_c", chebyshev(erfcx_scaled, 32))
    from mpmath import zeta, euler
    table("lgamma2_c", [1 - euler] + [(-1)**k * (zeta(k) - 1) / k for k in range(2, 30)])
    for name, degree in (("exp_tail_double", 9), ("exp_tail_single", 4)):
        p, worst = exp_tail(degree)
        print(f"// relative error {float(worst):.1e}")
        table(name, p)

"""Cable theory, for scripts/reproduce.py cable_theory: closed forms of passive cables, and Hodgkin and Huxley's cable by
another method. Units: mV, ms, pA, um, ohm cm, uF/cm^2, mS/cm^2."""
import math

import numpy as np

VARIANTS = ["rallpack_1", "rallpack_2", "rallpack_3", "infinite", "sealed", "rall", "axon_18", "axon_6"]


def length_constant(diameter, R_a, g):
    return 1e4 * math.sqrt(diameter * 1e-4 * 1e3 / (4 * g * R_a))


def sealed_cylinder(x, t, current, length, diameter, R_a, g):
    """Rall (1959): potential over rest at x after a current was switched on at the begin, at times t; c_m = 1. The series'
    terms fall with exp(-t (n pi lambda / L)^2 / tau) and are cut below 1e-12 of the first."""
    lam, tau = length_constant(diameter, R_a, g), 1 / g
    r = R_a * 4e4 / (math.pi * diameter ** 2)  # ohm / um
    V = np.full(len(t), 1e-9 * r * lam * math.cosh((length - x) / lam) / math.sinh(length / lam))
    n = np.arange(1 + int(length / (math.pi * lam) * math.sqrt(28 * tau / t[0])))[:, None]
    tau_n = tau / (1 + (n * math.pi * lam / length) ** 2)
    terms = np.where(n == 0, 1, 2) * tau_n * np.cos(n * math.pi * x / length) * np.exp(-t / tau_n)
    return current * (V - terms.sum(axis=0) / (0.01 * math.pi * diameter * length))


def infinite_cable(x, t, current, diameter, R_a, g):
    """Hodgkin & Rushton (1946): a current at 0 of an infinite cable."""
    lam, tau = length_constant(diameter, R_a, g), 1 / g
    X, root = x / lam, np.sqrt(t / tau)
    erfc = np.vectorize(math.erfc)
    r = R_a * 4e4 / (math.pi * diameter ** 2)
    return current * 1e-9 * r * lam / 4 * (math.exp(-X) * erfc(X / (2 * root) - root)
                                           - math.exp(X) * erfc(X / (2 * root) + root))


def hodgkin_huxley_cable(times, n=100, length=1000.0, diameter=1.0, R_a=100.0, g=0.025, current=100.0, h=0.002):
    """Rallpack 3 in n pieces by the classical Runge-Kutta method: potentials at both ends. It is stable up to 2.78 over the
    fastest rate, 4 axial / capacitance (1000 / ms) and the channels' (50 / ms); its error at this step is below 1e-3 mV."""
    area = math.pi * diameter * length / n
    axial = 1e5 * math.pi * diameter ** 2 / 4 / (R_a * length / n)  # nS
    per_area = 100 / area  # pA in uA/cm^2

    def derivative(y):
        V, m, s, k = y
        u = V + 65
        a = 25 - u
        am = np.where(np.abs(a) < 1e-6, 1.0, 0.1 * a / np.expm1(np.where(a == 0, 1, a) / 10))
        a = 10 - u
        an = np.where(np.abs(a) < 1e-6, 0.1, 0.01 * a / np.expm1(np.where(a == 0, 1, a) / 10))
        flow = axial * np.diff(V)
        I = np.zeros(n)
        I[:-1] += flow
        I[1:] -= flow
        I[0] += current
        dV = I * per_area - g * u - 120 * m ** 3 * s * (V - 50) - 36 * k ** 4 * (V + 77)
        return np.array([dV, am * (1 - m) - 4 * np.exp(-u / 18) * m,
                         0.07 * np.exp(-u / 20) * (1 - s) - s / (np.exp((30 - u) / 10) + 1),
                         an * (1 - k) - 0.125 * np.exp(-u / 80) * k])

    y = np.array([np.full(n, x) for x in (-65.0, 0.05293248525724958, 0.5961207535084603, 0.3176769140606974)])
    begin, end, step = [], [], 0
    for time in times:
        while step < round(time / h):
            k1 = derivative(y)
            k2 = derivative(y + h / 2 * k1)
            k3 = derivative(y + h / 2 * k2)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + derivative(y + h * k3))
            step += 1
        begin.append(y[0, 0] + current / (2 * axial))
        end.append(y[0, -1])
    return np.array(begin), np.array(end)


def rms_percent(found, reference):
    """RMS of the difference, in % of the reference's range."""
    return 100 * math.sqrt(np.mean((found - reference) ** 2)) / np.ptp(reference)


def measure(recordings):
    runs = dict(zip(VARIANTS, recordings))
    rms, speed = {}, {}

    def judge(variant, place, reference):
        t, V = runs[variant].traces["N", f"V_m[{place}]"]
        error = rms_percent(V, -65 + reference(t))
        rms[variant] = max(rms.get(variant, 0.0), error)

    for place, x in (("cable(0)", 0), ("cable(1)", 1000)):
        judge("rallpack_1", place, lambda t: sealed_cylinder(x, t, 100, 1000, 1, 100, 0.025))
        judge("sealed", place, lambda t: sealed_cylinder(x, t, 10, 1000, 4, 400, 0.1))
    for place, x in (("dend_0(0)", 0), ("apic_681(1)", 320)):
        judge("rallpack_2", place, lambda t: sealed_cylinder(x, t, 100, 320, 16, 100, 0.025))
    for place, x in (("trunk(0)", 0), ("thin(1)", 1000), ("thick(1)", 1000)):
        judge("rall", place, lambda t: sealed_cylinder(x, t, 10, 1000, 4, 400, 0.1))
    for place, x in (("left(1)", 0), ("right(0.1)", 505)):  # the centre of the compartment that begins at 500 um
        judge("infinite", place, lambda t: infinite_cable(x, t, 10, 2, 200, 0.1))
    t, _ = runs["rallpack_3"].traces["N", "V_m[cable(0)]"]
    for place, reference in zip(("cable(0)", "cable(1)"), hodgkin_huxley_cable(t)):
        judge("rallpack_3", place, lambda _: reference + 65)
    for variant in ("axon_18", "axon_6"):
        near, far = (runs[variant].spikes[name][0] for name in ("near", "far"))
        speed[variant] = 1e-3 * 0.4 * 100_000 / (far - near)
    return {"rms_%": rms, "m/s": speed}

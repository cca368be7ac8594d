"""The twenty patterns of the Izhikevich neuron (2004), written a second time: a plain loop over the paper's equations,
V by one Euler step and then u by one, with inputs as functions of time. Spike times are ends of steps, in steps."""
import numpy as np


def pulse(amplitude, begin, end, base=0.0):
    return lambda t: base + (amplitude if begin < t < end else 0.0)


def pulses(amplitude, intervals, base=0.0):
    return lambda t: base + (amplitude if any(begin < t < end for begin, end in intervals) else 0.0)


def step(amplitude, begin, base=0.0):
    return lambda t: base + (amplitude if t > begin else 0.0)


def ramp(slope, begin, base=0.0):
    return lambda t: base + (slope * (t - begin) if t > begin else 0.0)


def threshold_variability(t):
    return 1.0 if 10 < t < 15 or 80 < t < 85 else (-6.0 if 70 < t < 75 else 0.0)


def accommodation(t):
    return t / 25 if t < 200 else (0.0 if t < 300 else ((t - 300) / 12.5 * 4 if t < 312.5 else 0.0))


def inhibited(t):
    return 80.0 if t < 50 or t > 250 else 75.0


# a, b, c, d, V at the start, step in ms, duration in ms, input
PATTERNS = {
    "A": (0.02, 0.2, -65, 6, -70, 0.25, 100, step(14, 10)),
    "B": (0.02, 0.25, -65, 6, -64, 0.25, 200, step(0.5, 20)),
    "C": (0.02, 0.2, -50, 2, -70, 0.25, 220, step(15, 22)),
    "D": (0.02, 0.25, -55, 0.05, -64, 0.2, 200, step(0.6, 20)),
    "E": (0.02, 0.2, -55, 4, -70, 0.25, 160, step(10, 16)),
    "F": (0.01, 0.2, -65, 8, -70, 0.25, 85, step(30, 8.5)),
    "G": (0.02, -0.1, -55, 6, -60, 0.25, 300, ramp(0.075, 30)),
    "H": (0.2, 0.26, -65, 0, -64, 0.25, 300, ramp(0.015, 30, -0.5)),
    "I": (0.02, 0.2, -65, 6, -70, 0.2, 100, pulse(7.04, 10, 13)),
    "J": (0.05, 0.26, -60, 0, -62, 0.25, 200, pulse(2, 20, 25)),
    "K": (0.1, 0.26, -60, -1, -62, 0.25, 400, pulses(0.65, [(40, 44), (60, 64), (280, 284), (320, 324)])),
    "L": (0.02, -0.1, -55, 6, -60, 0.25, 100,
          pulses(9, [(100 / 11, 100 / 11 + 2), (100 / 11 + 5, 100 / 11 + 7), (70, 72), (80, 82)])),
    "M": (0.03, 0.25, -60, 4, -64, 0.2, 200, pulse(-15, 20, 25)),
    "N": (0.03, 0.25, -52, 0, -64, 0.2, 200, pulse(-15, 20, 25)),
    "O": (0.03, 0.25, -60, 4, -64, 0.25, 100, threshold_variability),
    "P": (0.1, 0.26, -60, 0, -61, 0.25, 300, pulses(1, [(37.5, 42.5), (216, 221)], 0.24)),
    "Q": (1, 0.2, -60, -21, -70, 0.1, 50, pulse(20, 9, 11)),
    "R": (0.02, 1, -55, 4, -65, 0.5, 400, accommodation),
    "S": (-0.02, -1, -60, 8, -63.8, 0.5, 350, inhibited),
    "T": (-0.026, -1, -45, -2, -63.8, 0.5, 350, inhibited),
}


def spikes(name):
    """(step in ms, the numbers of the steps at whose end there is a spike)"""
    a, b, c, d, V, h, duration, current = PATTERNS[name]
    u = -16.0 if name == "R" else b * V
    found = []
    for k in range(int(round(duration / h)) + 1):
        # k h, rounded to what the decimal number is: comparisons with begins and ends mean multiples of the step
        I = current(round(k * h, 9))
        if name in "GL":
            V = V + h * (0.04 * V * V + 4.1 * V + 108 - u + I)
        else:
            V = V + h * (0.04 * V * V + 5 * V + 140 - u + I)
        u = u + h * a * (b * (V + 65) if name == "R" else b * V - u)
        if V > 30:
            found.append(k + 1)
            V, u = c, u + d
    return h, np.array(found, dtype=np.int64)


if __name__ == "__main__":
    for pattern in PATTERNS:
        h, steps = spikes(pattern)
        print(pattern, len(steps), [round(float(s), 2) for s in (steps - 1) * h][:3])

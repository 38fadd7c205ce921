#!/usr/bin/python3
"""Exact transport between Gaussian mixtures: `lehr diffusion transport` beside the same samplers vectorised in NumPy.

    /usr/bin/python3 bench/peers/interpolant/compare.py [--lehr build/release/apps/lehr/lehr] [--count 200000] [--steps 100]

Needs python3-numpy. Both carry draws of two components at -3 and 3 into three at -6, 0 and 6 by the flow (classical Runge-Kutta, four
evaluations a step) and by the forward SDE with epsilon = 0.5 (Euler-Maruyama), with the exact velocity and score, in double precision
and one thread. Both times are those of all steps less one: a run of a single step is taken off, so that the command's start, its draws and
its report do not count. The last lines are ratios of time; both Kolmogorov-Smirnov statistics must be alike.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

P, M, C = np.array([0.5, 0.5]), np.array([-3.0, 3.0]), np.array([0.25, 0.25])
Q, N, D = np.array([1, 1, 1]) / 3, np.array([-6.0, 0.0, 6.0]), np.array([0.5, 0.33, 0.5])


def fields(t, x, score):
    """Velocity, and score where asked for, of the linear path with gamma^2 = t (1 - t)."""
    i, j = np.repeat(np.arange(2), 3), np.tile(np.arange(3), 2)
    mean, rate = (1 - t) * M[i] + t * N[j], N[j] - M[i]
    variance = (1 - t) ** 2 * C[i] + t * t * D[j] + t * (1 - t)
    half = -(1 - t) * C[i] + t * D[j] + 0.5 * (1 - 2 * t)
    g = (x[None, :] - mean[:, None]) / variance[:, None]
    w = np.log(P[i] * Q[j] / np.sqrt(variance))[:, None] - 0.5 * g * g * variance[:, None]
    w = np.exp(w - w.max(axis=0))
    w /= w.sum(axis=0)
    b = (w * (rate[:, None] + half[:, None] * g)).sum(axis=0)
    return b, -(w * g).sum(axis=0) if score else None


def flow(x, steps):
    h = 1 / steps
    for k in range(steps):
        t = k * h
        k1 = fields(t, x, False)[0]
        k2 = fields(t + h / 2, x + h / 2 * k1, False)[0]
        k3 = fields(t + h / 2, x + h / 2 * k2, False)[0]
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + fields(t + h, x + h * k3, False)[0])
    return x


def noisy(x, steps, random, epsilon=0.5):
    h = 1 / steps
    for k in range(steps):
        b, s = fields(k * h, x, True)
        x = x + h * (b + epsilon * s) + math.sqrt(2 * epsilon * h) * random.standard_normal(len(x))
    return x


def ks(x):
    x = np.sort(x)
    z = (x[:, None] - N) / np.sqrt(2 * D)
    cdf = (0.5 * (1 + np.vectorize(math.erf)(z))) @ Q
    n = len(x)
    return max(np.max(np.arange(1, n + 1) / n - cdf), np.max(cdf - np.arange(n) / n))


def run_lehr(command, count, steps, sde):
    with tempfile.TemporaryDirectory() as folder:
        laws = os.path.join(folder, "laws.json")
        with open(laws, "w") as file:
            json.dump({"rho0": {"weights": list(P), "means": [[m] for m in M], "variances": list(C)},
                       "rho1": {"weights": list(Q), "means": [[m] for m in N], "variances": list(D)}}, file)
        words = [os.path.abspath(command), "diffusion", "transport", laws, "--count", str(count), "--steps", str(steps), "--compare", "2",
                 "--threads", "1", "--json", "--quiet"]
        words += ["--epsilon", "0.5", "--integrator", "euler"] if sde else []
        before = os.times()
        finished = subprocess.run(words, capture_output=True, text=True, check=False)
        after = os.times()
    if finished.returncode != 0:
        sys.exit(f"{command} failed: {finished.stderr.strip()}")
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(finished.stdout)["metrics"]["ks"], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--count", type=int, default=200000)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    random = np.random.default_rng(1)
    start = M[random.integers(2, size=options.count)] + 0.5 * random.standard_normal(options.count)
    print(f"{options.count} points, {options.steps} steps, one thread; seconds of the processor")
    for name, sde in (("flow, RK4", False), ("SDE, Euler", True)):
        run = (lambda steps: noisy(start, steps, random)) if sde else (lambda steps: flow(start, steps))
        begin = time.process_time()
        run(1)
        middle = time.process_time()
        end = run(options.steps)
        peer = time.process_time() - middle - (middle - begin)
        _, short = run_lehr(options.lehr, options.count, 1, sde)
        statistic, seconds = run_lehr(options.lehr, options.count, options.steps, sde)
        print(f"{name:12} NumPy {peer:7.2f} s, KS {ks(end):.4f}    lehr {seconds - short:7.2f} s, KS {statistic:.4f}    "
              f"ratio {peer / (seconds - short):.2f}")


if __name__ == "__main__":
    main()

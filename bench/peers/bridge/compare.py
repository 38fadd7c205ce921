#!/usr/bin/env python3
"""Fits the same light Schroedinger bridge with Lehr and with NumPy, and runs Sinkhorn's iteration in both: loss and time.

    /usr/bin/python3 bench/peers/bridge/compare.py [--lehr build/release/apps/lehr/lehr] [--points 5000] [--sinkhorn 2000]

Needs Debian's python3-numpy. The NumPy side takes the same steps: Adam on minibatches of 128, weights stored as eps log alpha, the
gradients in closed form (no automatic differentiation), and a log-domain Sinkhorn iteration as POT's `sinkhorn_log` writes it. The
clouds are N(0, I) and a mixture of five. Both run on one thread; times are wall seconds of the fit alone, the best of `--repeats`. The
last column is NumPy's time over Lehr's. The losses are both measured here, on all points; they differ by the starts that each draws.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np


def log_sum_exp(terms, axis):
    high = terms.max(axis, keepdims=True)
    return np.squeeze(high, axis) + np.log(np.exp(terms - high).sum(axis))


def terms_of(x, y, log_alpha, r, s, eps):
    """Logarithms of the terms of c(x) (n x K) and of v(y) (m x K)."""
    c = log_alpha + (x * x @ s.T + 2 * x @ r.T) / (2 * eps)
    precision = 1 / (eps * s)
    v = log_alpha - 0.5 * np.log(2 * np.pi * eps * s).sum(1) - 0.5 * (
        y * y @ precision.T - 2 * y @ (r * precision).T + (r * r * precision).sum(1))
    return c, v


def loss(x, y, model):
    c, v = terms_of(x, y, *model)
    return log_sum_exp(c, 1).mean() - log_sum_exp(v, 1).mean()


def fit(x, y, eps, components, steps, rate, batch=128, seed=1):
    random = np.random.default_rng(seed)
    d = x.shape[1]
    parameters = [np.full(components, -eps * np.log(components)),
                  y[random.choice(len(y), components, replace=False)].copy(), np.full((components, d), np.log(0.1))]
    first, second = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        xb, yb = x[random.integers(len(x), size=batch)], y[random.integers(len(y), size=batch)]
        raw, r, log_s = parameters
        s = np.exp(log_s)
        c, v = terms_of(xb, yb, raw / eps, r, s, eps)
        p = np.exp(c - log_sum_exp(c, 1)[:, None]) / batch
        q = np.exp(v - log_sum_exp(v, 1)[:, None]) / batch
        mass, first_moment, second_moment = q.sum(0)[:, None], q.T @ yb, q.T @ (yb * yb)
        gradients = [
            (p.sum(0) - q.sum(0)) / eps, p.T @ xb / eps - (first_moment - r * mass) / (eps * s),
            s * (p.T @ (xb * xb)) / (2 * eps) -
            (second_moment - 2 * r * first_moment + r * r * mass) / (2 * eps * s) + 0.5 * mass
        ]
        for i, gradient in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            parameters[i] = parameters[i] - rate * (first[i] / (1 - 0.9**step)) / (
                np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    raw, r, log_s = parameters
    return raw / eps, r, np.exp(log_s), eps


def sinkhorn(x, y, eps, iterations):
    cost = 0.5 * ((x[:, None, :] - y[None, :, :])**2).sum(2)
    f, g = np.zeros(len(x)), np.zeros(len(y))
    start = time.perf_counter()
    for _ in range(iterations):
        g = -eps * (log_sum_exp((f[:, None] - cost) / eps, 0) - np.log(len(x)))
        f = -eps * (log_sum_exp((g[None, :] - cost) / eps, 1) - np.log(len(y)))
    return time.perf_counter() - start


def clouds(n, d, eps):
    random = np.random.default_rng(7)
    r, s = random.normal(size=(5, d)) * 4.8 / np.sqrt(d), random.uniform(0.5, 1, (5, d))
    x, others = random.normal(size=(n, d)), random.normal(size=(n, d))
    terms = (others * others @ s.T + 2 * others @ r.T) / (2 * eps)
    shares = np.exp(terms - log_sum_exp(terms, 1)[:, None])
    k = (shares.cumsum(1) < random.uniform(size=(n, 1))).sum(1).clip(max=4)
    return x, r[k] + s[k] * others + np.sqrt(eps * s[k]) * random.normal(size=(n, d))


def by_lehr(command, folder, options):
    out = subprocess.run([command, "diffusion", "bridge", "--from", folder / "x0.npy", "--to", folder / "x1.npy", "--threads", "1",
                          "--json", "--quiet", "--save", folder / "m.json", *map(str, options)],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out)["metrics"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--sinkhorn", type=int, default=2000, help="points a side; 0: no Sinkhorn")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{'d':>4} {'K':>4} {'eps':>5} {'loss Lehr':>10} {'NumPy':>10} {'s Lehr':>8} {'s NumPy':>8} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for d, components, eps, rate in ((2, 20, 0.1, 3e-3), (16, 10, 1, 1e-2), (16, 50, 1, 1e-2), (50, 10, 1, 1e-2)):
            x, y = clouds(arguments.points, d, eps)
            np.save(folder / "x0.npy", x), np.save(folder / "x1.npy", y)
            options = ["--epsilon", eps, "--components", components, "--learning_rate", rate, "--steps", arguments.steps]
            own, peer = [], []
            for _ in range(arguments.repeats):
                own.append(by_lehr(arguments.lehr, folder, options)["fit_seconds"])
                start = time.perf_counter()
                model = fit(x, y, eps, components, arguments.steps, rate)
                peer.append(time.perf_counter() - start)
            saved = json.loads((folder / "m.json").read_text())
            lehr = [np.array(saved[key]) for key in ("log_alpha", "r", "S_diag")] + [eps]
            print(f"{d:4} {components:4} {eps:5} {loss(x, y, lehr):10.4f} {loss(x, y, model):10.4f} {min(own):8.2f} "
                  f"{min(peer):8.2f} {min(peer) / min(own):6.1f}", flush=True)
        if arguments.sinkhorn:
            n = arguments.sinkhorn
            x, y = clouds(n, 2, 0.1)
            np.save(folder / "x0.npy", x), np.save(folder / "x1.npy", y)
            own = by_lehr(arguments.lehr, folder, ["--epsilon", 0.1, "--steps", 100, "--sinkhorn_steps", 20,
                                                   "--check_points", n])["sinkhorn_seconds"]
            peer = sinkhorn(x, y, 0.1, 20)
            print(f"20 Sinkhorn iterations, {n} points a side: Lehr {own:.2f} s, NumPy {peer:.2f} s, ratio {peer / own:.1f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Fits the same light Schroedinger bridge with Lehr, NumPy and PyTorch, and runs Sinkhorn's iteration in all three: loss and time.

    /usr/bin/python3 bench/peers/bridge/compare.py [--lehr build/release/apps/lehr/lehr] [--points 5000] [--sinkhorn 2000]

Needs Debian's python3-numpy; python3-torch is left out where it is absent. All take the same steps: Adam on minibatches of 128, weights
stored as eps log alpha. NumPy has the gradients in closed form and a log-domain Sinkhorn iteration as POT's `sinkhorn_log` writes it;
PyTorch differentiates, as the authors' code does, in float64. The clouds are N(0, I) and a mixture of five. Everything runs on one
thread; times are processor seconds of the fit alone, the least of `--repeats`, the three in turns. Lehr's is that of the command less
that of the same command with the fitted model, which reads the same files and writes the same report. Ratios are the others' time over
Lehr's. The losses are all measured here, on all points; they differ by the starts that each draws.
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

try:
    import torch

    torch.set_num_threads(1)
except ImportError:
    torch = None


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


def fit_torch(x, y, eps, components, steps, rate, batch=128, seed=1):
    torch.manual_seed(seed)
    x, y, d = torch.from_numpy(x), torch.from_numpy(y), x.shape[1]
    raw = torch.full((components, ), -eps * np.log(components), dtype=torch.float64)
    r, log_s = y[torch.randperm(len(y))[:components]].clone(), torch.full((components, d), np.log(0.1), dtype=torch.float64)
    parameters = [p.requires_grad_() for p in (raw, r, log_s)]
    adam = torch.optim.Adam(parameters, lr=rate)
    for _ in range(steps):
        xb, yb = x[torch.randint(len(x), (batch, ))], y[torch.randint(len(y), (batch, ))]
        s = log_s.exp()
        c = raw / eps + (xb * xb @ s.T + 2 * xb @ r.T) / (2 * eps)
        precision = 1 / (eps * s)
        v = raw / eps - 0.5 * (np.log(2 * np.pi * eps) + log_s).sum(1) - 0.5 * (yb * yb @ precision.T - 2 * yb @ (r * precision).T +
                                                                            (r * r * precision).sum(1))
        value = c.logsumexp(1).mean() - v.logsumexp(1).mean()
        adam.zero_grad()
        value.backward()
        adam.step()
    return raw.detach().numpy() / eps, r.detach().numpy(), log_s.detach().exp().numpy(), eps


def sinkhorn(x, y, eps, iterations):
    cost = 0.5 * ((x[:, None, :] - y[None, :, :])**2).sum(2)
    f, g = np.zeros(len(x)), np.zeros(len(y))
    start = time.process_time()
    for _ in range(iterations):
        g = -eps * (log_sum_exp((f[:, None] - cost) / eps, 0) - np.log(len(x)))
        f = -eps * (log_sum_exp((g[None, :] - cost) / eps, 1) - np.log(len(y)))
    return time.process_time() - start


def sinkhorn_torch(x, y, eps, iterations):
    cost = 0.5 * torch.cdist(torch.from_numpy(x), torch.from_numpy(y))**2
    f, g = torch.zeros(len(x), dtype=torch.float64), torch.zeros(len(y), dtype=torch.float64)
    start = time.process_time()
    for _ in range(iterations):
        g = -eps * (torch.logsumexp((f[:, None] - cost) / eps, 0) - np.log(len(x)))
        f = -eps * (torch.logsumexp((g[None, :] - cost) / eps, 1) - np.log(len(y)))
    return time.process_time() - start


def clouds(n, d, eps):
    random = np.random.default_rng(7)
    r, s = random.normal(size=(5, d)) * 4.8 / np.sqrt(d), random.uniform(0.5, 1, (5, d))
    x, others = random.normal(size=(n, d)), random.normal(size=(n, d))
    terms = (others * others @ s.T + 2 * others @ r.T) / (2 * eps)
    shares = np.exp(terms - log_sum_exp(terms, 1)[:, None])
    k = (shares.cumsum(1) < random.uniform(size=(n, 1))).sum(1).clip(max=4)
    return x, r[k] + s[k] * others + np.sqrt(eps * s[k]) * random.normal(size=(n, d))


def by_lehr(command, folder, options):
    """The metrics of a run of Lehr, and its processor seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([command, "diffusion", "bridge", "--from", folder / "x0.npy", "--to", folder / "x1.npy", "--threads", "1",
                          "--json", "--quiet", *map(str, options)], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(out)["metrics"], after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def timed(work, *arguments):
    start = time.process_time()
    result = work(*arguments)
    return time.process_time() - start, result


def compare_fits(arguments, folder, d, components, eps, rate):
    x, y = clouds(arguments.points, d, eps)
    np.save(folder / "x0.npy", x), np.save(folder / "x1.npy", y)
    model = folder / "m.json"
    options = ["--epsilon", eps, "--components", components, "--learning_rate", rate, "--steps", arguments.steps, "--save", model]
    peers = [fit] + ([fit_torch] if torch else [])
    own, rest, others, fitted = [], [], [[] for _ in peers], [None for _ in peers]
    for _ in range(arguments.repeats):
        own.append(by_lehr(arguments.lehr, folder, options)[1])
        rest.append(by_lehr(arguments.lehr, folder, ["--model", model])[1])
        for i, peer in enumerate(peers):
            seconds, fitted[i] = timed(peer, x, y, eps, components, arguments.steps, rate)
            others[i].append(seconds)
    saved = json.loads(model.read_text())
    lehr = [np.array(saved[key]) for key in ("log_alpha", "r", "S_diag")] + [eps]
    seconds = min(own) - min(rest)
    print(f"{d:4} {components:4} {eps:5} {seconds:8.3f} {loss(x, y, lehr):10.4f}" +
          "".join(f" {min(t):8.3f} {min(t) / seconds:6.1f} {loss(x, y, m):10.4f}" for t, m in zip(others, fitted)), flush=True)


def compare_sinkhorn(arguments, folder):
    n, iterations = arguments.sinkhorn, 20
    x, y = clouds(n, 2, 0.1)
    np.save(folder / "x0.npy", x), np.save(folder / "x1.npy", y)
    model = folder / "m.json"
    by_lehr(arguments.lehr, folder, ["--epsilon", 0.1, "--steps", 100, "--save", model])
    runs = {steps: min(by_lehr(arguments.lehr, folder, ["--model", model, "--sinkhorn_steps", steps, "--check_points", n])[1]
                       for _ in range(arguments.repeats)) for steps in (iterations, 4 * iterations)}
    own = (runs[4 * iterations] - runs[iterations]) / 3
    peer = min(sinkhorn(x, y, 0.1, iterations) for _ in range(arguments.repeats))
    print(f"{iterations} Sinkhorn iterations, {n} points a side: Lehr {own:.3f} s, NumPy {peer:.3f} s, ratio {peer / own:.1f}", end="")
    if torch:
        peer = min(sinkhorn_torch(x, y, 0.1, iterations) for _ in range(arguments.repeats))
        print(f", PyTorch {peer:.3f} s, ratio {peer / own:.1f}", end="")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--sinkhorn", type=int, default=2000, help="points a side; 0: no Sinkhorn")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{'d':>4} {'K':>4} {'eps':>5} {'Lehr s':>8} {'loss':>10} {'NumPy s':>8} {'ratio':>6} {'loss':>10}" +
          (f" {'torch s':>8} {'ratio':>6} {'loss':>10}" if torch else ""))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for row in ((2, 20, 0.1, 3e-3), (16, 10, 1, 1e-2), (16, 50, 1, 1e-2), (50, 10, 1, 1e-2)):
            compare_fits(arguments, folder, *row)
        if arguments.sinkhorn:
            compare_sinkhorn(arguments, folder)


if __name__ == "__main__":
    main()

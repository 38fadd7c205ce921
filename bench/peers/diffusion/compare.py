#!/usr/bin/python3
"""Exact-mixture sampling: Lehr beside the same solver on the same mixture in NumPy and in PyTorch.

    /usr/bin/python3 bench/peers/diffusion/compare.py --lehr build/release/apps/lehr/lehr

64 dimensions, 8 spherical components, 20 steps of tAB-DEIS of order 3 on the quadratic grid, 100,000 samples, one thread on every side,
processor time of sampling alone (starting noise included). The peers come in two ways of writing: as the formula reads, with the differences to all
means as an array of n x K x d ("differences"), and with matrix products for distances and sums ("products"), on blocks of points that suit them best (the
best of several sizes counts). End points from the same starts agree (largest difference is printed).
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
import numpy as np

BETA0, BETA1 = 0.1, 20.0


def log_a(t):
    return -0.25 * t * t * (BETA1 - BETA0) - 0.5 * t * BETA0


def schedule(steps):
    """Times, and the coefficients of tAB of order 3, by 32-point Gauss-Legendre quadrature in the root of t."""
    t = np.linspace(1.0, np.sqrt(1e-3), steps + 1) ** 2
    a, s = np.exp(log_a(t)), np.sqrt(-np.expm1(2 * log_a(t)))
    nodes, weights = np.polynomial.legendre.leggauss(32)
    rows = []
    for i in range(steps):
        order = min(3, i)
        low, high = np.sqrt(t[i]), np.sqrt(t[i + 1])
        u = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        w = 0.5 * (high - low) * weights
        tau = u * u
        beta = BETA0 + tau * (BETA1 - BETA0)
        integrand = w * 2 * u * a[i + 1] / np.exp(log_a(tau)) * 0.5 * beta / np.sqrt(-np.expm1(2 * log_a(tau)))
        factors = []
        for j in range(order + 1):
            basis = np.ones_like(tau)
            for k in range(order + 1):
                if k != j:
                    basis = basis * (tau - t[i - k]) / (t[i - j] - t[i - k])
            factors.append(np.sum(integrand * basis))
        rows.append((a[i + 1] / a[i], factors))
    return t, a, s, rows


def noise_numpy(x, a, s, log_weights, means, variances):
    v = a * a * variances + s * s
    centres = a * means
    squared = (x * x).sum(1)[:, None] - 2 * (x @ centres.T) + (centres * centres).sum(1)
    logits = log_weights - 0.5 * x.shape[1] * np.log(v) - 0.5 * squared / v
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    p /= v
    return s * (x * p.sum(1)[:, None] - p @ centres)


def noise_differences(x, a, s, log_weights, means, variances):
    v = a * a * variances + s * s
    difference = x[:, None, :] - a * means
    logits = log_weights - 0.5 * x.shape[1] * np.log(v) - 0.5 * (difference**2).sum(-1) / v
    logits -= logits.max(1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(1, keepdims=True)
    return s * ((p / v)[:, :, None] * difference).sum(1)


def solve_numpy(x, grid, mixture, block, noise=noise_numpy):
    t, a, s, rows = grid
    ends = np.empty_like(x)
    for first in range(0, len(x), block):
        y = x[first:first + block]
        history = []
        for i, (ratio, factors) in enumerate(rows):
            history.insert(0, noise(y, a[i], s[i], *mixture))
            y = ratio * y
            for c, e in zip(factors, history):
                y += c * e
            del history[3:]
        ends[first:first + block] = y
    return ends


def solve_torch(x, grid, mixture, block):
    import torch

    torch.set_num_threads(1)
    t, a, s, rows = grid
    log_weights, means, variances = (torch.from_numpy(np.asarray(m)) for m in mixture)
    ends = []
    with torch.no_grad():
        for y in torch.from_numpy(x).split(block):
            history = []
            for i, (ratio, factors) in enumerate(rows):
                v = a[i] ** 2 * variances + s[i] ** 2
                centres = a[i] * means
                squared = (y * y).sum(1, keepdim=True) - 2 * (y @ centres.T) + (centres * centres).sum(1)
                p = torch.softmax(log_weights - 0.5 * y.shape[1] * torch.log(v) - 0.5 * squared / v, dim=1) / v
                history.insert(0, s[i] * (y * p.sum(1, keepdim=True) - p @ centres))
                y = ratio * y
                for c, e in zip(factors, history):
                    y.add_(e, alpha=float(c))
                del history[3:]
            ends.append(y)
    return torch.cat(ends).numpy()


def solve_torch_differences(x, grid, mixture, block):
    import torch

    torch.set_num_threads(1)
    t, a, s, rows = grid
    log_weights, means, variances = (torch.from_numpy(np.asarray(m)) for m in mixture)
    ends = []
    with torch.no_grad():
        for y in torch.from_numpy(x).split(block):
            history = []
            for i, (ratio, factors) in enumerate(rows):
                v = a[i] ** 2 * variances + s[i] ** 2
                difference = y[:, None, :] - a[i] * means
                p = torch.softmax(log_weights - 0.5 * y.shape[1] * torch.log(v) - 0.5 * (difference**2).sum(-1) / v, dim=1)
                history.insert(0, s[i] * ((p / v)[:, :, None] * difference).sum(1))
                y = ratio * y
                for c, e in zip(factors, history):
                    y.add_(e, alpha=float(c))
                del history[3:]
            ends.append(y)
    return torch.cat(ends).numpy()


def processor_time(function):
    begin = time.process_time()
    result = function()
    return result, time.process_time() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--bench", default="build/release/bench/diffusion_bench")
    parser.add_argument("--count", type=int, default=100000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    weights, means, variances = random.dirichlet(np.full(8, 5.0)), random.normal(size=(8, 64)), random.uniform(0.05, 0.3, 8)
    mixture = (np.log(weights), means, variances)
    grid = schedule(20)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "mixture.json")
        with open(model, "w") as file:
            json.dump({"weights": list(weights), "means": means.tolist(), "variances": list(variances)}, file)
        # The same starts: end points must agree.
        starts = random.standard_normal((1000, 64))
        np.save(os.path.join(folder, "starts.npy"), starts)
        subprocess.run([options.lehr, "diffusion", "sample", model, "--nfe", "20", "--order", "3", "--starts", os.path.join(folder, "starts.npy"),
                        "--save", os.path.join(folder, "ends.npy"), "--json"], check=True, capture_output=True)
        ours = np.load(os.path.join(folder, "ends.npy"))
        theirs = solve_numpy(starts.copy(), grid, mixture, 1000)
        print(f"end points from the same 1000 starts differ by at most {np.abs(ours - theirs).max():.1e}")

        def lehr():
            answer = subprocess.run([options.bench, model, str(options.count), "20"], check=True, capture_output=True)
            return json.loads(answer.stdout)["seconds"]

        def peer(solve, block):
            return processor_time(lambda: solve(np.random.default_rng(1).standard_normal((options.count, 64)), grid, mixture, block))[1]

        def solve_differences(x, grid, mixture, block):
            return solve_numpy(x, grid, mixture, block, noise_differences)

        solvers = {"NumPy, products": solve_numpy, "NumPy, differences": solve_differences}
        try:
            import torch  # noqa: F401
            solvers["PyTorch, products"] = solve_torch
            solvers["PyTorch, differences"] = solve_torch_differences
        except ImportError:
            print("PyTorch is not installed")
        rounds = []
        for _ in range(3):  # both sides in turn, so that a busy machine hits them alike
            rounds.append({"Lehr": lehr(), **{name: min(peer(solve, block) for block in ((500, 2000, 10000) if "products" in name else (200, 1000))) for name, solve in solvers.items()}})
        middle = {name: sorted(r[name] for r in rounds)[1] for name in rounds[0]}
        for name, seconds in middle.items():
            print(f"{name:22s} {seconds:7.3f} s   {seconds / middle['Lehr']:6.1f} times Lehr's")


if __name__ == "__main__":
    main()

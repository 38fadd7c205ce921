#!/usr/bin/python3
"""Exact-mixture sampling: Lehr beside the same solver on the same mixture in NumPy and in PyTorch.

    /usr/bin/python3 bench/peers/diffusion/compare.py --lehr build/release/apps/lehr/lehr

64 dimensions, 8 spherical components, 20 steps of tAB-DEIS of order 3 on the quadratic grid, 100,000 samples, one thread on every side,
processor time of sampling alone (starting noise included, memory of the result there before). The peers come in three ways of writing: as the formula
reads, with the differences to all means as an array of n x K x d ("differences", in blocks); with matrix products for distances and sums on the whole
batch ("products, one batch"); and those on blocks of points that suit them best ("in blocks": the best of several sizes counts). End points from the same
starts agree (largest difference is printed).
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


def noise_products(x, a, s, log_weights, means, variances):
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


def solve_numpy(x, ends, grid, mixture, block, noise):
    t, a, s, rows = grid
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


def torch_products(y, a, s, log_weights, means, variances):
    import torch

    v = a * a * variances + s * s
    centres = a * means
    squared = (y * y).sum(1, keepdim=True) - 2 * (y @ centres.T) + (centres * centres).sum(1)
    p = torch.softmax(log_weights - 0.5 * y.shape[1] * torch.log(v) - 0.5 * squared / v, dim=1) / v
    return s * (y * p.sum(1, keepdim=True) - p @ centres)


def torch_differences(y, a, s, log_weights, means, variances):
    import torch

    v = a * a * variances + s * s
    difference = y[:, None, :] - a * means
    p = torch.softmax(log_weights - 0.5 * y.shape[1] * torch.log(v) - 0.5 * (difference**2).sum(-1) / v, dim=1)
    return s * ((p / v)[:, :, None] * difference).sum(1)


def solve_torch(x, ends, grid, mixture, block, noise):
    import torch

    torch.set_num_threads(1)
    t, a, s, rows = grid
    mixture = [torch.from_numpy(np.asarray(m)) for m in mixture]
    with torch.no_grad():
        for y, end in zip(torch.from_numpy(x).split(block), torch.from_numpy(ends).split(block)):
            history = []
            for i, (ratio, factors) in enumerate(rows):
                history.insert(0, noise(y, float(a[i]), float(s[i]), *mixture))
                y = ratio * y
                for c, e in zip(factors, history):
                    y.add_(e, alpha=float(c))
                del history[3:]
            end.copy_(y)


def processor_time(function):
    begin = time.process_time()
    function()
    return time.process_time() - begin


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
        theirs = np.empty_like(starts)
        solve_numpy(starts, theirs, grid, mixture, 1000, noise_products)
        print(f"end points from the same 1000 starts differ by at most {np.abs(ours - theirs).max():.1e}")

        def lehr():
            answer = subprocess.run([options.bench, model, str(options.count), "20"], check=True, capture_output=True)
            return json.loads(answer.stdout)["seconds"]

        memory = np.ones((options.count, 64)), np.ones((options.count, 64))  # there before the clock starts, on every side

        def sample(solve, noise, block):
            np.random.default_rng(1).standard_normal(out=memory[0])
            solve(*memory, grid, mixture, block, noise)

        def peer(solve, noise, blocks):
            return min(processor_time(lambda: sample(solve, noise, block)) for block in blocks)

        products, differences = (500, 2000, 10000), (200, 1000)
        solvers = {"NumPy, products, one batch": (solve_numpy, noise_products, (options.count,)),
                   "NumPy, products in blocks": (solve_numpy, noise_products, products),
                   "NumPy, differences": (solve_numpy, noise_differences, differences)}
        try:
            import torch  # noqa: F401
            solvers["PyTorch, products, one batch"] = (solve_torch, torch_products, (options.count,))
            solvers["PyTorch, products in blocks"] = (solve_torch, torch_products, products)
            solvers["PyTorch, differences"] = (solve_torch, torch_differences, differences)
        except ImportError:
            print("PyTorch is not installed")
        rounds = []
        for _ in range(3):  # both sides in turn, so that a busy machine hits them alike
            rounds.append({"Lehr": lehr(), **{name: peer(*solver) for name, solver in solvers.items()}})
        middle = {name: sorted(r[name] for r in rounds)[1] for name in rounds[0]}
        for name, seconds in middle.items():
            print(f"{name:28s} {seconds:7.3f} s   {seconds / middle['Lehr']:6.1f} times Lehr's")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Token-by-token generation by `lehr diffusion tokens` and by the same loop in NumPy, one thread each.

    /usr/bin/python3 bench/peers/tokens/compare.py [--lehr build/release/apps/lehr/lehr] [--model FOLDER] [--count 2400] [--repeats 3]

Needs Python with numpy (Debian: python3-numpy). The model is a Gaussian mixture over sequences of 16 tokens of 4 numbers: 30 components
made from a seed, or the folder's (weights.npy, means.npy, covariances.npy). Both draw `count` sequences with the DDPM head and the steps
linear(50 -> 5), 440 calls a sequence. NumPy's loop is batched over sequences and components, uses Cholesky factors for the prefix and an
eigendecomposition per token, and is timed without its set-up; Lehr's time is that of the whole command with its report and figures. Times are processor times, so that
others may use the machine. The last line is the ratio of the shortest ones. Both samples' means and variances are compared, so that it is the same work.
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../../.."
TOKENS, DIM = 16, 4


def made_up_model(folder, components=30):
    rng = np.random.default_rng(1)
    size = TOKENS * DIM
    np.save(os.path.join(folder, "weights.npy"), rng.dirichlet(np.full(components, 5.0)))
    np.save(os.path.join(folder, "means.npy"), 0.5 * rng.standard_normal((components, size)))
    factors = rng.standard_normal((components, size, 6)) * 0.25
    np.save(os.path.join(folder, "covariances.npy"), factors @ factors.transpose(0, 2, 1) + 0.01 * np.eye(size))


def alpha_bars():
    cosine = np.cos((np.arange(1001) / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.cumprod(1 - np.minimum(1 - cosine[1:] / cosine[:-1], 0.999))


def draw(weights, means, covariances, count, seed):
    rng = np.random.default_rng(seed)
    table = alpha_bars()
    factors = np.linalg.cholesky(covariances)
    begin = time.process_time()
    x = np.zeros((count, TOKENS * DIM))
    white = np.zeros((len(weights), count, TOKENS * DIM))
    log_weights = np.tile(np.log(weights), (count, 1))
    for token in range(TOKENS):
        known, own = token * DIM, slice(token * DIM, (token + 1) * DIM)
        conditional = means[:, None, own] + white[:, :, :known] @ factors[:, own, :known].transpose(0, 2, 1)
        corner = factors[:, own, own]
        values, vectors = np.linalg.eigh(corner @ corner.transpose(0, 2, 1))
        rotated = conditional @ vectors
        n = (TOKENS - 1 - token) * 45 // (TOKENS - 1) + 5
        index = np.round(np.linspace(0, 999, n)).astype(int)
        y = rng.standard_normal((count, DIM))
        for k in range(n - 1, -1, -1):
            level, after = table[index[k]], table[index[k - 1]] if k > 0 else 1.0
            a, s2 = np.sqrt(level), 1 - level
            v = level * values + s2
            r = y[None] @ vectors - a * rotated
            logs = log_weights.T - 0.5 * (np.log(v).sum(1)[:, None] + (r * r / v[:, None]).sum(2))
            p = np.exp(logs - logs.max(0))
            p /= p.sum(0)
            clean = (p[:, :, None] * (conditional + (r * (a * values / v)[:, None]) @ vectors.transpose(0, 2, 1))).sum(0)
            beta = 1 - level / after
            y = np.sqrt(after) * beta / s2 * clean + np.sqrt(1 - beta) * (1 - after) / s2 * y
            if k > 0:
                y += np.sqrt(beta * (1 - after) / s2) * rng.standard_normal(y.shape)
        x[:, own] = y
        white[:, :, own] = np.linalg.solve(corner, (y[None] - conditional).transpose(0, 2, 1)).transpose(0, 2, 1)
        log_weights -= 0.5 * (white[:, :, own] ** 2).sum(2).T + np.log(np.diagonal(corner, axis1=1, axis2=2)).sum(1)
    return x, time.process_time() - begin


def lehr_run(command, model, count, seed, folder):
    out = os.path.join(folder, "x.npy")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([os.path.abspath(command), "diffusion", "tokens", model, "--token_dim", str(DIM), "--steps", "linear(50, 5)",
                           "--count", str(count), "--seed", str(seed), "--threads", "1", "--reference", "0", "--constraint", "false", "--save", out,
                           "--quiet"], capture_output=True, text=True, check=False, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command} failed: {done.stderr.strip()}")
    return np.load(out), after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lehr", default=os.path.join(ROOT, "build/release/apps/lehr/lehr"))
    parser.add_argument("--model")
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.abspath(options.model) if options.model else folder
        if not options.model:
            made_up_model(folder)
        parts = [np.load(os.path.join(model, f"{name}.npy")).astype(float) for name in ("weights", "means", "covariances")]
        ours, theirs, samples = [], [], ([], [])
        for seed in range(1, options.repeats + 1):
            for run, times, kept in ((lambda: lehr_run(options.lehr, model, options.count, seed, folder), ours, samples[0]),
                                     (lambda: draw(*parts, options.count, seed), theirs, samples[1])):
                x, seconds = run()
                times.append(seconds)
                kept.append(x)
    a, b = (np.concatenate(kept) for kept in samples)
    error = np.sqrt((a.var(0) + b.var(0)) / len(a))
    print(f"means differ by at most {np.abs((a.mean(0) - b.mean(0)) / error).max():.1f} standard errors over {a.shape[1]} numbers; "
          f"total variance {a.var(0).sum():.3f} and {b.var(0).sum():.3f}")
    print(f"{options.count} sequences, 440 calls each: Lehr {min(ours):.3f} s, NumPy {np.__version__} {min(theirs):.3f} s")
    print(f"NumPy / Lehr: {min(theirs) / min(ours):.1f}")


if __name__ == "__main__":
    main()

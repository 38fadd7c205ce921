#!/usr/bin/env python3
"""Clusters the same standardised tables with Lehr, mclust, fpc and scikit-learn: number of clusters, index, SSE and time.

    /usr/bin/python3 bench/peers/clustering/compare.py [--lehr build/release/apps/lehr/lehr] [--sets 12] [--rows 1000]
                                                       [--file table.csv]

Needs Debian's python3-sklearn, r-cran-mclust and r-cran-fpc. Tables: `--sets` sets of six normal groups in four dimensions
with centres uniform in [-10, 10]^4, iris and wine of scikit-learn; or the table of `--file`, whose last column is the
known group. The peers are asked the same question, how many clusters there are: mclust by BIC over its 14 covariance
shapes and 1 to 9 components, scikit-learn's GaussianMixture by BIC over 1 to 9 full components of 3 starts, fpc's
kmeansruns by the Calinski-Harabasz index over 2 to 9; `KMeans` is told the number of groups (10 starts). Times are
processor seconds, so that other work on the machine does not count; Lehr's include starting and reading the file, the
peers' are those of the calls alone. The last column is the peer's time over Lehr's.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # these matrices are small: threads only wait for each other
import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

R_SCRIPT = """
suppressMessages({library(mclust); library(fpc)})
x <- as.matrix(read.csv(commandArgs(TRUE)[1]))
cpu <- function(t) t[["user.self"]] + t[["sys.self"]]
t1 <- cpu(system.time(m <- Mclust(x, G = 1:9, verbose = FALSE)))
set.seed(1)
t2 <- cpu(system.time(f <- kmeansruns(x, krange = 2:9, criterion = "ch", runs = 10)))
cat("mclust", t1, m$classification, "\\n")
cat("fpc", t2, f$cluster, "\\n")
"""


def blobs(seed, rows):
    random = np.random.default_rng(seed)
    centres = random.uniform(-10, 10, (6, 4))
    groups = np.arange(rows) % 6
    return centres[groups] + random.normal(size=(rows, 4)), groups


def tables(arguments):
    if arguments.file:
        table = np.genfromtxt(arguments.file, delimiter=",", skip_header=1)
        return [(pathlib.Path(arguments.file).stem, table[:, :-1], table[:, -1])]
    sets = [(f"blobs {s}", *blobs(s, arguments.rows)) for s in range(1, arguments.sets + 1)]
    return sets + [(name, load().data, load().target) for name, load in (("iris", load_iris), ("wine", load_wine))]


def sse(x, labels):
    return sum(((x[labels == c] - x[labels == c].mean(0)) ** 2).sum() for c in np.unique(labels))


def processor_seconds():
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def timed(function):
    start = processor_seconds()
    return function(), processor_seconds() - start


def by_lehr(command, path, flags):
    result, seconds = timed(lambda: subprocess.run(
        [command, "cluster", "ppp", path, "--scale", "none", "--json", "--quiet", *flags],
        check=True, capture_output=True, text=True).stdout)
    return np.array(json.loads(result)["labels"]), seconds


def by_r(path):
    with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
        script.write(R_SCRIPT)
        script.flush()
        lines = subprocess.run(["Rscript", script.name, path], check=True, capture_output=True, text=True).stdout
    for line in lines.splitlines():
        name, seconds, *labels = line.split()
        yield name, np.array(labels, dtype=int), float(seconds)


def best_mixture(x):
    fits = [GaussianMixture(k, n_init=3, random_state=0).fit(x) for k in range(1, 10)]
    return min(fits, key=lambda fit: fit.bic(x)).predict(x)


def rivals(arguments, path, x, groups):
    yield "Lehr ppp", *by_lehr(arguments.lehr, path, [])
    yield "Lehr ppp --cov best", *by_lehr(arguments.lehr, path, ["--cov", "best"])
    yield from by_r(path)
    yield "sklearn GaussianMixture", *timed(lambda: best_mixture(x))
    yield "sklearn KMeans, told K", *timed(
        lambda: KMeans(len(np.unique(groups)), n_init=10, random_state=0).fit_predict(x))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--sets", type=int, default=12)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--file")
    arguments = parser.parse_args()
    print(f"{'table':10} {'method':24} {'K':>3} {'ARI':>6} {'SSE':>10} {'seconds':>8} {'over Lehr':>9}")
    near = []
    for name, x, groups in tables(arguments):
        x = (x - x.mean(0)) / x.std(0)
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            np.savetxt(file, x, delimiter=",", header=",".join(f"x{j}" for j in range(x.shape[1])), comments="",
                       fmt="%.17g")
            file.flush()
            found, own = {}, None
            for method, labels, seconds in rivals(arguments, file.name, x, groups):
                own = own or seconds
                found[method] = len(np.unique(labels))
                print(f"{name:10} {method:24} {found[method]:3} {adjusted_rand_score(groups, labels):6.3f} "
                      f"{sse(x, labels):10.2f} {seconds:8.3f} {seconds / own:9.2f}")
            near.append(abs(found["Lehr ppp"] - found["mclust"]) <= 1)
    print(f"Numbers of clusters within 1 of mclust's: {sum(near)} of {len(near)} tables")


if __name__ == "__main__":
    main()

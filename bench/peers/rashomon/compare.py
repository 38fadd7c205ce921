#!/usr/bin/env python3
"""Cross-validates the five learners of `lehr stats spread` and the same ones of scikit-learn on the same tables.

    /usr/bin/python3 bench/peers/rashomon/compare.py [--lehr build/release/apps/lehr/lehr] [--folds 10]

Needs python3-sklearn (Debian). Both get the same settings and one thread: logistic regression with C = 1 on standardised
features, CART of depth 7 with 5 records a leaf, 100 forest trees with 5 records a leaf, 100 boosting rounds of depth 3 at
rate 0.1, a Gaussian-kernel SVM with C = 1. Folds are stratified and shuffled by each side itself, so accuracies agree
within their scatter, which the last column gives: the difference over its standard error. The peer's histogram boosting
is the counterpart where a table has more than 255 different values; its plain one is slower and listed too.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_classification
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier


def peers():
    return {
        "logistic regression": [make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=200))],
        "CART": [DecisionTreeClassifier(max_depth=7, min_samples_leaf=5, random_state=1)],
        "random forest": [RandomForestClassifier(100, min_samples_leaf=5, random_state=1, n_jobs=1)],
        "gradient boosted trees": [
            GradientBoostingClassifier(n_estimators=100, learning_rate=0.1, max_depth=3, min_samples_leaf=5),
            HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, max_depth=3, min_samples_leaf=5,
                                           l2_regularization=1, early_stopping=False)],
        "RBF-kernel SVM": [make_pipeline(StandardScaler(), SVC(C=1, gamma="auto"))],
    }


def tables():
    for load in (load_wine, load_breast_cancer, load_digits):
        data = load()
        yield load.__name__[5:], data.data, data.target
    yield "synthetic 4000 x 20", *make_classification(4000, 20, n_informative=8, flip_y=0.1, random_state=1)


def run_lehr(command, X, y, folds):
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"f{k}" for k in range(X.shape[1])] + ["y"])
        writer.writerows(list(map(repr, map(float, row))) + [f"c{label}"] for row, label in zip(X, y))
        file.flush()
        finished = subprocess.run([command, "stats", "spread", file.name, "--folds", str(folds), "--threads", "1",
                                   "--json", "--quiet"], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"{command} failed: {finished.stderr.strip()}")
    return {learner["name"]: learner for learner in json.loads(finished.stdout)["learners"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--folds", type=int, default=10)
    options = parser.parse_args()
    print(f"{'table':20} {'learner':38} {'lehr':>7} {'peer':>7} {'peer s / lehr s':>16} {'difference':>11}")
    for name, X, y in tables():
        ours = run_lehr(options.lehr, X, y, options.folds)
        folds = StratifiedKFold(options.folds, shuffle=True, random_state=1)
        for learner, models in peers().items():
            for model in models:
                begin = time.perf_counter()
                scores = cross_val_score(model, X, y, cv=folds, n_jobs=1)
                seconds = time.perf_counter() - begin
                own = ours[learner]
                error = np.hypot(own["standard_error"], scores.std(ddof=1) / np.sqrt(len(scores)))
                label = learner + (" (hist)" if isinstance(model, HistGradientBoostingClassifier) else "")
                print(f"{name:20} {label:38} {own['accuracy']:7.4f} {scores.mean():7.4f} {seconds / own['seconds']:16.2f} "
                      f"{(own['accuracy'] - scores.mean()) / max(error, 1e-12):11.2f}")


if __name__ == "__main__":
    main()

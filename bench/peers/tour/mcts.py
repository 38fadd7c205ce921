#!/usr/bin/env python3
"""Heatmap-guided tree search by `lehr tour solve` and by the public code neo-pan/mcts_tsp, one core each, on the same problems.

    python3 bench/peers/tour/mcts.py --peer mcts_tsp_driver --data FOLDER [--lehr build/release/apps/lehr/lehr] [--cities 500]
        [--lines 2,3,4,5] [--heatmap gt] [--seconds 10] [--presets published,tuned] [--cpu-clock LIBRARY]

FOLDER holds tsp500.txt, tsp1000.txt and reference.csv. The peer's binary is bench/peers/tour/mcts_tsp_driver.cpp, built against the
peer's headers as its first lines say; without it the comparison is skipped with a message. The peer runs with the settings that its authors
tuned for the heatmap and the number of cities, and so does Lehr under `published`; `tuned` are its own settings; the heatmap's entries are the same numbers. All arms of
a line run at the same time, so that they share a busy machine equally; where a library that counts processor time in place of
the wall clock's is given (LD_PRELOAD), seconds are those of the processor. Printed are the gap to the reference and the actions per second of
every arm, and last the ratios to the peer: of mean gaps, and of actions per second.
"""
import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
# (alpha, beta, H, C_max, use_heatmap, D_max)
TUNED = {("gt", 500): (0, 10, 5, 5, 1, 200), ("gt", 1000): (1, 10, 5, 5, 1, 200),
         ("softdist", 500): (1, 100, 2, 1000, 1, 200), ("softdist", 1000): (0, 150, 2, 20, 1, 200),
         ("zero", 500): (2, 10, 2, 5, 0, 100), ("zero", 1000): (1, 100, 5, 5, 0, 100)}
SHARES = {500: [.44008, .25627, .13275, .07327, .04081, .02359, .01341, .00775, .00448, .00273, .00178, .00119, .00069,
                .00038, .00038, .00019, .00008, .00002],
          1000: [.43755, .25472, .13767, .07411, .03979, .02352, .01323, .00745, .00473, .00301, .00159, .00109, .00056,
                 .00030, .00027, .00017, .00010]}
TAU = {500: 0.0066, 1000: 0.0051}


def read_line(data, cities, line):
    with open(os.path.join(data, f"tsp{cities}.txt")) as file:
        words = file.readlines()[line - 1].split("output")[0].split()
    return [(float(words[i]), float(words[i + 1])) for i in range(0, len(words), 2)]


def references(data, cities):
    with open(os.path.join(data, "reference.csv")) as file:
        return {int(row["line"]): float(row["reference_length"]) for row in csv.DictReader(file)
                if row["file"] == f"tsp{cities}.txt"}


def entries_of(points, heatmap):
    n, entries = len(points), []
    if heatmap == "zero":
        return entries
    low = [min(p[k] for p in points) for k in (0, 1)]
    high = [max(p[k] for p in points) for k in (0, 1)]
    tau = TAU[n] * math.sqrt((high[0] - low[0]) * (high[1] - low[1]))
    for i, p in enumerate(points):
        near = sorted((math.dist(p, q), j) for j, q in enumerate(points) if j != i)[:50]
        if heatmap == "gt":
            values = SHARES[n]
        else:
            values = [math.exp((near[0][0] - d) / tau) for d, _ in near]
            values = [v / sum(values) for v in values]
        entries += [(i, near[k][1], v) for k, v in enumerate(values[:len(near)])]
    return entries


def write_input(path, points, entries):
    with open(path, "w") as file:
        file.write(f"{len(points)}\n")
        file.writelines(f"{x!r} {y!r}\n" for x, y in points)
        file.write(f"{len(entries)}\n")
        file.writelines(f"{i} {j} {p!r}\n" for i, j, p in entries)


def lehr_command(options, line, preset):
    return [options.lehr, "tour", "solve", os.path.join(options.data, f"tsp{options.cities}.txt"), "--line", str(line),
            "--method", "heatmap_mcts", "--heatmap", options.heatmap, "--mcts.preset", preset, "--seconds",
            str(options.seconds), "--seed", "1", "--json"]


def lehr_result(text):
    report = json.loads(text)
    return {"length": report["length"], "actions": report["measured"]["simulations"], "seconds": report["seconds"]}


def run_line(options, line, folder):
    points = read_line(options.data, options.cities, line)
    path = os.path.join(folder, f"{line}.txt")
    write_input(path, points, entries_of(points, options.heatmap))
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if options.cpu_clock:
        environment["LD_PRELOAD"] = os.path.abspath(options.cpu_clock)
    settings = [str(s) for s in TUNED[options.heatmap, options.cities]]
    commands = {"peer": [options.peer, path, *settings[:3], repr(options.seconds / options.cities), *settings[3:]]}
    for preset in options.presets.split(","):
        commands[preset] = lehr_command(options, line, preset)
    runs = {name: subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
            for name, command in commands.items()}
    results = {}
    for name, run in runs.items():
        text = run.communicate()[0]
        if run.returncode != 0:
            sys.exit(f"{' '.join(commands[name])}: exit code {run.returncode}")
        results[name] = json.loads(text) if name == "peer" else lehr_result(text)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="")
    parser.add_argument("--data", required=True)
    parser.add_argument("--lehr", default=os.path.join(ROOT, "build/release/apps/lehr/lehr"))
    parser.add_argument("--cities", type=int, choices=[500, 1000], default=500)
    parser.add_argument("--lines", default="2,3,4,5")
    parser.add_argument("--heatmap", choices=["gt", "softdist", "zero"], default="gt")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--presets", default="published,tuned")
    parser.add_argument("--cpu-clock", default="")
    options = parser.parse_args()
    if not options.peer or not os.path.exists(options.peer):
        print("skipped: no binary of the peer; bench/peers/tour/mcts_tsp_driver.cpp says how to build it")
        return
    known = references(options.data, options.cities)
    arms = {}
    with tempfile.TemporaryDirectory() as folder:
        for line in (int(word) for word in options.lines.split(",")):
            for name, result in run_line(options, line, folder).items():
                gap = 100 * (result["length"] / known[line] - 1)
                rate = result["actions"] / result["seconds"]
                arms.setdefault(name, []).append((gap, rate))
                print(f"tsp{options.cities} line {line} {name:12} gap {gap:7.3f} %  {rate:12.0f} actions/s", flush=True)
    mean = {name: [sum(values) / len(values) for values in zip(*rows)] for name, rows in arms.items()}
    for name, (gap, rate) in mean.items():
        print(f"mean {name:12} gap {gap:.3f} %, {rate:.0f} actions/s; ratios to the peer: gap {gap / mean['peer'][0]:.3f}, "
              f"actions per second {rate / mean['peer'][1]:.1f}")


if __name__ == "__main__":
    main()

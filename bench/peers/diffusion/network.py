#!/usr/bin/python3
"""Sampling from a network: Lehr beside PyTorch's loop with the same weights.

    /usr/bin/python3 bench/peers/diffusion/network.py --lehr build/release/apps/lehr/lehr

A residual network on 64 coordinates (width 256, 4 blocks, random weights), 10 steps of tAB-DEIS of order 3, 2000 samples, one thread, processor time.
PyTorch works on the batch that suits it best. End points from the same starts agree to single precision (largest difference is printed).
"""
import argparse
import json
import os
import struct
import subprocess
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
import numpy as np
import torch

from compare import schedule

torch.set_num_threads(1)
D, WIDTH, BLOCKS = 64, 256, 4


def random_network(random):
    tensors = {"f": np.exp(np.linspace(0, np.log(200), 16)).astype(np.float32)}

    def layer(name, inputs, outputs, size=1.0):
        tensors[name + ".weight"] = (size * random.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)
        tensors[name + ".bias"] = (0.1 * random.standard_normal(outputs)).astype(np.float32)

    layer("inp", D, WIDTH)
    layer("te.0", 32, WIDTH)
    layer("te.2", WIDTH, WIDTH)
    for b in range(BLOCKS):
        layer(f"bl.{b}.1", WIDTH, WIDTH)
        layer(f"bl.{b}.3", WIDTH, WIDTH, 0.3)
    layer("out", WIDTH, D)
    return tensors


def write_safetensors(path, tensors):
    header, offset, data = {}, 0, b""
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def noise(w, x, t):
    silu, linear = torch.nn.functional.silu, torch.nn.functional.linear
    phase = t * w["f"]
    e = linear(silu(linear(torch.cat([torch.sin(phase), torch.cos(phase)]), w["te.0.weight"], w["te.0.bias"])), w["te.2.weight"], w["te.2.bias"])
    h = linear(x, w["inp.weight"], w["inp.bias"])
    for b in range(BLOCKS):
        u = silu(linear(silu(h + e), w[f"bl.{b}.1.weight"], w[f"bl.{b}.1.bias"]))
        h = h + linear(u, w[f"bl.{b}.3.weight"], w[f"bl.{b}.3.bias"])
    return linear(silu(h), w["out.weight"], w["out.bias"])


def solve(w, x, grid, batch):
    t, _, _, rows = grid
    ends = []
    with torch.no_grad():
        for y in x.split(batch):
            history = []
            for i, (ratio, factors) in enumerate(rows):
                history.insert(0, noise(w, y, float(t[i])))
                y = ratio * y
                for c, e in zip(factors, history):
                    y = y.add(e, alpha=float(c))
                del history[3:]
            ends.append(y)
    return torch.cat(ends)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lehr", default="build/release/apps/lehr/lehr")
    parser.add_argument("--bench", default="build/release/bench/diffusion_bench")
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    tensors = random_network(random)
    w = {name: torch.from_numpy(array) for name, array in tensors.items()}
    grid = schedule(10)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "net.safetensors")
        write_safetensors(model, tensors)
        starts = random.standard_normal((200, D))
        np.save(os.path.join(folder, "starts.npy"), starts)
        subprocess.run([options.lehr, "diffusion", "sample", model, "--nfe", "10", "--order", "3", "--starts", os.path.join(folder, "starts.npy"),
                        "--save", os.path.join(folder, "ends.npy"), "--json"], check=True, capture_output=True)
        ours = np.load(os.path.join(folder, "ends.npy"))
        theirs = solve(w, torch.from_numpy(starts.astype(np.float32)), grid, 200).numpy()
        print(f"end points from the same 200 starts differ by at most {np.abs(ours - theirs).max() / np.abs(theirs).max():.1e} of the largest number")

        def lehr():
            answer = subprocess.run([options.bench, model, str(options.count), "10"], check=True, capture_output=True)
            return json.loads(answer.stdout)["seconds"]

        def peer(batch):
            x = torch.randn(options.count, D)
            begin = time.process_time()
            solve(w, x, grid, batch)
            return time.process_time() - begin

        peer(64)
        rounds = [(lehr(), min(peer(batch) for batch in (64, 256, 2000))) for _ in range(5)]
        ours, theirs = (sorted(times)[2] for times in zip(*rounds))
        print(f"Lehr     {ours:7.3f} s\nPyTorch  {theirs:7.3f} s   {theirs / ours:.2f} times Lehr's")


if __name__ == "__main__":
    main()

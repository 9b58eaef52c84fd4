"""Times the same search step in PyTorch and in `pulse`, in turns, and prints the ratios.

    cargo build --release
    python benches/peers/compare.py [CASE ...] [--pulse PATH] [--ways NAME ...] [--isa avx2]

Every measurement is a process of its own. In each round every way and `pulse` take one turn, so that a machine that
slows down slows all of them; what is printed are medians over the rounds of the medians over the steps.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
QUICK = ["dcgan-b1", "dcgan-b8", "stylegan1-64", "stylegan1-256"]
ALL = [*QUICK, "stylegan1-1024", "stylegan2-256", "stylegan2-1024"]
ALL += [name + part for name in ("unet-small", "unet-64", "unet-256") for part in ("", "-gradient")]

# glibc gives large blocks back to the system and fetches them again at every step, unless it is told not to.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}

# Ways to run PyTorch: the environment, and options of step.py.
WAYS = {
    "stock": ({}, []),
    "tuned": (KEEP_MEMORY, []),
    "channels-last": (KEEP_MEMORY, ["--channels-last"]),
    "compiled": (KEEP_MEMORY, ["--compile"]),
}

# What keeps each of the two from instructions beyond AVX2.
ISA = {
    None: ({}, {}),
    "avx2": (
        {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
        {"PULSE_SIMD": "avx2"},
    ),
}


def measure(command, environment):
    """Runs a process that prints a report as `pulse bench --json` does, and gives its one case."""
    ran = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        sys.exit(f"compare.py: `{' '.join(command)}` ended with status {ran.returncode}")
    return json.loads(ran.stdout)["cases"][0]


def contestants(case, options):
    """The name, the command and the environment of each."""
    of_torch, of_pulse = ISA[options.isa]
    common = ["--runs", str(options.runs), "--threads", str(options.threads)]
    for way in options.ways:
        environment, flags = WAYS[way]
        # The threads of MKL and OpenMP are counted before step.py can say how many there shall be.
        threads = {"OMP_NUM_THREADS": str(options.threads)}
        command = [sys.executable, str(HERE / "step.py"), case, *common, *flags]
        yield f"PyTorch, {way}", command, {**environment, **of_torch, **threads}
    yield "pulse", [str(options.pulse), "bench", case, *common, "--json"], of_pulse


def compare(case, options):
    """A row for each contestant: name, median seconds, the most memory in bytes."""
    turns = {}
    for _ in range(options.rounds):
        for name, command, environment in contestants(case, options):
            turns.setdefault(name, []).append(measure(command, environment))
    for name, measured in turns.items():
        peaks = [turn["peak_bytes"] for turn in measured if turn["peak_bytes"] is not None]
        yield name, statistics.median(turn["median_seconds"] for turn in measured), max(peaks, default=None)


def ratio(value, of):
    return "" if value is None or of is None else f"{value / of:.2f}"


def table(case, rows):
    _, pulse_seconds, pulse_peak = rows[-1]
    for name, seconds, peak in rows:
        memory = "unknown" if peak is None else f"{peak / 2**20:.0f}"
        slower, larger = ratio(seconds, pulse_seconds), ratio(peak, pulse_peak)
        yield f"{case:<20}{name:<24}{seconds:>10.4f}{slower:>10}{memory:>12}{larger:>10}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    program = HERE.parents[1] / "target" / "release" / "pulse"
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(ALL)}, or `all`")
    parser.add_argument("--pulse", type=pathlib.Path, default=program, help="the program [target/release/pulse]")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["stock", "tuned"], help="how to run PyTorch")
    parser.add_argument("--isa", choices=["avx2"], help="limit both to these instructions")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each [3]")
    parser.add_argument("--runs", type=int, default=5, help="timed steps in a turn [5]")
    options = parser.parse_args()
    options.cases = ALL if "all" in options.cases else options.cases or QUICK
    unknown = [case for case in options.cases if case not in ALL]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(ALL)}")
    if not options.pulse.exists():
        parser.error(f"there is no {options.pulse}: build it with `cargo build --release`, or give --pulse")
    if importlib.util.find_spec("torch") is None:
        parser.error("this Python has no PyTorch: `pip install torch numpy`, in an environment of its own")
    return options


def main():
    options = arguments()
    isa = f", {options.isa} only" if options.isa else ""
    print(f"{options.rounds} rounds of {options.runs} steps each, {options.threads} threads{isa}")
    print(f"{'case':<20}{'':<24}{'median s':>10}{'of pulse':>10}{'peak MiB':>12}{'of pulse':>10}")
    for case in options.cases:
        for line in table(case, list(compare(case, options))):
            print(line, flush=True)


if __name__ == "__main__":
    main()

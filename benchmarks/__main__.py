"""Run the benchmarks that are named, by default those that need no GPU and no second process.

python -m benchmarks [loading] [training] [vae] [cyclegan] [scaling] [gpu] [precision]
"""

import argparse

from benchmarks import cyclegan, gpu, loading, precision, scaling, training, vae
from benchmarks.measure import hardware, save, table

BENCHMARKS = {
    "loading": loading.run,
    "training": training.run,
    "vae": vae.run,
    "cyclegan": cyclegan.run,
    "scaling": scaling.run,
    "gpu": gpu.run,
    "precision": precision.run,
}
DEFAULT = ("loading", "training", "vae", "cyclegan")


def main() -> None:
    """Run, print and save each benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}; default: {', '.join(DEFAULT)}")
    parser.add_argument("--rounds", type=int, default=9, help="how often each variant is timed")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHMARKS)
    if unknown or arguments.rounds < 1:
        parser.error(f"unknown {sorted(unknown)}" if unknown else "--rounds must be at least 1")
    print(hardware()["text"])
    for name in arguments.names or DEFAULT:
        result = BENCHMARKS[name](arguments.rounds)
        for part in result["tables"]:
            print(f"\n{table(part)}")
        print(f"-> {save(name, result)}")


if __name__ == "__main__":
    main()

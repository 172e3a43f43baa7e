"""Curves over threads and batch of `ra benchmark`: forward pass and training step."""

from measurements import Failed, Samples, run
from table_rows import Sides

BATCHES = (1, 2, 4, 8, 16)
# Work, engine and fidelity of each curve.
CURVES = (("forward", "torch", "exact"), ("forward", "native", "exact"),
          ("forward", "openvino", "exact"), ("train", "torch", "fast"))


def curves(options):
    """[{work, backend, threads, batch, seconds_per_slice, peak_mib}]; a side that fails is left out, and said."""
    points, kept = [], (options.threads, options.train_repeats)
    options.train_repeats = 1
    for work, backend, fidelity in CURVES:
        for threads in range(1, kept[0] + 1):
            options.threads = threads
            sides = Sides(options, {"forward": 0.0, "exact": 0.0, "fast": 0.0})
            for batch in BATCHES:
                samples = Samples()
                try:
                    run(sides.ra(work, "fp32", backend, fidelity, batch), samples)
                except Failed as failure:
                    print(f"FAILED {work} {backend} threads {threads} batch {batch}: {failure}", flush=True)
                    continue
                points.append({"work": work, "backend": backend, "fidelity": fidelity, "threads": threads,
                               "batch": batch, "seconds_per_slice": samples.seconds(), "peak_mib": samples.peak_mib})
                print(f"{work} {backend}: {threads} threads, batch {batch}: {1000 * samples.seconds():.1f} ms a slice",
                      flush=True)
    options.threads, options.train_repeats = kept
    return points

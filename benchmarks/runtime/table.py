"""The table of a comparison: as data, and as Markdown."""

import json

from table_rows import VOLUME_SLICES

NOTES = """Milliseconds a slice: median (smallest-largest) of all timed runs; ratio: peer by ra, medians, and its range
over the rounds. GFLOP/s: two FLOP a multiply-add of the convolutions that the work needs as it is written:
{forward:.1f} GFLOP a slice forward, {exact:.1f} a training step of the exact order, {fast:.1f} of the fast one
(layer_bound.py counts them); peak: {peak}. Memory: peak resident set of the process, MiB. Others: largest share of the
processors that other processes took meanwhile."""
PEAK = "the fastest bare LibTorch convolution among the network's shapes in the same precision, {}"
# What work a row of the table does.
WORK = {"train_fast": "fast", "train_exact": "exact", "train_fast_fp32": "fast", "screen_fast": "screen",
        "screen_native": "screen", "screen_fp32": "screen", "screen_torch": "screen", "forward_openvino": "forward",
        "forward_native": "forward", "forward_torch": "forward", "files": "screen", "volume": "screen",
        "files_native": "screen", "volume_native": "screen"}


def _side(measurement, comparison):
    """What one side gave, or why it did not."""
    failure = comparison.failures.get(measurement.name)
    if failure:
        return {"name": measurement.name, "failure": failure}
    samples = comparison.samples[measurement.name]
    side = {"name": measurement.name, "variant": samples.variant, "seconds_per_slice": samples.seconds(),
            "rounds": samples.rounds, "peak_mib": samples.peak_mib, "others": samples.others,
            "command": [str(word) for word in measurement.command], "environment": measurement.environment}
    return side | ({"gflops": measurement.flop / samples.seconds() / 1e9} if measurement.flop else {})


def _row(row, comparison):
    return {"key": row.key, "title": row.title, "target": row.target, "aim": row.aim,
            "ours": _side(row.ours, comparison), "peer": _side(row.peer, comparison), "result": comparison.result(row)}


def report(place, comparisons, bare, curves):
    """Everything that was measured, as JSON."""
    rows = [_row(row, comparison) for comparison in comparisons for row in comparison.rows]
    return {"machine": place, "bare_convolutions": bare, "rows": rows, "curves": curves}


def _time(side):
    if "failure" in side:
        return "failed"
    runs = [1000 * seconds for part in side["rounds"] for seconds in part]
    return f"{1000 * side['seconds_per_slice']:.1f} ({min(runs):.1f}-{max(runs):.1f})"


def _precision(side):
    """The measurement's name says it: the oracle's best is in bf16, plain PyTorch in fp32."""
    return "bf16" if "bf16" in side["name"] or side["name"] == "oracle train best" else "fp32"


def _rate(side, bare):
    if "gflops" not in side:
        return "-"
    peak = bare.get(_precision(side), {}).get("peak_gflops")
    return f"{side['gflops']:.0f}" + (f" ({100 * side['gflops'] / peak:.0f} %)" if peak else "")


def _verdict(row):
    if row["result"] is None:
        return "not run"
    if row["target"] is None:
        return "-"
    return "met" if row["result"]["ratio"] >= row["target"] else "not met"


def _line(row, bare):
    ours, peer, result = row["ours"], row["peer"], row["result"]
    ratio = f"{result['ratio']:.2f} ({result['low']:.2f}-{result['high']:.2f})" if result else "-"
    target = "-" if row["target"] is None else f"{row['target']}" + (f", aim {row['aim']}" if row["aim"] else "")
    memory = "/".join("-" if "failure" in side else f"{side['peak_mib']:.0f}" for side in (ours, peer))
    others = max((side.get("others", 0) for side in (ours, peer)), default=0)
    return (f"| {row['title']} | {_time(ours)} | {_time(peer)} | {ratio} | {target} | {_verdict(row)} | "
            f"{_rate(ours, bare)} / {_rate(peer, bare)} | {memory} | {100 * others:.0f} % |")


def _curves(points):
    lines = ["\n## Threads and batch (ra, ms a slice)\n"]
    batches = sorted({point["batch"] for point in points})
    lines.append("| work | threads | " + " | ".join(f"batch {batch}" for batch in batches) + " |")
    lines.append("|---|---:|" + "---:|" * len(batches))
    for key in sorted({(p["work"], p["backend"], p["fidelity"], p["threads"]) for p in points}):
        found = {p["batch"]: p for p in points if (p["work"], p["backend"], p["fidelity"], p["threads"]) == key}
        cells = [f"{1000 * found[b]['seconds_per_slice']:.1f}" if b in found else "-" for b in batches]
        name = f"{key[0]} {key[1]}" + (f" {key[2]}" if key[0] == "train" else "")
        lines.append(f"| {name} | {key[3]} | {' | '.join(cells)} |")
    return lines


def _agreement(name, found):
    """How far scores move under a limit."""
    parts = [f"{backend} " + ("failed" if value is None else f"{value:.1e}") for backend, value in found.items()]
    return f"Scores with {name} alone differ from those of the whole processor by, relatively: {', '.join(parts)}."


def _bounds(bare, rows, start):
    """How near the sides of the table come to bare convolutions, and, where the start counts, those in an empty process."""
    lines = ["\n## Bound by bare convolutions\n",
             f"Of a volume, with {start:.2f} s for a process that loads the libraries and does nothing (`ra --version`).\n",
             "| row | bound, ms a slice | ra | share |", "|---|---:|---:|---:|"]
    for row in rows:
        ours, work = row["ours"], WORK.get(row["key"])
        if work is None or "failure" in ours:
            continue
        seconds = bare.get(_precision(ours), {"bounds": {work: {}}})["bounds"][work].get("bound_seconds")
        if seconds is not None:
            seconds += start / VOLUME_SLICES if row["key"].startswith("volume") else 0
            lines.append(f"| {row['title'].split(' / ')[0]} | {1000 * seconds:.1f} | "
                         f"{1000 * ours['seconds_per_slice']:.1f} | {100 * seconds / ours['seconds_per_slice']:.0f} % |")
    return lines if len(lines) > 4 else []


def markdown(found, drops):
    place, bare = found["machine"], found["bare_convolutions"]
    gflop = {work: entry["gflop"] for work, entry in bare["fp32"]["bounds"].items()}
    peaks = [f"{of['peak_gflops']:.0f} GFLOP/s in {name}" for name, of in bare.items() if "peak_gflops" in of]
    lines = [f"{place['processor']}, {place['cores']} cores, {place['isa']}, {place['memory_gib']} GiB; "
             f"{place['date']}, commit {place['commit']}, load at the start {place['load']}; "
             f"{place['threads']} threads, batch {place['batch']}, {place['rounds']} rounds; "
             + ", ".join(f"{name} {version}" for name, version in place["versions"].items()) + ".", "",
             "| ra, peer | ra ms | peer ms | ratio | target | | GFLOP/s (of peak), ra / peer | MiB, ra/peer | others |",
             "|---|---:|---:|---:|---:|---|---:|---:|---:|"]
    lines += [_line(row, bare) for row in found["rows"]]
    lines += ["", NOTES.format(**gflop, peak=PEAK.format(", ".join(peaks)) if peaks else "not measured")]
    lines += [_agreement(name, of) for name, of in found["agreement"].items()]
    lines += _bounds(bare, found["rows"], found["start_seconds"])
    lines += _curves(found["curves"]) if found["curves"] else []
    lines += ["", drops.said, *(f"DROPPED {line}" for line in drops.found)]
    return "\n".join(lines) + "\n"


def write(found, drops, folder):
    """Prints the table, and stores it as table.json and table.md."""
    text = markdown(found, drops)
    (folder / "table.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "table.md").write_text(text)
    print("\n" + text + f"\nStored in {folder}/table.json and table.md.")

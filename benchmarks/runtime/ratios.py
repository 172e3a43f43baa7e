"""The ratios to hold, one set a class of instruction sets, and what has dropped below them."""

import json
from dataclasses import dataclass, field

# Less than this is never called a drop: timings of two runs on an idle machine differ by as much.
LEAST_NOISE = 0.05


@dataclass
class Drops:
    found: list = field(default_factory=list)  # a line each
    said: str = ""  # what was compared


def _noise(now, stored):
    """Share of a ratio that its rounds, then and now, differ by."""
    spread = max((entry["high"] - entry["low"]) / entry["ratio"] for entry in (now, stored))
    return max(LEAST_NOISE, spread)


def _stored(file):
    return json.loads(file.read_text()) if file.exists() else {}


def drops(report, file):
    """Rows of `report` whose ratio is below the stored one by more than the noise of both."""
    isa = report["machine"]["isa"]
    held = _stored(file).get(isa)
    if held is None:
        return Drops(said=f"No ratios are stored for {isa}: nothing to compare with (scripts/bench --store).")
    found = []
    for row in report["rows"]:
        stored, now = held["rows"].get(row["key"]), row["result"]
        if stored is None or now is None:
            continue
        noise = _noise(now, stored)
        if now["ratio"] < stored["ratio"] * (1 - noise):
            found.append(f"{row['key']}: {now['ratio']:.2f}, {stored['ratio']:.2f} on {held['date']} "
                         f"(noise {100 * noise:.0f} %)")
    return Drops(found, f"Compared with the ratios of {held['date']} ({held['processor']}, {held['commit']}).")


def store(report, file):
    """Makes the ratios of `report` those of its class; rows that it lacks keep theirs."""
    known, place = _stored(file), report["machine"]
    rows = known.get(place["isa"], {}).get("rows", {})
    rows |= {row["key"]: row["result"] for row in report["rows"] if row["result"]}
    known[place["isa"]] = {name: place[name] for name in ("processor", "date", "commit")} | {"rows": rows}
    file.write_text(json.dumps(known, indent=1) + "\n")

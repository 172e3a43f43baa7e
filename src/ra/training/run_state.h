#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ra/training/loss_means.h"
#include "ra/training/standing.h"

namespace ra {

// How far a training has come. Positions are ordered.
struct TrainingPosition {
  std::int64_t epochs = 0;  // finished, warm-up included
  std::int64_t steps = 0;   // finished of the epoch in progress

  auto operator<=>(const TrainingPosition&) const = default;
};

// One list of slices that a training reads, as told from any other: a hash over the contents in order.
struct DataIdentity {
  std::string list;  // data.train, data.val
  std::uint64_t files = 0;
  std::string sha256;

  bool operator==(const DataIdentity&) const = default;
};

// What a training comes from. One that goes on must agree with it.
struct TrainingOrigin {
  // Every setting that the result depends on, by its key.
  std::map<std::string, std::string> settings;
  std::vector<DataIdentity> data;
  std::string program_version, libtorch_version;
  int threads = 0;  // of OpenMP
};

// Everything about a training but its tensors: with them, the next step is the one that would have come. Random numbers
// need no more than seed, epoch and sample (base/random.h). Nothing in it depends on the clock, so that two runs of one
// seed leave the same bytes.
struct RunState {
  TrainingPosition position;
  LossMeans::Sums means;  // of the steps of the epoch in progress
  Standing::Record standing;
  std::int64_t bad_steps = 0;
  std::int64_t metric_rows = 0;  // lines of metrics.jsonl
  TrainingOrigin origin;

  std::string to_json() const;
  // kBadInput when the text is none; kUnsupported when another version of the program wrote it.
  static RunState from_json(const std::string& text);
};

}  // namespace ra

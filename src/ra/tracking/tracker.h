#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "ra/tracking/metrics_log.h"
#include "ra/tracking/tracking_options.h"

namespace ra {

// What a sink says of a run beside its rows.
struct TrackedRun {
  std::filesystem::path folder;  // holds metrics.jsonl, figures/ and downstream/
  TrackingOptions options;       // `project` and `name` are filled in
  std::string config_text;       // config.yaml
  // Its top-level keys with their values in JSON.
  std::vector<std::pair<std::string, std::string>> config;
};

// Which run it is. Both come from the first row of metrics.jsonl, so that a resumed run and a later export are the same
// run as the one that was watched.
struct RunIdentity {
  std::string id;  // 8 letters and digits
  double started;  // seconds since 1970
};

// A PNG picture that belongs to a row.
struct TrackedPicture {
  std::string name;
  std::string png;  // the file's bytes
  std::string sha256;
  int width = 0, height = 0;
  int channels = 0;  // 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha
};

struct TrackedTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<LoggedValue>> rows;  // as many cells as columns
};

// A row of metrics.jsonl and what belongs to it.
struct TrackedRow {
  std::int64_t step = 0;
  double timestamp = 0.0;  // seconds since 1970
  double runtime = 0.0;    // seconds since the run began
  MetricRow values;        // the other fields
  std::vector<TrackedPicture> pictures;
  std::vector<TrackedTable> tables;
};

// A sink beside metrics.jsonl. What it writes depends on nothing but its run, identity and rows, so that it can be made
// again from metrics.jsonl at any time. Any function may throw: the sink is then dropped.
class Tracker {
 public:
  virtual ~Tracker() = default;

  // Steps never fall.
  virtual void row(const TrackedRow& row) = 0;
  // Puts what it was given so far into the place of what an earlier sink of this run left. Called once; what comes
  // later is appended, and can be read at once.
  virtual void publish() = 0;
  // The run ended with this exit code; nothing comes after it.
  virtual void finish(int exit_code) = 0;
};

}  // namespace ra

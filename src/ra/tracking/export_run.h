#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/tracking/tracker.h"

namespace ra {

struct ExportedRun {
  std::size_t rows = 0;            // with those of evaluations
  bool torn = false;               // the last row was not finished, and is left out
  std::optional<int> exit_code;    // nullopt where the run does not say how it ended
  std::filesystem::path location;  // what was written: a file or a folder
};

// Makes a sink of what a run has logged, in the folder of its name in `output`: from metrics.jsonl, figures/, and every
// evaluation in downstream/, those too that metrics.jsonl does not name. kBadInput when metrics.jsonl is missing, empty
// or damaged (naming the line); kUsage when what it would write exists and `overwrite` is not set; kIo when it cannot
// be written.
ExportedRun export_run(const TrackedRun& run, const std::string& sink, const std::filesystem::path& output,
                       bool overwrite);

}  // namespace ra

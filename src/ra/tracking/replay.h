#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/tracker.h"

namespace ra {

// The example picture of an epoch: figures/epoch_0001.png in the run folder.
std::filesystem::path example_picture_path(const std::filesystem::path& run_folder, std::int64_t epoch);

// The run folder's name of a folder with an evaluation: relative where it lies within.
std::string evaluation_name(const std::filesystem::path& run_folder, const std::filesystem::path& evaluation);

// The rows by which metrics.jsonl says that an evaluation was made, and how the run ended.
MetricRow evaluation_row(const std::string& evaluation);
MetricRow end_row(int exit_code);
// The exit code of an end row; nullopt for any other.
std::optional<int> exit_code_of(const TrackedRow& row);

// Adds what a row is about and does not hold: the example picture of its epoch, an evaluation's metrics, tables and
// picture. What cannot be read is warned of and left out.
void add_files(TrackedRow& row, const TrackedRun& run);

// Which run these rows are of; there must be one.
RunIdentity identity_of(const LoggedRows& rows);

// A sink with everything that a run has logged, in `output`, ready for more rows unless the last one says how the run
// ended. `rows` must not be empty.
std::unique_ptr<Tracker> make_sink_of(const std::string& name, const std::filesystem::path& output,
                                      const TrackedRun& run, const LoggedRows& rows);

}  // namespace ra

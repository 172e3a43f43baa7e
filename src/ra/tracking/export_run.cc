#include "ra/tracking/export_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ra/base/error.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/replay.h"
#include "ra/tracking/sinks.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

std::set<std::string> named_evaluations(const LoggedRows& logged) {
  std::set<std::string> names;
  for (const TrackedRow& row : logged.rows) {
    for (const auto& [key, value] : row.values) {
      if (key == "evaluation" && std::holds_alternative<std::string>(value)) names.insert(std::get<std::string>(value));
    }
  }
  return names;
}

// Rows for the evaluations that were made beside the run, before its end.
void add_evaluations(LoggedRows& logged, const fs::path& run_folder) {
  const fs::path downstream = run_folder / "downstream";
  if (!fs::is_directory(downstream)) return;
  const std::set<std::string> named = named_evaluations(logged);
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(downstream)) {
    if (fs::exists(entry.path() / "results.json")) names.insert(evaluation_name(run_folder, entry.path()));
  }
  TrackedRow row = logged.rows.back();
  auto place = logged.rows.end() - (exit_code_of(row) ? 1 : 0);
  for (const std::string& name : names) {
    if (named.contains(name)) continue;
    ++row.step;
    row.values = evaluation_row(name);
    place = logged.rows.insert(place, row) + 1;
  }
}

}  // namespace

ExportedRun export_run(const TrackedRun& run, const std::string& sink, const fs::path& output, bool overwrite) {
  const fs::path metrics = run.folder / "metrics.jsonl";
  LoggedRows logged = read_metrics(metrics);
  if (logged.rows.empty()) {
    throw Error(ErrorCode::kBadInput, fmt::format("'{}' has no rows; nothing was logged yet", metrics.string()));
  }
  add_evaluations(logged, run.folder);
  ExportedRun exported;
  exported.rows = logged.rows.size();
  exported.torn = logged.torn;
  exported.exit_code = exit_code_of(logged.rows.back());
  if (exported.exit_code) --exported.rows;
  exported.location = sink_location(sink, output, identity_of(logged));
  if (!overwrite && fs::exists(exported.location)) {
    throw Error(ErrorCode::kUsage, fmt::format("'{}' exists; give --overwrite to make it again, or another --output",
                                               exported.location.string()));
  }
  make_sink_of(sink, output, run, logged);
  return exported;
}

}  // namespace ra

#include "ra/tracking/export_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/log.h"
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

// Whether an evaluation judged the best model that the run has now; one that was trained on since is another. Of a
// model that is no best.pt nothing is known against it.
bool is_of_this_run(const fs::path& run_folder, const fs::path& evaluation) {
  const auto results = nlohmann::json::parse(read_text_file(evaluation / "results.json"), nullptr, false);
  if (!results.is_object() || !results.contains("detector")) return true;  // named as broken when it is read
  const std::string model = results["detector"].value("model", "");
  const fs::path best = run_folder / "checkpoints" / "best.pt";
  if (!model.starts_with("best.pt ") || !fs::exists(best)) return true;
  return sha256_hex_of_file(best).starts_with(model.substr(std::string("best.pt ").size()));
}

// Rows for the evaluations that were made beside the run, before its end.
void add_evaluations(LoggedRows& logged, const fs::path& run_folder) {
  const fs::path downstream = run_folder / "downstream";
  if (!fs::is_directory(downstream)) return;
  const std::set<std::string> named = named_evaluations(logged);
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(downstream)) {
    if (!fs::exists(entry.path() / "results.json")) continue;
    if (is_of_this_run(run_folder, entry.path())) {
      names.insert(evaluation_name(run_folder, entry.path()));
    } else {
      log::warning("'{}' judged an earlier best.pt of this run and is left out", entry.path().string());
    }
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

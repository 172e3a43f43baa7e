#include "ra/report/screening_folder.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/headeronly/version.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/source_commit.h"
#include "ra/detection/subject_guard.h"
#include "ra/report/output_names.h"
#include "ra/report/page_csv.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kTable = "scores.csv";
constexpr const char* kRecord = "screening.json";
constexpr int kFormat = 1;

Json settings_of(const AnomalyDetector& detector, const ScreeningOptions& options) {
  const DetectorIdentity& by = detector.identity();
  const int samples = detector.options().samples;
  return {{"model", by.model},
          {"perceptual", by.perceptual},
          {"backend", by.backend},
          {"precision", by.precision},
          {"latent", by.latent},
          {"latent_noise", by.latent_noise},
          {"input_scaling", std::string(to_string(detector.input().scaling))},
          {"samples", samples},
          {"samples_seed", samples > 0 ? Json(detector.seed()) : Json()},
          {"files", options.outputs.endings()},
          {"threshold", options.outputs.threshold ? Json(*options.outputs.threshold) : Json()},
          {"map_maximum", options.outputs.map_maximum},
          {"flagged_by", options.flags ? Json(options.flags->false_discovery ? "fdr" : "fpr") : Json()}};
}

Json run_of(const AnomalyDetector& detector, const ScreeningOptions& options) {
  return {{"ra", RA_VERSION},
          {"commit", std::string(source_commit())},
          {"libtorch", TORCH_VERSION},
          {"device", detector.device().str()},
          {"threads", at::get_num_threads()},
          {"slices", options.slices.text()},
          {"perceptual_weights", detector.options().perceptual_weights}};
}

// A line of scores.csv of an earlier run: whose files it names.
struct EarlierRow {
  std::string input, slice, name;
};

std::vector<EarlierRow> earlier_rows(const fs::path& folder) {
  std::vector<EarlierRow> rows;
  if (!fs::exists(folder / kTable)) return rows;
  std::vector<std::string> ignored;  // a broken table names what it names
  const CsvTable table = parse_csv(read_text_file(folder / kTable), kTable, ignored);
  for (std::size_t k = 0; k < table.rows.size(); ++k) {
    rows.push_back({table.text(k, "input"), table.text(k, "slice"), table.text(k, "name")});
  }
  return rows;
}

// screening.json; nothing when it is not there or is not what this program writes.
std::optional<Json> earlier_record(const fs::path& folder) {
  if (!fs::exists(folder / kRecord)) return std::nullopt;
  Json record = Json::parse(read_text_file(folder / kRecord), nullptr, false);
  const bool whole = record.is_object() && record.contains("settings") && record["settings"].is_object() &&
                     record.contains("runs") && record["runs"].is_array() && record["settings"].contains("files") &&
                     record["settings"]["files"].is_array();
  return whole ? std::optional(std::move(record)) : std::nullopt;
}

// Whether `name` stays in the folder that it is put into, whoever wrote the table.
bool is_inside(const fs::path& name) {
  const fs::path normal = name.lexically_normal();
  return !name.empty() && normal.is_relative() && *normal.begin() != "..";
}

void remove_files(const fs::path& folder, const std::string& name, const Json& endings) {
  if (!is_inside(name)) return;
  for (const Json& ending : endings) {
    if (ending.is_string()) fs::remove(folder / (name + ending.get<std::string>()));
  }
  std::error_code not_empty;
  for (fs::path above = (folder / name).parent_path(); above != folder && fs::remove(above, not_empty);) {
    above = above.parent_path();
  }
}

// The table and the record go last: a removal that was cut short can be done again.
void remove_earlier_screening(const fs::path& folder) {
  const std::vector<EarlierRow> rows = earlier_rows(folder);
  const std::optional<Json> record = earlier_record(folder);
  if (!rows.empty() && !record) {
    log::warning("'{}' is missing or broken, so maps and pictures of the earlier screening may stay",
                 (folder / kRecord).string());
  }
  if (record) {
    for (const EarlierRow& row : rows) remove_files(folder, row.name, (*record)["settings"]["files"]);
  }
  fs::remove(folder / kTable);
  fs::remove(folder / kRecord);
}

void require_same_settings(const fs::path& folder, const Json& before, const Json& now) {
  for (const auto& [key, value] : now.items()) {
    const auto found = before.find(key);
    if (found != before.end() && *found == value) continue;
    throw Error(ErrorCode::kUsage,
                fmt::format("'{}' was made with {} {}, and now it would be {}: go on with the same settings, or use "
                            "--overwrite or another output folder",
                            folder.string(), key, found == before.end() ? "unknown" : found->dump(), value.dump()));
  }
}

std::map<fs::path, std::string> names_of(const std::vector<EarlierRow>& rows) {
  std::map<fs::path, std::string> names;
  for (const EarlierRow& row : rows) {
    const std::string mark = row.slice.empty() ? "" : slice_mark(row.slice);
    if (row.name.size() > mark.size() && row.name.ends_with(mark)) {
      names[row.input] = row.name.substr(0, row.name.size() - mark.size());
    }
  }
  return names;
}

}  // namespace

std::map<fs::path, std::string> prepare_screening_folder(const AnomalyDetector& detector,
                                                         const ScreeningOptions& options) {
  const fs::path& folder = options.output;
  const bool used = fs::exists(folder) && !fs::is_empty(folder);
  if (used && !options.overwrite && !options.skip_existing) {
    throw Error(ErrorCode::kUsage, "'" + folder.string() +
                                       "' holds results already: use --overwrite to replace them, --skip-existing to "
                                       "go on with them, or another output folder");
  }
  make_output_folder(folder);
  if (!options.skip_existing) remove_earlier_screening(folder);
  Json record = {{"format", kFormat},
                 {"note", "Research use only; not a medical device."},
                 {"training_subjects", detector.training_subjects() ? "known" : "unknown"},
                 {"overlap_allowed", overlap_was_allowed(detector)},
                 {"warnings", subject_warnings(detector)},
                 {"settings", settings_of(detector, options)},
                 {"runs", Json::array()}};
  if (const std::optional<Json> earlier = earlier_record(folder)) {
    require_same_settings(folder, (*earlier)["settings"], record["settings"]);
    record["runs"] = (*earlier)["runs"];
  }
  record["runs"].push_back(run_of(detector, options));
  const auto names = names_of(earlier_rows(folder));
  write_file(folder / kRecord, record.dump(2) + "\n");
  return names;
}

}  // namespace ra

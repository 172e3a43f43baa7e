#include "ra/report/page_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// Files of one kind are read up to this size; a larger one is not ours.
constexpr std::size_t kMaxFileSize = std::size_t{1} << 30;

// Folders are handed in as they were typed: "runs/a/" is named "a", "." by what it stands for.
std::string name_of(const fs::path& folder) {
  const fs::path whole = fs::weakly_canonical(folder);
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

std::vector<fs::path> files_in(const fs::path& folder, std::string_view prefix, std::string_view ending) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(ending) && entry->is_regular_file()) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The file's text, "" where it is absent; one that cannot be read is a problem.
std::string text_if_there(const fs::path& path, std::vector<std::string>& problems) {
  if (!fs::exists(path)) return "";
  try {
    return read_text_file(path, kMaxFileSize);
  } catch (const Error& error) {
    problems.push_back(error.what());
    return "";
  }
}

Json json_if_there(const fs::path& path, std::vector<std::string>& problems) {
  const std::string text = text_if_there(path, problems);
  if (text.empty()) return nullptr;
  Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_object()) return parsed;
  problems.push_back("'" + path.string() + "' is broken or half-written (no JSON object); what it holds is left out");
  return nullptr;
}

CsvTable csv_if_there(const fs::path& path, std::vector<std::string>& problems) {
  return parse_csv(text_if_there(path, problems), "'" + path.string() + "'", problems);
}

std::vector<Json> read_rows(const fs::path& path, std::vector<std::string>& problems) {
  std::vector<Json> rows;
  const std::string text = text_if_there(path, problems);
  std::size_t broken = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;  // the line that is being written
    Json row = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                           text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (row.is_object()) {
      rows.push_back(std::move(row));
    } else {
      ++broken;
    }
    begin = end + 1;
  }
  if (broken > 0) problems.push_back(fmt::format("'{}': {} broken line(s) are left out", path.string(), broken));
  return rows;
}

// Leaves only objects in a list of results.json, and an empty list where there is none.
void keep_objects(Json& results, const char* member) {
  Json kept = Json::array();
  if (results.contains(member) && results[member].is_array()) {
    for (const Json& entry : results[member]) {
      if (entry.is_object()) kept.push_back(entry);
    }
  }
  results[member] = std::move(kept);
}

bool is_evaluation(const fs::path& folder) {
  return fs::exists(folder / "results.json") || fs::exists(folder / "cases.csv");
}

EvaluationFiles read_evaluation(const fs::path& folder, std::vector<std::string>& problems) {
  EvaluationFiles files;
  files.name = name_of(folder);
  files.folder = folder;
  files.results = json_if_there(folder / "results.json", problems);
  if (files.results.is_null()) files.results = Json::object();
  for (const char* member : {"metrics", "curves", "thresholds"}) keep_objects(files.results, member);
  files.cases = csv_if_there(folder / "cases.csv", problems);
  files.boxes = csv_if_there(folder / "boxes.csv", problems);
  files.latents = csv_if_there(folder / "latents.csv", problems);
  files.latents_pca = csv_if_there(folder / "latents_pca.csv", problems);
  files.sheets = files_in(folder / "gallery", "sheet_", ".png");
  return files;
}

void read_downstream(RunFiles& run) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(run.folder / "downstream", error)) {
    if (entry.is_directory() && is_evaluation(entry.path())) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) run.evaluations.push_back(read_evaluation(folder, run.problems));
}

}  // namespace

RunFiles read_run_files(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(ErrorCode::kUsage, "'" + folder.string() + "' is not a folder");
  RunFiles run;
  run.name = name_of(folder);
  run.folder = folder;
  if (is_evaluation(folder)) run.evaluations.push_back(read_evaluation(folder, run.problems));
  read_downstream(run);
  run.configuration = text_if_there(folder / "config.yaml", run.problems);
  run.environment = json_if_there(folder / "environment.json", run.problems);
  run.training = read_rows(folder / "metrics.jsonl", run.problems);
  run.examples = files_in(folder / "figures", "epoch_", ".png");
  run.scores = csv_if_there(folder / "scores.csv", run.problems);
  const Json screening = json_if_there(folder / "screening.json", run.problems);
  if (screening.is_object()) run.screening = screening;
  if (!run.scores.empty()) run.overlays = files_in(folder, "", "_overlay.png");
  const bool something = !run.evaluations.empty() || !run.training.empty() || !run.scores.columns.empty() ||
                         !run.configuration.empty() || !run.problems.empty();
  if (!something) {
    throw Error(ErrorCode::kUsage,
                "'" + folder.string() +
                    "' holds nothing that a report shows; expected the output folder of ra run or ra train "
                    "(config.yaml, metrics.jsonl), of ra evaluate (results.json, cases.csv) or of ra screen "
                    "(scores.csv)");
  }
  return run;
}

std::optional<double> finite_number(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  const double value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace ra

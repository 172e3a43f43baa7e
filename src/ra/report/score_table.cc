#include "ra/report/score_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"

namespace ra {
namespace {

std::string key_of(const std::string& input, std::optional<std::int64_t> slice) {
  return csv_field(input) + "," + (slice ? std::to_string(*slice) : "") + ",";
}

// The part of a line that key_of() makes: up to the second comma outside quotes.
std::string key_of_line(const std::string& line) {
  bool quoted = false;
  int commas = 0;
  for (std::size_t k = 0; k < line.size(); ++k) {
    if (line[k] == '"') quoted = !quoted;
    if (line[k] == ',' && !quoted && ++commas == 2) return line.substr(0, k + 1);
  }
  return line;
}

std::string optional_number(const std::optional<double>& value) { return value ? fmt::format("{:.9g}", *value) : ""; }

}  // namespace

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

ScoreTable::ScoreTable(std::filesystem::path path, Columns columns)
    : path_(std::move(path)), columns_(columns), last_write_(std::chrono::steady_clock::now()) {}

std::string ScoreTable::header() const {
  std::string header = "input,slice,score,perceptual,backend,precision,model,latent,divisor,reconstruction_mae";
  if (columns_.spread) header += ",score_mean,score_sd";
  if (columns_.pixels_above) header += ",pixels_above";
  return header;
}

void ScoreTable::continue_existing() {
  if (!std::filesystem::exists(path_)) return;
  std::istringstream text(read_text_file(path_));
  std::string line;
  std::getline(text, line);
  if (line != header()) {
    throw Error(ErrorCode::kUsage, "'" + path_.string() +
                                       "' was made with other options (its columns differ): use --overwrite, or "
                                       "another output folder");
  }
  while (std::getline(text, line)) {
    taken_over_.insert(key_of_line(line));
    lines_.push_back(line);
  }
  written_ = lines_.size();
}

bool ScoreTable::has(const std::string& input, std::optional<std::int64_t> slice) const {
  return taken_over_.contains(key_of(input, slice));
}

void ScoreTable::add(const ScoreRow& row) {
  const DetectorIdentity& by = row.detector;
  std::string line =
      key_of(row.input, row.slice) + fmt::format("{:.9g},{},{},{},{},{},{:.9g},{:.9g}", row.score, by.perceptual,
                                                 by.backend, by.precision, csv_field(by.model), by.latent, row.divisor,
                                                 row.reconstruction_mae);
  if (columns_.spread) line += "," + optional_number(row.score_mean) + "," + optional_number(row.score_sd);
  if (columns_.pixels_above) line += "," + (row.pixels_above ? std::to_string(*row.pixels_above) : "");
  lines_.push_back(std::move(line));
  // Rewriting after a quarter more rows, or half a minute, keeps the total cost linear in the number of rows.
  const bool grown = lines_.size() - written_ >= std::max<std::size_t>(64, written_ / 4);
  if (grown || std::chrono::steady_clock::now() - last_write_ > std::chrono::seconds(30)) finish();
}

void ScoreTable::finish() {
  AtomicFile file(path_);
  file.write(header() + "\n");
  for (const std::string& line : lines_) file.write(line + "\n");
  file.commit();
  written_ = lines_.size();
  last_write_ = std::chrono::steady_clock::now();
}

}  // namespace ra

#include "ra/report/score_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/metrics/false_discovery.h"

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

// perceptual,backend,precision,model,latent
std::string identity_fields(const DetectorIdentity& by) {
  return fmt::format("{},{},{},{},{}", by.perceptual, by.backend, by.precision, csv_field(by.model), by.latent);
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
  if (columns_.flags) header += columns_.flags->false_discovery ? ",p_value,flagged,fdr" : ",p_value,flagged,fpr";
  return header;
}

// Takes the columns of `flags` off a line of an earlier run: they are decided again, over all rows.
void ScoreTable::take_over(std::string line) {
  std::optional<double> p_value;
  if (columns_.flags) {
    std::size_t at = std::string::npos;
    for (int column = 0; column < 3 && at != 0; ++column) at = line.rfind(',', at == std::string::npos ? at : at - 1);
    if (at == std::string::npos) throw Error(ErrorCode::kBadInput, "'" + path_.string() + "' has a line that is cut off");
    const std::string text = line.substr(at + 1, line.find(',', at + 1) - at - 1);
    if (!text.empty()) p_value = std::strtod(text.c_str(), nullptr);
    line.resize(at);
  }
  taken_over_.insert(key_of_line(line));
  lines_.push_back(std::move(line));
  p_values_.push_back(p_value);
}

std::vector<std::uint8_t> ScoreTable::decisions() const {
  std::vector<std::uint8_t> all(columns_.flags ? lines_.size() : 0, 0);
  if (!columns_.flags) return all;
  std::vector<std::size_t> places;
  std::vector<double> known;
  for (std::size_t k = 0; k < p_values_.size(); ++k) {
    if (!p_values_[k]) continue;
    places.push_back(k);
    known.push_back(*p_values_[k]);
  }
  const FlagRule& rule = *columns_.flags;
  const auto by_discovery = rule.false_discovery ? false_discovery_decisions(known, rule.rate) : std::vector<std::uint8_t>{};
  for (std::size_t k = 0; k < known.size(); ++k) {
    all[places[k]] = rule.false_discovery ? by_discovery[k] : known[k] <= rule.rate ? 1 : 0;
  }
  return all;
}

std::size_t ScoreTable::flagged() const {
  const std::vector<std::uint8_t> all = decisions();
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), 1));
}

void ScoreTable::continue_existing(const DetectorIdentity& detector) {
  if (!std::filesystem::exists(path_)) return;
  std::istringstream text(read_text_file(path_));
  std::string line;
  std::getline(text, line);
  if (line != header()) {
    throw Error(ErrorCode::kUsage, "'" + path_.string() +
                                       "' was made with other options (its columns differ): use --overwrite, or "
                                       "another output folder");
  }
  const std::string identity = "," + identity_fields(detector) + ",";
  for (std::string part; std::getline(text, line);) {
    // A quoted name may hold line breaks.
    while (std::count(line.begin(), line.end(), '"') % 2 != 0 && std::getline(text, part)) line += "\n" + part;
    if (line.find(identity) == std::string::npos) {
      throw Error(ErrorCode::kUsage, "'" + path_.string() +
                                         "' was made with another model, latent rule or perceptual distance: use "
                                         "--overwrite, or another output folder");
    }
    take_over(line);
  }
  written_ = lines_.size();
}

bool ScoreTable::has(const std::string& input, std::optional<std::int64_t> slice) const {
  return taken_over_.contains(key_of(input, slice));
}

void ScoreTable::add(const ScoreRow& row) {
  std::string line =
      key_of(row.input, row.slice) + fmt::format("{:.9g},{},{:.9g},{:.9g}", row.score, identity_fields(row.detector),
                                                 row.divisor, row.reconstruction_mae);
  if (columns_.spread) line += "," + optional_number(row.score_mean) + "," + optional_number(row.score_sd);
  if (columns_.pixels_above) line += "," + (row.pixels_above ? std::to_string(*row.pixels_above) : "");
  lines_.push_back(std::move(line));
  p_values_.push_back(row.p_value);
  // Rewriting after a quarter more rows, or half a minute, keeps the total cost linear in the number of rows.
  const bool grown = lines_.size() - written_ >= std::max<std::size_t>(64, written_ / 4);
  if (grown || std::chrono::steady_clock::now() - last_write_ > std::chrono::seconds(30)) finish();
}

void ScoreTable::finish() {
  AtomicFile file(path_);
  file.write(header() + "\n");
  const std::vector<std::uint8_t> flags = decisions();
  for (std::size_t k = 0; k < lines_.size(); ++k) {
    file.write(lines_[k]);
    if (columns_.flags) {
      const char* decision = !p_values_[k] ? "" : flags[k] != 0 ? "1" : "0";
      file.write(fmt::format(",{},{},{:.9g}", optional_number(p_values_[k]), decision, columns_.flags->rate));
    }
    file.write("\n");
  }
  file.commit();
  written_ = lines_.size();
  last_write_ = std::chrono::steady_clock::now();
}

}  // namespace ra

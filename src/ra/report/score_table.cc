#include "ra/report/score_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <span>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/data/csv_field.h"
#include "ra/metrics/false_discovery.h"
#include "ra/report/page_csv.h"

namespace ra {
namespace {

constexpr std::string_view kFixedColumns =
    "input,slice,score,perceptual,backend,precision,model,latent,latent_noise,divisor,reconstruction_mae,name";
constexpr std::size_t kFirstOfDetector = 3;
constexpr std::size_t kFlagColumns = 3;
constexpr std::size_t kPiece = std::size_t{1} << 16;  // bytes written at a time

std::string joined(std::span<const std::string> fields) {
  std::string line;
  for (const std::string& field : fields) line += (&field == fields.data() ? "" : ",") + csv_field(field);
  return line;
}

std::string key_of(const std::string& input, std::optional<std::int64_t> slice) {
  return csv_field(input) + "," + (slice ? std::to_string(*slice) : "");
}

// The columns from kFirstOfDetector on.
std::vector<std::string> fields_of(const DetectorIdentity& by) {
  return {by.perceptual, by.backend, by.precision, by.model, by.latent, by.latent_noise};
}

std::string optional_number(const std::optional<double>& value) { return value ? fmt::format("{:.9g}", *value) : ""; }

}  // namespace

ScoreTable::ScoreTable(std::filesystem::path path, Columns columns)
    : path_(std::move(path)), columns_(columns), last_write_(std::chrono::steady_clock::now()) {}

std::string ScoreTable::header() const {
  std::string header(kFixedColumns);
  if (columns_.spread) header += ",score_mean,score_sd";
  if (columns_.pixels_above) header += ",pixels_above";
  if (columns_.flags) header += columns_.flags->false_discovery ? ",p_value,flagged,fdr" : ",p_value,flagged,fpr";
  return header;
}

// Takes the columns of `flags` off a line of an earlier run: they are decided again, over all rows.
void ScoreTable::take_over(std::vector<std::string> fields) {
  std::optional<double> p_value;
  if (columns_.flags) {
    const std::string& text = fields[fields.size() - kFlagColumns];
    if (!text.empty()) p_value = std::strtod(text.c_str(), nullptr);
    fields.resize(fields.size() - kFlagColumns);
  }
  taken_over_.insert(joined(std::span(fields).first(2)));
  lines_.push_back(joined(fields));
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
  const auto by_discovery =
      rule.false_discovery ? false_discovery_decisions(known, rule.rate) : std::vector<std::uint8_t>{};
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
  const std::vector<std::vector<std::string>> records = csv_records(read_text_file(path_));
  if (records.empty() || joined(records[0]) != header()) {
    throw Error(ErrorCode::kUsage, "'" + path_.string() +
                                       "' was made with other options (its columns differ): use --overwrite, or "
                                       "another output folder");
  }
  const std::vector<std::string> identity = fields_of(detector);
  for (std::size_t k = 1; k < records.size(); ++k) {
    if (records[k].size() != records[0].size()) {
      throw Error(
          ErrorCode::kBadInput,
          fmt::format("'{}': record {} is cut off: use --overwrite, or another output folder", path_.string(), k));
    }
    if (!std::equal(identity.begin(), identity.end(), records[k].begin() + kFirstOfDetector)) {
      throw Error(ErrorCode::kUsage,
                  "'" + path_.string() +
                      "' was made with another model, latent rule, noise or perceptual distance: use "
                      "--overwrite, or another output folder");
    }
    take_over(records[k]);
  }
  written_ = lines_.size();
}

bool ScoreTable::has(const std::string& input, std::optional<std::int64_t> slice) const {
  return taken_over_.contains(key_of(input, slice));
}

void ScoreTable::add(const ScoreRow& row) {
  std::string line =
      fmt::format("{},{:.9g},{},{:.9g},{:.9g},{}", key_of(row.input, row.slice), row.score,
                  joined(fields_of(row.detector)), row.divisor, row.reconstruction_mae, csv_field(row.name));
  if (columns_.spread) line += "," + optional_number(row.score_mean) + "," + optional_number(row.score_sd);
  if (columns_.pixels_above) line += "," + (row.pixels_above ? std::to_string(*row.pixels_above) : "");
  lines_.push_back(std::move(line));
  p_values_.push_back(row.p_value);
}

bool ScoreTable::due() const {
  // A quarter more rows; or half a minute, and so long that writing takes a hundredth of the time.
  if (unwritten() >= std::max<std::size_t>(64, written_ / 4)) return true;
  const auto interval = std::max<std::chrono::steady_clock::duration>(std::chrono::seconds(30), 100 * write_time_);
  return unwritten() > 0 && std::chrono::steady_clock::now() - last_write_ > interval;
}

void ScoreTable::write() {
  const auto start = std::chrono::steady_clock::now();
  AtomicFile file(path_);
  std::string text = header() + "\n";
  const std::vector<std::uint8_t> flags = decisions();
  for (std::size_t k = 0; k < lines_.size(); ++k) {
    text += lines_[k];
    if (columns_.flags) {
      const char* decision = !p_values_[k] ? "" : flags[k] != 0 ? "1" : "0";
      fmt::format_to(std::back_inserter(text), ",{},{},{:.9g}", optional_number(p_values_[k]), decision,
                     columns_.flags->rate);
    }
    text += '\n';
    if (text.size() < kPiece) continue;
    file.write(text);
    text.clear();
  }
  file.write(text);
  file.commit();
  written_ = lines_.size();
  last_write_ = std::chrono::steady_clock::now();
  write_time_ = last_write_ - start;
}

}  // namespace ra

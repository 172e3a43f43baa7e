#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ra/detection/anomaly_detector.h"

namespace ra {

// One row of scores.csv: one slice.
struct ScoreRow {
  std::string input;                  // as given
  std::optional<std::int64_t> slice;  // from 0; absent for a picture
  std::string name;                   // what its files are called: NAME_map.npy
  double score = 0.0;
  DetectorIdentity detector;
  double divisor = 1.0;  // what the file's pixel values were divided by
  double reconstruction_mae = 0.0;
  std::optional<double> score_mean, score_sd;
  std::optional<std::int64_t> pixels_above;  // of the map, with a threshold
  std::optional<double> p_value;             // with a calibration
};

// Which slices are flagged: by p-value <= rate each for itself, or by Benjamini-Hochberg over the whole table.
struct FlagRule {
  double rate = 0.05;
  bool false_discovery = false;
};

// scores.csv: header and one line a row (RFC 4180), score as %.9g. The file is rewritten atomically from time to time,
// so that it is whole at any moment and an interrupted run can go on.
class ScoreTable {
 public:
  // Columns that are written only when asked for.
  struct Columns {
    bool spread = false;  // score_mean, score_sd
    bool pixels_above = false;
    std::optional<FlagRule> flags;  // p_value, flagged (0 or 1) and fpr (or fdr: the rate of the rule)
  };

  ScoreTable(std::filesystem::path path, Columns columns);

  // Takes over the lines of an existing scores.csv; kUsage if its columns differ, or if another detector made them,
  // kBadInput for a line that is cut off.
  void continue_existing(const DetectorIdentity& detector);
  // Whether a taken-over line is for this slice. May be asked in one thread while another adds rows.
  bool has(const std::string& input, std::optional<std::int64_t> slice) const;

  void add(const ScoreRow& row);
  // Whether so much was added, or so long ago, that the file should be written again. The total cost of doing so
  // whenever it is due is linear in the number of rows.
  bool due() const;
  // Writes the file anew.
  void write();

  std::size_t size() const { return lines_.size(); }
  std::size_t unwritten() const { return lines_.size() - written_; }
  // Of all slices, those of an earlier run included.
  std::size_t flagged() const;

 private:
  std::string header() const;
  void take_over(std::vector<std::string> fields);
  // One entry a line; empty without a rule.
  std::vector<std::uint8_t> decisions() const;

  std::filesystem::path path_;
  Columns columns_;
  std::vector<std::string> lines_;               // without the columns of `flags`, which depend on all rows
  std::vector<std::optional<double>> p_values_;  // one a line
  std::unordered_set<std::string> taken_over_;   // "input,slice" of the lines of an existing file
  std::size_t written_ = 0;
  std::chrono::steady_clock::time_point last_write_;
  std::chrono::steady_clock::duration write_time_{};  // of the last write
};

}  // namespace ra

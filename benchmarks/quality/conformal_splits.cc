// How conformal p-values behave on real healthy scores: random splits of the rows of a scores.csv into a calibration
// part and a new part, one subject a row. Prints how often p <= a among the new, for a = 1, 5 and 10 %, and how far
// p-values lie from uniform: conformal_splits SCORES.csv [SPLITS] [COLUMN] (default 200 splits of the column `score`).

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/metrics/conformal.h"
#include "ra/report/page_csv.h"

namespace {

constexpr double kRates[] = {0.01, 0.05, 0.10};

struct Split {
  std::vector<double> rates;  // of p <= kRates[k]
  double distance = 0.0;      // largest, of the p-values' distribution from the uniform one on 1/(n+1), 2/(n+1), ..., 1
};

std::vector<double> read_scores(const std::string& file, const std::string& column) {
  std::vector<std::string> problems;
  const ra::CsvTable table = ra::parse_csv(ra::read_text_file(file), file, problems);
  std::vector<double> scores;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    if (const auto score = table.number(row, column)) scores.push_back(*score);
  }
  if (scores.size() < 4) {
    throw ra::Error(ra::ErrorCode::kUsage,
                    fmt::format("'{}' has {} numbers in its column {}; 4 are needed", file, scores.size(), column));
  }
  return scores;
}

Split judge(std::vector<double> scores, int trial) {
  ra::CounterRandom random(ra::kDefaultSeed, 0, static_cast<std::uint32_t>(trial), ra::Purpose::kLabelShuffle);
  for (std::size_t k = scores.size() - 1; k > 0; --k) {
    std::swap(scores[k], scores[random.below(static_cast<std::uint32_t>(k + 1))]);
  }
  const std::size_t n = scores.size() / 2;
  const ra::HealthyScores healthy({scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(n)});
  std::vector<double> p_values;
  for (std::size_t k = n; k < scores.size(); ++k) p_values.push_back(healthy.p_value(scores[k]));
  const auto share_below = [&](double rate) {
    const auto below = std::count_if(p_values.begin(), p_values.end(), [&](double p) { return p <= rate; });
    return static_cast<double>(below) / static_cast<double>(p_values.size());
  };
  Split split;
  for (const double rate : kRates) split.rates.push_back(share_below(rate));
  for (std::size_t j = 1; j <= n + 1; ++j) {
    const double at = static_cast<double>(j) / static_cast<double>(n + 1);
    split.distance = std::max(split.distance, std::abs(share_below(at + 1e-12) - at));
  }
  return split;
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

void print_row(const std::string& name, const std::vector<double>& values, double expected) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  fmt::print("{:<22} {:>9.4f} {:>9.4f} {:>9.4f} {:>9.4f} {:>9.4f}\n", name, expected, mean,
             std::sqrt(squares / (count - 1) / count), quantile(values, 0.025), quantile(values, 0.975));
}

void run(const std::string& file, int splits, const std::string& column) {
  const std::vector<double> scores = read_scores(file, column);
  const std::size_t n = scores.size() / 2, new_cases = scores.size() - n;
  std::vector<std::vector<double>> rates(std::size(kRates));
  std::vector<double> distances;
  for (int trial = 0; trial < splits; ++trial) {
    const Split split = judge(scores, trial);
    for (std::size_t k = 0; k < rates.size(); ++k) rates[k].push_back(split.rates[k]);
    distances.push_back(split.distance);
  }
  fmt::print("{} splits: {} healthy scores to calibrate on, {} new ones\n", splits, n, new_cases);
  fmt::print("{:<22} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "expected", "mean", "error", "2.5 %", "97.5 %");
  for (std::size_t k = 0; k < rates.size(); ++k) {
    const double expected = std::floor(kRates[k] * static_cast<double>(n + 1) + 1e-9) / static_cast<double>(n + 1);
    print_row(fmt::format("share of p <= {:.2f}", kRates[k]), rates[k], expected);
  }
  // Both samples are random, as in the two-sample test of Kolmogorov and Smirnov.
  const double limit = 1.358 * std::sqrt(1.0 / static_cast<double>(n) + 1.0 / static_cast<double>(new_cases));
  const auto beyond =
      std::count_if(distances.begin(), distances.end(), [&](double distance) { return distance > limit; });
  fmt::print("distance from uniform: median {:.3f}; {:.1f} % of splits beyond {:.3f}, where 5 % are expected\n",
             quantile(distances, 0.5), 100.0 * static_cast<double>(beyond) / splits, limit);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const int splits = count > 2 ? std::atoi(arguments[2]) : 200;
    if (count < 2 || splits < 2) {
      throw ra::Error(ra::ErrorCode::kUsage, "conformal_splits SCORES.csv [SPLITS] [COLUMN]");
    }
    run(arguments[1], splits, count > 3 ? arguments[3] : "score");
  } catch (const std::exception& error) {
    fmt::print(stderr, "conformal_splits: {}\n", error.what());
    return 2;
  }
}

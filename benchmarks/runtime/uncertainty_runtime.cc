// Times the bootstraps of src/ra/metrics on one thread: image-level metrics of 10,000 cases and pixel-level metrics of
// 1,000 maps of 128 x 128, 2000 resamples each.

#include <fmt/core.h>

#include <chrono>
#include <vector>

#include "ra/metrics/froc.h"
#include "ra/metrics/pixel_bootstrap.h"
#include "ra/metrics/random_cases.h"
#include "ra/metrics/rank_bootstrap.h"

namespace {

template <class Work>
void time(const char* what, Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  fmt::print("{:<60} {:>8.3f} s\n", what,
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace

int main() {
  using ra::RankMetric;
  const ra::Cases cases = ra::random_cases(1, 10000, 1.0, 1e-9);
  std::vector<std::int64_t> subjects;
  for (std::int64_t i = 0; i < 10000; ++i) subjects.push_back(i / 10);
  const std::vector<RankMetric> one{RankMetric::kAuroc};
  const std::vector<RankMetric> all{RankMetric::kAuroc, RankMetric::kAveragePrecision, RankMetric::kFprAt95Tpr,
                                    RankMetric::kFprAt99Tpr, RankMetric::kBestDice};
  time("AUROC, 10,000 cases", [&] { ra::bootstrap_ranking(cases.scores, cases.labels, {}, one, {}); });
  time("all ranking metrics, 10,000 cases", [&] { ra::bootstrap_ranking(cases.scores, cases.labels, {}, all, {}); });
  time("all ranking metrics, 10,000 cases of 1,000 subjects",
       [&] { ra::bootstrap_ranking(cases.scores, cases.labels, subjects, all, {}); });

  std::vector<ra::MapCase> maps;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    maps.push_back(ra::random_map(i, 128, 128, static_cast<int>(i % 4), 1.0));
  }
  const ra::MapBins bins = ra::MapBins::logarithmic();
  std::vector<ra::PixelCounts> counts;
  std::vector<ra::ImageMarks> marks;
  time("histograms of 1,000 maps of 128 x 128", [&] {
    for (const ra::MapCase& map : maps) counts.push_back(map.count(bins));
  });
  time("FROC candidates of 1,000 maps of 128 x 128", [&] {
    for (const ra::MapCase& map : maps) {
      marks.push_back(ra::mark_regions(map.map, map.truth, map.columns, map.rows, {.threshold = 0.2}));
    }
  });
  time("pixel AUROC, AP, best Dice, AUPRO, 1,000 maps", [&] { ra::bootstrap_pixels(counts, bins, {}, {}); });
  time("FROC, 1,000 maps", [&] { ra::bootstrap_froc(marks, {}, ra::kFrocRates, {}); });
}

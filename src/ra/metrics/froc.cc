#include "ra/metrics/froc.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "ra/base/error.h"
#include "ra/metrics/components.h"
#include "ra/metrics/overlap.h"
#include "ra/metrics/ranked_cases.h"

namespace ra {
namespace {

// How many pixels of each truth region lie in the candidate (or, for kIobb, in its bounding box).
std::vector<std::int64_t> shared_pixels(const Components& candidates, std::uint32_t candidate, const Components& truth,
                                        std::int64_t columns, HitRule rule) {
  std::vector<std::int64_t> shared(truth.regions.size());
  const Region& box = candidates.regions[candidate];
  for (std::int64_t y = box.top; y <= box.bottom; ++y) {
    for (std::int64_t x = box.left; x <= box.right; ++x) {
      const auto at = static_cast<std::size_t>(y * columns + x);
      const bool counts = rule == HitRule::kIobb || candidates.labels[at] == candidate + 1;
      if (counts && truth.labels[at] != 0) ++shared[truth.labels[at] - 1];
    }
  }
  return shared;
}

bool hits(std::int64_t shared, const Region& candidate, const Region& region, const FrocOptions& options) {
  if (shared == 0) return false;
  if (options.rule == HitRule::kAnyOverlap) return true;
  const std::int64_t box = (candidate.right - candidate.left + 1) * (candidate.bottom - candidate.top + 1);
  const std::int64_t whole = options.rule == HitRule::kIobb ? box : candidate.pixels + region.pixels - shared;
  return static_cast<double>(shared) >= options.least_overlap * static_cast<double>(whole);
}

// The candidates' and the found regions' ratings as cases of a ranking, each with its image.
struct Marks {
  std::vector<double> ratings;
  std::vector<std::uint8_t> found;
  std::vector<std::uint32_t> clusters;

  void add(const ImageMarks& image, std::uint32_t cluster) {
    for (const double rating : image.found_ratings) put(rating, 1, cluster);
    for (const double rating : image.false_ratings) put(rating, 0, cluster);
  }

  void put(double rating, std::uint8_t is_found, std::uint32_t cluster) {
    ratings.push_back(rating);
    found.push_back(is_found);
    clusters.push_back(cluster);
  }
};

std::vector<CurvePoint> curve_of(std::span<const RocStep> steps, double images, double regions) {
  if (regions == 0.0) return {};
  std::vector<CurvePoint> curve{{0.0, 0.0, std::numeric_limits<double>::infinity()}};
  for (const RocStep& step : steps) {
    curve.push_back({static_cast<double>(step.false_positives) / images,
                     static_cast<double>(step.true_positives) / regions, step.score});
  }
  return curve;
}

}  // namespace

void FrocOptions::validate() const {
  if (!(least_overlap > 0.0 && least_overlap <= 1.0)) {
    throw Error(ErrorCode::kUsage, "least_overlap must lie in (0,1]");
  }
  if (least_pixels < 1) throw Error(ErrorCode::kUsage, "least_pixels must be at least 1");
}

ImageMarks mark_regions(std::span<const float> map, std::span<const std::uint8_t> truth, std::int64_t columns,
                        std::int64_t rows, const FrocOptions& options) {
  options.validate();
  if (map.size() != truth.size()) {
    throw Error(ErrorCode::kUsage, fmt::format("a map of {} pixels with a mask of {}", map.size(), truth.size()));
  }
  const Components candidates = connected_components(threshold_mask(map, options.threshold), columns, rows);
  const Components regions = connected_components(truth, columns, rows);
  std::vector<double> ratings(candidates.regions.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (candidates.labels[i] == 0) continue;
    double& rating = ratings[candidates.labels[i] - 1];
    rating = std::max(rating, static_cast<double>(map[i]));
  }
  std::vector<std::optional<double>> best(regions.regions.size());
  ImageMarks marks;
  marks.regions = static_cast<std::int64_t>(regions.regions.size());
  for (std::uint32_t k = 0; k < ratings.size(); ++k) {
    if (candidates.regions[k].pixels < options.least_pixels) continue;
    const std::vector<std::int64_t> shared = shared_pixels(candidates, k, regions, columns, options.rule);
    bool useful = false;
    for (std::size_t region = 0; region < shared.size(); ++region) {
      if (!hits(shared[region], candidates.regions[k], regions.regions[region], options)) continue;
      useful = true;
      best[region] = std::max(best[region].value_or(ratings[k]), ratings[k]);
    }
    if (!useful) marks.false_ratings.push_back(ratings[k]);
  }
  for (const std::optional<double>& rating : best) {
    if (rating) marks.found_ratings.push_back(*rating);
  }
  return marks;
}

std::vector<CurvePoint> froc_curve(std::span<const ImageMarks> images) {
  Marks marks;
  double regions = 0.0;
  for (const ImageMarks& image : images) {
    marks.add(image, 0);
    regions += static_cast<double>(image.regions);
  }
  return curve_of(roc_steps(marks.ratings, marks.found), static_cast<double>(images.size()), regions);
}

MetricValue sensitivity_at(std::span<const CurvePoint> curve, double rate) {
  if (curve.empty()) return MetricValue::undefined("no lesion region");
  const auto beyond =
      std::partition_point(curve.begin(), curve.end(), [&](const CurvePoint& point) { return point.x <= rate; });
  return MetricValue::of(beyond == curve.begin() ? 0.0 : (beyond - 1)->y);
}

std::vector<Replicates> bootstrap_froc(std::span<const ImageMarks> images, std::span<const std::int64_t> cluster_ids,
                                       std::span<const double> rates, const BootstrapOptions& options) {
  std::vector<std::uint8_t> positive;
  for (const ImageMarks& image : images) positive.push_back(image.regions > 0 ? 1 : 0);
  const Clustering clustering = cluster_cases(cluster_ids, positive);
  std::vector<double> images_of(clustering.size()), regions_of(clustering.size());
  Marks marks;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::uint32_t cluster = clustering.of_case[i];
    marks.add(images[i], cluster);
    images_of[cluster] += 1.0;
    regions_of[cluster] += static_cast<double>(images[i].regions);
  }
  const RankedCases ranked(marks.ratings, marks.found, marks.clusters);
  std::vector<RocStep> steps;
  const auto weighted = [&](std::span<const std::uint32_t> weights) {
    ranked.weighted_steps(weights, steps);
    double count = 0.0, regions = 0.0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      count += weights[k] * images_of[k];
      regions += weights[k] * regions_of[k];
    }
    const std::vector<CurvePoint> curve = curve_of(steps, count, regions);
    std::vector<MetricValue> values;
    double sum = 0.0;
    for (const double rate : rates) {
      values.push_back(sensitivity_at(curve, rate));
      sum += values.back().value.value_or(0.0);
    }
    values.push_back(curve.empty() || rates.empty() ? MetricValue::undefined("no lesion region")
                                                    : MetricValue::of(sum / static_cast<double>(rates.size())));
    return values;
  };
  return bootstrap(clustering, weighted, options);
}

}  // namespace ra

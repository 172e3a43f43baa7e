#include "ra/metrics/curves.h"

#include <limits>

namespace ra {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Whether b lies on the straight line from a to c; exact for steps of fewer than 2^26 cases.
bool on_a_line(const RocStep& a, const RocStep& b, const RocStep& c) {
  return static_cast<double>(b.false_positives - a.false_positives) *
             static_cast<double>(c.true_positives - b.true_positives) ==
         static_cast<double>(c.false_positives - b.false_positives) *
             static_cast<double>(b.true_positives - a.true_positives);
}

}  // namespace

std::vector<CurvePoint> roc_curve(std::span<const RocStep> steps, CurvePoints points) {
  if (!missing_class(steps).empty()) return {};
  const double negatives = static_cast<double>(steps.back().false_positives);
  const double positives = static_cast<double>(steps.back().true_positives);
  std::vector<CurvePoint> curve{{0.0, 0.0, kInfinity}};
  RocStep kept;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool inner = i + 1 < steps.size();
    if (inner && points == CurvePoints::kWithoutCollinear && on_a_line(kept, steps[i], steps[i + 1])) continue;
    kept = steps[i];
    curve.push_back({static_cast<double>(kept.false_positives) / negatives,
                     static_cast<double>(kept.true_positives) / positives, kept.score});
  }
  return curve;
}

std::vector<CurvePoint> pr_curve(std::span<const RocStep> steps, CurvePoints points) {
  if (!missing_class(steps).empty()) return {};
  const double positives = static_cast<double>(steps.back().true_positives);
  std::vector<CurvePoint> curve{{0.0, 1.0, kInfinity}};
  std::int64_t before = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::int64_t found = steps[i].true_positives;
    // Precision only falls along a run of equal recall, so its ends draw it.
    const bool inner = i + 1 < steps.size() && found == before && found == steps[i + 1].true_positives;
    before = found;
    if (inner && points == CurvePoints::kWithoutCollinear) continue;
    curve.push_back({static_cast<double>(found) / positives,
                     static_cast<double>(found) / static_cast<double>(found + steps[i].false_positives),
                     steps[i].score});
  }
  return curve;
}

}  // namespace ra

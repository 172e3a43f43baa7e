#include "ra/metrics/quantisation.h"

#include <algorithm>
#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

// A bin, in descending order of the score: what lies above it and what it holds.
struct Bin {
  double negatives_above, positives_above, negatives, positives;
};

template <class Visit>
void for_each_bin(std::span<const RocStep> steps, Visit visit) {
  if (!missing_class(steps).empty()) {
    throw Error(ErrorCode::kUsage, "the effect of binning needs positives and negatives");
  }
  RocStep before;
  for (const RocStep& step : steps) {
    visit(Bin{static_cast<double>(before.false_positives), static_cast<double>(before.true_positives),
              static_cast<double>(step.false_positives - before.false_positives),
              static_cast<double>(step.true_positives - before.true_positives)});
    before = step;
  }
}

double positives_of(std::span<const RocStep> steps) { return static_cast<double>(steps.back().true_positives); }

}  // namespace

Interval auroc_bracket(std::span<const RocStep> steps) {
  double lost = 0.0, pairs_above = 0.0;
  for_each_bin(steps, [&](const Bin& bin) {
    lost += bin.negatives * bin.positives;  // every pair of a bin may be in wrong order
    pairs_above += bin.negatives * bin.positives_above;
  });
  const double pairs = positives_of(steps) * static_cast<double>(steps.back().false_positives);
  return {pairs_above / pairs, (pairs_above + lost) / pairs};
}

Interval average_precision_bracket(std::span<const RocStep> steps) {
  double low = 0.0, high = 0.0;
  for_each_bin(steps, [&](const Bin& bin) {
    if (bin.positives == 0.0) return;
    // At worst all negatives of the bin come first: the sum of x / (x + c) over its positives, below which lies its
    // integral; at best all positives come first and together.
    const double c = bin.negatives_above + bin.negatives;
    low += bin.positives - (c > 0.0 ? c * std::log1p(bin.positives / (bin.positives_above + c)) : 0.0);
    const double found = bin.positives_above + bin.positives;
    high += bin.positives * found / (found + bin.negatives_above);
  });
  return {low / positives_of(steps), high / positives_of(steps)};
}

Interval best_dice_bracket(std::span<const RocStep> steps) {
  Interval best;
  const double positives = positives_of(steps);
  for_each_bin(steps, [&](const Bin& bin) {
    const double found = bin.positives_above + bin.positives;
    best.low = std::max(best.low, 2.0 * found / (found + bin.negatives_above + bin.negatives + positives));
    best.high = std::max(best.high, 2.0 * found / (found + bin.negatives_above + positives));
  });
  return best;
}

Interval aupro_bracket(std::span<const CurvePoint> curve, double fpr_limit) {
  if (curve.empty()) throw Error(ErrorCode::kUsage, "the effect of binning needs positives and negatives");
  Interval area;
  for (std::size_t i = 1; i < curve.size() && curve[i - 1].x < fpr_limit; ++i) {
    const double width = std::min(curve[i].x, fpr_limit) - curve[i - 1].x;
    area.low += curve[i - 1].y * width;
    area.high += curve[i].y * width;
  }
  return {area.low / fpr_limit, area.high / fpr_limit};
}

}  // namespace ra

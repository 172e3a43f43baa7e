#pragma once

#include <span>
#include <vector>

#include "ra/metrics/roc.h"

namespace ra {

// A point of a curve; cases that score at least `threshold` count as positive.
struct CurvePoint {
  double x = 0.0;
  double y = 0.0;
  double threshold = 0.0;
};

enum class CurvePoints {
  kAll,               // one for each distinct score, as scikit-learn with drop_intermediate=False
  kWithoutCollinear,  // those inside a straight run left out: the same line with fewer points
};

// False positive rate (x) against true positive rate (y), from (0,0) at an infinite threshold to (1,1). Empty unless
// both classes are there.
std::vector<CurvePoint> roc_curve(std::span<const RocStep> steps, CurvePoints points = CurvePoints::kAll);

// Recall (x) against precision (y), from (0,1) at an infinite threshold to full recall and on to the lowest score:
// scikit-learn's points in the opposite order. Draw it as steps: a straight line between two points is not attained.
// Empty unless both classes are there.
std::vector<CurvePoint> pr_curve(std::span<const RocStep> steps, CurvePoints points = CurvePoints::kAll);

}  // namespace ra

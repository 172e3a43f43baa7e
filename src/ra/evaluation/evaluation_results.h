#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ra/evaluation/evaluation_seconds.h"
#include "ra/metrics/curves.h"
#include "ra/metrics/estimate.h"
#include "ra/metrics/froc.h"
#include "ra/metrics/localization.h"
#include "ra/metrics/pixel_counts.h"

namespace ra {

// By the share of the prepared slice that a box covers: below 0.5 %, below 2 %, and above.
enum class BoxSize { kSmall, kMedium, kLarge };
std::string_view to_string(BoxSize size);

// One box (or one row's mask) of a case.
struct BoxRecord {
  std::string label;  // its class
  Box box;            // in the image's own pixels; of a mask, the smallest box around it
  BoxSize size = BoxSize::kSmall;
  BoxOutcome paper;                  // metrics/localization.h, on the fractional mask
  std::optional<double> strict_iou;  // best IoU of a component of the map with the box; absent without area
  bool strict_hit = false;           // strict_iou at least kStrictIou
};
inline constexpr double kStrictIou = 0.1;

// What one method says of one case.
struct MethodScore {
  double mean = 0.0;     // of its map: the paper's image score
  double maximum = 0.0;  // of its map after a Gaussian of 2 pixels
};

// All numbers of one image of one set.
struct CaseRecord {
  std::size_t set = 0;
  std::filesystem::path image;
  std::optional<std::int64_t> slice;  // of a volume; absent: a picture, or the middle slice
  std::string subject;                // data/subject.h
  bool pathological = false;
  std::string label;  // class
  std::map<std::string, std::string> groups;
  std::vector<MethodScore> scores;                 // one a method, the detector first
  std::optional<double> p_value, p_value_maximum;  // of the detector's scores, with a calibration that fits it
  double mae = 0.0, mse = 0.0, ssim = 0.0;
  double perceptual_distance = 0.0;  // EvaluationResults::distance_name()
  std::optional<double> psnr;
  std::vector<float> latent, reconstruction_latent;  // z of the input and of its re-encoded reconstruction
  std::optional<double> dice;                        // at the threshold, on brain pixels; absent without truth
  std::vector<PixelCounts> pixels;                   // one a method, brain pixels; empty where the truth is unknown
  std::optional<ImageMarks> marks;                   // candidates of the detector's map, where the truth is known
  std::vector<BoxRecord> boxes;
};

// One number of results.json.
struct EvaluatedMetric {
  std::string protocol, set, group, method, score, metric, mode;
  MetricValue value;
  std::optional<Interval> interval;
  std::string interval_kind;      // how the interval was made
  std::string reason;             // why the value or its interval is missing
  std::optional<double> p_value;  // of differences
  std::vector<std::size_t> n;
};

struct NamedCurve {
  std::string kind, set, method;
  std::vector<CurvePoint> points;
};

// A pixel threshold from the healthy maps of the evaluation.
struct HealthyMapThreshold {
  std::string pixels;  // "all" or "brain"
  std::string mode;    // "paper": steps of 0.001, shares of pixels above; "strict": from a fine histogram, at or above
  int percent = 5;
  double threshold = 0.0;
};

struct EvaluationResults {
  std::vector<std::string> sets, methods;
  std::string perceptual;  // the detector's distance: "squeezenet" or "encoder"
  std::vector<CaseRecord> cases;
  std::vector<EvaluatedMetric> metrics;
  std::vector<NamedCurve> curves;
  std::vector<HealthyMapThreshold> thresholds;
  std::optional<double> threshold;  // the one that boxes, FROC and Dice use
  std::vector<std::string> warnings;
  EvaluationSeconds seconds;
  std::vector<std::string> failures;  // images and masks that could not be used, with the reason

  // The key of the mean perceptual distance of input and reconstruction: LPIPS by the weights that it comes from, which
  // are not those of the paper (AlexNet), or the model's own, which is no LPIPS.
  std::string distance_name() const {
    return perceptual == "squeezenet" ? "lpips_squeezenet" : "perceptual_" + perceptual;
  }
};

}  // namespace ra

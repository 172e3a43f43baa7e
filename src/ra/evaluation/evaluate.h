#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/evaluation/cases.h"
#include "ra/metrics/bootstrap.h"

namespace ra {

// Which protocols an evaluation runs. To add one: its file beside this, a flag here, and its line in evaluate().
struct EvaluationProtocols {
  bool detection = true;     // with the bias of groups
  bool localization = true;  // boxes, FROC, pixels
  bool thresholding = true;  // thresholds are always found; this adds them to the metrics
  bool latents = true;
  bool pseudo_healthy = true;  // quality of reconstructions
};

struct EvaluationOptions {
  EvaluationProtocols protocols;
  std::vector<std::filesystem::path> training;  // pictures of the opponents; empty: none
  std::optional<double> threshold;              // on pixels; absent: from the healthy maps
  std::filesystem::path scratch;                // folder for a temporary file
  BootstrapOptions bootstrap;
};

// Judges the detector, and opponents that need no network, on the cases of a plan. kUsage without any case.
EvaluationResults evaluate(const AnomalyDetector& detector, const EvaluationPlan& plan,
                           const EvaluationOptions& options, const CaseSink& sink = {},
                           const std::function<void(std::size_t done, std::size_t total)>& progress = {});

// The protocols alone, on cases that were judged.
void add_protocols(EvaluationResults& results, const EvaluationProtocols& protocols, const BootstrapOptions& options);

}  // namespace ra

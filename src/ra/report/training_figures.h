#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ra/report/figures.h"

namespace ra {

// One line a key of the training rows over the epoch, the keys' names without `prefix`. `yardstick` draws a dashed
// level. nullopt where no row has any.
struct TrainingCurve {
  std::string title;
  std::vector<std::string> keys;
  std::string prefix;
  bool logarithmic = false;
  std::optional<double> yardstick;
  std::string yardstick_name;
};
std::optional<Figure> training_figure(const std::vector<Json>& rows, const TrainingCurve& curve);

// Everything that metrics.jsonl has a number of, over the epoch: losses, validation by latent rule beside its
// yardstick, learning rate, gradient norms, how much of the latent vector is used.
std::vector<Figure> training_figures(const std::vector<Json>& rows);

}  // namespace ra

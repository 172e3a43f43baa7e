#include "ra/training/weight_average.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace ra {

WeightAverage::WeightAverage(const ReversedAutoencoder& model, double decay)
    : model_(model), decay_(decay), average_(std::make_shared<ReversedAutoencoder>(model.options(), 0)) {
  const StateDict state = model.state();
  average_->to(state.front().tensor.scalar_type(), state.front().tensor.device());
  average_->load(state);
}

void WeightAverage::update(std::int64_t step) {
  const at::NoGradGuard no_grad;
  const auto t = static_cast<double>(step);
  const double decay = std::min(decay_, (1.0 + t) / (10.0 + t));
  const StateDict weights = model_.state();
  StateDict averages = average_->state();
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (weights[k].trained)
      averages[k].tensor.lerp_(weights[k].tensor, 1.0 - decay);
    else
      averages[k].tensor.copy_(weights[k].tensor);
  }
}

}  // namespace ra

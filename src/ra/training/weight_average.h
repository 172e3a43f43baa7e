#pragma once

#include <cstdint>
#include <memory>

#include "ra/model/reversed_autoencoder.h"

namespace ra {

// Exponential moving average of a network's weights (Polyak averaging as Izmailov et al. and most generative models use
// it): after step t, average = d * average + (1 - d) * weights with d = min(decay, (1 + t) / (10 + t)), so that it is
// not held back by the random weights of the beginning. Running statistics of batch norm are copied.
class WeightAverage {
 public:
  // Begins at the model's weights. `model` must outlive it.
  WeightAverage(const ReversedAutoencoder& model, double decay);

  // Takes in the weights after step number `step`, from 1.
  void update(std::int64_t step);

  // A network of its own with the averaged weights, on the model's device.
  const std::shared_ptr<ReversedAutoencoder>& network() const { return average_; }

 private:
  const ReversedAutoencoder& model_;
  double decay_;
  std::shared_ptr<ReversedAutoencoder> average_;
};

}  // namespace ra

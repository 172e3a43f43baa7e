#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "ra/model/checkpoint.h"

namespace ra {

// Adam (Kingma and Ba, ICLR 2015) with betas 0.9 and 0.999 and eps 1e-8, by LibTorch's fused kernel, whose order of
// operations is that of PyTorch's single-tensor implementation, so that float32 results agree.
class Adam {
 public:
  // The parameters are shared with the model, and keep their layout; moments start at zero.
  Adam(std::vector<at::Tensor> parameters, double learning_rate);

  // Forgets the gradients.
  void zero_grad();
  // Moves every parameter that has a gradient; gradients stay readable afterwards. Where `skip`, a float32 scalar on
  // their device, is 1, nothing moves; the device need not be waited for to know.
  void step(const at::Tensor& skip = {});
  // Corrects steps(): by -1 for one that turned out to have been skipped, by 1 for one that a device did by itself.
  void count_steps(std::int64_t by) { steps_ += by; }

  // Whether the parameters collect gradients from now on.
  void require_grad(bool required);
  void set_learning_rate(double learning_rate);
  double learning_rate() const { return learning_rate_; }

  std::int64_t steps() const { return steps_; }
  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  const std::vector<at::Tensor>& first_moments() const { return first_moments_; }
  const std::vector<at::Tensor>& second_moments() const { return second_moments_; }

  // The layout of torch.optim.Adam.state_dict(), for checkpoints that Python reads. Its tensors are copies.
  CheckpointValue state() const;
  // Takes steps, moments and learning rate from that layout; kBadInput naming what does not fit.
  void load(const CheckpointValue& state);

 private:
  std::vector<at::Tensor> parameters_, first_moments_, second_moments_;
  double learning_rate_;
  std::int64_t steps_ = 0;
  at::Tensor rate_;   // the learning rate on a GPU, float32, where a recorded step reads it; undefined on a CPU
  at::Tensor moves_;  // float32 scalar on the parameters' device: how often they have moved
};

}  // namespace ra

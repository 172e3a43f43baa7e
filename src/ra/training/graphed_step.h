#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "ra/training/device_graph.h"
#include "ra/training/introspective_step.h"

namespace ra {

// Introspective steps of which a device is given those on full batches as one graph, once a few have gone before. The
// numbers are those of IntrospectiveStep::start(). Where recording fails, a warning says so, and steps go as without.
class GraphedStep {
 public:
  // `step` must outlive it. Batches of `batch` slices are full ones.
  GraphedStep(IntrospectiveStep& step, std::int64_t batch, std::unique_ptr<DeviceGraph> graph);

  // As IntrospectiveStep::start(), whose read() takes what it gives.
  UnreadStep start(const at::Tensor& real, const StepNoise& noise);

 private:
  // Does a step and records it; false, and nothing done, where that cannot be.
  bool record(const at::Tensor& real, const StepNoise& noise);
  // Does what was recorded with other images and noise.
  void repeat(const at::Tensor& real, StepNoise noise);
  // What the graph has computed, in memory that its next run leaves alone.
  UnreadStep results() const;

  IntrospectiveStep& step_;
  std::int64_t batch_;
  std::unique_ptr<DeviceGraph> graph_;  // none once recording has failed
  int runs_ = 0;                        // of full batches before the recording
  bool is_recorded_ = false;
  // What the graph reads and writes.
  at::Tensor real_;
  StepNoise noise_;
  UnreadStep recorded_;
};

// For a step whose model lies on a GPU; nullptr on a CPU and, with a warning, where there are no CUDA graphs.
std::unique_ptr<GraphedStep> graphed_on_gpu(IntrospectiveStep& step, std::int64_t batch);

}  // namespace ra

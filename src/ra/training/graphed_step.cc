#include "ra/training/graphed_step.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <array>
#include <exception>
#include <utility>

#include "ra/base/log.h"

namespace ra {
namespace {

constexpr int kRunsBefore = 3;  // of full batches, not recorded: PyTorch's own number for whole steps

std::array<at::Tensor*, 6> draws(StepNoise& noise) {
  return {&noise.prior, &noise.real, &noise.rec_encoder, &noise.fake_encoder, &noise.rec_decoder, &noise.fake_decoder};
}

}  // namespace

GraphedStep::GraphedStep(IntrospectiveStep& step, std::int64_t batch, std::unique_ptr<DeviceGraph> graph)
    : step_(step), batch_(batch), graph_(std::move(graph)) {}

UnreadStep GraphedStep::start(const at::Tensor& real, const StepNoise& noise) {
  if (!graph_) return step_.start(real, noise);
  UnreadStep step;
  const bool full = real.size(0) == batch_;
  if (!full || runs_ < kRunsBefore) {
    graph_->run([&] { step = step_.start(real, noise); });
    if (full) ++runs_;
    return step;
  }
  if (is_recorded_) {
    repeat(real, noise);
  } else if (!record(real, noise)) {
    graph_.reset();
    return step_.start(real, noise);
  }
  graph_->run([&] { step = results(); });
  return step;
}

bool GraphedStep::record(const at::Tensor& real, const StepNoise& noise) {
  graph_->run([&] {
    real_ = real.clone();
    noise_ = noise;
    for (at::Tensor* draw : draws(noise_)) *draw = draw->clone();
  });
  const std::int64_t encoder_steps = step_.encoder_adam().steps(), decoder_steps = step_.decoder_adam().steps();
  try {
    graph_->record([this] { recorded_ = step_.start(real_, noise_); });
    is_recorded_ = true;
  } catch (const c10::Error& error) {
    log::warning("no CUDA graph could be recorded, so steps are given to the GPU piece by piece: {}",
                 error.what_without_backtrace());
    step_.encoder_adam().count_steps(encoder_steps - step_.encoder_adam().steps());
    step_.decoder_adam().count_steps(decoder_steps - step_.decoder_adam().steps());
  }
  return is_recorded_;
}

void GraphedStep::repeat(const at::Tensor& real, StepNoise noise) {
  graph_->run([&] {
    real_.copy_(real);
    const auto to = draws(noise_), from = draws(noise);
    for (std::size_t k = 0; k < to.size(); ++k) to[k]->copy_(*from[k]);
  });
  graph_->replay();
  step_.encoder_adam().count_steps(1);
  step_.decoder_adam().count_steps(1);
}

UnreadStep GraphedStep::results() const {
  UnreadStep step = recorded_;
  step.of_encoder = step.of_encoder.clone();
  step.of_decoder = step.of_decoder.clone();
  StepTerms& terms = step.terms;
  for (at::Tensor* term :
       {&terms.e_rec_rec_each, &terms.e_rec_fake_each, &terms.e_kl_rec_each, &terms.e_kl_fake_each}) {
    *term = term->clone();
  }
  return step;
}

std::unique_ptr<GraphedStep> graphed_on_gpu(IntrospectiveStep& step, std::int64_t batch) {
  if (!step.encoder_adam().parameters().front().is_cuda()) return nullptr;
  try {
    return std::make_unique<GraphedStep>(step, batch, make_cuda_graph());
  } catch (const std::exception& error) {  // ours, or one of CUDA's
    log::warning("steps are given to the GPU piece by piece: {}", error.what());
    return nullptr;
  }
}

}  // namespace ra

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <memory>
#include <utility>

#include "ra/detection/inference_backend.h"

namespace ra {
namespace {

// In effect for bf16 alone: fp32 runs as if there were no other precision.
std::unique_ptr<PrecisionGuard> guard(Precision precision, at::Device device) {
  return precision == Precision::kFp32 ? nullptr : std::make_unique<PrecisionGuard>(precision, device.type());
}

class InPrecision : public PerceptualDistance {
 public:
  InPrecision(std::shared_ptr<const PerceptualDistance> exact, Precision precision)
      : exact_(std::move(exact)), precision_(precision) {}

  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override {
    const auto held = guard(precision_, first.device());
    return exact_->distance(first, second).to(at::kFloat);
  }
  std::string name() const override { return exact_->name(); }

 private:
  std::shared_ptr<const PerceptualDistance> exact_;
  Precision precision_;
};

class TorchBackend : public InferenceBackend {
 public:
  TorchBackend(const ScreeningModel& model, at::Device device, Precision precision)
      : model_(model), device_(device), precision_(precision), perceptual_(make_perceptual(model, device), precision) {}

  Output screen(const at::Tensor& slice) const override {
    const at::NoGradGuard no_grad;
    const at::Tensor x = slice.to(device_, at::kFloat);
    Output output;
    {
      const auto held = guard(precision_, device_);
      output.reconstruction = reconstruct(*model_.network, x, model_.rule, model_.noise);
    }
    output.stages = anomaly_stages(x, output.reconstruction, perceptual_);
    return output;
  }

  at::Tensor sample_scores(const at::Tensor& slice, const at::Tensor& noise) const override {
    const at::NoGradGuard no_grad;
    const at::Tensor x = slice.to(device_, at::kFloat);
    const Encoder::Output posterior = encode(x);
    const auto decoded = [this](const at::Tensor& z) { return decode(z); };
    return scores_of_samples(x, posterior.mean, posterior.log_variance, noise, decoded, perceptual_);
  }

 private:
  Encoder::Output encode(const at::Tensor& x) const {
    const auto held = guard(precision_, device_);
    return model_.network->encoder().forward(x, BatchNormMode::kFrozen);
  }

  at::Tensor decode(const at::Tensor& z) const {
    const auto held = guard(precision_, device_);
    return model_.network->decoder().forward(z, BatchNormMode::kFrozen).to(at::kFloat);
  }

  ScreeningModel model_;
  at::Device device_;
  Precision precision_;
  InPrecision perceptual_;
};

}  // namespace

std::shared_ptr<const PerceptualDistance> make_perceptual(const ScreeningModel& model, at::Device device) {
  if (!model.squeezenet) return make_encoder_distance(model.network);
  return std::make_shared<SqueezenetLpips>(model.squeezenet->backbone, model.squeezenet->heads, device);
}

std::unique_ptr<InferenceBackend> make_torch_backend(const ScreeningModel& model, at::Device device,
                                                     Precision precision) {
  return std::make_unique<TorchBackend>(model, device, precision);
}

}  // namespace ra

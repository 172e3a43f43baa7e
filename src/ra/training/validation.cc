#include "ra/training/validation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ra/base/error.h"

namespace ra {
namespace {

// Reconstructions with less than this share of the inputs' contrast are an empty picture.
constexpr double kCollapsedContrast = 0.1;

double summed_error(const at::Tensor& reconstruction, const at::Tensor& images) {
  return (reconstruction - images).square().sum(at::kDouble).item<double>();
}

double summed_contrast(const at::Tensor& images) {
  return images.flatten(1).std(1, /*unbiased=*/false).sum(at::kDouble).item<double>();
}

}  // namespace

double Validation::error_of(const LatentRule& rule) const {
  for (const RuleError& error : errors) {
    if (error.rule.text() == rule.text()) return error.squared_error;
  }
  throw Error(ErrorCode::kUsage, "the latent rule " + rule.text() + " was not measured");
}

const RuleError& Validation::best() const {
  return *std::min_element(errors.begin(), errors.end(), [](const RuleError& a, const RuleError& b) {
    return a.squared_error < b.squared_error;
  });
}

Validation validate(const ReversedAutoencoder& model, const at::Tensor& images, const at::Tensor& noise,
                    int batch_size) {
  const at::NoGradGuard no_grad;
  const at::Tensor like = model.state().front().tensor;
  const at::Tensor draws = noise.to(like.device(), like.scalar_type());
  std::array<double, 3> errors{};
  Validation result;
  for (const at::Tensor& part : images.split(batch_size)) {
    const at::Tensor x = part.to(like.device(), like.scalar_type());
    const Encoder::Output posterior = model.encoder().forward(x, BatchNormMode::kFrozen);
    errors[0] += summed_error(model.decoder().forward(posterior.mean, BatchNormMode::kFrozen), x);
    at::Tensor average;
    for (std::int64_t k = 0; k < draws.size(0); ++k) {
      const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, draws[k]);
      const at::Tensor decoded = model.decoder().forward(z, BatchNormMode::kFrozen);
      if (k == 0) errors[1] += summed_error(decoded, x);
      average = k == 0 ? decoded : average.add_(decoded);
    }
    average.div_(draws.size(0));
    errors[2] += summed_error(average, x);
    result.input_contrast += summed_contrast(x);
    result.output_contrast += summed_contrast(average);
    result.output_level += average.mean({1, 2, 3}).sum().item<double>();
  }
  const auto count = static_cast<double>(images.size(0));
  const std::array<std::string, 3> rules = {"mean", "sample", fmt::format("average:{}", noise.size(0))};
  for (std::size_t k = 0; k < rules.size(); ++k) {
    result.errors.push_back({LatentRule::parse(rules[k]), errors[k] / count});
  }
  result.pixels = images[0].numel();
  result.input_contrast /= count;
  result.output_contrast /= count;
  result.output_level /= count;
  return result;
}

MetricRow validation_metrics(const Validation& validation, const LatentRule& rule, const std::string& task) {
  const double pixel_error = validation.error_of(rule) / static_cast<double>(validation.pixels);
  MetricRow row = {{fmt::format("{0}/{0}_loss_rec", task), pixel_error},
                   {fmt::format("{0}/{0}_loss_mse", task), pixel_error},
                   {fmt::format("{0}/{0}_loss_pl", task), std::monostate{}}};
  for (const RuleError& error : validation.errors) {
    row.emplace_back(fmt::format("{}/squared_error_{}", task, error.rule.text()), error.squared_error);
  }
  return row;
}

std::optional<std::string> collapsed_to(const Validation& validation) {
  if (validation.output_contrast >= kCollapsedContrast * validation.input_contrast) return std::nullopt;
  return validation.output_level < 0.1 ? "black" : validation.output_level > 0.9 ? "white" : "gray";
}

Yardsticks measure_yardsticks(const at::Tensor& training, const at::Tensor& validation) {
  const auto error_of = [&](const at::Tensor& picture) {
    return (validation - picture).square().sum(at::kDouble).item<double>() / static_cast<double>(validation.size(0));
  };
  return {error_of(training.mean(0, /*keepdim=*/true)), error_of(at::zeros({1}))};
}

}  // namespace ra

#include "ra/training/validation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "ra/base/error.h"

namespace ra {
namespace {

// Reconstructions with less than this share of the inputs' contrast are an empty picture.
constexpr double kCollapsedContrast = 0.1;

// What one latent rule comes to, batch by batch.
class RuleSums {
 public:
  // `reconstructions` belong to the images from number `first` on of `all` ([N,pixels]).
  void add(const at::Tensor& reconstructions, const at::Tensor& all, std::int64_t first) {
    const at::Tensor rebuilt = reconstructions.flatten(1);
    const std::int64_t count = rebuilt.size(0);
    squared_error_ += (rebuilt - all.slice(0, first, first + count)).square().sum(at::kDouble).item<double>();
    // |r - x|^2 without |r|^2, which is the same for every x.
    const at::Tensor distances = all.square().sum(1).unsqueeze(0) - 2 * at::matmul(rebuilt, all.t());
    const at::Tensor own = at::arange(first, first + count, at::TensorOptions(at::kLong).device(all.device()));
    own_ += (distances.argmin(1) == own).sum().item<std::int64_t>();
  }

  RuleError over(const std::string& rule, double count) const {
    return {LatentRule::parse(rule), squared_error_ / count, static_cast<double>(own_) / count};
  }

 private:
  double squared_error_ = 0.0;
  std::int64_t own_ = 0;
};

double summed_contrast(const at::Tensor& images) {
  return images.flatten(1).std(1, /*unbiased=*/false).sum(at::kDouble).item<double>();
}

// Sum over the images of the KL divergence of each dimension: [N,Z], [N,Z] -> [Z] float64.
at::Tensor summed_kl(const Encoder::Output& posterior) {
  const at::Tensor mean = posterior.mean.to(at::kDouble), log_variance = posterior.log_variance.to(at::kDouble);
  return (0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0)).sum(0).cpu();
}

}  // namespace

double Validation::kl() const { return std::accumulate(kl_per_latent.begin(), kl_per_latent.end(), 0.0); }

std::int64_t Validation::active_latents() const {
  return std::count_if(kl_per_latent.begin(), kl_per_latent.end(), [](double kl) { return kl > kActiveLatent; });
}

double Validation::error_of(const LatentRule& rule) const {
  for (const RuleError& error : errors) {
    if (error.rule.text() == rule.text()) return error.squared_error;
  }
  throw Error(ErrorCode::kUsage, "the latent rule " + rule.text() + " was not measured");
}

const RuleError& Validation::best() const {
  return *std::min_element(errors.begin(), errors.end(),
                           [](const RuleError& a, const RuleError& b) { return a.squared_error < b.squared_error; });
}

Validation validate(const ReversedAutoencoder& model, const at::Tensor& images, const at::Tensor& noise,
                    int batch_size) {
  const at::NoGradGuard no_grad;
  const at::Tensor like = model.state().front().tensor;
  const at::Tensor draws = noise.to(like.device(), like.scalar_type());
  const at::Tensor all = images.to(like.device(), like.scalar_type()).flatten(1);
  std::array<RuleSums, 3> sums;
  std::int64_t first = 0;
  Validation result;
  at::Tensor kl = at::zeros({model.options().latent_size}, at::kDouble);
  for (const at::Tensor& part : images.split(batch_size)) {
    const at::Tensor x = part.to(like.device(), like.scalar_type());
    const Encoder::Output posterior = model.encoder().forward(x, BatchNormMode::kFrozen);
    sums[0].add(model.decoder().forward(posterior.mean, BatchNormMode::kFrozen), all, first);
    kl += summed_kl(posterior);
    at::Tensor average;
    for (std::int64_t k = 0; k < draws.size(0); ++k) {
      const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, draws[k]);
      const at::Tensor decoded = model.decoder().forward(z, BatchNormMode::kFrozen);
      if (k == 0) sums[1].add(decoded, all, first);
      average = k == 0 ? decoded : average.add_(decoded);
    }
    average.div_(draws.size(0));
    sums[2].add(average, all, first);
    first += x.size(0);
    result.input_contrast += summed_contrast(x);
    result.output_contrast += summed_contrast(average);
    result.output_level += average.mean({1, 2, 3}).sum().item<double>();
  }
  const auto count = static_cast<double>(images.size(0));
  const std::array<std::string, 3> rules = {"mean", "sample", fmt::format("average:{}", noise.size(0))};
  for (std::size_t k = 0; k < rules.size(); ++k) {
    result.errors.push_back(sums[k].over(rules[k], count));
  }
  kl /= count;
  result.kl_per_latent.assign(kl.data_ptr<double>(), kl.data_ptr<double>() + kl.numel());
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
    row.emplace_back(fmt::format("{}/own_share_{}", task, error.rule.text()), error.own_share);
  }
  row.emplace_back(task + "/kl", validation.kl());
  row.emplace_back(task + "/active_latents", validation.active_latents());
  row.emplace_back(task + "/kl_per_latent", fmt::format("{:.3g}", fmt::join(validation.kl_per_latent, " ")));
  row.emplace_back(task + "/contrast_share", validation.output_contrast / validation.input_contrast);
  row.emplace_back(task + "/output_level", validation.output_level);
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

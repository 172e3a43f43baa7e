#include "ra/model/latent_rule.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <charconv>

#include "ra/base/error.h"
#include "ra/base/random.h"

namespace ra {

LatentRule LatentRule::parse(std::string_view text) {
  LatentRule rule;
  constexpr std::string_view kAverage = "average:";
  rule.uses_noise_ = text != "mean";
  if (text == "mean" || text == "sample") return rule;
  if (text.starts_with(kAverage)) {
    const std::string_view number = text.substr(kAverage.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rule.draws_);
    if (error == std::errc() && end == number.data() + number.size() && rule.draws_ >= 2 && rule.draws_ <= 1024) {
      return rule;
    }
  }
  throw Error(ErrorCode::kUsage,
              fmt::format("unknown latent rule '{}': use mean, sample or average:K with K from 2 to 1024", text));
}

std::string LatentRule::text() const {
  if (!uses_noise_) return "mean";
  return draws_ == 1 ? "sample" : fmt::format("average:{}", draws_);
}

at::Tensor latent_noise(const LatentRule& rule, int latent_size, std::uint64_t seed) {
  at::Tensor noise = at::empty({rule.draws(), latent_size});
  for (int k = 0; k < rule.draws(); ++k) {
    fill_normal({noise[k].data_ptr<float>(), static_cast<std::size_t>(latent_size)},
                CounterRandom(seed, 0, static_cast<std::uint32_t>(k), Purpose::kLatentNoise));
  }
  return noise;
}

at::Tensor reconstruct(const ReversedAutoencoder& model, const at::Tensor& x, const LatentRule& rule,
                       const at::Tensor& noise) {
  const Encoder::Output posterior = model.encoder().forward(x, BatchNormMode::kFrozen);
  if (!rule.uses_noise()) return model.decoder().forward(posterior.mean, BatchNormMode::kFrozen).to(x.scalar_type());
  const at::Tensor draws = noise.to(x.device(), x.scalar_type());
  at::Tensor sum;
  for (int k = 0; k < rule.draws(); ++k) {
    const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, draws[k]);
    // Of a lower precision under a PrecisionGuard; sums are not.
    const at::Tensor decoded = model.decoder().forward(z, BatchNormMode::kFrozen).to(x.scalar_type());
    sum = sum.defined() ? sum.add_(decoded) : decoded;
  }
  return sum.div_(rule.draws());
}

}  // namespace ra

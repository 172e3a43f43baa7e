#include "ra/training/step_noise.h"

#include <ATen/ATen.h>

namespace ra {

at::Tensor sent_to(const at::Tensor& like, const at::Tensor& tensor) {
  const at::Tensor typed = tensor.to(like.scalar_type());
  if (like.is_cpu()) return typed;
  return typed.pin_memory().to(like.device(), /*non_blocking=*/true);
}

at::Tensor draw_noise(std::uint64_t seed, std::uint32_t epoch, std::span<const std::uint32_t> samples, int latent_size,
                      Purpose purpose) {
  const auto length = static_cast<std::size_t>(latent_size);
  at::Tensor noise = at::empty({static_cast<std::int64_t>(samples.size()), latent_size});
  float* values = noise.data_ptr<float>();
  for (std::size_t k = 0; k < samples.size(); ++k) {
    fill_normal({values + k * length, length}, CounterRandom(seed, epoch, samples[k], purpose));
  }
  return noise;
}

StepNoise draw_step_noise(std::uint64_t seed, std::uint32_t epoch, std::span<const std::uint32_t> samples,
                          int latent_size, const at::Tensor& like) {
  const auto draw = [&](Purpose purpose) {
    return sent_to(like, draw_noise(seed, epoch, samples, latent_size, purpose));
  };
  return {draw(Purpose::kPriorNoise),       draw(Purpose::kRealNoise),       draw(Purpose::kRecEncoderNoise),
          draw(Purpose::kFakeEncoderNoise), draw(Purpose::kRecDecoderNoise), draw(Purpose::kFakeDecoderNoise)};
}

}  // namespace ra

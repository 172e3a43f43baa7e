#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "ra/base/random.h"
#include "ra/training/introspective_step.h"

namespace ra {

// A tensor of the CPU, in the dtype and on the device of `like`. A GPU fetches it from page-locked memory, and is not
// waited for.
at::Tensor sent_to(const at::Tensor& like, const at::Tensor& tensor);

// Standard normal noise of a batch: row k is a function of (seed, epoch, samples[k], purpose), so it does not depend
// on batch size, order or threads. [B, latent_size] float32 on the CPU.
at::Tensor draw_noise(std::uint64_t seed, std::uint32_t epoch, std::span<const std::uint32_t> samples, int latent_size,
                      Purpose purpose);

// All six draws of an introspective step, in the dtype and on the device of `like`.
StepNoise draw_step_noise(std::uint64_t seed, std::uint32_t epoch, std::span<const std::uint32_t> samples,
                          int latent_size, const at::Tensor& like);

}  // namespace ra

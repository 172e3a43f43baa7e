#include "ra/training/example_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <span>

#include "ra/io/write_image.h"

namespace ra {
namespace {

// [N,C,S,S] -> [S, N*S, channels], side by side.
at::Tensor side_by_side(const at::Tensor& images, std::int64_t channels) {
  const at::Tensor shown = images.slice(1, 0, channels);
  return shown.permute({2, 0, 3, 1}).reshape({shown.size(2), shown.size(0) * shown.size(3), channels});
}

}  // namespace

void write_example_picture(const std::filesystem::path& path, const at::Tensor& inputs,
                           const at::Tensor& reconstructions) {
  const std::int64_t channels = inputs.size(1) == 3 ? 3 : 1;
  const at::Tensor picture = at::cat(
      {side_by_side(inputs.cpu(), channels), side_by_side(reconstructions.cpu().to(inputs.scalar_type()), channels)});
  const at::Tensor codes = picture.mul(255.0).round_().clamp_(0.0, 255.0).to(at::kByte).contiguous();
  write_png(path, {codes.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(codes.numel())}, codes.size(1),
            codes.size(0), channels);
}

at::Tensor spread_examples(const at::Tensor& images, int count) {
  const std::int64_t total = images.size(0), taken = std::min<std::int64_t>(count, total);
  return images.index_select(0, at::arange(taken, at::kLong).mul_(total).floor_divide_(taken));
}

}  // namespace ra

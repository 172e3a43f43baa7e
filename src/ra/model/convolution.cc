#include "ra/model/convolution.h"

#include <ATen/ATen.h>
#include <ATen/cpu/Utils.h>

#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "ra/model/onednn.h"
#include "ra/model/precision.h"

namespace ra {
namespace {

std::int64_t padding_of(const at::Tensor& weight) { return weight.size(2) / 2; }

bool suits_library(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || (x.scalar_type() == at::kBFloat16 && has_bf16_units()));
}

bool has_avx512() {
  static const bool kFound = [] {
    const auto capabilities = at::cpu::get_cpu_capabilities();
    const auto found = capabilities.find("avx512_f");
    return found != capabilities.end() && found->second.toBool();
  }();
  return kFound;
}

// Note [Weight gradients as products]: without AVX-512, oneDNN computes the gradient of a convolution's weight from
// channels-last images at a quarter to a half of the processor's speed (benchmarks in docs/performance.md). In images
// that are padded by one pixel, a tap of a 3x3 filter is a constant shift in memory, so its gradient is one product of
// matrices over all pixels; the three taps of a row lie side by side and make one product together.
bool takes_products(const at::Tensor& x, const at::Tensor& weight) {
  return !has_avx512() && x.is_cpu() && x.scalar_type() == at::kFloat && weight.size(2) == 3;
}

at::Tensor weight_gradient_by_products(const at::Tensor& gradient, const at::Tensor& x) {
  const std::int64_t channels = x.size(1), filters = gradient.size(1), height = x.size(2), width = x.size(3);
  const std::int64_t row = width + 2, pixels = height * row - 2;  // the last two pixels of `right` are padding
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor around = at::constant_pad_nd(x, {1, 1, 1, 1}).contiguous(last);
  const at::Tensor right = at::constant_pad_nd(gradient, {0, 2}).contiguous(last);
  at::Tensor sums = at::zeros({3, filters, 3 * channels}, x.options());
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    const at::Tensor of_image = right[n].as_strided({filters, pixels}, {1, filters});
    for (std::int64_t y = 0; y < 3; ++y) {
      const at::Tensor patches =
          around.as_strided({pixels, 3 * channels}, {channels, 1}, around[n].storage_offset() + y * row * channels);
      sums[y].addmm_(of_image, patches);
    }
  }
  return sums.view({3, filters, 3, channels}).permute({1, 3, 0, 2});
}

at::Tensor library_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                            std::array<bool, 2> wanted) {
  const std::int64_t padding = padding_of(weight);
  auto gradients = at::convolution_backward(gradient, x, weight, at::OptionalIntArrayRef(), {1, 1}, {padding, padding},
                                            {1, 1}, false, {0, 0}, 1, {wanted[0], wanted[1], false});
  return wanted[0] ? std::get<0>(gradients) : std::get<1>(gradients);
}

// Patches of [N,C,H,W] as columns [N, C*size*size, H*W].
at::Tensor columns_of(const at::Tensor& image, std::int64_t size) {
  return at::im2col(image.contiguous(), {size, size}, {1, 1}, {size / 2, size / 2}, {1, 1});
}

// A matrix as a factor of bmm(). matmul() would rather copy the columns of all images into one matrix.
at::Tensor for_each_image(const at::Tensor& matrix, const at::Tensor& images) {
  return matrix.expand({images.size(0), matrix.size(0), matrix.size(1)});
}

// The pixels of a channels-last image as rows: [N,K,H,W] -> [N, H*W, K], the same memory.
at::Tensor pixel_rows(const at::Tensor& image) {
  return image.contiguous(at::MemoryFormat::ChannelsLast).permute({0, 2, 3, 1}).flatten(1, 2);
}

}  // namespace

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& residual,
                    double slope, ConvolutionMethod method) {
  if (method == ConvolutionMethod::kWinograd && winograd_applies(x.sizes(), weight)) {
    return winograd_convolution(x, winograd_filters(weight, x.sizes()), bias, residual, slope);
  }
  const bool activates = slope != 1.0;
  if (activates && !residual.defined() && suits_library(x)) {
    return onednn_convolution(x, weight, weight.size(2), bias, slope);
  }
  at::Tensor y = at::conv2d(x, weight, bias, 1, padding_of(weight));
  if (residual.defined()) y.add_(residual);
  return activates ? at::leaky_relu_(y, slope) : y;
}

at::Tensor convolution_input_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                      ConvolutionMethod method) {
  if (method == ConvolutionMethod::kWinograd && winograd_applies(gradient.sizes(), weight)) {
    // A convolution by the filters turned round, with inputs and outputs exchanged.
    return winograd_convolution(gradient, winograd_filters(weight.flip({2, 3}).transpose(0, 1), gradient.sizes()));
  }
  return library_gradient(gradient, x, weight, {true, false});
}

at::Tensor convolution_weight_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                       ConvolutionMethod method) {
  if (method == ConvolutionMethod::kWinograd && winograd_applies(x.sizes(), weight, FilterUse::kGradient)) {
    return winograd_weight_gradient(x, gradient);
  }
  if (takes_products(x, weight)) return weight_gradient_by_products(gradient, x);
  return library_gradient(gradient, x, weight, {false, true});
}

bool phases_apply(at::ScalarType dtype, at::Device device, std::int64_t pixels) {
  // Measured with oneDNN 3.7: half the time from 8 pixels on, up to twice of it in the weight gradient below.
  constexpr std::int64_t kLeastPixels = 8;
  const bool suits = dtype == at::kBFloat16 ? has_bf16_units() : dtype == at::kFloat && has_avx512();
  return suits && device.is_cpu() && pixels >= kLeastPixels;
}

bool are_phases(const at::Tensor& weight) { return weight.size(2) == 4; }

at::Tensor phase_weight(const at::Tensor& weight) {
  // Rows: the 4x4 filter's places in one direction; columns: those of the 3x3 filter that come together there.
  const at::Tensor sums = at::tensor({0., 0., 1., 0., 1., 1., 1., 1., 0., 1., 0., 0.}, weight.options()).view({4, 3});
  const at::Tensor both = at::kron(sums, sums);                        // [16,9]
  const at::Tensor taps = weight.permute({0, 2, 3, 1}).flatten(1, 2);  // [K,9,C]
  return at::matmul(both, taps).view({weight.size(0), 4, 4, weight.size(1)}).permute({3, 0, 1, 2});
}

at::Tensor convolve_doubled(const at::Tensor& x, const at::Tensor& phases, const at::Tensor& bias, double slope) {
  at::Tensor y = at::conv_transpose2d(x, phases, bias, 2, 1);
  return at::leaky_relu_(y, slope);
}

at::Tensor convolve_doubled_input_gradient(const at::Tensor& gradient, const at::Tensor& phases) {
  return at::conv2d(gradient, phases, {}, 2, 1);
}

at::Tensor convolve_doubled_weight_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& phases) {
  // That of the convolution with stride 2 from `gradient` to `x`.
  return std::get<1>(at::convolution_backward(x, gradient, phases, at::OptionalIntArrayRef(), {2, 2}, {1, 1}, {1, 1},
                                              false, {0, 0}, 1, {false, true, false}));
}

at::Tensor expand_image(const at::Tensor& image, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor columns = columns_of(image, weight.size(2)), matrix = weight.reshape({weight.size(0), -1});
  at::Tensor rows = at::bmm(columns.transpose(1, 2), for_each_image(matrix.t(), image));
  if (bias.defined()) rows.add_(bias);
  return rows.view({image.size(0), image.size(2), image.size(3), weight.size(0)}).permute({0, 3, 1, 2});
}

at::Tensor expand_image_input_gradient(const at::Tensor& gradient, const at::Tensor& weight) {
  const std::int64_t size = weight.size(2);
  const at::Tensor matrix = weight.reshape({weight.size(0), -1});
  const at::Tensor columns = at::bmm(for_each_image(matrix.t(), gradient), pixel_rows(gradient).transpose(1, 2));
  return at::col2im(columns, {gradient.size(2), gradient.size(3)}, {size, size}, {1, 1}, {size / 2, size / 2}, {1, 1});
}

at::Tensor expand_image_weight_gradient(const at::Tensor& gradient, const at::Tensor& image, const at::Tensor& weight) {
  const at::Tensor columns = columns_of(image, weight.size(2)), rows = pixel_rows(gradient);
  at::Tensor sum = at::zeros({columns.size(1), weight.size(0)}, gradient.options());
  for (std::int64_t n = 0; n < columns.size(0); ++n) sum.addmm_(columns[n], rows[n]);
  return sum.t().reshape(weight.sizes());
}

PackedConvolution::PackedConvolution(const at::Tensor& weight, at::Tensor bias, at::IntArrayRef images)
    : bias_(std::move(bias)), size_(weight.size(2)) {
  if (are_phases(weight)) {
    packed_ = onednn_pack_transposed(weight, images);
  } else if (winograd_applies(images, weight, FilterUse::kMany)) {
    winograd_ = winograd_filters(weight, images);
  } else {
    packed_ = onednn_pack(weight, images);
  }
}

at::Tensor PackedConvolution::forward(const at::Tensor& x, const at::Tensor& residual, double slope) const {
  if (winograd_) return winograd_convolution(x, *winograd_, bias_, residual, slope);
  if (doubles()) return onednn_transposed(x, packed_, bias_, slope);
  if (!residual.defined()) return onednn_convolution(x, packed_, size_, bias_, slope);
  at::Tensor y = onednn_convolution(x, packed_, size_, bias_, 1.0).add_(residual);
  return slope == 1.0 ? y : at::leaky_relu_(y, slope);
}

}  // namespace ra

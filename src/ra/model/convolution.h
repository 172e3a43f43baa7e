#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "ra/model/winograd.h"

namespace ra {

// The convolutions of a training step and their gradients, without autograd: stride 1, size kept, images [N,C,H,W]
// channels last. The same bits from run to run with one number of threads.

// kDirect sums as LibTorch does, in an order of its own. kWinograd takes winograd.h where that applies and gains,
// kDirect elsewhere.
enum class ConvolutionMethod { kDirect, kWinograd };

// LeakyReLU_slope(conv(x, weight) + bias + residual): weight [K,C,h,w] of an odd size, bias [K], residual [N,K,H,W];
// bias and residual may be undefined, and a slope of 1 leaves the sum as it is.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {},
                    const at::Tensor& residual = {}, double slope = 1.0,
                    ConvolutionMethod method = ConvolutionMethod::kDirect);

// The gradient of x, given that of the convolution's result [N,K,H,W].
at::Tensor convolution_input_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                      ConvolutionMethod method = ConvolutionMethod::kDirect);

// The gradient of the weight, shaped like it.
at::Tensor convolution_weight_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                       ConvolutionMethod method = ConvolutionMethod::kDirect);

// Note [Phases]: a 3x3 convolution of an image whose every pixel was doubled in both directions sees a source pixel two
// times or once, so of each of the four phases of the result it is a 2x2 convolution of the source, with sums of the
// filter's values as weights. The four together are a transposed convolution by a 4x4 filter with stride 2: 4/9 of the
// multiplications, and the doubled image and its gradient are never made. Exact but for rounding.

// Whether oneDNN does so faster: `pixels` is the side of the source, `dtype` that of images and weights.
bool phases_apply(at::ScalarType dtype, at::Device device, std::int64_t pixels);
// The filter of the transposed convolution, by autograd: [K,C,3,3] -> [C,K,4,4].
at::Tensor phase_weight(const at::Tensor& weight);
// Whether a weight is such a filter.
bool are_phases(const at::Tensor& weight);
// LeakyReLU_slope(conv(doubled x, 3x3) + bias): [N,C,H,W], [C,K,4,4] and [K] -> [N,K,2H,2W].
at::Tensor convolve_doubled(const at::Tensor& x, const at::Tensor& phases, const at::Tensor& bias, double slope);
// Its gradients, given that of its result before LeakyReLU: [N,C,H,W], and [C,K,4,4].
at::Tensor convolve_doubled_input_gradient(const at::Tensor& gradient, const at::Tensor& phases);
at::Tensor convolve_doubled_weight_gradient(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& phases);

// Note [Columns]: convolutions between an image of one or three channels and many channels (the first of the encoder,
// the last of the decoder) are slow in every library, which works on blocks of eight channels. As a product of matrices
// with the patches of the image as columns ([N, C*h*w, H*W]) they run at the speed of the product.

// conv(image, weight) + bias for an image [N,C,H,W] of few channels, weight [K,C,h,w]: [N,K,H,W] channels last.
at::Tensor expand_image(const at::Tensor& image, const at::Tensor& weight, const at::Tensor& bias);
// Its gradients, given that of its result.
at::Tensor expand_image_input_gradient(const at::Tensor& gradient, const at::Tensor& weight);
at::Tensor expand_image_weight_gradient(const at::Tensor& gradient, const at::Tensor& image, const at::Tensor& weight);

// A convolution whose weight is laid out for the processor once, for many images of one size; without gradients, on the
// CPU, float32 by Winograd's filtering where that gains, or bfloat16 where the processor multiplies it.
class PackedConvolution {
 public:
  // weight: [K,C,h,w] of an odd size, or [C,K,4,4] for images before their doubling (Note [Phases]). bias: [K] or
  // undefined. Best for images of the sizes `images`, [N,C,H,W], and for as many threads of LibTorch as there are now;
  // right for any, but oneDNN, which chooses the layout by both, may then lay the weight out anew at every call.
  PackedConvolution(const at::Tensor& weight, at::Tensor bias, at::IntArrayRef images);
  // LeakyReLU_slope(conv(x) + bias + residual). No residual after phases.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {}, double slope = 1.0) const;
  // Whether the result has twice the height and width of x.
  bool doubles() const { return size_ == 4; }

 private:
  std::optional<WinogradFilters> winograd_;
  at::Tensor packed_, bias_;
  std::int64_t size_;  // of the filter
};

}  // namespace ra

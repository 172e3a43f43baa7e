#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "ra/model/convolution.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra {

// Note [Folding]: frozen batch norm is the affine map a*y + c of each channel y with a = weight / sqrt(running_var +
// eps) and c = bias - a * running_mean. The convolution before it is linear, so the same comes of a convolution with
// the weight a*W and the bias c. That is exact but for rounding, also for gradients: autograd takes the gradient of a*W
// on to W and a. What it saves is a pass over every activation and one over its gradient, which wait for memory.
// Convolution, bias, residual and LeakyReLU of a block are one node of the graph, whose backward pass writes over its
// own tensors.

// How a folded network is computed.
struct FoldedMode {
  at::ScalarType dtype;                                   // of convolutions, products and embeddings
  ConvolutionMethod method = ConvolutionMethod::kDirect;  // of 3x3 convolutions
  // Weights are laid out once, best for one image at a time (PackedConvolution): no gradients, and later changes of the
  // network's parameters do not show.
  bool packed = false;
};

// For screening on CPUs.
inline constexpr FoldedMode kPackedMode{at::kFloat, ConvolutionMethod::kWinograd, /*packed=*/true};

// A convolution with its frozen batch norm in it: functions of the model's parameters, differentiable where those are.
struct FoldedConvolution {
  at::Tensor weight;  // [K,C,h,w]
  at::Tensor bias;    // [K]
};

// A residual block so, with an upsampling before it or without. The 1x1 convolution of the skip path comes before the
// upsampling, which gives the same pixels from a quarter of the multiplications; the first convolution makes it part of
// itself where that gains (Note [Phases] in model/convolution.h).
struct FoldedBlock {
  // What forward() uses where it is there; the weights below are undefined then.
  struct Packed {
    PackedConvolution first, second;
    std::optional<PackedConvolution> expand;
  };

  at::Tensor expand;  // [out,in,1,1]; undefined for an identity skip
  FoldedConvolution first, second;
  ConvolutionMethod method;
  bool upsample;
  std::optional<Packed> packed;

  // `pixels`: the side of the block's input, which it doubles or leaves as it is.
  FoldedBlock(const ResidualBlock& block, FoldedMode mode, std::int64_t pixels, bool doubles = false);
  // [N,in,H,W] -> [N,out,H,W], or twice the height and width.
  at::Tensor forward(const at::Tensor& x) const;
};

// The encoder as it stands, in kFrozen mode, for several passes before a parameter changes. The embeddings have the
// mode's dtype, the posterior has that of x.
class FoldedEncoder {
 public:
  FoldedEncoder(const Encoder& encoder, FoldedMode mode);
  Encoder::Output forward(const at::Tensor& x) const;
  // The embeddings alone.
  std::vector<at::Tensor> embed(const at::Tensor& x) const;

 private:
  at::ScalarType dtype_;
  FoldedConvolution first_;
  std::optional<PackedConvolution> packed_first_;
  std::vector<FoldedBlock> blocks_;
  at::Tensor fc_weight_, fc_bias_;
};

// The decoder likewise; its images have the dtype of z.
class FoldedDecoder {
 public:
  FoldedDecoder(const Decoder& decoder, FoldedMode mode);
  at::Tensor forward(const at::Tensor& z) const;

 private:
  at::ScalarType dtype_;
  std::int64_t feature_channels_, feature_size_;
  std::vector<FoldedBlock> blocks_;
  at::Tensor fc_weight_, fc_bias_, predict_weight_, predict_bias_;
};

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ra/model/layers.h"
#include "ra/model/state_dict.h"

namespace ra {

// The shape of the network. Defaults are the paper's.
struct ModelOptions {
  // Channels of the image: 1 for gray, 3 for colour.
  int image_channels = 1;
  // Length of the latent vector.
  int latent_size = 128;
  // Width of each encoder level, outermost first; every level halves the image.
  std::vector<int> channels = {64, 128, 256, 512, 512};
  // Side of the square image in pixels: a power of two from 32 to 512.
  int image_size = 128;
  // Whether a block between two levels of equal width has a 1x1 conv_expand (Note [conv_expand]).
  bool expand_equal_channels = false;
  // With expand_equal_channels: only equal widths above this have one. 256 for files of the reference.
  int expand_equal_channels_above = 0;
  // Whether a condition vector joins the features before encoder.fc and z before decoder.fc.
  bool conditional = false;
  // Length of the condition vector, where conditional.
  int condition_size = 10;

  // Throws ra::Error kUsage naming the field that is out of range.
  void validate() const;
  // Whether the block from width `before` to width `after` has a conv_expand.
  bool expands(int before, int after) const;
  // Side of the innermost feature map: image_size / 2^levels.
  int feature_size() const;
};

// Note [conv_expand]: the reference adds a 1x1 convolution to the skip path when two widths "are not" the same
// Python object. Integers up to 256 are shared by Python, larger ones read from YAML are not: a 512->512 block
// has one in checkpoints that were trained from YAML, none with the class's default tuple. Both exist; loading
// follows the state dict.

// Image -> posterior of z, and the embedding of every level.
class Encoder {
 public:
  struct Output {
    at::Tensor mean;                     // [N,Z]
    at::Tensor log_variance;             // [N,Z]
    std::vector<at::Tensor> embeddings;  // level k: [N, channels[k], S/2^(k+1), S/2^(k+1)]
  };

  explicit Encoder(const ModelOptions& options);
  // x: [N,C,S,S] in [0,1]; condition: [N,condition_size] where the model is conditional, else undefined.
  Output forward(const at::Tensor& x, PassMode mode, const at::Tensor& condition = {}) const;
  // The embeddings alone; they do not depend on a condition.
  std::vector<at::Tensor> embed(const at::Tensor& x, PassMode mode) const;
  void list(StateDict& state) const;

 private:
  friend class FoldedEncoder;

  bool conditional_;
  at::Tensor first_conv_;
  BatchNorm first_norm_;
  std::vector<ResidualBlock> blocks_;  // one after each pooling
  std::vector<std::string> block_names_;
  at::Tensor fc_weight_, fc_bias_;
};

// z -> image in (0,1).
class Decoder {
 public:
  explicit Decoder(const ModelOptions& options);
  // z: [N,Z] -> [N,C,S,S].
  at::Tensor forward(const at::Tensor& z, PassMode mode, const at::Tensor& condition = {}) const;
  void list(StateDict& state) const;

 private:
  friend class FoldedDecoder;

  bool conditional_;
  int feature_channels_, feature_size_;
  at::Tensor fc_weight_, fc_bias_;
  std::vector<ResidualBlock> blocks_;
  std::vector<std::string> block_names_;
  at::Tensor predict_weight_, predict_bias_;
};

// z = mean + exp(log_variance / 2) * noise; the mean where noise is undefined. All [N,Z].
at::Tensor sample_latent(const at::Tensor& mean, const at::Tensor& log_variance, const at::Tensor& noise);

// Encoder and decoder of RA (Bercea et al., MIDL 2023, section 3; network of soft-intro-VAE, Daniel and Tamar,
// CVPR 2021), with the reference's state-dict names, order and shapes. Forward passes of different threads may
// share one object in kFrozen mode.
class ReversedAutoencoder {
 public:
  struct Output {
    at::Tensor reconstruction;  // [N,C,S,S] in (0,1)
    at::Tensor z;               // [N,Z]
    Encoder::Output posterior;
  };

  // Weights as PyTorch's layers initialise them (uniform within 1/sqrt(fan_in)), a function of the seed, and
  // the traces of the reference's size probe: encoder running_var 0.9, num_batches_tracked 1.
  ReversedAutoencoder(const ModelOptions& options, std::uint64_t seed);
  // Weights of any value, for one that load() follows: drawing them takes a third of a second of a full-size network.
  explicit ReversedAutoencoder(const ModelOptions& options);

  Output forward(const at::Tensor& x, const at::Tensor& noise = {}, BatchNormMode mode = BatchNormMode::kFrozen,
                 const at::Tensor& condition = {}) const;

  const ModelOptions& options() const { return options_; }
  const Encoder& encoder() const { return encoder_; }
  const Decoder& decoder() const { return decoder_; }

  // All tensors, sharing storage with the model.
  StateDict state() const;
  // The trained tensors of one half, in the order of PyTorch's parameters().
  std::vector<at::Tensor> encoder_parameters() const;
  std::vector<at::Tensor> decoder_parameters() const;

  // Copies values from `state` by name. kBadInput naming every missing, unexpected or misshapen tensor.
  void load(const StateDict& state);
  // The same, but takes the tensors themselves where they are contiguous and of the model's type and device.
  void adopt(const StateDict& state);
  // Changes dtype and device in place, and stores convolutions channels last, which is the faster layout on CPUs
  // (docs/decisions.md).
  void to(at::ScalarType dtype, at::Device device);

 private:
  void initialise(std::uint64_t seed);

  ModelOptions options_;
  Encoder encoder_;
  Decoder decoder_;
};

// The options that fit the shapes of a state dict of this network; kBadInput when there are none, with the
// tensor that does not fit. image_size follows from encoder.fc unless the model is conditional.
ModelOptions options_from_state(const StateDict& state);

}  // namespace ra

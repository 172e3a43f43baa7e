#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ra/model/checkpoint.h"
#include "ra/model/latent_rule.h"
#include "ra/model/perceptual.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/transforms/input.h"

namespace ra {

// Whose images shaped a model, as subject hashes (data/subject.h), ascending.
struct SeenSubjects {
  std::vector<std::string> training;
  std::vector<std::string> validation;
  bool overlap_allowed = false;  // the user let parts of the data share subjects
};

// A model as a checkpoint file holds it: the network, and what else a number depends on. Stored under the key `ra`
// of the checkpoint, beside the reference's own keys, and in the metadata of a safetensors file; files of the reference
// have none of it.
struct ModelFile {
  std::shared_ptr<ReversedAutoencoder> model;
  // How its slices are prepared; native scaling where the file does not say.
  InputOptions input;
  // The rule that was best on validation, with its noise [draws,Z]; absent in files of the reference.
  std::optional<LatentRule> latent_rule;
  at::Tensor latent_noise;
  // Unknown (absent) in files of the reference.
  std::optional<SeenSubjects> subjects;
  // Perceptual distance that the file asks for; empty where it does not say. Only a bundle does.
  std::string perceptual;
  std::optional<SqueezenetWeights> squeezenet;
  // SHA-256 of the file that it was read from, a checkpoint or a bundle, hex; empty for one that was not.
  std::string sha256;
};

// Reads a .pt or safetensors file and builds the network that its shapes describe. kBadInput when the file is
// broken, holds no RA network, or has values that are not finite.
ModelFile read_model_file(const std::filesystem::path& path);

// The network that weights describe and which shares their memory where they are float32, with all else unknown;
// kBadInput as read_model_file.
ModelFile model_file_of(const StateDict& weights);

// The value of the key `ra`.
CheckpointValue to_checkpoint_value(const ModelFile& file);

}  // namespace ra

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ra/detection/calibration.h"
#include "ra/model/model_file.h"

namespace ra {

// The input of a canary: smooth random shapes, [1,C,S,S] in [0,1].
at::Tensor canary_image(std::uint64_t seed, const InputOptions& input);

// NAME.ra: a model with its calibrations in one file (docs/calibration.md lists its entries). `model` says which
// perceptual distance it was calibrated with, and may carry its weights.
struct Bundle {
  ModelFile model;
  // One for each backend and precision, all of the same latent rule, perceptual distance and slices. At least one; by
  // default the model runs as the first was made.
  std::vector<Calibration> calibrations;
  std::string licence = {};  // in the user's words; may be empty
};

// Whether the file begins as a bundle does. False for a file that cannot be read: another reader will say why.
bool is_bundle(const std::filesystem::path& path);

// kBadInput in one line for a file that is truncated, damaged, hostile or of another format version.
Bundle read_bundle(const std::filesystem::path& path);

// Writes it atomically and reads it back before it gets its name. kIo when it cannot be written.
void write_bundle(const std::filesystem::path& path, const Bundle& bundle);

}  // namespace ra

#pragma once

#include <filesystem>

#include "ra/model/reversed_autoencoder.h"

namespace ra {

// kUsage naming both networks when the one of a file has another shape than the experiment's `model`. Whether equal
// widths have a conv_expand does not count: loading follows the file.
void require_same_shape(const std::filesystem::path& file, const ModelOptions& of_file, const ModelOptions& model);

}  // namespace ra

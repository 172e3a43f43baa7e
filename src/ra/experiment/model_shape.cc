#include "ra/experiment/model_shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "ra/base/error.h"

namespace ra {
namespace {

std::string describe(const ModelOptions& model) {
  return fmt::format("{}x{} pixels, {} channel(s), widths {}, latent {}", model.image_size, model.image_size,
                     model.image_channels, fmt::join(model.channels, " "), model.latent_size);
}

}  // namespace

void require_same_shape(const std::filesystem::path& file, const ModelOptions& of_file, const ModelOptions& model) {
  if (describe(of_file) == describe(model)) return;
  throw Error(ErrorCode::kUsage,
              fmt::format("'{}' holds a network of {}, but the experiment's model is {}; change `model` or the weights",
                          file.string(), describe(of_file), describe(model)));
}

}  // namespace ra

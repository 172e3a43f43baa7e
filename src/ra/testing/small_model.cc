#include "ra/testing/small_model.h"

#include <memory>

#include "ra/model/checkpoint.h"

namespace ra::testing {

ModelOptions small_shape() {
  ModelOptions shape;
  shape.latent_size = 8;
  shape.channels = {4, 8, 8};
  shape.image_size = 32;
  return shape;
}

ModelFile small_model_file(std::uint64_t seed) {
  ModelFile file;
  file.model = std::make_shared<ReversedAutoencoder>(small_shape(), seed);
  file.input.image_size = small_shape().image_size;
  return file;
}

void write_small_model(const std::filesystem::path& path) {
  CheckpointValue::Dict root;
  root.emplace_back(CheckpointValue{std::string("model_weights")},
                    to_checkpoint_value(small_model_file().model->state()));
  root.emplace_back(CheckpointValue{std::string("epoch")}, CheckpointValue{std::int64_t{3}});
  write_torch_checkpoint(path, {root});
}

}  // namespace ra::testing

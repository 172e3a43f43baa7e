#include "ra/testing/small_model.h"

#include "ra/model/checkpoint.h"
#include "ra/model/reversed_autoencoder.h"

namespace ra::testing {

void write_small_model(const std::filesystem::path& path) {
  ModelOptions shape;
  shape.latent_size = 8;
  shape.channels = {4, 8, 8};
  shape.image_size = 32;
  CheckpointValue::Dict root;
  root.emplace_back(CheckpointValue{std::string("model_weights")},
                    to_checkpoint_value(ReversedAutoencoder(shape, 1).state()));
  root.emplace_back(CheckpointValue{std::string("epoch")}, CheckpointValue{std::int64_t{3}});
  write_torch_checkpoint(path, {root});
}

}  // namespace ra::testing

#include "ra/training/training_checkpoint.h"

#include <ATen/ATen.h>

#include <cmath>

namespace ra {
namespace {

CheckpointValue text(const std::string& value) { return {value}; }
CheckpointValue integer(std::int64_t value) { return {value}; }

StateDict stored_weights(const ReversedAutoencoder& model) {
  StateDict state = model.state();
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach().cpu().contiguous();
  return state;
}

void add_model_options(CheckpointValue::Dict& section, const ModelOptions& options) {
  CheckpointValue::List channels;
  for (const int width : options.channels) channels.push_back(integer(width));
  section.emplace_back(text("image_size"), integer(options.image_size));
  section.emplace_back(text("image_channels"), integer(options.image_channels));
  section.emplace_back(text("latent_size"), integer(options.latent_size));
  section.emplace_back(text("channels"), CheckpointValue{std::move(channels)});
  section.emplace_back(text("expand_equal_channels"), CheckpointValue{options.expand_equal_channels});
  section.emplace_back(text("expand_equal_channels_above"), integer(options.expand_equal_channels_above));
}

CheckpointValue described(const ModelFile& file, const TrainingFacts& facts) {
  CheckpointValue section = to_checkpoint_value(file);
  auto& entries = std::get<CheckpointValue::Dict>(section.value);
  add_model_options(entries, file.model->options());
  entries.emplace_back(text("seed"), integer(static_cast<std::int64_t>(facts.seed)));
  if (std::isfinite(facts.validation_error)) {
    entries.emplace_back(text("validation_error"), CheckpointValue{facts.validation_error});
  }
  entries.emplace_back(text("program_version"), text(RA_VERSION));
  return section;
}

}  // namespace

void write_training_checkpoint(const std::filesystem::path& path, const ModelFile& file, const IntrospectiveStep& step,
                               const TrainingFacts& facts) {
  write_torch_checkpoint(path, CheckpointValue{CheckpointValue::Dict{
                                   {text("model_weights"), to_checkpoint_value(stored_weights(*file.model))},
                                   {text("optimizer_e_weights"), step.encoder_adam().state()},
                                   {text("optimizer_d_weights"), step.decoder_adam().state()},
                                   {text("epoch"), integer(facts.epoch)},
                                   {text("ra"), described(file, facts)}}});
}

}  // namespace ra

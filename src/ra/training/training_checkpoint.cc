#include "ra/training/training_checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "ra/base/error.h"

namespace ra {
namespace {

CheckpointValue text(const std::string& value) { return {value}; }
CheckpointValue integer(std::int64_t value) { return {value}; }

CheckpointValue copied_weights(const ReversedAutoencoder& model) {
  StateDict state = model.state();
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.detach().cpu().clone(at::MemoryFormat::Contiguous);
  return to_checkpoint_value(state);
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

StateDict weights_of(const CheckpointValue& value) {
  StateDict weights = Checkpoint{CheckpointFormat::kTorchZip, value, {}}.weights();
  for (const NamedTensor& entry : weights) {
    if (entry.tensor.is_floating_point() && !entry.tensor.isfinite().all().item<bool>()) {
      throw Error(ErrorCode::kBadInput, entry.name + " holds values that are not finite: the training diverged");
    }
  }
  return weights;
}

// Whether there were moments to take.
bool load_moments(const Checkpoint& file, const char* key, Adam& adam) {
  const CheckpointValue* state = file.root.find(key);
  if (state == nullptr) return false;
  in_context(key, [&] { adam.load(*state); });
  return adam.steps() > 0;
}

}  // namespace

CheckpointValue training_checkpoint(const ModelFile& file, const ReversedAutoencoder& trained,
                                    const IntrospectiveStep& step, const TrainingFacts& facts, const RunState& state) {
  CheckpointValue::Dict root;
  root.emplace_back(text("model_weights"), copied_weights(*file.model));
  if (file.model.get() != &trained) root.emplace_back(text("trained_weights"), copied_weights(trained));
  root.emplace_back(text("optimizer_e_weights"), step.encoder_adam().state());
  root.emplace_back(text("optimizer_d_weights"), step.decoder_adam().state());
  root.emplace_back(text("epoch"), integer(state.position.epochs));
  root.emplace_back(text("ra"), described(file, facts));
  root.emplace_back(text("run_state"), text(state.to_json()));
  return {std::move(root)};
}

std::int64_t TrainingCheckpoint::epochs() const {
  if (state) return state->position.epochs;
  const CheckpointValue* epoch = content.root.find("epoch");
  const auto* number = epoch == nullptr ? nullptr : std::get_if<std::int64_t>(&epoch->value);
  if (number == nullptr || *number < 0) return 0;
  return content.root.find("ra") != nullptr ? *number : *number + 1;
}

TrainingCheckpoint read_training_checkpoint(const std::filesystem::path& path) {
  TrainingCheckpoint checkpoint{path, read_checkpoint(path), std::nullopt};
  in_context(fmt::format("'{}'", path.string()), [&] {
    const CheckpointValue* state = checkpoint.content.root.find("run_state");
    const auto* json = state == nullptr ? nullptr : std::get_if<std::string>(&state->value);
    if (json != nullptr) checkpoint.state = RunState::from_json(*json);
  });
  return checkpoint;
}

std::vector<std::string> restore(const TrainingCheckpoint& checkpoint, ReversedAutoencoder& model,
                                 WeightAverage* average, IntrospectiveStep& step) {
  return in_context(fmt::format("'{}'", checkpoint.path.string()), [&] {
    const Checkpoint& file = checkpoint.content;
    const StateDict judged = file.weights();
    const CheckpointValue* trained = file.root.find("trained_weights");
    model.load(weights_of(trained != nullptr ? *trained : to_checkpoint_value(judged)));
    if (average != nullptr) average->network()->load(weights_of(to_checkpoint_value(judged)));
    std::vector<std::string> missing;
    if (!load_moments(file, "optimizer_e_weights", step.encoder_adam())) {
      missing.push_back("the encoder's Adam moments (optimizer_e_weights): they begin at zero");
    }
    if (!load_moments(file, "optimizer_d_weights", step.decoder_adam())) {
      missing.push_back("the decoder's Adam moments (optimizer_d_weights): they begin at zero");
    }
    if (file.root.find("optimizer_weights") != nullptr) {
      missing.push_back("anything of optimizer_weights: the reference saves there an optimiser that never steps");
    }
    if (!checkpoint.state) {
      missing.push_back("the best epoch and what patience is left: both are counted anew");
      missing.push_back(
          "the place within an epoch, the order of the data and the state of random numbers: the next "
          "epoch begins with those of this program's seed");
    }
    return missing;
  });
}

}  // namespace ra

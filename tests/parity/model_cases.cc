#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "model_of_case.h"
#include "ra/model/checkpoint.h"
#include "ra/testing/hashed_weights.h"
#include "topics.h"

namespace ra::parity {
namespace {

void check_hash(ParityCase& parity) {
  const std::map<std::string, std::vector<std::int64_t>> shapes = {{"encoder.main.0.weight", {64, 1, 5, 5}},
                                                                   {"decoder.main.res_in_8.bn1.running_var", {512}},
                                                                   {"encoder.fc.bias", {256}},
                                                                   {"decoder.fc.0.weight", {8192, 128}},
                                                                   {"decoder.main.res_in_128.bn2.weight", {64}},
                                                                   {"encoder.main.1.running_mean", {64}}};
  for (const auto& [name, shape] : shapes) {
    parity.expect_array(name, testing::hashed_tensor(name, shape).reshape({-1}).slice(0, 0, 64));
  }
  parity.expect_scalar("u(encoder.main.0.weight, 0)", testing::hash_uniform("encoder.main.0.weight", 0));
}

void check_fresh_buffers(ParityCase& parity) {
  ModelOptions options;
  options.latent_size = 16;
  options.channels = {8, 16, 16};
  options.image_size = 32;
  const StateDict state = ReversedAutoencoder(options, 1).state();
  const auto first = [&](const std::string& name) { return find_tensor(state, name).reshape({-1})[0].item<double>(); };
  parity.expect_scalar("encoder_running_mean", first("encoder.main.1.running_mean"));
  parity.expect_scalar("encoder_running_var", first("encoder.main.1.running_var"));
  parity.expect_scalar("encoder_num_batches_tracked", first("encoder.main.1.num_batches_tracked"));
  parity.expect_scalar("decoder_running_var", first("decoder.main.res_in_4.bn1.running_var"));
  parity.expect_scalar("decoder_num_batches_tracked", first("decoder.main.res_in_4.bn1.num_batches_tracked"));
}

// Four channels and the four centre pixels, which is what the files of the full-size network hold.
at::Tensor centre_crop(const at::Tensor& maps) {
  const std::int64_t start = maps.size(-1) / 2 - 2;
  return maps.slice(1, 0, 4).slice(2, start, start + 4).slice(3, start, start + 4);
}

void check_embeddings(ParityCase& parity, const std::vector<at::Tensor>& embeddings) {
  for (std::size_t level = 0; level < embeddings.size(); ++level) {
    const std::string key = fmt::format("embedding{}", level);
    const at::Tensor& maps = embeddings[level];
    const bool whole = parity.output(key).numel() == maps.numel();
    parity.expect_array(key, whole ? maps : centre_crop(maps));
    const at::Tensor exact = maps.to(at::kDouble);
    parity.expect_scalar(key + "_mean", exact.mean().item<double>());
    parity.expect_scalar(key + "_std", exact.std(false).item<double>());
  }
}

at::Tensor running_statistics(const ReversedAutoencoder& model) {
  std::vector<at::Tensor> parts;
  for (const NamedTensor& entry : model.state()) {
    if (entry.name.find("running") != std::string::npos) parts.push_back(entry.tensor.reshape({-1}));
  }
  return at::cat(parts);
}

void check_keys(ParityCase& parity, const ReversedAutoencoder& model) {
  const auto keys = parity.input_json("keys");
  const StateDict state = model.state();
  bool equal = keys.size() == state.size();
  for (std::size_t k = 0; equal && k < state.size(); ++k) {
    equal = keys[k].at("name") == state[k].name && keys[k].at("shape") == state[k].tensor.sizes().vec();
  }
  parity.expect_true("keys", equal, "names, order or shapes of the state dict differ");
  std::int64_t parameters = 0;
  for (const NamedTensor& entry : state) parameters += entry.trained ? entry.tensor.numel() : 0;
  parity.expect_scalar("parameters", static_cast<double>(parameters));
  parity.expect_scalar("state_dict_entries", static_cast<double>(state.size()));
}

void check_network(ParityCase& parity) {
  at::NoGradGuard no_grad;
  ReversedAutoencoder model(options_of_case(parity.params()), 1);
  if (parity.has_input("weights")) {
    model.load(read_checkpoint(parity.input_path("weights")).weights());
  } else {
    testing::load_hashed_weights(model);
    check_keys(parity, model);
  }
  const at::Tensor batch = parity.input("batch"), noise = parity.input("noise");
  const auto output = model.forward(batch);
  parity.expect_array("mu", output.posterior.mean);
  parity.expect_array("logvar", output.posterior.log_variance);
  check_embeddings(parity, output.posterior.embeddings);
  parity.expect_array("reconstruction", output.reconstruction);
  parity.expect_array("reconstruction_noise", model.forward(batch, noise).reconstruction);
  const auto trained = model.forward(batch, noise, BatchNormMode::kBatch);
  parity.expect_array("train_mu", trained.posterior.mean);
  parity.expect_array("train_logvar", trained.posterior.log_variance);
  parity.expect_array("train_reconstruction", trained.reconstruction);
  parity.expect_array("train_running_stats", running_statistics(model));
}

}  // namespace

bool check_model(ParityCase& parity) {
  if (parity.id() == "model/hash") {
    check_hash(parity);
  } else if (parity.id() == "model/fresh_buffers") {
    check_fresh_buffers(parity);
  } else if (parity.has_input("batch")) {
    check_network(parity);
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "model_of_case.h"
#include "ra/testing/hashed_weights.h"
#include "ra/training/introspective_step.h"
#include "topics.h"

namespace ra::parity {
namespace {

std::vector<at::Tensor> all_parameters(const IntrospectiveStep& step) {
  std::vector<at::Tensor> parameters = step.encoder_adam().parameters();
  for (const at::Tensor& tensor : step.decoder_adam().parameters()) parameters.push_back(tensor);
  return parameters;
}

at::Tensor flat(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& tensor : tensors) parts.push_back(tensor.detach().reshape({-1}));
  return at::cat(parts).clone();
}

at::Tensor gradients(const IntrospectiveStep& step) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& tensor : all_parameters(step)) parts.push_back(tensor.grad());
  return flat(parts);
}

at::Tensor moments(const IntrospectiveStep& step, const std::vector<at::Tensor>& (Adam::*which)() const) {
  return at::cat({flat((step.encoder_adam().*which)()), flat((step.decoder_adam().*which)())});
}

std::vector<at::Tensor> running_statistics(const ReversedAutoencoder& model) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& entry : model.state()) {
    if (entry.name.find("running") != std::string::npos) tensors.push_back(entry.tensor);
  }
  return tensors;
}

StepNoise noise_of(const at::Tensor& draws) { return {draws[0], draws[1], draws[2], draws[3], draws[4], draws[5]}; }

LossOptions loss_of(const nlohmann::json& params) {
  LossOptions loss;
  loss.beta_rec = params.at("beta_rec");
  loss.beta_kl = params.at("beta_kl");
  loss.beta_neg = params.at("beta_neg");
  loss.gamma_r = params.at("gamma_r");
  loss.embedding_weight = params.at("embedding_weight");
  return loss;
}

// A hashed network in the case's dtype, and the step that trains it.
struct Training {
  ReversedAutoencoder model;
  at::ScalarType dtype;
  BatchNormMode mode;
  IntrospectiveStep step;

  explicit Training(const nlohmann::json& params)
      : model(options_of_case(params), 1),
        dtype(params.at("dtype") == "float64" ? at::kDouble : at::kFloat),
        mode(params.at("batch_norm") == "batch" ? BatchNormMode::kBatch : BatchNormMode::kFrozen),
        step(prepared(), loss_of(params), mode, params.at("learning_rate")) {}

 private:
  ReversedAutoencoder& prepared() {
    testing::load_hashed_weights(model);
    model.to(dtype, at::kCPU);
    return model;
  }
};

at::Tensor stacked(const std::vector<NamedTensor>& terms) {
  std::vector<at::Tensor> values;
  for (const NamedTensor& term : terms) values.push_back(term.tensor);
  return at::stack(values);
}

bool names_are(const std::vector<NamedTensor>& terms, const nlohmann::json& names) {
  return std::equal(terms.begin(), terms.end(), names.begin(), names.end(),
                    [](const NamedTensor& term, const nlohmann::json& name) { return name == term.name; });
}

void check_state_after(ParityCase& parity, const Training& training, int step) {
  const std::string suffix = "_step" + std::to_string(step);
  parity.expect_array("parameters" + suffix, flat(all_parameters(training.step)));
  if (training.mode == BatchNormMode::kBatch) {
    parity.expect_array("statistics" + suffix, flat(running_statistics(training.model)));
  }
}

void check_small(ParityCase& parity) {
  const auto& params = parity.params();
  Training training(params);
  const at::Tensor batches = parity.input("batches").to(training.dtype);
  const at::Tensor noise = parity.input("noise").to(training.dtype);
  const int steps = params.at("steps");
  std::vector<at::Tensor> terms, each;
  for (int k = 0; k < steps; ++k) {
    const StepTerms result = training.step.step(batches[k], noise_of(noise[k]));
    parity.expect_true(
        "term names",
        names_are(result.scalars(), params.at("terms")) && names_are(result.each(), params.at("terms_each")),
        "other term names");
    terms.push_back(stacked(result.scalars()));
    each.push_back(stacked(result.each()));
    if (k == 0) parity.expect_array("gradients_step1", gradients(training.step));
    if (k == 0 || k == steps - 1) check_state_after(parity, training, k + 1);
  }
  parity.expect_array("terms", at::stack(terms));
  parity.expect_array("terms_each", at::stack(each));
  parity.expect_array("exp_avg", moments(training.step, &Adam::first_moments));
  parity.expect_array("exp_avg_sq", moments(training.step, &Adam::second_moments));
  for (const NamedTensor& entry : training.model.state()) {
    if (entry.name == "encoder.main.1.num_batches_tracked") {
      parity.expect_scalar("encoder_num_batches_tracked", entry.tensor.item<double>());
    } else if (entry.name == "decoder.main.res_in_4.bn1.num_batches_tracked") {
      parity.expect_scalar("decoder_num_batches_tracked", entry.tensor.item<double>());
    }
  }
}

at::Tensor norms(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> values;
  for (const at::Tensor& tensor : tensors) values.push_back(tensor.detach().to(at::kDouble).norm());
  return at::stack(values);
}

// Evenly spaced flat positions, as numpy.linspace(0, count - 1, 16) cut to integers gives them.
at::Tensor sample_index(std::int64_t count) {
  constexpr int kSamples = 16;
  const double step = static_cast<double>(count - 1) / (kSamples - 1);
  at::Tensor index = at::empty({kSamples}, at::kLong);
  for (int k = 0; k < kSamples; ++k) index[k] = k + 1 == kSamples ? count - 1 : static_cast<std::int64_t>(k * step);
  return index;
}

// The largest Adam difference is allowed for a sample (its gradient may be rounding noise), but only for few.
void check_samples(ParityCase& parity, const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> samples, places;
  for (const at::Tensor& tensor : parameters) {
    places.push_back(sample_index(tensor.numel()));
    samples.push_back(tensor.detach().reshape({-1}).index_select(0, places.back()));
  }
  parity.expect_array("sample_index", at::stack(places));
  const at::Tensor got = at::stack(samples);
  parity.expect_array("samples", got);
  const double close = ((got - parity.output("samples")).abs() <= 1e-6).to(at::kDouble).mean().item<double>();
  parity.expect_true("95 % of samples within 1e-6", close >= 0.95, std::to_string(close));
}

void check_full(ParityCase& parity) {
  Training training(parity.params());
  const std::vector<at::Tensor> parameters = all_parameters(training.step);
  std::vector<at::Tensor> before, updates, grads;
  for (const at::Tensor& tensor : parameters) before.push_back(tensor.detach().clone());
  const StepTerms result = training.step.step(parity.input("batch"), noise_of(parity.input("noise")));
  for (const NamedTensor& term : result.scalars()) parity.expect_scalar(term.name, term.tensor.item<double>());
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    updates.push_back(parameters[k].detach().to(at::kDouble) - before[k].to(at::kDouble));
    grads.push_back(parameters[k].grad());
  }
  parity.expect_array("norms", norms(parameters));
  parity.expect_array("gradient_norms", norms(grads));
  parity.expect_array("update_norms", norms(updates));
  check_samples(parity, parameters);
}

}  // namespace

bool check_training(ParityCase& parity) {
  if (parity.has_input("batches")) {
    check_small(parity);
  } else if (parity.has_input("batch")) {
    check_full(parity);
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity

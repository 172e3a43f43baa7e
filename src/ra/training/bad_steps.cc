#include "ra/training/bad_steps.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/model/checkpoint.h"
#include "ra/training/introspective_step.h"

namespace ra {
namespace {

std::vector<at::Tensor> running_statistics(const ReversedAutoencoder& model) {
  std::vector<at::Tensor> statistics;
  for (const NamedTensor& entry : model.state()) {
    if (!entry.trained) statistics.push_back(entry.tensor);
  }
  return statistics;
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& tensor : tensors) result.push_back(tensor.clone());
  return result;
}

CheckpointValue text(const std::string& value) { return {value}; }

}  // namespace

BadSteps::BadSteps(const ReversedAutoencoder& model, const SliceDataset& training, std::int64_t budget,
                   std::filesystem::path folder)
    : model_(model), training_(training), budget_(budget), folder_(std::move(folder)) {}

void BadSteps::remember() { remembered_ = copies(running_statistics(model_)); }

bool BadSteps::accept(const Batch& batch, const std::function<void()>& read) {
  try {
    read();
    return true;
  } catch (const NonFiniteStep& error) {
    const at::NoGradGuard no_grad;
    const std::vector<at::Tensor> statistics = running_statistics(model_);
    for (std::size_t k = 0; k < statistics.size(); ++k) at::Tensor(statistics[k]).copy_(remembered_[k]);
    if (++count_ > budget_) {
      fail(batch, fmt::format("{}. {} steps were skipped before (training.max_bad_steps)", error.what(), count_ - 1));
    }
    log::warning("a step is skipped, number {} of at most {} (training.max_bad_steps): {}", count_, budget_,
                 error.what());
    return false;
  }
}

void BadSteps::fail(const Batch& batch, const std::string& reason) const {
  dump(batch, reason);
  throw Error(ErrorCode::kFailed, fmt::format("{}; the batch is in '{}'", reason, (folder_ / "bad_batch.pt").string()));
}

void BadSteps::dump(const Batch& batch, const std::string& reason) const {
  CheckpointValue::List names;
  for (const std::uint32_t sample : batch.samples) names.push_back(text(training_.names[sample]));
  write_torch_checkpoint(folder_ / "bad_batch.pt", CheckpointValue{CheckpointValue::Dict{
                                                       {text("reason"), text(reason)},
                                                       {text("names"), CheckpointValue{std::move(names)}},
                                                       {text("images"), CheckpointValue{batch.images}},
                                                       {text("model_weights"), to_checkpoint_value(model_.state())}}});
}

}  // namespace ra

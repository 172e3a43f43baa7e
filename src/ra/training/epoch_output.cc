#include "ra/training/epoch_output.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/tracking/replay.h"
#include "ra/training/example_picture.h"

namespace ra {
namespace {

constexpr int kExamples = 6;

}  // namespace

MetricRow epoch_row(const EpochFacts& facts, const LossMeans& means, const Validation& validation) {
  MetricRow row = {{"epoch", std::int64_t{facts.epoch}},
                   {"phase", std::string(to_string(facts.phase))},
                   {"lr", facts.learning_rate}};
  const MetricRow losses = means.metrics(), errors = validation_metrics(validation, facts.rule, "Val");
  row.insert(row.end(), losses.begin(), losses.end());
  row.insert(row.end(), errors.begin(), errors.end());
  row.emplace_back("Train/bad_steps", facts.bad_steps);
  row.emplace_back("slices_per_second", facts.slices_per_second);
  return row;
}

MetricRow yardsticks_row(const Yardsticks& yardsticks) {
  return {{"epoch", std::int64_t{0}},
          {"phase", "yardsticks"},
          {"Val/squared_error_mean_picture", yardsticks.mean_picture},
          {"Val/squared_error_black", yardsticks.black}};
}

void write_examples(const std::filesystem::path& run_folder, int epoch, const ReversedAutoencoder& model,
                    const at::Tensor& images, const LatentRule& rule, const at::Tensor& noise) {
  const at::NoGradGuard no_grad;
  const at::Tensor like = model.state().front().tensor;
  const at::Tensor examples = spread_examples(images, kExamples).to(like.device(), like.scalar_type());
  try {
    const std::filesystem::path path = example_picture_path(run_folder, epoch);
    make_output_folder(path.parent_path());
    write_example_picture(path, examples, reconstruct(model, examples, rule, noise));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    log::warning("{}; the training goes on without this picture", error.what());
  }
}

}  // namespace ra

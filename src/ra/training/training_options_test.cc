#include "ra/training/training_options.h"

#include <gtest/gtest.h>

#include <limits>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

// Expects that a change of the defaults is refused with the field's name.
void refuses(const char* field, void (*change)(TrainingOptions&)) {
  TrainingOptions options;
  change(options);
  testing::expect_error(ErrorCode::kUsage, {"training.", field}, [&] { options.validate(); });
}

TEST(TrainingOptions, AcceptsItsDefaultsAndEveryLatentRule) {
  TrainingOptions options;
  options.validate();
  for (const char* rule : {"auto", "mean", "sample", "average:16"}) {
    options.latent = rule;
    options.validate();
  }
}

TEST(TrainingOptions, NamesTheFieldThatIsOutOfRange) {
  refuses("epochs", [](TrainingOptions& o) { o.epochs = -1; });
  refuses("warmup.epochs", [](TrainingOptions& o) { o.epochs = 0; });
  refuses("batch_size", [](TrainingOptions& o) { o.batch_size = 0; });
  refuses("learning_rate", [](TrainingOptions& o) { o.learning_rate = 0.0; });
  refuses("learning_rate", [](TrainingOptions& o) { o.learning_rate = std::numeric_limits<double>::quiet_NaN(); });
  refuses("warmup.learning_rate", [](TrainingOptions& o) { o.warmup.learning_rate = -1.0; });
  refuses("patience", [](TrainingOptions& o) { o.patience = 0; });
  refuses("max_minutes", [](TrainingOptions& o) { o.max_minutes = -1.0; });
  refuses("loader_threads", [](TrainingOptions& o) { o.loader_threads = 0; });
  refuses("loss.beta_neg", [](TrainingOptions& o) { o.loss.beta_neg = -1.0; });
  refuses("gradient_clip", [](TrainingOptions& o) { o.gradient_clip = -1.0; });
  refuses("average_decay", [](TrainingOptions& o) { o.average_decay = 1.0; });
  refuses("max_bad_steps", [](TrainingOptions& o) { o.max_bad_steps = -1; });
  refuses("schedule.every_epochs", [](TrainingOptions& o) { o.schedule.every_epochs = 0; });
  refuses("schedule.final_share", [](TrainingOptions& o) { o.schedule.final_share = 1.5; });
  refuses("checkpoints.minutes", [](TrainingOptions& o) { o.checkpoints.minutes = -1.0; });
  refuses("checkpoints.keep", [](TrainingOptions& o) { o.checkpoints.keep = 0; });
  refuses("latent", [](TrainingOptions& o) { o.latent = "median"; });
}

}  // namespace
}  // namespace ra

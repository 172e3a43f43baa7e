#pragma once

#include <limits>
#include <optional>

#include "ra/model/latent_rule.h"
#include "ra/training/training_options.h"
#include "ra/training/training_report.h"
#include "ra/training/validation.h"

namespace ra {

// How the epochs of a training compare so far (Note [Which epoch is best]).
class Standing {
 public:
  // Everything that it knows; stored with a run.
  struct Record {
    std::optional<Validation> latest, best;
    int best_epoch = 0;
    double best_introspective_error = std::numeric_limits<double>::infinity();
    int best_introspective_epoch = 0;
    int collapsed_epochs = 0;
  };

  explicit Standing(const TrainingOptions& options);
  void restore(Record record) { record_ = std::move(record); }
  const Record& record() const { return record_; }

  // The rule that a checkpoint of an epoch is screened with, so it is the one that judges the epoch.
  LatentRule rule_of(const Validation& validation) const;
  // That of the latest epoch; before the first, the one that epochs are going to be judged by.
  LatentRule rule() const { return record_.latest ? rule_of(*record_.latest) : criterion_; }
  // By which epochs are compared where `latent` is auto and nothing is measured yet.
  const LatentRule& criterion() const { return criterion_; }
  double best_error() const { return record_.best->error_of(rule_of(*record_.best)); }

  // Takes in a finished epoch; true when it is the best of all. Warns when the network has given every slice the same
  // empty picture for a while.
  bool judge(int epoch, TrainingPhase phase, const Validation& validation);

  bool patience_is_spent(int epochs) const;

 private:
  void watch_for_collapse(int epoch, TrainingPhase phase, const Validation& validation);

  bool any_rule_;
  LatentRule criterion_;
  int warmup_epochs_, patience_;
  Record record_;
};

}  // namespace ra

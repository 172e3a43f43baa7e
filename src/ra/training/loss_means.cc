#include "ra/training/loss_means.h"

#include <ATen/ATen.h>

namespace ra {

void LossMeans::add(Term term, const at::Tensor& value, std::int64_t samples) {
  sums_[term] += value.item<double>() * static_cast<double>(samples);
  counts_[term] += samples;
}

void LossMeans::add(const StepTerms& terms, std::int64_t samples) {
  add(kReal, terms.e_kl_real, samples);
  add(kFake, terms.d_kl_fake, samples);
  add(kRec, terms.d_kl_rec, samples);
  add(kRecErrors, terms.d_loss_rec, samples);
  add(kExpFake, terms.e_expelbo_fake, samples);
  add(kExpRec, terms.e_expelbo_rec, samples);
  add(kEmbedding, terms.e_loss_embedding, samples);
}

void LossMeans::add(const WarmupTerms& terms, std::int64_t samples) {
  add(kReal, terms.kl_real, samples);
  add(kRecErrors, terms.loss_rec, samples);
}

std::optional<double> LossMeans::mean(Term term) const {
  if (counts_[term] == 0) return std::nullopt;
  return sums_[term] / static_cast<double>(counts_[term]);
}

MetricRow LossMeans::metrics() const {
  const auto value = [](std::optional<double> number) {
    return number ? LoggedValue(*number) : LoggedValue(std::monostate{});
  };
  const std::optional<double> real = mean(kReal), fake = mean(kFake);
  return {{"Train/Loss_DKLS", value(real && fake ? std::optional(*fake - *real) : std::nullopt)},
          {"Train/Loss_REAL", value(real)},
          {"Train/Loss_FAKE", value(fake)},
          {"Train/Loss_REC", value(mean(kRec))},
          {"Train/Loss_REC_ERRS", value(mean(kRecErrors))},
          {"Train/Loss_EXP_F", value(mean(kExpFake))},
          {"Train/Loss_EXP_R", value(mean(kExpRec))},
          {"Train/Loss_EMB", value(mean(kEmbedding))}};
}

}  // namespace ra

#include "ra/training/loss_means.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "ra/base/error.h"

namespace ra {

LossMeans::LossMeans(const Sums& sums) {
  if (sums.sums.size() != kTerms || sums.counts.size() != kTerms) {
    throw Error(ErrorCode::kBadInput,
                "the means of the epoch in progress have another number of terms than this program");
  }
  std::copy(sums.sums.begin(), sums.sums.end(), sums_.begin());
  std::copy(sums.counts.begin(), sums.counts.end(), counts_.begin());
}

LossMeans::Sums LossMeans::sums() const { return {{sums_.begin(), sums_.end()}, {counts_.begin(), counts_.end()}}; }

void LossMeans::add(Term term, const at::Tensor& value, std::int64_t samples) {
  add(term, value.item<double>(), samples);
}

void LossMeans::add(Term term, double value, std::int64_t samples) {
  sums_[term] += value * static_cast<double>(samples);
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
  add(kGradientEncoder, terms.e_gradient_norm, samples);
  add(kGradientDecoder, terms.d_gradient_norm, samples);
  add(kSaturatedShare, terms.saturated_share, samples);
}

void LossMeans::add(const WarmupTerms& terms, std::int64_t samples) {
  add(kReal, terms.kl_real, samples);
  add(kRecErrors, terms.loss_rec, samples);
  add(kGradientEncoder, terms.e_gradient_norm, samples);
  add(kGradientDecoder, terms.d_gradient_norm, samples);
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
          {"Train/Loss_EMB", value(mean(kEmbedding))},
          {"Train/grad_norm_e", value(mean(kGradientEncoder))},
          {"Train/grad_norm_d", value(mean(kGradientDecoder))},
          {"Train/exp_saturated_share", value(mean(kSaturatedShare))}};
}

}  // namespace ra

#include "ra/training/step_terms.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>

namespace ra {
namespace {

std::vector<NamedTensor> defined(std::vector<NamedTensor> terms) {
  std::erase_if(terms, [](const NamedTensor& term) { return !term.tensor.defined(); });
  return terms;
}

}  // namespace

std::vector<NamedTensor> StepTerms::scalars() const {
  return defined({{"e_loss_rec", e_loss_rec},
                  {"e_kl_real", e_kl_real},
                  {"e_loss_embedding", e_loss_embedding},
                  {"e_expelbo_rec", e_expelbo_rec},
                  {"e_expelbo_fake", e_expelbo_fake},
                  {"e_loss_real", e_loss_real},
                  {"e_loss_fake", e_loss_fake},
                  {"e_loss", e_loss},
                  {"d_loss_rec", d_loss_rec},
                  {"d_kl_rec", d_kl_rec},
                  {"d_kl_fake", d_kl_fake},
                  {"d_loss_rec_rec", d_loss_rec_rec},
                  {"d_loss_rec_fake", d_loss_rec_fake},
                  {"d_loss", d_loss}});
}

std::vector<NamedTensor> StepTerms::each() const {
  return {{"e_rec_rec_each", e_rec_rec_each},
          {"e_rec_fake_each", e_rec_fake_each},
          {"e_kl_rec_each", e_kl_rec_each},
          {"e_kl_fake_each", e_kl_fake_each}};
}

std::vector<TermToRead> terms_of_encoder(StepTerms& terms) {
  return {{"e_loss_rec", &terms.e_loss_rec},
          {"e_kl_real", &terms.e_kl_real},
          {"e_loss_embedding", &terms.e_loss_embedding},
          {"e_expelbo_rec", &terms.e_expelbo_rec},
          {"e_expelbo_fake", &terms.e_expelbo_fake},
          {"e_loss_real", &terms.e_loss_real},
          {"e_loss_fake", &terms.e_loss_fake},
          {"e_loss", &terms.e_loss}};
}

std::vector<TermToRead> terms_of_decoder(StepTerms& terms) {
  std::vector<TermToRead> read = {{"d_loss_rec", &terms.d_loss_rec},
                                  {"d_kl_rec", &terms.d_kl_rec},
                                  {"d_kl_fake", &terms.d_kl_fake},
                                  {"d_loss", &terms.d_loss}};
  if (terms.d_loss_rec_rec.defined()) {
    read.push_back({"d_loss_rec_rec", &terms.d_loss_rec_rec});
    read.push_back({"d_loss_rec_fake", &terms.d_loss_rec_fake});
  }
  return read;
}

std::vector<TermToRead> terms_of_warmup(WarmupTerms& terms) {
  return {{"loss_rec", &terms.loss_rec}, {"kl_real", &terms.kl_real}, {"loss", &terms.loss}};
}

at::Tensor packed(const std::vector<TermToRead>& terms, const std::vector<at::Tensor>& more) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const TermToRead& term : terms) {
    *term.term = term.term->detach();
    values.push_back(term.term->to(at::kDouble));
  }
  for (const at::Tensor& value : more) values.push_back(value.detach().to(at::kDouble));
  return at::stack(values);
}

at::Tensor skip_of(const at::Tensor& values, const at::Tensor& before) {
  const at::Tensor bad = values.isfinite().all().logical_not().to(at::kFloat);
  return before.defined() ? at::maximum(bad, before) : bad;
}

void take_values(const std::vector<TermToRead>& terms, const at::Tensor& values) {
  for (std::size_t k = 0; k < terms.size(); ++k) {
    const at::Tensor value = values[static_cast<std::int64_t>(k)];
    *terms[k].term = value.to(terms[k].term->scalar_type());
    if (std::isfinite(value.item<double>())) continue;
    throw NonFiniteStep(ErrorCode::kFailed,
                        fmt::format("the loss term {} is {}; a smaller learning rate or a longer warm-up usually "
                                    "helps, and the training pictures should be checked",
                                    terms[k].name, value.item<double>()));
  }
}

double norm_at(const at::Tensor& values, std::int64_t place, const char* half) {
  const double norm = values[place].item<double>();
  if (std::isfinite(norm)) return norm;
  throw NonFiniteStep(ErrorCode::kFailed, fmt::format("the gradient of the {} is not finite; a smaller learning rate, "
                                                      "training.gradient_clip or a longer warm-up usually helps",
                                                      half));
}

}  // namespace ra

#include "ra/training/loss_means.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ra/testing/expect_error.h"

namespace ra {
namespace {

LoggedValue value_of(const MetricRow& row, const std::string& name) {
  const auto found = std::find_if(row.begin(), row.end(), [&](const auto& entry) { return entry.first == name; });
  return found == row.end() ? LoggedValue("no such metric") : found->second;
}

StepTerms terms_of(double value) {
  const at::Tensor term = at::full({}, value, at::kDouble);
  StepTerms terms;
  terms.e_kl_real = term;
  terms.d_kl_fake = 3 * term;
  terms.d_kl_rec = terms.d_loss_rec = terms.e_expelbo_fake = terms.e_expelbo_rec = terms.e_loss_embedding = term;
  return terms;
}

TEST(LossMeans, WeighsStepsBySamples) {
  LossMeans means;
  means.add(terms_of(1.0), 8);
  means.add(terms_of(4.0), 4);
  const MetricRow row = means.metrics();
  EXPECT_EQ(row.size(), 11u);
  EXPECT_DOUBLE_EQ(std::get<double>(value_of(row, "Train/Loss_REAL")), 2.0);
  EXPECT_DOUBLE_EQ(std::get<double>(value_of(row, "Train/Loss_FAKE")), 6.0);
  EXPECT_DOUBLE_EQ(std::get<double>(value_of(row, "Train/Loss_DKLS")), 4.0);
  EXPECT_DOUBLE_EQ(*means.squared_error(), 2.0);
}

TEST(LossMeans, GoOnWhereTheyWereStored) {
  LossMeans whole, first;
  for (LossMeans* means : {&whole, &first}) means->add(terms_of(1.0 / 3.0), 8);
  LossMeans second(first.sums());
  for (LossMeans* means : {&whole, &second}) means->add(terms_of(0.1), 3);
  EXPECT_EQ(second.metrics(), whole.metrics());
  LossMeans::Sums other = first.sums();
  other.counts.pop_back();
  testing::expect_error(ErrorCode::kBadInput, {"terms"}, [&] { LossMeans means(other); });
}

TEST(LossMeans, SaysNothingAboutTermsThatAWarmupDoesNotHave) {
  LossMeans means;
  means.add(WarmupTerms{at::full({}, 5.0), at::full({}, 2.0), at::full({}, 1.0)}, 3);
  const MetricRow row = means.metrics();
  EXPECT_EQ(std::get<double>(value_of(row, "Train/Loss_REC_ERRS")), 5.0);
  EXPECT_EQ(std::get<double>(value_of(row, "Train/Loss_REAL")), 2.0);
  for (const char* name : {"Train/Loss_DKLS", "Train/Loss_FAKE", "Train/Loss_REC", "Train/Loss_EXP_F",
                           "Train/Loss_EXP_R", "Train/Loss_EMB"}) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(value_of(row, name))) << name;
  }
}

}  // namespace
}  // namespace ra

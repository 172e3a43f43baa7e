#include "ra/training/schedule.h"

#include <gtest/gtest.h>

namespace ra {
namespace {

constexpr double kBase = 1e-3;
constexpr std::int64_t kSteps = 10;  // an epoch

double rate(const ScheduleOptions& schedule, std::int64_t step, int epochs = 20) {
  return scheduled_rate(schedule, kBase, step, kSteps, epochs);
}

TEST(Schedule, IsExactlyTheBaseRateUnlessAskedOtherwise) {
  for (const std::int64_t step : {0, 7, 150, 10000}) EXPECT_EQ(rate({}, step), kBase);
}

TEST(Schedule, FallsInStepsAtEpochBoundaries) {
  ScheduleOptions schedule;
  schedule.kind = ScheduleKind::kStep;
  schedule.every_epochs = 3;
  schedule.factor = 0.1;
  EXPECT_DOUBLE_EQ(rate(schedule, 3 * kSteps - 1), kBase);
  EXPECT_DOUBLE_EQ(rate(schedule, 3 * kSteps), 0.1 * kBase);
  EXPECT_DOUBLE_EQ(rate(schedule, 6 * kSteps), 0.01 * kBase);
}

TEST(Schedule, FollowsACosineToItsFinalShare) {
  ScheduleOptions schedule;
  schedule.kind = ScheduleKind::kCosine;
  schedule.final_share = 0.2;
  EXPECT_DOUBLE_EQ(rate(schedule, 0), kBase);
  EXPECT_NEAR(rate(schedule, 100), 0.6 * kBase, 1e-12);
  EXPECT_NEAR(rate(schedule, 200), 0.2 * kBase, 1e-12);
  EXPECT_NEAR(rate(schedule, 900), 0.2 * kBase, 1e-12) << "a run that goes on longer stays there";
  for (std::int64_t step = 1; step < 200; ++step) EXPECT_LT(rate(schedule, step), rate(schedule, step - 1));
}

TEST(Schedule, RisesLinearlyFirst) {
  ScheduleOptions schedule;
  schedule.ramp_steps = 4;
  EXPECT_DOUBLE_EQ(rate(schedule, 0), 0.25 * kBase);
  EXPECT_DOUBLE_EQ(rate(schedule, 2), 0.75 * kBase);
  EXPECT_EQ(rate(schedule, 3), kBase);
  EXPECT_EQ(rate(schedule, 4), kBase);
}

}  // namespace
}  // namespace ra

#include "ra/training/checkpoint_keeper.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>

#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

CheckpointValue content(int number) {
  return {CheckpointValue::Dict{{CheckpointValue{std::string("number")}, CheckpointValue{std::int64_t{number}}}}};
}

std::int64_t number_in(const fs::path& path) {
  return std::get<std::int64_t>(read_checkpoint(path).root.find("number")->value);
}

class CheckpointKeeperTest : public ::testing::Test {
 protected:
  CheckpointKeeperTest() { options_.minutes = 0.0; }

  fs::path folder() const { return folder_.path() / "checkpoints"; }
  CheckpointKeeper keeper(std::function<void()> on_first_best = {}) {
    return CheckpointKeeper(folder(), options_, folder_.path() / "metrics.jsonl", std::move(on_first_best));
  }
  // Lets it write everything that it can.
  static void settle(CheckpointKeeper& keeper) {
    for (int k = 0; k < 100 && !keeper.is_due(); ++k) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      keeper.poll();
    }
  }

  CheckpointOptions options_;
  testing::TemporaryFolder folder_;
};

TEST_F(CheckpointKeeperTest, KeepsTheNewestStatesAndALinkToTheLast) {
  CheckpointKeeper keeper = this->keeper();
  for (int epoch = 1; epoch <= 4; ++epoch) {
    keeper.save_state({epoch, 7}, content(epoch));
    settle(keeper);
  }
  const std::vector<SavedState> states = saved_states(folder());
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].position, (TrainingPosition{4, 7}));
  EXPECT_EQ(states[1].position, (TrainingPosition{3, 7}));
  EXPECT_EQ(states[0].path, state_path(folder(), {4, 7}));
  EXPECT_EQ(fs::read_symlink(keeper.latest_path()), "state_00004_000007.pt");
  EXPECT_EQ(number_in(keeper.latest_path()), 4);
}

TEST_F(CheckpointKeeperTest, IsNotDueBeforeItsTime) {
  for (const double minutes : {60.0, 1e9, 1e300}) {
    options_.minutes = minutes;
    EXPECT_FALSE(keeper().is_due()) << minutes;
  }
  options_.minutes = 0.0;
  EXPECT_TRUE(keeper().is_due());
}

TEST_F(CheckpointKeeperTest, SaysWhenTheFirstBestModelIsSaved) {
  int said = 0;
  CheckpointKeeper keeper = this->keeper([&] { ++said; });
  keeper.save_state({0, 1}, content(0));
  settle(keeper);
  EXPECT_EQ(said, 0);
  keeper.save_best(content(1));
  settle(keeper);
  keeper.save_best(content(2));
  settle(keeper);
  EXPECT_EQ(said, 1);
}

TEST_F(CheckpointKeeperTest, KeepsTheBestModelUntilItCanBeWritten) {
  options_.give_up_minutes = 0.01;  // asked again after 0.15 s
  CheckpointKeeper keeper = this->keeper();
  fs::remove_all(folder());
  keeper.save_best(content(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  keeper.poll();
  EXPECT_FALSE(keeper.is_due()) << "no state may overtake the best model";
  fs::create_directory(folder());
  keeper.finish({1, 0}, [] { return content(5); }, true);
  EXPECT_EQ(number_in(keeper.best_path()), 1);
  EXPECT_EQ(number_in(keeper.latest_path()), 5);
}

TEST_F(CheckpointKeeperTest, GivesUpAfterTheStatedTime) {
  options_.give_up_minutes = 0.005;
  CheckpointKeeper keeper = this->keeper();
  fs::remove_all(folder());
  testing::expect_error(ErrorCode::kIo, {"checkpoints", "0.005 minutes", "stops"}, [&] {
    keeper.save_best(content(1));
    for (int k = 0; k < 1000; ++k) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      keeper.poll();
    }
  });
}

TEST_F(CheckpointKeeperTest, TriesTheLastStateOnceWhenItHasNoTime) {
  CheckpointKeeper keeper = this->keeper();
  fs::remove_all(folder());
  testing::expect_error(ErrorCode::kIo, {"could not be saved"},
                        [&] { keeper.finish({1, 0}, [] { return content(1); }, false); });
}

}  // namespace
}  // namespace ra

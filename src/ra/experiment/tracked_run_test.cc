#include "ra/experiment/tracked_run.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/experiment/config_yaml.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

TEST(TrackedRun, HoldsTheWholeConfigurationByType) {
  const testing::TemporaryFolder folder;
  ExperimentConfig config;
  config.name = "a/b: c";
  config.training.learning_rate = 5e-5;
  config.model.channels = {8, 16};
  config.data.train = {"one.csv", "2"};
  config.data.allow_overlap = true;
  config.downstream_tasks = {{"t", DownstreamKind::kLatents, "", {{"Normal", {"x.csv"}, {}, {}}}}};
  write_file(folder.path() / "config.yaml", to_yaml(config));
  const TrackedRun run = tracked_run(folder.path());
  EXPECT_EQ(run.config_text, to_yaml(config));
  EXPECT_EQ(run.options.project, "a_b_ c");
  EXPECT_EQ(run.options.name, folder.path().filename());
  std::map<std::string, nlohmann::json> items;
  for (const auto& [key, json] : run.config) items[key] = nlohmann::json::parse(json);
  EXPECT_EQ(items.at("training").at("learning_rate"), 5e-5);
  EXPECT_EQ(items.at("model").at("channels"), nlohmann::json({8, 16}));
  EXPECT_EQ(items.at("data").at("train"), nlohmann::json({"one.csv", "2"}));
  EXPECT_EQ(items.at("data").at("allow_overlap"), true);
  EXPECT_EQ(items.at("downstream_tasks").at(0).at("datasets").at(0).at("name"), "Normal");
  EXPECT_EQ(items.at("seed"), config.seed);
}

TEST(TrackedRun, TakesProjectAndNameThatTheConfigurationNames) {
  const testing::TemporaryFolder folder;
  write_file(folder.path() / "config.yaml", "tracking: {sinks: [wandb], project: p, name: n}\n");
  const TrackingOptions options = tracked_run(folder.path()).options;
  EXPECT_EQ(options.sinks, std::vector<std::string>{"wandb"});
  EXPECT_EQ(options.project, "p");
  EXPECT_EQ(options.name, "n");
}

TEST(TrackedRun, NamesTheConfigurationThatIsMissing) {
  const testing::TemporaryFolder folder;
  testing::expect_error(ErrorCode::kUsage, {"config.yaml"}, [&] { tracked_run(folder.path()); });
}

}  // namespace
}  // namespace ra

#include "ra/tracking/run_trackers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "ra/base/atomic_file.h"
#include "ra/base/hash.h"
#include "ra/testing/expect_error.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/tracked_run_test.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

TEST_F(RunTrackersTest, WritesTheRecordsOfWandbInOrder) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 0);
  write_epoch(trackers, 1, true);
  trackers.finish(3);
  const std::vector<std::string> records = wandb_records();
  std::vector<int> kinds;
  for (const std::string& record : records) kinds.push_back(kind_of(record));
  EXPECT_EQ(kinds, (std::vector<int>{kHeader, kRun, kHistory, kSummary, kHistory, kFiles, kSummary, kExit, kFinal}));
  for (std::size_t k = 0; k < records.size(); ++k) EXPECT_EQ(read_proto(records[k]).at(0).bits, k + 1);

  const std::string run = read_proto(records[1]).at(1).bytes;
  EXPECT_EQ(only(run, 3).bytes, "brains");
  EXPECT_EQ(only(run, 8).bytes, "first try");
  const fs::path file = find_file(run_.folder / "wandb", "run-.*\\.wandb");
  EXPECT_EQ(file.filename(), "run-" + only(run, 1).bytes + ".wandb");
  EXPECT_TRUE(std::regex_match(file.parent_path().filename().string(),
                               std::regex("offline-run-\\d{8}_\\d{6}-" + only(run, 1).bytes)));

  const nlohmann::json row = items_of(records[4]);
  EXPECT_EQ(row.at("_step"), 1);
  EXPECT_EQ(row.at("epoch"), 1);
  EXPECT_EQ(row.at("lr"), 0.1);
  EXPECT_EQ(row.at("phase"), "warmup");
  EXPECT_FALSE(row.contains("Val/Val_loss_pl"));
  EXPECT_GT(row.at("_timestamp"), 1.6e9);
  EXPECT_GE(row.at("_runtime"), 0.0);
  EXPECT_EQ(items_of(records[6]), row);
  const nlohmann::json image = row.at("Train/Example_");
  EXPECT_EQ(image.at("_type"), "image-file");
  EXPECT_EQ(image.at("width"), 30);
  EXPECT_EQ(image.at("height"), 20);
  const std::string content = read_text_file(file.parent_path() / "files" / image.at("path").get<std::string>());
  EXPECT_EQ(content, picture("epoch 1"));
  EXPECT_EQ(image.at("sha256"), sha256_hex(std::as_bytes(std::span(content))));
  EXPECT_EQ(only(only(read_proto(records[5]).at(1).bytes, 1).bytes, 1).bytes, image.at("path"));
  EXPECT_EQ(only(read_proto(records[7]).at(1).bytes, 1).bits, 3u);
}

TEST_F(RunTrackersTest, WritesTheEventsOfTensorBoard) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 7, true);
  trackers.finish(0);
  const std::vector<std::string> records = events();
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(only(records[0], 3).bytes, "brain.Event:2");
  const std::string config = only(only(records[1], 5).bytes, 1).bytes;
  EXPECT_EQ(only(config, 1).bytes, "config");
  EXPECT_EQ(only(only(only(config, 9).bytes, 1).bytes, 1).bytes, "text");
  EXPECT_EQ(only(only(config, 8).bytes, 8).bytes, "    seed: 3\n    model:\n      latent_size: 8\n");
  EXPECT_EQ(only(records[2], 2).bits, 7u);
  const std::vector<ProtoField> values = read_proto(only(records[2], 5).bytes);
  ASSERT_EQ(values.size(), 3u);
  EXPECT_EQ(only(values[0].bytes, 1).bytes, "epoch");
  EXPECT_EQ(only(values[1].bytes, 1).bytes, "lr");
  EXPECT_EQ(only(values[1].bytes, 2).number32(), 0.7f);
  EXPECT_EQ(only(values[2].bytes, 1).bytes, "Train/Example_");
  const std::string image = only(values[2].bytes, 4).bytes;
  EXPECT_EQ(only(image, 1).bits, 20u);
  EXPECT_EQ(only(image, 2).bits, 30u);
  EXPECT_EQ(only(image, 3).bits, 3u);
  EXPECT_EQ(only(image, 4).bytes, picture("epoch 7"));
}

TEST_F(RunTrackersTest, EveryRowCanBeReadAsSoonAsItIsWritten) {
  RunTrackers trackers(run_);
  for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
    write_epoch(trackers, epoch);
    EXPECT_EQ(wandb_records().size(), 4 + 2 * static_cast<std::size_t>(epoch));
    EXPECT_EQ(events().size(), 3 + static_cast<std::size_t>(epoch));
  }
}

// Sinks are functions of metrics.jsonl and the files beside it, whenever they are made.
// JSON without what differs from run to run: clocks and the run's id.
std::string without_clocks(const std::string& text) {
  return std::regex_replace(text, std::regex("\"_(timestamp|runtime)\":[-+.e0-9]+"), "");
}

TEST_F(RunTrackersTest, AResumedRunHasTheRowsOfOneThatWasNeverStopped) {
  std::int64_t position = 0;
  double runtime = 0.0;
  {
    RunTrackers trackers(run_);
    for (std::int64_t epoch = 0; epoch < 6; ++epoch) {
      write_epoch(trackers, epoch, true);
      if (epoch == 3) position = trackers.position();
      if (epoch == 3) runtime = trackers.runtime_seconds();
    }
    trackers.finish(143);
  }
  // As `wandb sync` leaves it beside a run that it has uploaded.
  const fs::path uploaded = find_file(run_.folder / "wandb", "run-.*\\.wandb").string() + ".synced";
  write_file(uploaded, "");
  const std::string log = find_file(run_.folder / "wandb", "run-.*\\.wandb").filename();
  const auto rows = [&] {
    std::vector<std::string> texts;
    for (const std::string& record : wandb_records()) {
      if (kind_of(record) != kHistory) continue;
      nlohmann::json items = items_of(record);
      items.erase("_timestamp");
      items.erase("_runtime");
      texts.push_back(items.dump());
    }
    return texts;
  };
  const std::vector<std::string> undisturbed = rows();
  const std::string undisturbed_metrics = without_clocks(metrics());
  {
    RunTrackers trackers(run_, position, runtime);
    EXPECT_EQ(trackers.position(), position);
    EXPECT_EQ(wandb_records().size(), 2 + 4 * 3u);  // rebuilt, with no end
    EXPECT_EQ(events().size(), 2 + 4u);
    EXPECT_FALSE(fs::exists(uploaded));
    for (std::int64_t epoch = 4; epoch < 6; ++epoch) write_epoch(trackers, epoch, true);
    trackers.finish(143);
  }
  EXPECT_EQ(find_file(run_.folder / "wandb", "run-.*\\.wandb").filename(), log);
  EXPECT_EQ(rows(), undisturbed);
  EXPECT_EQ(without_clocks(metrics()), undisturbed_metrics);
  EXPECT_EQ(events().size(), 2 + 6u);
}

TEST_F(RunTrackersTest, GoesOnAfterARowThatWasNotFinished) {
  {
    RunTrackers trackers(run_);
    write_epoch(trackers, 0);
    write_epoch(trackers, 1);
  }
  write_file(run_.folder / "metrics.jsonl", metrics() + "{\"epoch\":2,\"lr\":");
  {
    RunTrackers trackers(run_);
    trackers.row({{"Test/Test_loss_rec", 0.25}});
  }
  const LoggedRows logged = read_metrics(run_.folder / "metrics.jsonl");
  ASSERT_EQ(logged.rows.size(), 3u);
  EXPECT_FALSE(logged.torn);
  EXPECT_EQ(logged.rows[2].step, 2);
  EXPECT_EQ(items_of(wandb_records().at(6)).at("Test/Test_loss_rec"), 0.25);
}

TEST_F(RunTrackersTest, ASinkThatCannotBeMadeStopsNeitherTheRunNorTheOthers) {
  write_file(run_.folder / "wandb", "a file where a folder is needed");
  RunTrackers trackers(run_);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) write_epoch(trackers, epoch);
  trackers.finish(0);
  EXPECT_EQ(read_metrics(run_.folder / "metrics.jsonl").rows.size(), 4u);
  EXPECT_EQ(events().size(), 2 + 3u);
}

TEST_F(RunTrackersTest, ASinkThatFailsOnTheWayIsDroppedWithOneWarning) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 0);
  const fs::path files = find_file(run_.folder / "wandb", "run-.*\\.wandb").parent_path() / "files";
  fs::remove_all(files);
  write_file(files, "no pictures can be written below a file");
  ::testing::internal::CaptureStderr();
  for (std::int64_t epoch = 1; epoch < 4; ++epoch) write_epoch(trackers, epoch, true);
  trackers.finish(0);
  const std::string warnings = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(warnings.find("tracking to wandb failed"), std::string::npos);
  EXPECT_EQ(warnings.find("tracking to"), warnings.rfind("tracking to"));
  EXPECT_EQ(read_metrics(run_.folder / "metrics.jsonl").rows.size(), 5u);
  EXPECT_EQ(wandb_records().size(), 4u);  // whole records of the time before
  EXPECT_EQ(events().size(), 2 + 4u);
}

TEST_F(RunTrackersTest, TakesAwayWhatAKilledProcessLeftAmongThePictures) {
  {
    RunTrackers trackers(run_);
    write_epoch(trackers, 0, true);
  }
  const fs::path images =
      find_file(run_.folder / "wandb", "run-.*\\.wandb").parent_path() / "files" / "media" / "images";
  const fs::path left = images / (".epoch.png." + std::to_string(::getpid()) + ".0.tmp");
  ASSERT_TRUE(fs::is_directory(images));
  write_file(images / "kept.png", "not a temporary file");
  std::ofstream(left) << "half a pic";
  RunTrackers trackers(run_);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(images / "kept.png"));
}

TEST_F(RunTrackersTest, WithoutSinksOnlyMetricsAreWritten) {
  run_.options.sinks.clear();
  RunTrackers trackers(run_);
  write_epoch(trackers, 1);
  trackers.finish(0);
  EXPECT_EQ(std::distance(fs::directory_iterator(run_.folder), {}), 1);
}

TEST(TrackingOptions, NamesASinkThatIsUnknownOrTwice) {
  testing::expect_error(ErrorCode::kUsage, {"wanbd", "wandb"}, [] { TrackingOptions{{"wanbd"}, "", ""}.validate(); });
  testing::expect_error(ErrorCode::kUsage, {"wandb", "twice"},
                        [] { TrackingOptions{{"wandb", "wandb"}, "", ""}.validate(); });
  TrackingOptions{{"wandb", "tensorboard"}, "", ""}.validate();
}

TEST(RunTrackers, CountsOnFromTheLargestRuntimeOrTheOneThatIsGiven) {
  const testing::TemporaryFolder folder;
  TrackedRun run;
  run.folder = folder.path();
  write_file(folder.path() / "metrics.jsonl",
             "{\"_step\": 0, \"_timestamp\": 1, \"_runtime\": 500}\n"
             "{\"_step\": 1, \"_timestamp\": 2, \"_runtime\": 20}\n");
  RunTrackers(run, 30.0).finish(0);
  EXPECT_GE(read_metrics(folder.path() / "metrics.jsonl").rows.back().runtime, 500.0);
  RunTrackers(run, 900.0).finish(0);
  EXPECT_GE(read_metrics(folder.path() / "metrics.jsonl").rows.back().runtime, 900.0);
}

}  // namespace
}  // namespace ra

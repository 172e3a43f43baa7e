#include "ra/tracking/run_trackers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "ra/base/atomic_file.h"
#include "ra/base/hash.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"
#include "ra/tracking/export_run.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/replay.h"
#include "ra/tracking/test_reader.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// What read_tracked_picture() looks at: a signature and an IHDR of 30x20 RGB pixels; the rest tells pictures apart.
std::string picture(const std::string& rest) {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1e\0\0\0\x14\x08\x02\0\0\0", 29) + rest;
}

// The only regular file below a folder whose name matches.
fs::path find_file(const fs::path& folder, const std::string& pattern) {
  fs::path found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !std::regex_match(entry.path().filename().string(), std::regex(pattern))) continue;
    EXPECT_TRUE(found.empty()) << found << " and " << entry.path();
    found = entry.path();
  }
  EXPECT_FALSE(found.empty()) << pattern;
  return found;
}

class RunTrackersTest : public ::testing::Test {
 protected:
  RunTrackersTest() {
    run_.folder = folder_.path() / "run";
    run_.options = {{"tensorboard", "wandb"}, "brains", "first try"};
    run_.config_text = "seed: 3\nmodel:\n  latent_size: 8\n";
    run_.config = {{"seed", "3"}, {"model", "{\"latent_size\":8}"}};
    make_output_folder(run_.folder);
  }

  void write_epoch(RunTrackers& trackers, std::int64_t epoch, bool with_picture = false) {
    const fs::path path = example_picture_path(run_.folder, epoch);
    if (with_picture) {
      make_output_folder(path.parent_path());
      write_file(path, picture("epoch " + std::to_string(epoch)));
    }
    trackers.row(epoch, {{"epoch", epoch},
                         {"phase", "warmup"},
                         {"lr", 0.1 * static_cast<double>(epoch)},
                         {"Val/Val_loss_pl", std::monostate{}}});
  }

  std::string metrics() const { return read_text_file(run_.folder / "metrics.jsonl"); }
  std::vector<std::string> wandb_records() const {
    return read_block_log(read_text_file(find_file(run_.folder / "wandb", "run-.*\\.wandb")));
  }
  std::vector<std::string> events() const {
    return read_event_log(read_text_file(find_file(run_.folder / "tensorboard", "events\\..*")));
  }

  testing::TemporaryFolder folder_;
  TrackedRun run_;
};

// The number of the one field of a W&B record that says what it is.
int kind_of(const std::string& record) {
  const std::vector<ProtoField> fields = read_proto(record);
  EXPECT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields.at(0).number, 1);
  return fields.at(1).number;
}

enum Kind { kHistory = 2, kSummary = 3, kFiles = 6, kRun = 17, kExit = 18, kFinal = 20, kHeader = 21 };

// key -> JSON of a history or summary record.
nlohmann::json items_of(const std::string& record) {
  nlohmann::json items;
  for (const ProtoField& field : read_proto(read_proto(record).at(1).bytes)) {
    if (field.number != 1) continue;
    items[only(field.bytes, 1).bytes] = nlohmann::json::parse(only(field.bytes, 16).bytes);
  }
  return items;
}

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
TEST_F(RunTrackersTest, AnExportEqualsTheSinksOfTheRunToTheByte) {
  RunTrackers trackers(run_);
  for (std::int64_t epoch = 0; epoch < 40; ++epoch) write_epoch(trackers, epoch, epoch % 3 == 0);
  trackers.row({{"Test/Test_loss_rec", std::numeric_limits<double>::quiet_NaN()}, {"note", "no UTF-8 \xff"}});
  trackers.finish(0);
  const fs::path other = folder_.path() / "other";
  for (const char* sink : {"tensorboard", "wandb"}) {
    const ExportedRun exported = export_run(run_, sink, other, false);
    EXPECT_EQ(exported.rows, 41u);
    EXPECT_EQ(exported.exit_code, 0);
  }
  std::size_t files = 0;
  for (const char* sink : {"tensorboard", "wandb"}) {
    for (const auto& entry : fs::recursive_directory_iterator(run_.folder / sink)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      EXPECT_EQ(read_text_file(entry.path()), read_text_file(other / entry.path().lexically_relative(run_.folder)))
          << entry.path();
    }
  }
  EXPECT_EQ(files, 1 + 1 + 14 + 3u);  // events, log, pictures, files/
}

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

TEST_F(RunTrackersTest, EvaluationsBringTheirMetricsTablesAndPicture) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 5);
  const fs::path evaluation = run_.folder / "downstream" / "detection";
  make_output_folder(evaluation);
  write_file(evaluation / "sheet.png", picture("sheet"));
  write_file(evaluation / "results.json", R"({"methods": ["ra", "pca"], "sets": ["Normal", "ill"], "metrics": [
    {"protocol": "detection", "set": "ill", "group": "", "method": "ra", "score": "mean", "mode": "strict",
     "metric": "auroc", "value": 0.9, "low": 0.8, "high": 0.95},
    {"protocol": "detection", "set": "ill", "group": "", "method": "pca", "score": "maximum", "mode": "paper",
     "metric": "auroc", "value": 0.7},
    {"protocol": "reconstruction", "set": "Normal", "group": "", "method": "ra", "score": "", "mode": "strict",
     "metric": "ssim", "value": 0.6},
    {"protocol": "detection", "set": "ill", "group": "", "method": "ra", "score": "mean", "mode": "strict",
     "metric": "none", "value": null, "reason": "one class"}],
    "curves": [{"kind": "roc", "set": "ill", "method": "ra", "points": [[0, 0], [0.5, 1], [1, 1]]}]})");
  trackers.evaluation(evaluation);
  trackers.finish(0);

  const LoggedRows logged = read_metrics(run_.folder / "metrics.jsonl");
  EXPECT_EQ(logged.rows.at(1).values, (MetricRow{{"phase", "evaluation"}, {"evaluation", "downstream/detection"}}));
  EXPECT_EQ(logged.rows.at(1).step, 6);
  const nlohmann::json row = items_of(wandb_records().at(4));
  EXPECT_EQ(row.at("detection/ill/auroc"), 0.9);
  EXPECT_EQ(row.at("detection/ill/pca/maximum/paper/auroc"), 0.7);
  EXPECT_EQ(row.at("detection/reconstruction/Normal/ssim"), 0.6);
  EXPECT_EQ(row.at("Reconstruction_Metrics(Healthy)_detection_SSIM"), 0.6);
  EXPECT_FALSE(row.contains("detection/ill/none"));
  EXPECT_EQ(row.at("Anomaly/Example_detection").at("_type"), "image-file");
  EXPECT_EQ(row.at("detection/metrics").at("_type"), "table-file");
  EXPECT_EQ(row.at("detection/metrics").at("nrows"), 4);
  EXPECT_EQ(row.at("detection/curves").at("nrows"), 3);
  const fs::path files = find_file(run_.folder / "wandb", "run-.*\\.wandb").parent_path() / "files";
  const auto table =
      nlohmann::json::parse(read_text_file(files / row.at("detection/metrics").at("path").get<std::string>()));
  EXPECT_EQ(table.at("columns").at(7), "value");
  EXPECT_EQ(table.at("data").at(0).at(7), 0.9);
  EXPECT_TRUE(table.at("data").at(3).at(7).is_null());
}

TEST_F(RunTrackersTest, AnExportFindsEvaluationsThatTheLogDoesNotName) {
  run_.options.sinks.clear();
  {
    RunTrackers trackers(run_);
    write_epoch(trackers, 1);
    trackers.finish(0);
  }
  const fs::path evaluation = run_.folder / "downstream" / "later";
  make_output_folder(evaluation);
  write_file(evaluation / "results.json", R"({"methods": ["ra"], "metrics": [{"metric": "auroc", "value": 0.5}]})");
  EXPECT_EQ(export_run(run_, "wandb", run_.folder, false).rows, 2u);
  const std::vector<std::string> records = wandb_records();
  EXPECT_EQ(items_of(records.at(4)).at("later/auroc"), 0.5);
  EXPECT_EQ(kind_of(records.back()), kFinal);
}

TEST_F(RunTrackersTest, AnExportLeavesOutWhatJudgedAnEarlierBestModel) {
  run_.options.sinks.clear();
  {
    RunTrackers trackers(run_);
    write_epoch(trackers, 1);
    trackers.finish(0);
  }
  const fs::path evaluation = run_.folder / "downstream" / "later", best = run_.folder / "checkpoints" / "best.pt";
  make_output_folder(evaluation);
  make_output_folder(best.parent_path());
  write_file(best, "weights");
  const std::string now = sha256_hex_of_file(best).substr(0, 12);
  for (const auto& [hash, rows] : {std::pair{now, 2u}, {std::string("0123456789ab"), 1u}}) {
    write_file(evaluation / "results.json",
               R"({"detector": {"model": "best.pt )" + hash + R"("}, "methods": ["ra"], "metrics": []})");
    EXPECT_EQ(export_run(run_, "wandb", run_.folder, true).rows, rows) << hash;
  }
}

TEST_F(RunTrackersTest, AnExportOfARunWithoutEndHasNone) {
  run_.options.sinks.clear();
  RunTrackers trackers(run_);
  write_epoch(trackers, 1);
  EXPECT_FALSE(export_run(run_, "wandb", run_.folder, false).exit_code);
  EXPECT_EQ(kind_of(wandb_records().back()), kSummary);
}

TEST_F(RunTrackersTest, AnExportReplacesNothingUnlessTold) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 1);
  for (const char* sink : {"tensorboard", "wandb"}) {
    testing::expect_error(ErrorCode::kUsage, {"--overwrite"}, [&] { export_run(run_, sink, run_.folder, false); });
    EXPECT_EQ(export_run(run_, sink, run_.folder, true).rows, 1u);
  }
}

TEST_F(RunTrackersTest, AnExportRefusesARunWithoutRows) {
  testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl"},
                        [&] { export_run(run_, "wandb", run_.folder, false); });
  write_file(run_.folder / "metrics.jsonl", "");
  testing::expect_error(ErrorCode::kBadInput, {"no rows"}, [&] { export_run(run_, "wandb", run_.folder, false); });
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

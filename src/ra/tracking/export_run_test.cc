#include "ra/tracking/export_run.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/base/hash.h"
#include "ra/testing/expect_error.h"
#include "ra/tracking/metrics_reader.h"
#include "ra/tracking/tracked_run_test.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

class ExportRunTest : public RunTrackersTest {};

TEST_F(ExportRunTest, AnExportEqualsTheSinksOfTheRunToTheByte) {
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

TEST_F(ExportRunTest, EvaluationsBringTheirMetricsTablesAndPicture) {
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

TEST_F(ExportRunTest, AnExportFindsEvaluationsThatTheLogDoesNotName) {
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

TEST_F(ExportRunTest, AnExportLeavesOutWhatJudgedAnEarlierBestModel) {
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

TEST_F(ExportRunTest, AnExportOfARunWithoutEndHasNone) {
  run_.options.sinks.clear();
  RunTrackers trackers(run_);
  write_epoch(trackers, 1);
  EXPECT_FALSE(export_run(run_, "wandb", run_.folder, false).exit_code);
  EXPECT_EQ(kind_of(wandb_records().back()), kSummary);
}

TEST_F(ExportRunTest, AnExportReplacesNothingUnlessTold) {
  RunTrackers trackers(run_);
  write_epoch(trackers, 1);
  for (const char* sink : {"tensorboard", "wandb"}) {
    testing::expect_error(ErrorCode::kUsage, {"--overwrite"}, [&] { export_run(run_, sink, run_.folder, false); });
    EXPECT_EQ(export_run(run_, sink, run_.folder, true).rows, 1u);
  }
}

TEST_F(ExportRunTest, AnExportRefusesARunWithoutRows) {
  testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl"},
                        [&] { export_run(run_, "wandb", run_.folder, false); });
  write_file(run_.folder / "metrics.jsonl", "");
  testing::expect_error(ErrorCode::kBadInput, {"no rows"}, [&] { export_run(run_, "wandb", run_.folder, false); });
}

}  // namespace
}  // namespace ra

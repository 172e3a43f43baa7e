#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/io/npy.h"
#include "ra/io/write_image.h"
#include "ra/testing/run_program.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// A model, 24 healthy pictures of as many subjects in healthy/, and one more beside.
class CalibrateCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    write_small_model(model_);
    fs::create_directory(healthy_);
    for (int k = 0; k < 24; ++k) write_picture(healthy_ / ("sub-" + std::to_string(k) + "_T1w.png"), k);
    write_picture(other_, 30);
  }

  // Blocks of gray that differ from one `seed` to the next.
  static void write_picture(const fs::path& path, int seed) {
    std::vector<std::uint8_t> pixels(40 * 40);
    for (int k = 0; k < 1600; ++k) {
      const int x = k % 40, y = k / 40;
      const bool inside = x > 4 && x < 35 && y > 4 && y < 35;
      pixels[static_cast<std::size_t>(k)] =
          static_cast<std::uint8_t>(inside ? 60 + ((x / 4) * (seed + 3) + (y / 4) * 7) % 190 : 0);
    }
    write_png(path, pixels, 40, 40);
  }

  ProgramResult calibrate(std::vector<std::string> words) const {
    std::vector<std::string> all = {"calibrate", "--threads", "1"};
    all.insert(all.end(), words.begin(), words.end());
    return run_ra(all);
  }
  ProgramResult calibrate_model() const {
    return calibrate(
        {"--model", model_.string(), healthy_.string(), "--output", bundle_.string(), "--label", "site A"});
  }
  ProgramResult screen(std::vector<std::string> words) const {
    std::vector<std::string> all = {"screen", "--model",  bundle_.string(), "--threads",
                                    "1",      "--output", output_.string()};
    all.insert(all.end(), words.begin(), words.end());
    return run_ra(all);
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_.path(), model_ = root_ / "model.pt", healthy_ = root_ / "healthy",
           other_ = root_ / "new.png";
  fs::path bundle_ = root_ / "site.ra", output_ = root_ / "out";
};

TEST_F(CalibrateCommand, MakesABundleThatScreeningFlagsBy) {
  const ProgramResult made = calibrate_model();
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, AllOf(HasSubstr("24 healthy images of 24 subjects"), HasSubstr("Training subjects: unknown"),
                              HasSubstr("5 %"), HasSubstr("Research use only")));
  const ProgramResult done = screen({other_.string(), healthy_.string()});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("flagged at a false-positive rate of 0.05"));
  const auto lines = lines_of(output_ / "scores.csv");
  ASSERT_EQ(lines.size(), 26u);
  EXPECT_THAT(lines[0], EndsWith(",pixels_above,p_value,flagged,fpr"));
  EXPECT_THAT(lines[1], EndsWith(",0.05"));
  EXPECT_EQ(read_npy(output_ / "new_mask.npy").shape, (std::vector<std::int64_t>{32, 32}));
}

TEST_F(CalibrateCommand, GivesAHealthyImageAtMostItsShareOfFlags) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  ASSERT_EQ(screen({healthy_.string(), "--fpr", "0.25", "--save", "none"}).exit_code, 0);
  int flagged = 0;
  for (const std::string& line : lines_of(output_ / "scores.csv")) flagged += line.ends_with(",1,0.25") ? 1 : 0;
  // p <= 0.25 among the 24 that made the calibration: (1 + rank) / 25, so the five highest.
  EXPECT_EQ(flagged, 5);
}

TEST_F(CalibrateCommand, DecidesFalseDiscoveries) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const ProgramResult done = screen({healthy_.string(), "--fdr", "0.1", "--save", "none"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(lines_of(output_ / "scores.csv")[0], EndsWith(",pixels_above,p_value,flagged,fdr"));
  EXPECT_EQ(std::distance(fs::directory_iterator(output_), {}), 2);  // scores.csv and screening.json alone
  EXPECT_THAT(done.out, HasSubstr("0 of 24 slices flagged at a false-discovery rate of 0.1"));
  EXPECT_EQ(screen({other_.string(), "--fdr", "0.1", "--fpr", "0.1", "--overwrite"}).exit_code, 2);
}

TEST_F(CalibrateCommand, SaysHowManyHealthyImagesARateNeeds) {
  const ProgramResult few =
      calibrate({"--model", model_.string(), healthy_.string(), "--output", bundle_.string(), "--fpr", "0.01,0.05"});
  EXPECT_EQ(few.exit_code, 2);
  EXPECT_THAT(few.err, AllOf(HasSubstr("at least 99"), HasSubstr("24")));
  EXPECT_FALSE(fs::exists(bundle_));
  ASSERT_EQ(calibrate_model().exit_code, 0);
  EXPECT_THAT(screen({other_.string(), "--fpr", "0.01"}).err, HasSubstr("at least 99"));
}

TEST_F(CalibrateCommand, CalibratesABundleAnewAndKeepsBothPopulations) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const fs::path second = root_ / "second.ra";
  const ProgramResult again = calibrate({"--base", bundle_.string(), healthy_.string(), "--output", second.string()});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, AllOf(HasSubstr("calibration"), HasSubstr("sub-"), HasSubstr("--allow-overlap")));
  const ProgramResult allowed =
      calibrate({"--base", bundle_.string(), healthy_.string(), "--output", second.string(), "--allow-overlap"});
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_THAT(read_text_file(second), AllOf(HasSubstr("earlier_populations"), HasSubstr("site A")));
}

// An overlap that a bundle was calibrated with stays visible in all that is made with it.
TEST_F(CalibrateCommand, HandsAnAllowedOverlapOnToScreeningsEvaluationsAndReports) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const fs::path second = root_ / "second.ra";
  ASSERT_EQ(calibrate({"--base", bundle_.string(), healthy_.string(), "--output", second.string(), "--allow-overlap"})
                .exit_code,
            0);
  std::string rows = "image,label\n";
  for (int k = 40; k < 44; ++k) {
    write_picture(root_ / (std::to_string(k) + ".png"), k);
    rows += std::to_string(k) + ".png," + (k % 2 == 0 ? "0\n" : "1\n");
  }
  write_file(root_ / "set.csv", rows);
  for (const auto& [model, allowed] : {std::pair(bundle_, false), std::pair(second, true)}) {
    const ProgramResult screened = run_ra({"screen", "--model", model.string(), other_.string(), "--threads", "1",
                                           "--overwrite", "--output", output_.string()});
    ASSERT_EQ(screened.exit_code, 0) << screened.err;
    const auto record = nlohmann::json::parse(read_text_file(output_ / "screening.json"));
    const fs::path judged = root_ / ("judged_" + model.stem().string());
    const ProgramResult evaluated =
        run_ra({"evaluate", "--model", model.string(), "--manifest", "set=" + (root_ / "set.csv").string(), "--output",
                judged.string(), "--resamples", "100", "--threads", "1", "--allow-overlap"});
    ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
    for (const nlohmann::json& json : {record, nlohmann::json::parse(read_text_file(judged / "results.json"))}) {
      // Not the flag: nobody of the clean bundle's sets was seen before.
      EXPECT_EQ(json.at("overlap_allowed").get<bool>(), allowed) << model;
      EXPECT_EQ(json.at("training_subjects"), "unknown");
      const std::string warnings = json.at("warnings").dump();
      EXPECT_THAT(warnings, HasSubstr("does not say whom it was trained on"));
      EXPECT_EQ(warnings.find("had seen before (--allow-overlap)") != std::string::npos, allowed) << warnings;
    }
    EXPECT_THAT(screened.err, HasSubstr("does not say whom it was trained on"));
    for (const fs::path& folder : {output_, judged}) {
      const fs::path page = root_ / "page.html";
      const ProgramResult shown = run_ra({"report", folder.string(), "--output", page.string()});
      ASSERT_EQ(shown.exit_code, 0) << shown.err;
      EXPECT_EQ(read_text_file(page).find("had seen before (--allow-overlap)") != std::string::npos, allowed) << folder;
      EXPECT_THAT(read_text_file(page), HasSubstr("does not say whom it was trained on"));
    }
  }
}

TEST_F(CalibrateCommand, TakesThePixelThresholdOfTheAskedPopulation) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const auto pixels_above = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {other_.string(), "--overwrite"});
    const ProgramResult done = screen(words);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    const std::string line = lines_of(output_ / "scores.csv").at(1);
    const std::size_t end = line.rfind(',', line.rfind(',', line.rfind(',') - 1) - 1);
    return std::stoi(line.substr(line.rfind(',', end - 1) + 1, end));
  };
  EXPECT_EQ(pixels_above({}), pixels_above({"--threshold-pixels", "brain"}));
  EXPECT_GT(pixels_above({"--fpr", "0.1"}), pixels_above({"--fpr", "0.05"}));
  EXPECT_NE(pixels_above({"--threshold-pixels", "all"}), pixels_above({}));
  // Where it would have no effect it is refused.
  EXPECT_EQ(screen({other_.string(), "--overwrite", "--threshold-pixels", "all", "--threshold", "0.1"}).exit_code, 2);
  EXPECT_EQ(run_ra({"screen", "--model", model_.string(), other_.string(), "--output", output_.string(),
                    "--threshold-pixels", "all"})
                .exit_code,
            2);
}

TEST_F(CalibrateCommand, LeavesPValuesOutUnderOtherSettingsAndSaysWhy) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const ProgramResult done = screen({other_.string(), "--latent", "mean"});
  ASSERT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.err, AllOf(HasSubstr("latent rule"), HasSubstr("average:8")));
  EXPECT_THAT(lines_of(output_ / "scores.csv")[1], EndsWith(",,,0.05"));
}

TEST_F(CalibrateCommand, MakesABundleThatModelInfoDescribes) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  const ProgramResult info = run_ra({"model", "info", bundle_.string()});
  EXPECT_EQ(info.exit_code, 0) << info.err;
  EXPECT_THAT(info.out, AllOf(HasSubstr("24 images of 24 subjects: site A"), HasSubstr("trained on  unknown"),
                              HasSubstr("5 %:"), HasSubstr("average:8")));
}

TEST_F(CalibrateCommand, MakesABundleWhoseModelCanBeConverted) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  for (const char* name : {"back.pt", "back.safetensors"}) {
    const ProgramResult done = run_ra({"model", "convert", bundle_.string(), (root_ / name).string()});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("no place for its calibration"));
  }
  const auto score_with = [&](const fs::path& model) {
    const ProgramResult done = run_ra({"screen", "--model", model.string(), other_.string(), "--output",
                                       output_.string(), "--overwrite", "--seed", "999", "--save", "none"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    const std::string line = lines_of(output_ / "scores.csv").at(1);
    return line.substr(0, line.find(",encoder"));
  };
  // The noise of the latent rule goes with it, so that another seed changes nothing.
  const std::string score = score_with(bundle_);
  EXPECT_EQ(score_with(root_ / "back.pt"), score);
  EXPECT_EQ(score_with(root_ / "back.safetensors"), score);
  EXPECT_NE(score_with(model_), score);
}

TEST_F(CalibrateCommand, NamesABrokenHealthyFileAndCalibratesOnTheRest) {
  write_file(healthy_ / "sub-99_T1w.png", std::string_view("no picture"));
  const ProgramResult done = calibrate_model();
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.err, HasSubstr("sub-99_T1w.png"));
  EXPECT_TRUE(fs::exists(bundle_));
}

TEST_F(CalibrateCommand, ReadsSubjectsFromAList) {
  std::string list = "filename,subject\n";
  for (int k = 0; k < 24; ++k)
    list += "healthy/sub-" + std::to_string(k) + "_T1w.png,person " + std::to_string(k / 2) + "\n";
  write_file(root_ / "list.csv", list);
  const ProgramResult done = calibrate({"--model", model_.string(), (root_ / "list.csv").string(), "--data-root",
                                        root_.string(), "--output", bundle_.string()});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("24 healthy images of 12 subjects"));
  EXPECT_THAT(done.err, HasSubstr("resemble each other"));
}

TEST_F(CalibrateCommand, FindsPeopleAgainThatAListGivesOtherNames) {
  ASSERT_EQ(calibrate_model().exit_code, 0);
  std::string list = "filename,subject\n";
  for (int k = 0; k < 24; ++k) list += "healthy/sub-" + std::to_string(k) + "_T1w.png,p" + std::to_string(k) + "\n";
  write_file(root_ / "list.csv", list);
  const ProgramResult refused = calibrate({"--base", bundle_.string(), (root_ / "list.csv").string(), "--data-root",
                                           root_.string(), "--output", (root_ / "second.ra").string()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("24 of the subjects"), HasSubstr("sub-0"), HasSubstr("--allow-overlap")));
}

TEST_F(CalibrateCommand, CountsARepeatedImageOnce) {
  const ProgramResult done = calibrate({"--model", model_.string(), healthy_.string(),
                                        (healthy_ / ".." / "healthy").string(), "--output", bundle_.string()});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("24 of 48 healthy images are repeated"));
  EXPECT_THAT(done.out, HasSubstr("24 healthy images of 24 subjects"));
}

TEST_F(CalibrateCommand, RefusesRowsThatAreNotHealthy) {
  std::string list = "filename,label\n";
  for (int k = 0; k < 24; ++k) {
    list += "healthy/sub-" + std::to_string(k) + "_T1w.png," + (k == 5 || k == 8 ? "1\n" : "0\n");
  }
  write_file(root_ / "list.csv", list);
  const ProgramResult refused = calibrate({"--model", model_.string(), (root_ / "list.csv").string(), "--data-root",
                                           root_.string(), "--output", bundle_.string()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("list.csv' line 7 and 1 more"), HasSubstr("label is 1")));
  EXPECT_FALSE(fs::exists(bundle_));
}

TEST_F(CalibrateCommand, RefusesWhatItCannotDoInOneLine) {
  EXPECT_EQ(calibrate({healthy_.string(), "--output", bundle_.string()}).exit_code, 2);
  EXPECT_THAT(calibrate({"--model", model_.string(), healthy_.string(), "--output", "x.pt"}).err, HasSubstr(".ra"));
  ASSERT_EQ(calibrate_model().exit_code, 0);
  EXPECT_THAT(calibrate_model().err, HasSubstr("--overwrite"));
  EXPECT_THAT(calibrate({"--model", bundle_.string(), healthy_.string(), "--output", (root_ / "y.ra").string()}).err,
              HasSubstr("--base"));
  const std::string whole = read_text_file(bundle_);
  write_file(bundle_, std::string_view(whole).substr(0, whole.size() / 2));
  const ProgramResult cut = screen({other_.string()});
  EXPECT_NE(cut.exit_code, 0);
  EXPECT_THAT(cut.err, AllOf(HasSubstr("site.ra"), Not(HasSubstr("internal error"))));
  EXPECT_THAT(
      run_ra({"screen", "--model", model_.string(), other_.string(), "--output", output_.string(), "--fpr", "0.1"}).err,
      HasSubstr("ra calibrate"));
}

}  // namespace
}  // namespace ra::testing

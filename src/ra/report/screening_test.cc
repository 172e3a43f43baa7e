#include "ra/report/screening.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/data/synthetic_brain.h"
#include "ra/io/npy.h"
#include "ra/io/write_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/small_model.h"
#include "ra/testing/temporary_folder.h"
#include "ra/testing/text_file.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

using testing::lines_of;

AnomalyDetector small_detector(std::uint64_t seed = 7) {
  return AnomalyDetector(testing::small_model_file(), "small.pt", {}, at::kCPU, seed);
}

fs::path write_brain(const fs::path& path, std::uint32_t index) {
  const SyntheticBrain brain = make_brain({}, 3, index);
  fs::create_directories(path.parent_path());
  write_png(path, brain.image, brain.columns, brain.rows);
  return path;
}

TEST(Screening, WritesARowAndAMapForEachInputAndGoesOnPastABadOne) {
  const testing::TemporaryFolder folder;
  const fs::path good = write_brain(folder.path() / "in" / "a.png", 0), bad = folder.path() / "in" / "bad.png";
  write_file(bad, std::string_view("no picture"));
  const fs::path other = write_brain(folder.path() / "in" / "b.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  const ScreeningSummary summary = screen(small_detector(), {good, bad, other}, options, {});
  EXPECT_EQ(summary.slices, 2u);
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_NE(summary.failures[0].reason.find("bad.png"), std::string::npos);
  EXPECT_EQ(lines_of(options.output / "scores.csv").size(), 3u);
  EXPECT_EQ(read_npy(options.output / "a_map.npy").shape, (std::vector<std::int64_t>{32, 32}));
  EXPECT_TRUE(fs::exists(options.output / "b_map.npy"));
}

TEST(Screening, KeepsEarlierResultsUnlessToldOtherwise) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "in" / "a.png", 0);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  screen(small_detector(), {first}, options, {});
  EXPECT_THROW(screen(small_detector(), {first}, options, {}), Error);
  options.skip_existing = true;
  const fs::path second = write_brain(folder.path() / "in" / "b.png", 1);
  const ScreeningSummary summary = screen(small_detector(), {first, second}, options, {});
  EXPECT_EQ(summary.skipped, 1u);
  EXPECT_EQ(summary.slices, 1u);
  EXPECT_EQ(lines_of(options.output / "scores.csv").size(), 3u);
}

// An NPY volume of `count` slices of 32x32 pixels.
fs::path write_volume(const fs::path& path, std::int64_t count) {
  std::vector<float> voxels(static_cast<std::size_t>(count * 32 * 32));
  for (std::size_t k = 0; k < voxels.size(); ++k) voxels[k] = static_cast<float>(k % 97);
  fs::create_directories(path.parent_path());
  const std::int64_t shape[] = {count, 32, 32};
  write_npy(path, voxels, shape);
  return path;
}

// What is in progress when the signal comes is finished and written; nothing else begins.
TEST(Screening, StopsAfterTheSlicesInProgress) {
  const testing::TemporaryFolder folder;
  constexpr std::size_t kSlices = 200;
  const fs::path picture = write_brain(folder.path() / "in" / "a.png", 0);
  const fs::path volume = write_volume(folder.path() / "in" / "v.npy", kSlices);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.slices = SliceRule::parse("all");
  const StopSignal stop;
  std::vector<std::size_t> shown;
  const ScreeningSummary summary =
      screen(small_detector(), {picture, volume, picture}, options, [&](const ScreeningProgress& progress) {
        shown.push_back(progress.slices);
        if (progress.slices == 3) std::raise(SIGTERM);
      });
  const StopSignal forget;
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.inputs, 1u);
  ASSERT_GE(summary.slices, 3u);
  ASSERT_LT(summary.slices, kSlices);
  ASSERT_EQ(shown.size(), summary.slices + 1);  // after every slice, and after the picture
  for (std::size_t k = 0; k < shown.size(); ++k) EXPECT_EQ(shown[k], std::max<std::size_t>(k, 1));
  EXPECT_EQ(lines_of(options.output / "scores.csv").size(), summary.slices + 1);
  const auto map_of = [&](std::size_t k) { return options.output / ("v_s" + std::to_string(k) + "_map.npy"); };
  for (std::size_t k = 0; k + 1 < kSlices; ++k) EXPECT_EQ(fs::exists(map_of(k)), k + 1 < summary.slices) << k;
  options.skip_existing = true;
  const ScreeningSummary rest = screen(small_detector(), {picture, volume}, options, {});
  EXPECT_FALSE(rest.stopped);
  EXPECT_EQ(rest.skipped, summary.slices);
  EXPECT_EQ(rest.slices, kSlices + 1 - summary.slices);
}

// Rows and files are the same, in the order of the inputs, however many threads there are.
TEST(Screening, DoesNotDependOnTheNumberOfThreads) {
  const testing::TemporaryFolder folder;
  const std::vector<fs::path> inputs = {
      write_brain(folder.path() / "in" / "a.png", 0), write_volume(folder.path() / "in" / "v.npy", 9),
      folder.path() / "in" / "missing.png", write_brain(folder.path() / "in" / "b.png", 1)};
  ScreeningOptions options;
  options.slices = SliceRule::parse("all");
  options.outputs.choose("map,reconstruction,overlay");
  options.outputs.threshold = 0.001;
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    options.output = folder.path() / std::to_string(threads);
    const ScreeningSummary summary = screen(small_detector(), inputs, options, {});
    EXPECT_EQ(summary.slices, 11u);
    EXPECT_EQ(summary.failures.size(), 1u);
    EXPECT_EQ(at::get_num_threads(), threads);
  }
  at::set_num_threads(before);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder.path() / "1")) {
    if (entry.path().filename() == "screening.json") continue;  // it names the number of threads
    ++files;
    for (const char* other : {"2", "5"}) {
      EXPECT_EQ(read_text_file(entry.path()), read_text_file(folder.path() / other / entry.path().filename()))
          << entry.path();
    }
  }
  EXPECT_EQ(files, 1u + 11 * 4);
}

// What a GPU does; here by the CPU. Five pictures and one that is none, in fours.
TEST(Screening, KeepsSlicesApartThatAreComputedTogether) {
  const testing::TemporaryFolder folder;
  std::vector<fs::path> inputs;
  for (std::uint32_t k = 0; k < 5; ++k) {
    inputs.push_back(write_brain(folder.path() / "in" / (std::to_string(k) + ".png"), k));
  }
  write_file(folder.path() / "in" / "bad.png", std::string_view("no picture"));
  inputs.insert(inputs.begin() + 2, folder.path() / "in" / "bad.png");
  DetectionOptions together;
  together.batch = 4;
  const AnomalyDetector detector(testing::small_model_file(), "small.pt", together, at::kCPU, 7);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  const ScreeningSummary summary = screen(detector, inputs, options, {});
  EXPECT_EQ(summary.slices, 5u);
  EXPECT_EQ(summary.failures.size(), 1u);
  options.output = folder.path() / "one";
  for (const fs::path& input : inputs) {
    options.skip_existing = fs::exists(options.output);
    screen(detector, {input}, options, {});
  }
  EXPECT_EQ(lines_of(folder.path() / "out" / "scores.csv"), lines_of(folder.path() / "one" / "scores.csv"));
  EXPECT_EQ(read_file(folder.path() / "out" / "4_map.npy"), read_file(folder.path() / "one" / "4_map.npy"));
}

TEST(Screening, EndsWhenAFileCannotBeWrittenAndKeepsTheRowsBefore) {
  const testing::TemporaryFolder folder;
  const fs::path volume = write_volume(folder.path() / "v.npy", 40);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.slices = SliceRule::parse("all");
  fs::create_directories(options.output / "v_s5_map.npy");  // no file can take its name
  options.overwrite = true;
  testing::expect_error(ErrorCode::kIo, {"v_s5_map.npy"}, [&] { screen(small_detector(), {volume}, options, {}); });
  EXPECT_EQ(lines_of(options.output / "scores.csv").size(), 6u);
}

TEST(Screening, IsNotStoppedByASignalDuringTheLastSlice) {
  const testing::TemporaryFolder folder;
  ScreeningOptions options;
  options.output = folder.path() / "out";
  const StopSignal stop;
  const auto summary = screen(small_detector(), {write_brain(folder.path() / "a.png", 0)}, options,
                              [](const ScreeningProgress&) { std::raise(SIGINT); });
  const StopSignal forget;
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(summary.inputs, 1u);
}

TEST(Screening, RemovesWhatAnEarlierScreeningWroteAndNothingElse) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "in" / "p" / "a.png", 0);
  const fs::path second = write_brain(folder.path() / "in" / "q" / "a.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.outputs.choose("map,overlay");
  screen(small_detector(), {first, second}, options, {});
  for (const char* name : {"p/a_reconstruction.npy", "q/notes.txt", "b_map.npy", "a_overlay.png"}) {
    write_file(options.output / name, std::string_view("the user's"));
  }
  options.overwrite = true;
  options.outputs.choose("map");
  screen(small_detector(), {write_brain(folder.path() / "in" / "c.png", 1)}, options, {});
  for (const char* gone : {"p/a_map.npy", "p/a_overlay.png", "q/a_map.npy"}) {
    EXPECT_FALSE(fs::exists(options.output / gone)) << gone;
  }
  for (const char* kept : {"p/a_reconstruction.npy", "q/notes.txt", "b_map.npy", "a_overlay.png", "c_map.npy"}) {
    EXPECT_TRUE(fs::exists(options.output / kept)) << kept;
  }
  fs::remove(options.output / "q" / "notes.txt");
  EXPECT_EQ(lines_of(options.output / "scores.csv").size(), 2u);
}

TEST(Screening, NeverRemovesOutsideItsFolder) {
  const testing::TemporaryFolder folder;
  ScreeningOptions options;
  options.output = folder.path() / "out";
  screen(small_detector(), {write_brain(folder.path() / "in" / "a.png", 0)}, options, {});
  write_file(folder.path() / "x_map.npy", std::string_view("the user's"));
  std::string table = read_text_file(options.output / "scores.csv");
  table.replace(table.rfind(",a\n"), 3, ",../x\n");
  write_file(options.output / "scores.csv", table);
  options.overwrite = true;
  screen(small_detector(), {folder.path() / "in" / "a.png"}, options, {});
  EXPECT_TRUE(fs::exists(folder.path() / "x_map.npy"));
}

TEST(Screening, RecordsWhatANumberDependsOn) {
  const testing::TemporaryFolder folder;
  const fs::path input = write_brain(folder.path() / "in" / "a.png", 0);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  screen(small_detector(11), {input}, options, {});
  const auto record = nlohmann::json::parse(read_text_file(options.output / "screening.json"));
  EXPECT_EQ(record.at("settings").at("latent"), "average:8");
  EXPECT_EQ(record.at("settings").at("latent_noise"), "seed 11");
  EXPECT_EQ(record.at("settings").at("files"), nlohmann::json({"_map.npy"}));
  EXPECT_EQ(record.at("runs").at(0).at("slices"), "mid");
  EXPECT_FALSE(record.at("runs").at(0).at("commit").get<std::string>().empty());
  EXPECT_NE(lines_of(options.output / "scores.csv")[1].find(",average:8,seed 11,"), std::string::npos);
  // The same seed gives the same score, another one another.
  const std::string score = lines_of(options.output / "scores.csv")[1];
  options.overwrite = true;
  screen(small_detector(11), {input}, options, {});
  EXPECT_EQ(lines_of(options.output / "scores.csv")[1], score);
  screen(small_detector(12), {input}, options, {});
  EXPECT_NE(lines_of(options.output / "scores.csv")[1], score);
}

TEST(Screening, GoesOnOnlyWithTheSameSettings) {
  const testing::TemporaryFolder folder;
  const fs::path input = write_brain(folder.path() / "in" / "a.png", 0);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.outputs.threshold = 0.01;
  screen(small_detector(), {input}, options, {});
  const std::string before = read_text_file(options.output / "screening.json");
  options.skip_existing = true;
  const auto refused = [&](std::initializer_list<std::string_view> parts, const AnomalyDetector& detector) {
    testing::expect_error(ErrorCode::kUsage, parts, [&] { screen(detector, {input}, options, {}); });
  };
  refused({"latent_noise", "seed 7", "seed 8"}, small_detector(8));
  options.outputs.threshold = 0.02;
  refused({"threshold", "0.01", "0.02"}, small_detector());
  options.outputs.threshold = 0.01;
  options.outputs.overlay = true;
  refused({"files", "_overlay.png"}, small_detector());
  EXPECT_EQ(read_text_file(options.output / "screening.json"), before);
  options.outputs.overlay = false;
  screen(small_detector(), {input}, options, {});
  EXPECT_EQ(nlohmann::json::parse(read_text_file(options.output / "screening.json")).at("runs").size(), 2u);
}

TEST(Screening, KeepsTheFilesOfAnEarlierInputWithTheSameStem) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "p" / "a.png", 0),
                 second = write_brain(folder.path() / "q" / "a.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  screen(small_detector(), {first}, options, {});
  const std::string map = read_text_file(options.output / "a_map.npy");
  options.skip_existing = true;
  screen(small_detector(), {second}, options, {});
  EXPECT_EQ(read_text_file(options.output / "a_map.npy"), map);
  EXPECT_TRUE(fs::exists(options.output / "q" / "a_map.npy"));
}

TEST(Screening, KeepsASliceApartFromAPictureOfItsName) {
  const testing::TemporaryFolder folder;
  const fs::path volume = write_volume(folder.path() / "v.npy", 3);
  const fs::path picture = write_brain(folder.path() / "v_s2.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.slices = SliceRule::parse("2");
  screen(small_detector(), {volume, picture}, options, {});
  EXPECT_TRUE(fs::exists(options.output / "v_s2_map.npy"));
  EXPECT_TRUE(fs::exists(options.output / "v_s2.png_map.npy"));
}

TEST(ScreeningOutputs, SaysWhatItsFilesAreCalled) {
  ScreeningOutputs outputs;
  outputs.choose("map,reconstruction,overlay");
  outputs.format = MapFormat::kNii;
  outputs.threshold = 0.5;
  EXPECT_EQ(outputs.endings(),
            (std::vector<std::string>{"_map.nii", "_reconstruction.nii", "_mask.nii", "_overlay.png"}));
  outputs.choose("none");
  EXPECT_TRUE(outputs.endings().empty());
}

TEST(Screening, GivesEqualStemsTheirRelativePath) {
  const testing::TemporaryFolder folder;
  const fs::path first = write_brain(folder.path() / "in" / "p" / "a.png", 0);
  const fs::path second = write_brain(folder.path() / "in" / "q" / "a.png", 1);
  ScreeningOptions options;
  options.output = folder.path() / "out";
  options.outputs.choose("map,reconstruction,overlay");
  options.outputs.threshold = 0.0;
  screen(small_detector(), {first, second}, options, {});
  for (const char* name : {"p/a_map.npy", "q/a_map.npy", "p/a_reconstruction.npy", "p/a_overlay.png", "q/a_mask.npy"}) {
    EXPECT_TRUE(fs::exists(options.output / name)) << name;
  }
}

TEST(ScreeningOutputs, RefusesAnUnknownWord) {
  ScreeningOutputs outputs;
  EXPECT_THROW(outputs.choose("map,heat"), Error);
  outputs.choose("none");
  EXPECT_FALSE(outputs.map);
}

}  // namespace
}  // namespace ra

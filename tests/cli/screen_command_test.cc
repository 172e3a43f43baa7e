#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

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
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// A folder with a model, a picture and a volume of 4 slices.
class Screen : public ::testing::Test {
 protected:
  void SetUp() override {
    write_small_model(model_);
    std::vector<std::uint8_t> pixels(40 * 50);
    for (std::size_t k = 0; k < pixels.size(); ++k) pixels[k] = static_cast<std::uint8_t>(k % 251);
    write_png(picture_, pixels, 40, 50);
    Image volume;
    volume.columns = 30;
    volume.rows = 40;
    volume.slices = 4;
    volume.format = ImageFormat::kNifti;
    volume.pixel_type = PixelType::kFloat;
    for (int k = 0; k < 30 * 40 * 4; ++k) volume.pixels.push_back(static_cast<float>(k % 97));
    volume.world_from_voxel = Affine{{{2, 0, 0, -30}, {0, 2, 0, -40}, {0, 0, 2, 0}, {0, 0, 0, 1}}};
    write_nifti(volume_, volume);
  }

  ProgramResult screen(std::vector<std::string> words) const {
    std::vector<std::string> all = {"screen", "--model", model_.string(), "--threads", "1"};
    all.insert(all.end(), words.begin(), words.end());
    return run_ra(all);
  }

  ProgramResult screen_to_output(std::vector<std::string> words) const {
    words.insert(words.end(), {"--output", output_.string()});
    return screen(std::move(words));
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_.path();
  fs::path model_ = root_ / "model.pt", picture_ = root_ / "brain.png", volume_ = root_ / "scan.nii.gz";
  fs::path output_ = root_ / "out";
};

TEST_F(Screen, WritesARowAndAMapForEachSlice) {
  const ProgramResult result = screen_to_output({picture_.string(), volume_.string(), "--slices", "all"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Research use only; not a medical device"));
  const auto lines = lines_of(output_ / "scores.csv");
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[0], ::testing::StartsWith("input,slice,score,perceptual,backend,precision,model"));
  EXPECT_THAT(lines[1], HasSubstr("brain.png,,"));
  EXPECT_THAT(lines[1], MatchesRegex(".*,encoder,torch,fp32,model.pt [0-9a-f]+,average:8,.*"));
  EXPECT_THAT(lines[5], HasSubstr("scan.nii.gz,3,"));
  for (const char* name : {"brain_map.npy", "scan_s0_map.npy", "scan_s3_map.npy"}) {
    EXPECT_EQ(read_npy(output_ / name).shape, (std::vector<std::int64_t>{32, 32})) << name;
  }
}

TEST_F(Screen, TakesTheMiddleSliceByDefault) {
  ASSERT_EQ(screen_to_output({volume_.string()}).exit_code, 0);
  const auto lines = lines_of(output_ / "scores.csv");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[1], HasSubstr("scan.nii.gz,2,"));
}

TEST_F(Screen, AddsTheColumnsThatWereAskedFor) {
  const auto result = screen_to_output({picture_.string(), "--samples", "3", "--seed", "5", "--threshold", "0.001",
                                        "--save", "map,reconstruction,overlay", "--format", "nii"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(lines_of(output_ / "scores.csv")[0], HasSubstr("score_mean,score_sd,pixels_above"));
  for (const char* name : {"brain_map.nii", "brain_reconstruction.nii", "brain_mask.nii", "brain_overlay.png"}) {
    EXPECT_TRUE(fs::exists(output_ / name)) << name;
  }
}

TEST_F(Screen, ReadsListsFoldersAndGlobs) {
  write_file(root_ / "list.csv", "filename\nbrain.png\n");
  ASSERT_EQ(screen({(root_ / "list.csv").string(), "--data-root", root_.string(), "--output", (root_ / "a").string()})
                .exit_code,
            0);
  ASSERT_EQ(screen({(root_ / "*.png").string(), "--output", (root_ / "b").string()}).exit_code, 0);
  EXPECT_EQ(lines_of(root_ / "a" / "scores.csv").size(), 2u);
  EXPECT_EQ(lines_of(root_ / "b" / "scores.csv").size(), 2u);
  const auto folder = root_ / "in";
  fs::create_directory(folder);
  fs::copy(picture_, folder / "x.png");
  fs::copy(volume_, folder / "y.nii.gz");
  ASSERT_EQ(screen({folder.string(), "--output", (root_ / "c").string()}).exit_code, 0);
  EXPECT_EQ(lines_of(root_ / "c" / "scores.csv").size(), 3u);
}

TEST_F(Screen, WritesNothingOverUnasked) {
  ASSERT_EQ(screen_to_output({picture_.string()}).exit_code, 0);
  const std::string before = read_text_file(output_ / "scores.csv");
  const ProgramResult again = screen_to_output({volume_.string()});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, AllOf(HasSubstr("--overwrite"), HasSubstr("--skip-existing")));
  EXPECT_EQ(read_text_file(output_ / "scores.csv"), before);
  EXPECT_EQ(screen_to_output({volume_.string(), "--overwrite"}).exit_code, 0);
  EXPECT_NE(read_text_file(output_ / "scores.csv"), before);
}

TEST_F(Screen, LeavesNothingOfAnEarlierRunThatItReplaces) {
  ASSERT_EQ(screen_to_output({picture_.string(), "--save", "map,overlay"}).exit_code, 0);
  write_file(output_ / "notes.txt", std::string_view("the user's"));
  ASSERT_EQ(screen_to_output({volume_.string(), "--overwrite"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(output_ / "brain_map.npy"));
  EXPECT_FALSE(fs::exists(output_ / "brain_overlay.png"));
  EXPECT_TRUE(fs::exists(output_ / "notes.txt"));
  EXPECT_TRUE(fs::exists(output_ / "scan_s2_map.npy"));
}

TEST_F(Screen, CanBeRepeatedFromItsOutputs) {
  ASSERT_EQ(screen_to_output({picture_.string(), "--seed", "31"}).exit_code, 0);
  const std::string row = lines_of(output_ / "scores.csv").at(1);
  EXPECT_THAT(row, HasSubstr(",average:8,seed 31,"));
  EXPECT_THAT(read_text_file(output_ / "screening.json"),
              AllOf(HasSubstr("\"latent_noise\": \"seed 31\""), HasSubstr("\"commit\"")));
  ASSERT_EQ(screen_to_output({picture_.string(), "--seed", "32", "--overwrite"}).exit_code, 0);
  EXPECT_NE(lines_of(output_ / "scores.csv").at(1), row);
  ASSERT_EQ(screen_to_output({picture_.string(), "--seed", "31", "--overwrite"}).exit_code, 0);
  EXPECT_EQ(lines_of(output_ / "scores.csv").at(1), row);
}

// A signal in the midst of a volume of many slices: what is done is whole, and the program says how much that is.
TEST_F(Screen, StopsWithinAVolumeAndGoesOnLater) {
  constexpr std::int64_t kSlices = 3000;
  std::vector<float> voxels(kSlices * 16 * 16);
  for (std::size_t k = 0; k < voxels.size(); ++k) voxels[k] = static_cast<float>(k % 89);
  write_npy(root_ / "long.npy", voxels, std::vector<std::int64_t>{kSlices, 16, 16});
  const std::string command =
      "\"$RA_BINARY\" screen --model model.pt long.npy --slices all --save map --threads 1 --output out & "
      "while [ ! -e out/long_s3_map.npy ] && kill -0 $!; do sleep 0.01; done; kill -TERM $!; wait $!";
  const ProgramResult stopped = run_program({"sh", "-c", command}, {root_, {}});
  ASSERT_EQ(stopped.exit_code, 143) << stopped.err;
  EXPECT_THAT(stopped.err, AllOf(HasSubstr("stopped by a signal: 0 of 1 inputs"), HasSubstr("--skip-existing")));
  const std::size_t rows = lines_of(output_ / "scores.csv").size() - 1;
  EXPECT_GE(rows, 4u);
  EXPECT_LT(rows, static_cast<std::size_t>(kSlices));
  EXPECT_THAT(stopped.out, HasSubstr(std::to_string(rows) + " slices scored"));
  for (std::size_t k = 0; k < rows; ++k) {
    EXPECT_EQ(read_npy(output_ / ("long_s" + std::to_string(k) + "_map.npy")).shape,
              (std::vector<std::int64_t>{32, 32}));
  }
  EXPECT_FALSE(fs::exists(output_ / ("long_s" + std::to_string(rows) + "_map.npy")));
  const ProgramResult rest = run_ra({"screen", "--model", "model.pt", "long.npy", "--slices",
                                     "0:" + std::to_string(rows + 2), "--output", "out", "--skip-existing"},
                                    {root_, {}});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_THAT(rest.out, AllOf(HasSubstr("2 slices scored"), HasSubstr(std::to_string(rows) + " were there already")));
}

// Every broken file: one readable line on standard error that names it, exit code 1, and the good file is scored.
class BrokenInput : public Screen, public ::testing::WithParamInterface<const char*> {
 protected:
  fs::path make_broken(const std::string& kind) const {
    const auto bytes = [](std::size_t count, char fill = 'x') { return std::string(count, fill); };
    const std::string png = read_text_file(picture_), gz = read_text_file(volume_);
    const std::map<std::string, std::pair<std::string, std::string>> files = {
        {"empty", {"bad.png", ""}},
        {"text", {"bad.png", "hello\n"}},
        {"truncated_png", {"bad.png", png.substr(0, png.size() / 2)}},
        {"truncated_nifti", {"bad.nii.gz", gz.substr(0, gz.size() / 2)}},
        {"truncated_jpeg", {"bad.jpg", std::string("\xff\xd8\xff\xe0", 4) + bytes(10)}},
        {"truncated_npy", {"bad.npy", std::string("\x93NUMPY\x01\x00", 8)}},
        {"huge_nifti", {"bad.nii", huge_nifti()}},
    };
    if (const auto found = files.find(kind); found != files.end()) {
      write_file(root_ / found->second.first, found->second.second);
      return root_ / found->second.first;
    }
    const fs::path path = root_ / "bad.npy";
    std::vector<float> values(32 * 32, 0.5f);
    std::vector<std::int64_t> shape = {32, 32};
    if (kind == "nan") values[7] = std::numeric_limits<float>::quiet_NaN();
    if (kind == "infinite") values[7] = std::numeric_limits<float>::infinity();
    if (kind == "one_pixel") values.resize(1), shape = {1, 1};
    write_npy(path, values, shape);
    return path;
  }

  // A header whose dimensions multiply to more than 64 bits hold.
  static std::string huge_nifti() {
    std::string header(352, '\0');
    const auto put16 = [&](std::size_t at, int value) {
      header[at] = static_cast<char>(value & 255);
      header[at + 1] = static_cast<char>(value >> 8);
    };
    put16(0, 348);
    put16(40, 7);
    for (std::size_t k = 1; k <= 7; ++k) put16(40 + 2 * k, 32767);
    put16(70, 16);
    put16(72, 32);
    header.replace(344, 4, std::string("n+1\0", 4));
    return header;
  }
};

TEST_P(BrokenInput, IsNamedOnceAndTheOthersGoOn) {
  const fs::path bad = make_broken(GetParam());
  const ProgramResult result = screen_to_output({bad.string(), picture_.string(), "--quiet", "--log-level", "error"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr(bad.filename().string()), Not(HasSubstr("internal error"))));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_EQ(lines_of(output_ / "scores.csv").size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Every, BrokenInput,
                         ::testing::Values("empty", "text", "truncated_png", "truncated_nifti", "truncated_jpeg",
                                           "truncated_npy", "huge_nifti", "nan", "infinite", "constant", "one_pixel"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(Screen, NamesAllMissingFilesOnceBeforeItStarts) {
  write_file(root_ / "list.csv", "filename\nbrain.png\nnone1.png\nnone2.png\nnone1.png\n");
  const ProgramResult result = screen_to_output({(root_ / "list.csv").string(), "--data-root", root_.string()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("none1.png"), HasSubstr("none2.png")));
  EXPECT_EQ(result.err.find("none1.png"), result.err.rfind("none1.png"));
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(Screen, RefusesAnEmptyList) {
  write_file(root_ / "list.csv", std::string_view("filename\n"));
  EXPECT_EQ(screen_to_output({(root_ / "list.csv").string()}).exit_code, 2);
}

TEST_F(Screen, RefusesABrokenModel) {
  const std::string whole = read_text_file(model_);
  write_file(model_, std::string_view(whole).substr(0, whole.size() / 2));
  const ProgramResult result = screen_to_output({picture_.string()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("model.pt"));
  EXPECT_FALSE(fs::exists(output_));
}

TEST_F(Screen, NamesTheRemedyWithoutAGpu) {
  if (fs::exists("/dev/nvidia0")) GTEST_SKIP() << "this machine has a GPU";
  const ProgramResult result = screen_to_output({picture_.string(), "--device", "cuda"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--device cpu"));
}

TEST_F(Screen, AsksForThePerceptualWeights) {
  const ProgramResult result = screen_to_output({picture_.string(), "--perceptual", "squeezenet"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--perceptual-weights"));
}

TEST_F(Screen, NamesAFolderThatItMayNotWriteTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  fs::permissions(root_, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read |
                             fs::perms::others_exec);
  const char* binary = std::getenv("RA_BINARY");
  const ProgramResult result =
      run_program({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary, "screen", "--model",
                   model_.string(), picture_.string(), "--output", output_.string(), "--threads", "1"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("out"), HasSubstr("Permission denied"), HasSubstr("may write to")));
}

TEST_F(Screen, SaysWhenTheDiskIsFullAndKeepsEarlierResults) {
  const fs::path mount = root_ / "small";
  fs::create_directory(mount);
  if (run_program({"mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount.string()}).exit_code != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs here";
  }
  const fs::path output = mount / "out";
  const ProgramResult first = screen({picture_.string(), "--output", output.string()});
  const std::string before = fs::exists(output / "scores.csv") ? read_text_file(output / "scores.csv") : "";
  run_program({"dd", "if=/dev/zero", "of=" + (mount / "filler").string(), "bs=1024", "count=60"});
  const ProgramResult full = screen({volume_.string(), "--output", output.string(), "--skip-existing"});
  const std::string after = fs::exists(output / "scores.csv") ? read_text_file(output / "scores.csv") : "";
  run_program({"umount", mount.string()});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(full.exit_code, 3) << full.err;
  EXPECT_THAT(full.err, AllOf(HasSubstr("No space left"), HasSubstr("free some space")));
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace ra::testing

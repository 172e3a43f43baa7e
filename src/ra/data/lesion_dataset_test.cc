#include "ra/data/lesion_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ra/base/atomic_file.h"
#include "ra/data/manifest.h"
#include "ra/data/slice_writer.h"
#include "ra/data/test_slices.h"
#include "ra/io/read_image.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using testing::brain_slice;
using testing::expect_error;

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), folder).generic_string());
  }
  return files;
}

class LesionDataset : public ::testing::Test {
 protected:
  LesionDataset() {
    fs::create_directories(folder_.path() / "scans");
    options_.output = folder_.path() / "out";
    options_.threads = 1;
    options_.seed = 6;
  }
  void add(const std::string& file, const Image& slice) {
    write_slice(folder_.path() / "scans" / file, slice);
    options_.sources.push_back({folder_.path() / "scans" / file, file.substr(0, file.find('.'))});
  }
  LabelledSet read(const std::string& name) const { return read_manifest(name, options_.output / (name + ".csv")); }

  testing::TemporaryFolder folder_;
  LesionDatasetOptions options_;
};

TEST_F(LesionDataset, WritesManifestsThatKeepSubjects) {
  add("sub-01_T1w.png", brain_slice(0));
  add("sub-02, left.png", brain_slice(1));
  add("x.png", brain_slice(2));
  options_.subjects[(folder_.path() / "scans/x.png").string()] = "anna";
  options_.kinds = {LesionKind::kMass, LesionKind::kHaemorrhage};
  options_.variants = 3;
  const LesionDatasetSummary summary = write_lesion_dataset(options_);
  EXPECT_TRUE(summary.failures.empty());
  EXPECT_EQ(summary.slices, 3u);
  EXPECT_EQ(summary.lesions, 9u);

  const LabelledSet healthy = read("healthy"), lesions = read("lesions");
  ASSERT_EQ(healthy.rows.size(), 3u);
  ASSERT_EQ(lesions.rows.size(), 9u);
  const char* subjects[] = {"sub-01", "sub-02", "anna"};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(healthy.rows[k].subject, subjects[k]);
    EXPECT_EQ(healthy.rows[k].pathological, false);
    EXPECT_TRUE(fs::equivalent(healthy.rows[k].image, options_.sources[k].file));
  }
  std::map<std::string, int> kinds;
  for (std::size_t k = 0; k < 9; ++k) {
    const ManifestRow& row = lesions.rows[k];
    EXPECT_EQ(row.subject, subjects[k / 3]);
    EXPECT_EQ(row.pathological, true);
    ++kinds[row.label];
    const Image image = read_image(row.image), mask = read_image(row.mask), outside = read_image(row.outside_mask);
    const Image original = read_image(healthy.rows[k / 3].image);
    ASSERT_EQ(mask.pixels.size(), image.pixels.size());
    std::int64_t in_box = 0, in_mask = 0;
    const Box box = row.boxes.at(0).box;
    for (std::int64_t i = 0; i < std::ssize(image.pixels); ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (outside.pixels[at] != 0.0f) {
        ASSERT_EQ(image.pixels[at], original.pixels[at]);
      }
      if (mask.pixels[at] == 0.0f) continue;
      ++in_mask;
      const std::int64_t x = i % image.columns, y = i / image.columns;
      in_box += x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height ? 1 : 0;
    }
    EXPECT_GT(in_mask, 50);
    EXPECT_EQ(in_box, in_mask);
  }
  EXPECT_THAT(kinds, ::testing::ElementsAre(
                         ::testing::Pair("haemorrhage", ::testing::AllOf(::testing::Ge(4), ::testing::Le(5))),
                         ::testing::Pair("mass", ::testing::AllOf(::testing::Ge(4), ::testing::Le(5)))));
}

TEST_F(LesionDataset, DoesNotDependOnThreadsOrOnOtherImages) {
  options_.kinds = {LesionKind::kMass};
  options_.variants = 2;
  for (std::uint32_t k = 0; k < 3; ++k) add("s" + std::to_string(k) + ".png", brain_slice(k));
  write_lesion_dataset(options_);
  LesionDatasetOptions other = options_;
  other.output = folder_.path() / "other";
  other.threads = 3;
  std::reverse(other.sources.begin(), other.sources.end());
  other.sources.erase(other.sources.begin());
  write_lesion_dataset(other);
  for (const char* name : {"images/s0_mass.png", "images/s1_mass_2.png", "masks/s0_mass_outside.png"}) {
    EXPECT_EQ(read_file(options_.output / name), read_file(other.output / name)) << name;
  }
  EXPECT_NE(read_file(options_.output / "images/s0_mass.png"), read_file(options_.output / "images/s0_mass_2.png"));
}

TEST_F(LesionDataset, WritesSlicesOfVolumesInTheirOwnGeometry) {
  // Three slices, the lowest without a brain.
  const Image brain = brain_slice(1);
  Image volume = testing::picture(brain.columns, brain.rows, std::vector<float>(brain.pixels.size()));
  volume.slices = 3;
  for (int k = 0; k < 2; ++k) {
    // A volume's rows run to anterior.
    for (std::int64_t row = brain.rows - 1; row >= 0; --row) {
      const auto begin = brain.pixels.begin() + row * brain.columns;
      volume.pixels.insert(volume.pixels.end(), begin, begin + brain.columns);
    }
  }
  volume.format = ImageFormat::kNifti;
  volume.world_from_voxel = Affine{{{1, 0, 0, -98}, {0, 1, 0, -116}, {0, 0, 3, 40}, {0, 0, 0, 1}}};
  add("sub-7.nii.gz", volume);
  options_.kinds = {LesionKind::kResectionCavity};
  options_.slices = SliceRule::parse("all");
  const LesionDatasetSummary summary = write_lesion_dataset(options_);
  EXPECT_EQ(summary.slices, 2u);
  EXPECT_EQ(summary.left_out, 1u);
  EXPECT_TRUE(summary.failures.empty());
  const LabelledSet healthy = read("healthy"), lesions = read("lesions");
  ASSERT_EQ(lesions.rows.size(), 2u);
  EXPECT_EQ(healthy.rows[1].image.filename(), "sub-7_slice002_healthy.nii.gz");
  EXPECT_EQ(lesions.rows[1].image.filename(), "sub-7_slice002_resection_cavity.nii.gz");
  EXPECT_EQ(lesions.rows[1].subject, "sub-7");
  const Image expected = axial_slice(to_ras(read_image(options_.sources[0].file)), 2);
  for (const fs::path& file : {healthy.rows[1].image, lesions.rows[1].image, lesions.rows[1].mask}) {
    const Image slice = read_image(file);
    EXPECT_EQ(slice.world_from_voxel, expected.world_from_voxel) << file;
    EXPECT_EQ(slice.slices, 1);
    // What reads a file's slices finds the same picture again.
    const Image found = axial_slice(to_ras(slice), 0);
    EXPECT_EQ(found.pixels, slice.pixels) << file;
  }
  EXPECT_EQ(read_image(healthy.rows[1].image).pixels, expected.pixels);
}

TEST_F(LesionDataset, KeepsDepthAndKindOfFiles) {
  Image deep = brain_slice(0), array = brain_slice(0), shares = brain_slice(0);
  deep.pixel_type = PixelType::kUint16;
  for (float& value : deep.pixels) value *= 200.0f;
  array.format = ImageFormat::kNpy;
  shares.format = ImageFormat::kNpy;
  shares.pixel_type = PixelType::kFloat;
  for (float& value : shares.pixels) value /= 255.0f;
  add("deep.png", deep);
  add("bytes.npy", array);
  add("shares.npy", shares);
  options_.kinds = {LesionKind::kMass};
  write_lesion_dataset(options_);
  EXPECT_EQ(read_image(options_.output / "images/deep_mass.png").pixel_type, PixelType::kUint16);
  EXPECT_EQ(read_image(options_.output / "images/bytes_mass.npy").pixel_type, PixelType::kUint8);
  const Image kept = read_image(options_.output / "images/shares_mass.npy");
  EXPECT_EQ(kept.pixel_type, PixelType::kFloat);
  EXPECT_LE(*std::ranges::max_element(kept.pixels), 1.0f);
}

TEST_F(LesionDataset, NamesWhatCannotBeUsedAndGoesOn) {
  add("good.png", brain_slice(0));
  Image blank = brain_slice(0);
  blank.pixels.assign(blank.pixels.size(), 3.0f);
  add("blank.png", blank);
  Image tiny = testing::picture(8, 8, std::vector<float>(64, 1.0f));
  tiny.pixels[20] = 200.0f;
  add("tiny.png", tiny);
  add("broken.png", brain_slice(1));
  write_file(folder_.path() / "scans/broken.png", "\x89PNG but not really");
  const LesionDatasetSummary summary = write_lesion_dataset(options_);
  EXPECT_EQ(summary.lesions, 1u);
  ASSERT_EQ(summary.failures.size(), 3u);
  EXPECT_THAT(summary.failures[0],
              ::testing::AllOf(::testing::HasSubstr("blank.png"), ::testing::HasSubstr("no brain")));
  EXPECT_THAT(summary.failures[1], ::testing::HasSubstr("tiny.png"));
  EXPECT_THAT(summary.failures[2], ::testing::HasSubstr("broken.png"));
  EXPECT_EQ(read("lesions").rows.size(), 1u);
  EXPECT_EQ(read("healthy").rows.size(), 1u);
}

TEST_F(LesionDataset, OverwritesAllOfAnEarlierRunAndNothingElse) {
  add("a.png", brain_slice(0));
  add("b.png", brain_slice(1));
  options_.variants = 3;
  write_lesion_dataset(options_);
  write_file(options_.output / "images/mine.png", "mine");
  write_file(options_.output / "notes.txt", "mine");
  expect_error(ErrorCode::kUsage, {"--overwrite"}, [&] { write_lesion_dataset(options_); });
  options_.overwrite = true;
  options_.variants = 1;
  options_.sources.resize(1);
  options_.kinds = {LesionKind::kMass};
  write_lesion_dataset(options_);
  EXPECT_EQ(files_below(options_.output),
            (std::set<std::string>{"about.txt", "healthy.csv", "images/a_mass.png", "images/mine.png", "lesions.csv",
                                   "masks/a_mass.png", "masks/a_mass_outside.png", "notes.txt"}));
}

TEST_F(LesionDataset, RefusesInputsThatItWouldRemove) {
  add("a.png", brain_slice(0));
  options_.output = folder_.path() / "scans";
  options_.overwrite = true;
  expect_error(ErrorCode::kUsage, {"a.png", "output folder"}, [&] { write_lesion_dataset(options_); });
  EXPECT_TRUE(fs::exists(options_.sources[0].file));
}

TEST_F(LesionDataset, SaysWhichOptionIsWrong) {
  expect_error(ErrorCode::kUsage, {"no image"}, [&] { write_lesion_dataset(options_); });
  add("a.png", brain_slice(0));
  options_.variants = 0;
  expect_error(ErrorCode::kUsage, {"variants is 0"}, [&] { write_lesion_dataset(options_); });
  options_.variants = 1;
  options_.pixel_mm = 40.0;
  expect_error(ErrorCode::kUsage, {"spacing is 40"}, [&] { write_lesion_dataset(options_); });
  EXPECT_FALSE(fs::exists(options_.output));
}

}  // namespace
}  // namespace ra

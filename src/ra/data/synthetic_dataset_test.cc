#include "ra/data/synthetic_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/io/read_image.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream text(read_text_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

SyntheticDatasetOptions small_dataset(const std::filesystem::path& folder, bool lesions) {
  SyntheticDatasetOptions options;
  options.output = folder / "brains";
  options.count = 8;
  options.seed = 3;
  options.lesions = lesions;
  options.threads = 1;
  return options;
}

TEST(SyntheticDataset, SplitsBySubject) {
  SyntheticDatasetOptions options = small_dataset("unused", true);
  options.count = 100;
  std::map<std::string, std::set<Split>> splits;
  std::map<Split, int> healthy;
  std::map<LesionKind, int> ill;
  for (const SyntheticCase& one : plan_synthetic_dataset(options)) {
    splits[one.subject].insert(one.split);
    if (one.lesion) {
      ++ill[*one.lesion];
    } else {
      ++healthy[one.split];
    }
    EXPECT_TRUE(!one.lesion || one.split == Split::kTest);
  }
  for (const auto& [subject, of] : splits) EXPECT_EQ(of.size(), 1u) << subject;
  EXPECT_EQ(healthy[Split::kTrain], 70);
  EXPECT_EQ(healthy[Split::kVal], 15);
  EXPECT_EQ(healthy[Split::kTest], 15);
  EXPECT_EQ(ill.size(), kLesionKinds.size());
}

TEST(SyntheticDataset, WritesListsOfTheReferencesShape) {
  const testing::TemporaryFolder folder;
  const SyntheticDatasetOptions options = small_dataset(folder.path(), true);
  std::size_t calls = 0;
  write_synthetic_dataset(options, [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(done, ++calls);
    EXPECT_EQ(total, 10u);
  });
  EXPECT_EQ(calls, 10u);
  const auto images = lines_of(options.output / "lists/lesions.csv");
  const auto masks = lines_of(options.output / "lists/lesions_ann.csv");
  const auto outside = lines_of(options.output / "lists/lesions_neg.csv");
  ASSERT_EQ(images.size(), 3u);
  ASSERT_EQ(masks.size(), 3u);
  ASSERT_EQ(outside.size(), 3u);
  EXPECT_EQ(images[0], "filename");
  for (const auto* list : {&images, &masks, &outside}) {
    for (std::size_t i = 1; i < list->size(); ++i) {
      const Image picture = read_image(options.output / (*list)[i]);
      EXPECT_EQ(picture.columns, 197);
      EXPECT_EQ(picture.rows, 233);
    }
  }
  EXPECT_EQ(lines_of(options.output / "lists/train.csv").size(), 1u + 5u);
  EXPECT_EQ(lines_of(options.output / "lists/val.csv").size(), 1u + 1u);
  EXPECT_EQ(lines_of(options.output / "lists/test.csv").size(), 1u + 2u);
  const auto manifest = lines_of(options.output / "manifest.csv");
  EXPECT_EQ(manifest.size(), 11u);
  EXPECT_THAT(manifest[1], ::testing::StartsWith("images/brain_00000.png,brain_00000,0,,,,,train"));
  EXPECT_THAT(manifest[9], ::testing::StartsWith("images/brain_00006_mass.png,brain_00006,1,mass,masks/"));
}

TEST(SyntheticDataset, HasNoLesionListsUnlessAskedFor) {
  const testing::TemporaryFolder folder;
  SyntheticDatasetOptions options = small_dataset(folder.path(), true);
  options.count = 3;
  write_synthetic_dataset(options);
  EXPECT_TRUE(std::filesystem::exists(options.output / "lists/lesions.csv"));
  options.lesions = false;
  options.overwrite = true;
  write_synthetic_dataset(options);
  for (const char* name : {"lists/lesions.csv", "lists/lesions_ann.csv", "lists/lesions_neg.csv"}) {
    EXPECT_FALSE(std::filesystem::exists(options.output / name)) << name;
  }
}

TEST(SyntheticDataset, LeavesNothingOfAnEarlierOne) {
  const testing::TemporaryFolder folder;
  SyntheticDatasetOptions options = small_dataset(folder.path(), true);
  write_synthetic_dataset(options);
  write_file(options.output / "images/mine.png", "mine");
  options.count = 3;
  options.lesions = false;
  options.overwrite = true;
  write_synthetic_dataset(options);
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.output)) {
    if (entry.is_regular_file()) left.insert(entry.path().filename().string());
  }
  EXPECT_THAT(left, ::testing::ElementsAre("brain_00000.png", "brain_00001.png", "brain_00002.png", "manifest.csv",
                                           "mine.png", "test.csv", "train.csv", "val.csv"));
}

TEST(SyntheticDataset, IsTheSameForAnyNumberOfThreads) {
  const testing::TemporaryFolder folder;
  SyntheticDatasetOptions one = small_dataset(folder.path(), true);
  SyntheticDatasetOptions three = one;
  three.output = folder.path() / "other";
  three.threads = 3;
  write_synthetic_dataset(one);
  write_synthetic_dataset(three);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(one.output)) {
    if (!entry.is_regular_file()) continue;
    const auto name = std::filesystem::relative(entry.path(), one.output);
    EXPECT_EQ(read_file(entry.path()), read_file(three.output / name)) << name;
  }
}

TEST(SyntheticDataset, WritesNothingOverUnlessTold) {
  const testing::TemporaryFolder folder;
  const SyntheticDatasetOptions options = small_dataset(folder.path(), false);
  std::filesystem::create_directories(options.output);
  write_file(options.output / "manifest.csv", "mine\n");
  try {
    write_synthetic_dataset(options);
    FAIL() << "wrote over a data set";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--overwrite"));
  }
  EXPECT_EQ(read_text_file(options.output / "manifest.csv"), "mine\n");
  EXPECT_FALSE(std::filesystem::exists(options.output / "images"));
}

TEST(SyntheticDataset, RefusesACountThatLeavesASplitEmpty) {
  SyntheticDatasetOptions options = small_dataset("unused", false);
  options.count = 2;
  EXPECT_THROW(plan_synthetic_dataset(options), Error);
  options.count = 3;
  std::set<Split> splits;
  for (const SyntheticCase& one : plan_synthetic_dataset(options)) splits.insert(one.split);
  EXPECT_EQ(splits.size(), 3u);
}

}  // namespace
}  // namespace ra

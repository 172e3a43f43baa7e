#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ra/base/atomic_file.h"
#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> synthesize(const std::filesystem::path& folder, std::vector<std::string> more) {
  std::vector<std::string> words{"synthesize", "--output", folder.string(), "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(SynthesizeCommand, MakesTheSameDataSetForTheSameSeed) {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    const auto result = run_ra(synthesize(folder.path() / name, {"--count", "7", "--seed", "4", "--lesions"}));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("manifest.csv"));
  }
  for (const char* name : {"manifest.csv", "lists/lesions.csv", "images/brain_00006.png"}) {
    EXPECT_EQ(read_file(folder.path() / "a" / name), read_file(folder.path() / "b" / name)) << name;
  }
}

TEST(SynthesizeCommand, EndsWith2RatherThanWriteOver) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_ra(synthesize(folder.path(), {"--count", "3", "--seed", "1"})).exit_code, 0);
  const auto before = read_file(folder.path() / "images/brain_00000.png");
  const auto again = run_ra(synthesize(folder.path(), {"--count", "3", "--seed", "2"}));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("--overwrite"));
  EXPECT_EQ(read_file(folder.path() / "images/brain_00000.png"), before);
  const auto over = run_ra(synthesize(folder.path(), {"--count", "3", "--seed", "2", "--overwrite", "--quiet"}));
  EXPECT_EQ(over.exit_code, 0);
  EXPECT_EQ(over.out + over.err, "");
  EXPECT_NE(read_file(folder.path() / "images/brain_00000.png"), before);
}

TEST(SynthesizeCommand, EndsWith2ForACountThatIsTooSmall) {
  const TemporaryFolder folder;
  const auto result = run_ra(synthesize(folder.path(), {"--count", "2"}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("count is 2"));
}

}  // namespace
}  // namespace ra::testing

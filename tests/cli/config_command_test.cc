#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ra/testing/run_program.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConfigCommand : public ::testing::Test {
 protected:
  // Writes a file into the test's folder.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
  }
  ProgramResult ra(std::vector<std::string> words) const {
    words.insert(words.begin(), "config");
    return run_ra(words, {folder_.path(), {}});
  }

  TemporaryFolder folder_;
};

TEST_F(ConfigCommand, ShowsDefaultsThatCanBeReadAgain) {
  const ProgramResult defaults = ra({"show", "--defaults"});
  EXPECT_EQ(defaults.exit_code, 0);
  EXPECT_THAT(defaults.out, AllOf(HasSubstr("# Slices a step.\n  batch_size: 8\n"), HasSubstr("downstream_tasks: []")));
  write("defaults.yaml", defaults.out);
  const ProgramResult again = ra({"show", "defaults.yaml"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, defaults.out);
}

TEST_F(ConfigCommand, ShowsWhatSettingsChange) {
  write("c.yaml", "name: mine\n");
  const ProgramResult shown = ra({"show", "--set", "training.epochs=3", "c.yaml", "--set", "model.channels=[8, 16]"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, AllOf(HasSubstr("name: mine"), HasSubstr("  epochs: 3\n"), HasSubstr("channels: [8, 16]")));
}

TEST_F(ConfigCommand, PrintsASchema) {
  const ProgramResult schema = ra({"schema"});
  EXPECT_EQ(schema.exit_code, 0);
  EXPECT_TRUE(nlohmann::json::accept(schema.out));
}

TEST_F(ConfigCommand, RefusesBrokenFilesWithOneLineAndExitCodeTwo) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"training: {epoch: 3}\n", "did you mean 'epochs'?"},
      {"name: a\nname: b\n", "c.yaml:2: key 'name' stands twice"},
      {"training: {epochs: 017}\n", "must be a whole number, not '017'"},
      {"training: {epochs: 1_000}\n", "must be a whole number, not '1_000'"},
      {"training: {max_minutes: 1:30}\n", "must be a number, not '1:30'"},
      {"data: &d\n  train: *d\n", "contain itself"},
      {"data: [\n", "not YAML"},
      {"training: {batch_size: 0}\n", "training.batch_size is 0"},
      {"model: {image_channels: 2}\n", "model.image_channels is 2, it must be 1 (gray) or 3 (colour)"},
      {"detection: {batch_size: 8}\n", "batch_size"},
      {std::string("name: \x00\x01\n", 9), "c.yaml"},
  };
  for (const auto& [text, message] : cases) {
    write("c.yaml", text);
    const ProgramResult result = ra({"check", "c.yaml"});
    EXPECT_EQ(result.exit_code, 2) << text;
    EXPECT_THAT(result.err, AllOf(HasSubstr("ra: error: "), HasSubstr(message)));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
  }
  EXPECT_EQ(ra({"check", "absent.yaml"}).exit_code, 2);
  EXPECT_EQ(ra({"check", "."}).exit_code, 2);
}

TEST_F(ConfigCommand, NamesEveryMissingFileOnce) {
  write("lists/train.csv", "filename\n./a.png\n./b.png\n./a.png\n");
  write("c.yaml", "data: {train: lists/train.csv, val: lists/val.csv}\n");
  const ProgramResult result = ra({"check", "c.yaml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.out, HasSubstr("a native experiment file"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("3 files are missing"), HasSubstr("a.png"), HasSubstr("b.png"),
                                HasSubstr("lists/val.csv")));
  EXPECT_EQ(result.err.find("a.png"), result.err.rfind("a.png"));
}

TEST_F(ConfigCommand, NamesEveryMissingFile) {
  std::string list = "filename\n";
  for (int i = 0; i < 25; ++i) list += "missing_" + std::to_string(i) + ".png\n";
  write("train.csv", list);
  write("c.yaml", "data: {train: train.csv, val: train.csv}\n");
  const ProgramResult result = ra({"check", "c.yaml"});
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("25 files are missing"), HasSubstr("missing_9.png"), HasSubstr("missing_24.png")));
}

TEST_F(ConfigCommand, RefusesEmptyListsAndUnequalRows) {
  write("one.csv", "filename\na.png\n");
  write("two.csv", "filename\na.png\na.png\n");
  write("empty.csv", "filename\n");
  write("a.png", "");
  write("c.yaml", "data: {train: empty.csv, val: one.csv}\n");
  ProgramResult result = ra({"check", "c.yaml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("empty.csv"), HasSubstr("names no file")));
  write("c.yaml", "data: {val: one.csv}\n");
  EXPECT_THAT(ra({"check", "c.yaml"}).err, HasSubstr("data.train is empty"));
  write("c.yaml",
        "data: {train: one.csv, val: one.csv}\ndownstream_tasks:\n"
        "  - {name: t, kind: localization, datasets: [{name: s, test: two.csv, labels: one.csv}]}\n");
  EXPECT_THAT(ra({"check", "c.yaml"}).err, HasSubstr("2 images but 1 labels"));
}

TEST_F(ConfigCommand, TakesDataRootForListsAndTheirRows) {
  write("root/train.csv", "filename\n./a.png\n");
  write("root/a.png", "");
  write("c.yaml", "data: {train: train.csv, val: train.csv, allow_overlap: true}\n");
  EXPECT_EQ(ra({"check", "c.yaml"}).exit_code, 2);
  const ProgramResult result = ra({"check", "c.yaml", "--data-root", "root"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 train, 1 val, 0 test"));
}

TEST_F(ConfigCommand, TakesTheReferenceFilesUnchanged) {
  RA_SHARED_OR_SKIP(shared, "reference_config");
  const ProgramResult full = ra({"check", shared / "full_test.yaml"});
  EXPECT_EQ(full.exit_code, 2);
  EXPECT_THAT(full.out, HasSubstr("an experiment file of the reference, converted"));
  for (const char* name : {"weights/full/best_model.pt", "lists/test.csv", "lists/lesions.csv", "lists/lesions_ann.csv",
                           "lists/lesions_neg.csv"}) {
    EXPECT_THAT(full.err, HasSubstr(name));
  }
  ASSERT_EQ(run_ra({"synthesize", "--output", folder_.path(), "--count", "7", "--seed", "1", "--lesions"}).exit_code,
            0);
  const ProgramResult small = ra({"check", shared / "small.yaml"});
  EXPECT_EQ(small.exit_code, 0) << small.err;
  EXPECT_THAT(small.out, HasSubstr("Every file is there."));
}

}  // namespace
}  // namespace ra::testing

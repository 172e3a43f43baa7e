#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Words = std::vector<std::string>;

Words with(Words words, const std::string& last) {
  words.push_back(last);
  return words;
}

// The subcommands that a --help lists.
Words subcommands(const std::string& help) {
  const std::size_t start = help.find("Subcommands:\n");
  Words names;
  if (start == std::string::npos) return names;
  const std::regex line("\n  (\\w+) ");
  const std::string list = help.substr(start, help.find("\n\n", start) - start);
  for (std::sregex_iterator found(list.begin(), list.end(), line), end; found != end; ++found) {
    names.push_back((*found)[1]);
  }
  return names;
}

// Checks one command and all below it; returns how many there are.
int check_help(const Words& command) {
  const ProgramResult result = run_ra(with(command, "--help"));
  std::string name = "ra";
  for (const std::string& word : command) name += " " + word;
  EXPECT_EQ(result.exit_code, 0) << name;
  EXPECT_THAT(result.err, IsEmpty()) << name;
  EXPECT_THAT(result.out, HasSubstr("Example:\n  " + name)) << name;
  int count = 1;
  for (const std::string& verb : subcommands(result.out)) count += check_help(with(command, verb));
  return count;
}

TEST(CommandLine, HelpOfEveryVerbHasAnExample) { EXPECT_GT(check_help({}), 6); }

// libgomp shows its settings when it is loaded: the second time with the policy that the program chose.
TEST(CommandLine, LetsIdleThreadsSleepUnlessToldOtherwise) {
  const Words command = {"env",
                         "-u",
                         "OMP_WAIT_POLICY",
                         "OMP_DISPLAY_ENV=TRUE",
                         std::getenv("RA_BINARY"),
                         "benchmark",
                         "--work",
                         "forward",
                         "--batch",
                         "1",
                         "--repeats",
                         "1",
                         "--threads",
                         "1"};
  const ProgramResult chosen = run_program(command);
  EXPECT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_THAT(chosen.err, HasSubstr("OMP_WAIT_POLICY = 'PASSIVE'"));
  Words told = command;
  told[1] = "--";
  told.erase(told.begin() + 1, told.begin() + 3);
  told.insert(told.begin() + 1, "OMP_WAIT_POLICY=active");
  EXPECT_THAT(run_program(told).err, Not(HasSubstr("PASSIVE")));
}

TEST(CommandLine, SaysItsVersion) {
  const ProgramResult result = run_ra({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(std::regex_match(result.out, std::regex("ra \\d+\\.\\d+\\.\\d+ \\(LibTorch .*\\)\n"))) << result.out;
}

struct Misuse {
  Words words;
  std::string message;
};

TEST(CommandLine, RefusesMisuseWithAHintAndExitCodeTwo) {
  const std::vector<Misuse> cases{
      {{}, "required"},
      {{"confg"}, "unknown command 'confg' \\(did you mean 'config'\\?\\)"},
      {{"config"}, "required"},
      {{"config", "sho"}, "unknown command 'sho' \\(did you mean 'show'\\?\\)"},
      {{"config", "show", "--default"}, "unknown option '--default' \\(did you mean '--defaults'\\?\\)"},
      {{"config", "show", "a.yaml", "b.yaml"}, "unexpected argument 'b.yaml'"},
      {{"config", "check"}, "CONFIG is required"},
      {{"config", "show", "--log-level", "loud"}, "unknown log level 'loud'"},
      {{"screen", "--model", "m.pt", "--output", "o", "--device", "gpu", "x.png"}, "--device"},
      {{"screen", "--model", "m.pt", "--output", "o", "--threads", "many", "x.png"}, "--threads"},
      {{"screen", "--model", "m.pt", "--output", "o", "--precision", "fp8", "x.png"}, "--precision"},
      {{"screen", "--model", "m.pt", "--output", "o", "--seed", "-1", "x.png"}, "--seed.*range 0 to"},
      {{"screen", "--model", "m.pt", "--output", "", "x.png"}, "--output is empty; see 'ra screen --help'"},
      {{"screen", "--model", "", "--output", "o", "x.png"}, "--model is empty"},
      {{"screen", "--model", "m.pt", "--output", "o", ""}, "INPUT is empty"},
      {{"screen", "--model", "m.pt", "--output", "o", "x.png", "--overwrite", "--skip-existing"}, "excludes"},
      {{"calibrate", "--model", "m.pt", "--output", "", "x.png"}, "--output is empty"},
      {{"evaluate", "--model", "m.pt", "--manifest", "a=b.csv", "--output", ""}, "--output is empty"},
      {{"report", "run", "--output", ""}, "--output is empty"},
      {{"synthesize", "--output", "", "--count", "1", "--seed", "1"}, "--output is empty"},
      {{"train", "c.yaml", "--output", ""}, "--output is empty"},
      {{"run", ""}, "CONFIG is empty"},
      {{"model", "convert", "m.pt", ""}, "OUT is empty; see 'ra model convert --help'"},
      {{"benchmark", "--seed", "1"}, "unknown option '--seed'"},
      {{"benchmark", "--work", "train", "--perceptual", "squeezenet"}, "no effect with --work train"},
  };
  for (const Misuse& misuse : cases) {
    const TemporaryFolder folder;
    const ProgramResult result = run_ra(misuse.words, {folder.path(), {}});
    EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(misuse.words);
    EXPECT_THAT(result.err, AllOf(HasSubstr("ra: error: "), ContainsRegex(misuse.message)));
    EXPECT_THAT(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(CommandLine, UsesNoMoreThreadsThanThereAreProcessors) {
  const ProgramResult result =
      run_ra({"benchmark", "--work", "forward", "--batch", "1", "--repeats", "1", "--threads", "4000"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("--threads 4000 is more than the"));
  EXPECT_THAT(result.out, Not(HasSubstr("\"threads\":4000")));
}

TEST(CommandLine, FailsWhenTheDiskTakesNoOutput) {
  for (const char* command : {"config show --defaults", "config schema", "--version"}) {
    const ProgramResult result = run_program({"sh", "-c", std::string("\"$RA_BINARY\" ") + command + " > /dev/full"});
    EXPECT_EQ(result.exit_code, 3) << command;
    EXPECT_THAT(result.err, AllOf(HasSubstr("No space left"), Not(HasSubstr("internal")))) << command;
  }
}

TEST(CommandLine, RunsFromAnyDirectoryWithoutItsEnvironment) {
  const ProgramResult result = run_ra({"--version"}, {"/", {{"LD_LIBRARY_PATH", ""}, {"HOME", "/nonexistent"}}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace
}  // namespace ra::testing

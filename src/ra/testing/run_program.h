#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ra::testing {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal if one ended it
  bool timed_out = false;
  std::string out;  // standard output
  std::string err;  // standard error
};

struct ProgramOptions {
  std::filesystem::path folder;                                  // working directory; the test's own where empty
  std::vector<std::pair<std::string, std::string>> environment;  // added to the test's own
  std::chrono::seconds timeout{120};                             // then the program is killed
};

// Runs command[0] (looked up in PATH) with its arguments and an empty standard input, and waits for it.
ProgramResult run_program(const std::vector<std::string>& command, const ProgramOptions& options = {});

// The same for the program `ra` that was built beside the test (RA_BINARY).
ProgramResult run_ra(const std::vector<std::string>& arguments, const ProgramOptions& options = {});

}  // namespace ra::testing

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ra/testing/run_program.h"
#include "ra/testing/temporary_folder.h"

namespace ra::testing {

// A test that runs `ra` in a folder of its own; relative names are below that folder.
class ProgramTest : public ::testing::Test {
 protected:
  ProgramResult ra(const std::vector<std::string>& words) const { return run_ra(words, {folder_.path(), {}}); }
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  TemporaryFolder folder_;
};

}  // namespace ra::testing

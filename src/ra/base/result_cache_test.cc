#include "ra/base/result_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

class ResultCache : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("RA_CACHE_DIR", folder_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("RA_CACHE_DIR"); }

  static void keep(const std::string& what, const std::string& content) {
    keep_result(what, [&](std::ostream& out) { out << content; });
  }

  // "-" for nothing.
  static std::string found(const std::string& what) {
    const auto kept = find_result(what);
    if (!kept) return "-";
    return {reinterpret_cast<const char*>(kept->bytes.data()), kept->bytes.size()};
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder_.path())) paths.push_back(entry.path());
    return paths;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ResultCache, FindsWhatWasKeptUnderItsNameAlone) {
  EXPECT_EQ(found("a"), "-");
  keep("a", "first");
  keep("b", "second");
  EXPECT_EQ(found("a"), "first");
  EXPECT_EQ(found("b"), "second");
  keep("a", "again");
  EXPECT_EQ(found("a"), "again");
  EXPECT_EQ(files().size(), 2u);
}

TEST_F(ResultCache, LetsTheWriterGoBack) {
  keep_result("a", [](std::ostream& out) {
    out << "0123456789";
    out.seekp(2);
    out << "xy";
  });
  EXPECT_EQ(found("a"), "01xy456789");
}

TEST_F(ResultCache, StaysAsItWasForWhoHasIt) {
  keep("a", "first");
  const auto kept = find_result("a");
  keep("a", "other");
  EXPECT_EQ(static_cast<char>(kept->bytes[0]), 'f');
  kept->bytes[0] = std::byte{'x'};
  EXPECT_EQ(found("a"), "other");
}

TEST_F(ResultCache, DoesNotFindWhatIsNotWhole) {
  keep("a", "content");
  const fs::path file = files().at(0);
  const auto size = fs::file_size(file);
  for (const std::uintmax_t cut : {size - 1, size / 2, std::uintmax_t{64}, std::uintmax_t{0}}) {
    fs::resize_file(file, cut);
    EXPECT_EQ(found("a"), "-") << cut;
  }
  std::ofstream(file) << "something else";
  EXPECT_EQ(found("a"), "-");
  keep("a", "content");
  EXPECT_EQ(found("a"), "content");
}

TEST_F(ResultCache, LeavesNothingOfAWriterThatFails) {
  keep_result("a", [](std::ostream& out) {
    out << "half";
    throw std::runtime_error("no more");
  });
  EXPECT_EQ(found("a"), "-");
  EXPECT_TRUE(files().empty());
}

TEST_F(ResultCache, GoesOnWithoutAFolder) {
  const fs::path in_the_way = folder_.path() / "file";
  std::ofstream(in_the_way) << "x";
  ::setenv("RA_CACHE_DIR", in_the_way.c_str(), 1);
  keep("a", "content");
  EXPECT_EQ(found("a"), "-");
}

TEST_F(ResultCache, RemovesTheOldestBeyondOneGibibyte) {
  keep("old", "content");
  const fs::path old = files().at(0), large = folder_.path() / (std::string(64, 'a') + ".7.1.tmp");
  const fs::path of_others = folder_.path() / "theirs.tmp";
  for (const fs::path& path : {large, of_others}) {
    std::ofstream(path) << "x";
    fs::resize_file(path, std::uintmax_t{1} << 30);  // takes no room
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(2));
  }
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(1));
  keep("new", "content");
  EXPECT_FALSE(fs::exists(large));
  EXPECT_TRUE(fs::exists(of_others));
  EXPECT_EQ(found("old"), "content");
  EXPECT_GT(fs::last_write_time(old), fs::file_time_type::clock::now() - std::chrono::minutes(5));  // it was used now
}

TEST_F(ResultCache, BearsManyAtOnce) {
  std::vector<std::thread> threads;
  for (int k = 0; k < 8; ++k) {
    threads.emplace_back([] {
      for (int n = 0; n < 20; ++n) {
        keep("a", std::string(10'000, 'a'));
        EXPECT_EQ(found("a"), std::string(10'000, 'a'));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace ra

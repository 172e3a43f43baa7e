#include "ra/tracking/metrics_log.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

TEST(MetricsLog, AppendsOneObjectALineAndKeepsEarlierOnes) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  for (std::int64_t run = 0; run < 2; ++run) {
    MetricsLog log(path);
    log.write({{"epoch", run}, {"phase", "warmup"}, {"lr", 5e-5}});
    // Readable before the log is closed.
    EXPECT_NE(read_text_file(path).find("\"epoch\":" + std::to_string(run)), std::string::npos);
  }
  std::istringstream lines(read_text_file(path));
  std::string line;
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    const auto object = nlohmann::json::parse(line);
    EXPECT_EQ(object.at("epoch"), count);
    EXPECT_EQ(object.at("lr"), 5e-5);
    EXPECT_GE(object.at("_runtime").get<double>(), 0.0);
    EXPECT_GT(object.at("_timestamp").get<double>(), 1.6e9);
  }
  EXPECT_EQ(count, 2);
}

TEST(MetricsLog, WritesNullForNumbersThatAreNotFinite) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  MetricsLog(path).write({{"nan", std::numeric_limits<double>::quiet_NaN()},
                          {"inf", std::numeric_limits<double>::infinity()},
                          {"none", std::monostate{}},
                          {"text", "broken \xff name"}});
  const auto object = nlohmann::json::parse(read_text_file(path));
  EXPECT_TRUE(object.at("nan").is_null());
  EXPECT_TRUE(object.at("inf").is_null());
  EXPECT_TRUE(object.at("none").is_null());
}

TEST(MetricsLog, GoesOnFromAPositionAndCutsWhatFollows) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  std::int64_t position = 0;
  {
    MetricsLog log(path);
    EXPECT_EQ(log.position(), 0);
    log.write({{"epoch", std::int64_t{1}}});
    position = log.position();
    EXPECT_EQ(position, static_cast<std::int64_t>(read_text_file(path).size()));
    log.write({{"epoch", std::int64_t{2}}, {"only", "once"}});
  }
  const std::string kept = read_text_file(path).substr(0, static_cast<std::size_t>(position));
  MetricsLog log = MetricsLog::resume(path, position, 1000.0);
  EXPECT_EQ(read_text_file(path), kept);
  const std::string line = log.write({{"epoch", std::int64_t{2}}});
  EXPECT_EQ(read_text_file(path), kept + line + "\n");
  EXPECT_GE(nlohmann::json::parse(line).at("_runtime").get<double>(), 1000.0);
  EXPECT_LT(nlohmann::json::parse(line).at("_runtime").get<double>(), 1100.0);
}

TEST(MetricsLog, RefusesToGoOnFromAPlaceThatTheFileDoesNotReach) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl", "7"}, [&] { MetricsLog::resume(path, 7, 0.0); });
  EXPECT_FALSE(std::filesystem::exists(path));
  write_file(path, "{\"a\":1}\n");
  testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl", "9"}, [&] { MetricsLog::resume(path, 9, 0.0); });
  EXPECT_EQ(read_text_file(path), "{\"a\":1}\n");
}

// A file system with little room: what did not fit is taken back, so that no line is ever half there.
TEST(MetricsLog, LeavesNoPartOfARowThatDoesNotFit) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  MetricsLog log(path);
  log.write({{"epoch", std::int64_t{1}}});
  const std::string before = read_text_file(path);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{before.size() + 40, old.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  testing::expect_error(ErrorCode::kIo, {"metrics.jsonl"}, [&] { log.write({{"text", std::string(200, 'x')}}); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_text_file(path), before);
  const std::string line = log.write({{"epoch", std::int64_t{2}}});
  EXPECT_EQ(read_text_file(path), before + line + "\n");
}

TEST(MetricsLog, NamesTheFileThatCannotBeWritten) {
  try {
    MetricsLog log("/proc/no_such_folder/metrics.jsonl");
    FAIL() << "it was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("metrics.jsonl"), std::string::npos);
  }
}

}  // namespace
}  // namespace ra

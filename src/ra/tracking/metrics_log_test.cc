#include "ra/tracking/metrics_log.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
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

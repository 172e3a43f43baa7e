#include "ra/tracking/metrics_reader.h"

#include <gtest/gtest.h>

#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/testing/expect_error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

class MetricsReader : public ::testing::Test {
 protected:
  LoggedRows read(std::string_view text) {
    write_file(path(), text);
    return read_metrics(path());
  }
  std::filesystem::path path() const { return folder_.path() / "metrics.jsonl"; }

 private:
  testing::TemporaryFolder folder_;
};

TEST_F(MetricsReader, ReadsBackWhatTheLogWrote) {
  MetricsLog log(path());
  log.write({{"epoch", std::int64_t{3}},
             {"lr", 0.1},
             {"phase", "warmup"},
             {"none", std::monostate{}},
             {"_step", std::int64_t{3}}});
  const LoggedRows logged = read_metrics(path());
  ASSERT_EQ(logged.rows.size(), 1u);
  EXPECT_EQ(logged.rows[0].values,
            (MetricRow{{"epoch", std::int64_t{3}}, {"lr", 0.1}, {"phase", "warmup"}, {"none", std::monostate{}}}));
  EXPECT_EQ(logged.rows[0].step, 3);
  EXPECT_GT(logged.rows[0].timestamp, 1.6e9);
  EXPECT_EQ(logged.complete_bytes, log.position());
  EXPECT_FALSE(logged.torn);
}

TEST_F(MetricsReader, StepsAreTheEpochsOfOlderFiles) {
  const LoggedRows logged = read("{\"epoch\":0}\n{\"epoch\":1}\n{\"Test/Test_loss_rec\":0.5}\n{\"a\":1}\n");
  std::vector<std::int64_t> steps;
  for (const TrackedRow& row : logged.rows) steps.push_back(row.step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(MetricsReader, LeavesOutALastRowThatIsNotFinished) {
  for (const char* tail : {"{\"epoch\":2", "{\"epoch\":2}", "{\"epoch\":2\n", "\n", "x"}) {
    const LoggedRows logged = read(std::string("{\"epoch\":1}\n") + tail);
    EXPECT_EQ(logged.rows.size(), 1u) << tail;
    EXPECT_EQ(logged.complete_bytes, 12) << tail;
    EXPECT_TRUE(logged.torn) << tail;
  }
}

TEST_F(MetricsReader, NamesTheDamagedLine) {
  for (const char* line : {"{\"epoch\":2", "[1]", "{\"a\":[1]}", "{\"a\":{}}", "", "null"}) {
    testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl", "line 2"},
                          [&] { read(std::string("{\"epoch\":1}\n") + line + "\n{\"epoch\":3}\n"); });
  }
}

TEST_F(MetricsReader, NamesTheFileThatIsMissing) {
  testing::expect_error(ErrorCode::kBadInput, {"metrics.jsonl"}, [&] { read_metrics(path()); });
}

TEST_F(MetricsReader, TakesAnEmptyFileAsNoRows) {
  const LoggedRows logged = read("");
  EXPECT_TRUE(logged.rows.empty());
  EXPECT_FALSE(logged.torn);
}

}  // namespace
}  // namespace ra

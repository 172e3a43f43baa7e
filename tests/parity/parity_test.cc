// The parity tests are made from the manifest itself: one test a case, by the topic table below. A case that no
// topic claims fails, and so does an expected value that nothing was compared with. RA_PARITY_REPORT=FILE writes
// the table of docs/parity.md (scripts/parity_report).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>

#include "topics.h"

namespace ra::parity {
namespace {

const std::map<std::string, bool (*)(ParityCase&)> kTopics = {
    {"transforms", &check_transforms}, {"model", &check_model},     {"training", &check_training},
    {"anomaly", &check_anomaly},       {"metrics", &check_metrics}, {"checkpoints", &check_checkpoints},
};

class Parity : public ::testing::TestWithParam<ParityCase> {};

TEST_P(Parity, AgreesWithTheOracle) {
  ParityCase parity = GetParam();
  const std::string topic = parity.id().substr(0, parity.id().find('/'));
  const auto found = kTopics.find(topic);
  ASSERT_NE(found, kTopics.end()) << "no test claims the topic of " << parity.id();
  ASSERT_TRUE(found->second(parity)) << "no test claims " << parity.id();
  parity.expect_all_compared();
}

std::string test_name(const ::testing::TestParamInfo<ParityCase>& info) {
  std::string name = info.param.id();
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Parity);
INSTANTIATE_TEST_SUITE_P(Manifest, Parity, ::testing::ValuesIn(load_cases()), test_name);

TEST(ParityManifest, IsPresentWithCases) {
  if (load_cases().empty()) GTEST_SKIP() << "no parity/manifest.json in the shared folder (set RA_SHARED)";
}

std::string number(double value) { return value == 0 ? "0" : fmt::format("{:.2g}", value); }

class ReportWriter : public ::testing::Environment {
 public:
  void TearDown() override {
    const char* path = std::getenv("RA_PARITY_REPORT");
    if (path == nullptr) return;
    std::ofstream file(path);
    file << "# Parity with the oracle\n\nMade by `scripts/parity_report`; not edited by hand. A value passes when "
            "|got - want| <= atol + rtol |want|;\nthe last column is the worst value's share of its tolerance.\n\n"
            "| case | compared | largest difference | atol | rtol | of tolerance |\n|---|---|---|---|---|---|\n";
    for (const ParityRow& row : recorded_rows()) {
      file << fmt::format("| {} | {} | {} | {} | {} | {} |\n", row.id, row.key, number(row.largest), number(row.atol),
                          number(row.rtol), number(row.worst_ratio));
    }
  }
};

const auto* const kReportWriter = ::testing::AddGlobalTestEnvironment(new ReportWriter);

}  // namespace
}  // namespace ra::parity

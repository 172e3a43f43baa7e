#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "ra/base/build_id.h"
#include "ra/base/error.h"
#include "ra/base/hash.h"
#include "ra/base/log.h"
#include "ra/base/nearest_name.h"
#include "ra/base/progress.h"

namespace ra {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Hash, GivesTheKnownAnswers) {
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926u);
}

TEST(BuildId, IsWhatTheLinkerWrote) {
  const std::string id = build_id();
  ASSERT_EQ(id.size(), 40u);  // SHA-1
  std::string bytes;
  for (std::size_t k = 0; k < id.size(); k += 2) bytes += static_cast<char>(std::stoi(id.substr(k, 2), nullptr, 16));
  std::ifstream program("/proc/self/exe", std::ios::binary);
  std::array<char, 1 << 16> start{};
  program.read(start.data(), start.size());
  EXPECT_NE(std::string(start.data(), start.size()).find(std::string("GNU\0", 4) + bytes), std::string::npos);
}

TEST(Sha256, RefusesWhatHasNoEndWithTheReason) {
  const auto reason_of = [](const char* path) -> std::string {
    try {
      return sha256_hex_of_file(path);
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(reason_of("/dev/zero"), "cannot read '/dev/zero': not a regular file");
  EXPECT_EQ(reason_of("/nothing/here"), "cannot read '/nothing/here': No such file or directory");
}

TEST(NearestName, FindsASlipAndNothingFarAway) {
  const std::vector<std::string> known{"learning_rate", "batch_size"};
  EXPECT_EQ(nearest_name("learnig_rate", known), "learning_rate");
  EXPECT_EQ(nearest_name("colour", known), std::nullopt);
  EXPECT_EQ(did_you_mean("batchsize", known), " (did you mean 'batch_size'?)");
}

TEST(FormatDuration, ReadsAsAPersonWouldSayIt) {
  EXPECT_EQ(format_duration(12.4), "12s");
  EXPECT_EQ(format_duration(187), "3m07s");
  EXPECT_EQ(format_duration(3720), "1h02m");
}

TEST(Error, CarriesContextAndExitCode) {
  const Error error = Error(ErrorCode::kBadInput, "short file").with_context("while reading case 17");
  EXPECT_STREQ(error.what(), "while reading case 17: short file");
  EXPECT_EQ(exit_code(error.code()), 1);
  EXPECT_EQ(exit_code(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorCode::kFailed), 3);
}

TEST(LogLevel, RefusesAnUnknownName) {
  EXPECT_EQ(log::level_from_string("INFO"), log::Level::kInfo);
  EXPECT_THROW(log::level_from_string("loud"), Error);
}

}  // namespace
}  // namespace ra

#include "ra/tracking/event_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ra/tracking/test_reader.h"

namespace ra {
namespace {

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(Crc32c, HasTheValuesOfTheStandard) {
  std::string ascending(32, '\0'), descending;
  for (int k = 0; k < 32; ++k) ascending[static_cast<std::size_t>(k)] = static_cast<char>(k);
  descending.assign(ascending.rbegin(), ascending.rend());
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c(descending), 0x113FDB5CU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventLog, FramesRecordsOfAnySize) {
  std::string file;
  std::vector<std::string> records = {"", "a", std::string(100'000, '\x80')};
  for (const std::string& record : records) file += frame_event(record);
  EXPECT_EQ(read_event_log(file), records);
  EXPECT_EQ(file.size(), 3 * 16 + 100'001u);
}

TEST(EventLog, BeginsWithTheLengthAndItsMaskedChecksum) {
  const std::string framed = frame_event("abc");
  EXPECT_EQ(little_endian(framed, 0, 8), 3u);
  const std::uint32_t crc = crc32c(framed.substr(0, 8));
  EXPECT_EQ(little_endian(framed, 8, 4), std::uint32_t{((crc >> 15) | (crc << 17)) + 0xa282ead8U});
}

}  // namespace
}  // namespace ra

#include "ra/tracking/block_log.h"

#include <gtest/gtest.h>

#include "ra/tracking/test_reader.h"

namespace ra {
namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t k = 0; k < size; ++k) text[k] = static_cast<char>(k * 31 + k / 251);
  return text;
}

TEST(BlockLog, BeginsWithTheHeaderOfWandb) { EXPECT_EQ(BlockLog().header(), std::string(":W&B\xe1\xbe\0", 7)); }

TEST(BlockLog, ChecksumIsPlainCrc32OfTypeAndData) {
  BlockLog log;
  log.header();
  const std::string chunk = log.frame("23456789");
  EXPECT_EQ(little_endian(chunk, 4, 2), 8u);
  EXPECT_EQ(chunk[6], 1);  // the whole record
  // zlib.crc32(b'\x0123456789')
  EXPECT_EQ(little_endian(chunk, 0, 4), 0xE5C5F9F4U);
}

// Records whose chunk ends `gap` bytes before the end of the first block, for every gap at which something changes.
TEST(BlockLog, KeepsRecordsThatEndNearTheEndOfABlock) {
  for (std::size_t gap = 0; gap <= 16; ++gap) {
    BlockLog log;
    std::string file = log.header();
    const std::vector<std::string> records = {pattern(BlockLog::kBlock - 7 - 7 - gap), "next", ""};
    for (const std::string& record : records) file += log.frame(record);
    EXPECT_EQ(read_block_log(file), records) << gap;
    // A chunk's header of seven bytes fits exactly, or zeros fill the block.
    const std::size_t second = gap < 7 ? BlockLog::kBlock : BlockLog::kBlock - gap;
    // With 7 to 10 bytes left, "next" begins there and ends in the second block.
    EXPECT_EQ(file[second + 6], gap >= 7 && gap < 11 ? 2 : 1) << gap;
  }
}

TEST(BlockLog, SplitsRecordsOverManyBlocks) {
  for (const std::size_t size : {32753ul, 32754ul, 32755ul, 65514ul, 65515ul, 65516ul, 200'000ul}) {
    BlockLog log;
    std::string file = log.header();
    file += log.frame(pattern(size));
    file += log.frame("after");
    EXPECT_EQ(read_block_log(file), (std::vector<std::string>{pattern(size), "after"})) << size;
  }
}

TEST(BlockLog, KeepsThousandsOfRecordsOfAnySize) {
  BlockLog log;
  std::string file = log.header();
  std::vector<std::string> records;
  for (std::size_t k = 0; k < 3000; ++k) {
    records.push_back(pattern(k * 7919 % 977));
    file += log.frame(records.back());
  }
  EXPECT_EQ(read_block_log(file), records);
}

}  // namespace
}  // namespace ra

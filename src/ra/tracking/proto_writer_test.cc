#include "ra/tracking/proto_writer.h"

#include <gtest/gtest.h>

#include <limits>

#include "ra/tracking/test_reader.h"

namespace ra {
namespace {

std::string integer(int field, std::int64_t value) { return ProtoWriter().integer(field, value).data(); }

TEST(ProtoWriter, WritesIntegersAsShortVarints) {
  EXPECT_EQ(integer(1, 0), std::string("\x08\x00", 2));
  EXPECT_EQ(integer(1, 1), "\x08\x01");
  EXPECT_EQ(integer(1, 127), "\x08\x7f");
  EXPECT_EQ(integer(1, 128), "\x08\x80\x01");
  EXPECT_EQ(integer(1, 300), "\x08\xac\x02");  // the example of protobuf's description of its encoding
  EXPECT_EQ(integer(1, 16383), "\x08\xff\x7f");
  EXPECT_EQ(integer(1, 16384), "\x08\x80\x80\x01");
  EXPECT_EQ(integer(1, std::numeric_limits<std::int64_t>::max()), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f");
  EXPECT_EQ(integer(1, -1), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(ProtoWriter, WritesFieldNumbersAbove15InTwoBytes) {
  EXPECT_EQ(integer(15, 1), "\x78\x01");
  EXPECT_EQ(integer(16, 1), "\x80\x01\x01");
  EXPECT_EQ(integer(200, 1), "\xc0\x0c\x01");
}

TEST(ProtoWriter, WritesFloatingPointLowestByteFirst) {
  EXPECT_EQ(ProtoWriter().number(1, 1.0).data(), std::string("\x09\0\0\0\0\0\0\xf0\x3f", 9));
  EXPECT_EQ(ProtoWriter().number(2, 1.0f).data(), std::string("\x15\0\0\x80\x3f", 5));
  EXPECT_EQ(only(ProtoWriter().number(3, -0.1).data(), 3).number64(), -0.1);
}

TEST(ProtoWriter, WritesTextAndMessagesByLength) {
  EXPECT_EQ(ProtoWriter().bytes(2, "testing").data(), "\x12\x07testing");
  EXPECT_EQ(ProtoWriter().bytes(2, "").data(), std::string("\x12\x00", 2));
  EXPECT_EQ(ProtoWriter().message(3, ProtoWriter().integer(1, 150)).data(), "\x1a\x03\x08\x96\x01");
  const std::string nul("a\0b", 3);
  EXPECT_EQ(only(ProtoWriter().bytes(1, nul).data(), 1).bytes, nul);
  const std::string longer(300, 'x');
  EXPECT_EQ(ProtoWriter().bytes(1, longer).data(), "\x0a\xac\x02" + longer);
}

}  // namespace
}  // namespace ra

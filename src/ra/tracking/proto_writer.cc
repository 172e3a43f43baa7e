#include "ra/tracking/proto_writer.h"

#include <bit>

#include "ra/tracking/little_endian.h"

namespace ra {
namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

}  // namespace

void ProtoWriter::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) data_ += static_cast<char>(value | 0x80);
  data_ += static_cast<char>(value);
}

void ProtoWriter::key(int field, int wire_type) { varint(static_cast<std::uint64_t>(field) << 3 | wire_type); }

ProtoWriter& ProtoWriter::integer(int field, std::int64_t value) {
  key(field, kVarint);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::number(int field, double value) {
  key(field, kFixed64);
  append_little_endian(data_, std::bit_cast<std::uint64_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::number(int field, float value) {
  key(field, kFixed32);
  append_little_endian(data_, std::bit_cast<std::uint32_t>(value));
  return *this;
}

ProtoWriter& ProtoWriter::bytes(int field, std::string_view value) {
  key(field, kLength);
  varint(value.size());
  data_ += value;
  return *this;
}

}  // namespace ra

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ra {

// A message in protobuf's wire format, written field by field. (libprotobuf is not linked: LibTorch brings one of its
// own, and two in a program clash.) Fields are written as they are given, zeros too; numbers start at 1.
class ProtoWriter {
 public:
  // int32, int64, uint64, bool and enums; a negative number takes ten bytes, as in protobuf.
  ProtoWriter& integer(int field, std::int64_t value);
  // double and float.
  ProtoWriter& number(int field, double value);
  ProtoWriter& number(int field, float value);
  // string (UTF-8, the caller sees to it) and bytes.
  ProtoWriter& bytes(int field, std::string_view value);
  ProtoWriter& message(int field, const ProtoWriter& value) { return bytes(field, value.data_); }

  const std::string& data() const { return data_; }

 private:
  void varint(std::uint64_t value);
  void key(int field, int wire_type);

  std::string data_;
};

}  // namespace ra

#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ra/base/hash.h"
#include "ra/tracking/block_log.h"
#include "ra/tracking/event_log.h"

namespace ra {

// Readers of what the sinks write, for tests alone: independent of the writers, and throwing at the first thing that is
// not as the formats say.

inline std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at + size > bytes.size()) throw std::runtime_error("cut short");
  std::uint64_t value = 0;
  for (std::size_t k = size; k-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
  return value;
}

// The records of a W&B transaction log.
inline std::vector<std::string> read_block_log(std::string_view file) {
  if (file.substr(0, 7) != std::string_view(":W&B\xe1\xbe\0", 7)) throw std::runtime_error("no header");
  std::vector<std::string> records;
  std::string record;
  bool inside = false;
  for (std::size_t at = 7; at < file.size();) {
    const std::size_t left = BlockLog::kBlock - at % BlockLog::kBlock;
    if (left < 7) {
      if (file.substr(at, left) != std::string(left, '\0')) throw std::runtime_error("padding is not zero");
      at += left;
      continue;
    }
    const std::size_t size = little_endian(file, at + 4, 2);
    const int type = file.at(at + 6);
    if (size + 7 > left) throw std::runtime_error("a chunk crosses blocks");
    const std::string_view checked = file.substr(at + 6, size + 1);
    if (crc32(std::as_bytes(std::span(checked))) != little_endian(file, at, 4)) throw std::runtime_error("checksum");
    if (inside != (type == 3 || type == 4)) throw std::runtime_error("chunk out of order");
    record += checked.substr(1);
    inside = type == 2 || type == 3;
    if (!inside) {
      records.push_back(record);
      record.clear();
    }
    at += 7 + size;
  }
  if (inside) throw std::runtime_error("the last record is not whole");
  return records;
}

// The records of a TensorBoard event file.
inline std::vector<std::string> read_event_log(std::string_view file) {
  const auto masked = [](std::string_view bytes) {
    const std::uint32_t crc = crc32c(bytes);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
  };
  std::vector<std::string> records;
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t size = little_endian(file, at, 8);
    if (masked(file.substr(at, 8)) != little_endian(file, at + 8, 4)) throw std::runtime_error("checksum of a length");
    const std::string_view record = file.substr(at + 12, size);
    if (masked(record) != little_endian(file, at + 12 + size, 4)) throw std::runtime_error("checksum of a record");
    records.emplace_back(record);
    at += 16 + size;
  }
  return records;
}

// A field of a protobuf message.
struct ProtoField {
  int number = 0;
  std::uint64_t bits = 0;  // of a varint, a double or a float
  std::string bytes;       // of a string or a message

  double number64() const {
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  float number32() const {
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
};

inline std::vector<ProtoField> read_proto(std::string_view message) {
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const std::uint64_t byte = little_endian(message, at++, 1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  std::vector<ProtoField> fields;
  while (at < message.size()) {
    const std::uint64_t key = varint();
    ProtoField& field = fields.emplace_back();
    field.number = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        field.bits = varint();
        break;
      case 1:
      case 5: {
        const std::size_t size = (key & 7) == 1 ? 8 : 4;
        field.bits = little_endian(message, at, size);
        at += size;
        break;
      }
      case 2: {
        const std::size_t size = varint();
        if (at + size > message.size()) throw std::runtime_error("cut short");
        field.bytes = message.substr(at, size);
        at += size;
        break;
      }
      default:
        throw std::runtime_error("unknown wire type");
    }
  }
  return fields;
}

// The only field of that number; throws when there is none or another.
inline ProtoField only(std::string_view message, int number) {
  std::vector<ProtoField> found;
  for (ProtoField& field : read_proto(message)) {
    if (field.number == number) found.push_back(std::move(field));
  }
  if (found.size() != 1) throw std::runtime_error("field " + std::to_string(number) + " is not there once");
  return found.front();
}

}  // namespace ra

#include "ra/io/test_files.h"

#include <zlib.h>

namespace ra::testing {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

std::string chunk(std::string_view type, std::string_view content) {
  const std::string body = std::string(type) + std::string(content);
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  return big_endian(static_cast<std::uint32_t>(content.size())) + body +
         big_endian(static_cast<std::uint32_t>(::crc32(0, bytes, static_cast<uInt>(body.size()))));
}

std::string deflated(std::string_view content, int window_bits) {
  z_stream stream{};
  ::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(::deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

}  // namespace

std::string png_bytes(const PngParts& parts) {
  std::string header = big_endian(parts.columns) + big_endian(parts.rows);
  header += {static_cast<char>(parts.bit_depth), static_cast<char>(parts.colour_type), 0, 0, 0};
  std::string file = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header);
  if (!parts.palette.empty()) file += chunk("PLTE", parts.palette);
  return file + chunk("IDAT", deflated(parts.scanlines, 15)) + chunk("IEND", "");
}

std::string gzip(std::string_view content) { return deflated(content, 15 + 16); }

NiftiBytes::NiftiBytes(int version, const std::vector<std::int64_t>& dim, int datatype, bool big_endian)
    : version_(version), big_endian_(big_endian), bytes_(version == 1 ? 352 : 544, '\0') {
  const bool first = version == 1;
  put(0, static_cast<std::int32_t>(first ? 348 : 540));
  bytes_.replace(first ? 344 : 4, first ? 4 : 8, first ? std::string("n+1\0", 4) : std::string("n+2\0\r\n\x1a\n", 8));
  for (std::size_t i = 0; i < 8; ++i) {
    const std::int64_t value = i == 0 ? static_cast<std::int64_t>(dim.size()) : i <= dim.size() ? dim[i - 1] : 1;
    if (first) {
      put(40 + 2 * i, static_cast<std::int16_t>(value));
    } else {
      put(16 + 8 * i, value);
    }
    put_real(76 + 4 * i, 104 + 8 * i, 1.0);
  }
  put(first ? 70 : 12, static_cast<std::int16_t>(datatype));
  if (first) {
    put(108, 352.0f);
  } else {
    put(168, std::int64_t{544});
  }
}

void NiftiBytes::put_real(std::size_t offset1, std::size_t offset2, double value) {
  if (version_ == 1) {
    put(offset1, static_cast<float>(value));
  } else {
    put(offset2, value);
  }
}

void NiftiBytes::set_sform(const std::vector<std::vector<double>>& rows) {
  if (version_ == 1) {
    put(254, std::int16_t{1});
  } else {
    put(348, std::int32_t{1});
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 4; ++j) put_real(280 + 16 * i + 4 * j, 400 + 32 * i + 8 * j, rows[i][j]);
  }
}

}  // namespace ra::testing

#include <fmt/format.h>
#include <spng.h>

#include <array>
#include <cstring>
#include <memory>

#include "ra/base/atomic_file.h"
#include "ra/io/file_error.h"
#include "ra/io/formats.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

constexpr std::array<std::uint8_t, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kMaxFileSize = std::size_t{2} << 30;
// Memory for one text or colour-profile chunk, and for all of them.
constexpr std::size_t kMaxChunk = std::size_t{16} << 20;
constexpr std::size_t kMaxChunks = std::size_t{64} << 20;
constexpr std::size_t kGreatestRatio = 1032;  // of deflate

using Context = std::unique_ptr<spng_ctx, void (*)(spng_ctx*)>;

// How one kind of PNG is decoded: samples of `stored` interleaved channels, of which the first `kept` count.
struct Layout {
  spng_format format;
  std::size_t stored;
  std::int64_t kept;
};

Layout layout_of(const spng_ihdr& header) {
  switch (header.color_type) {
    case SPNG_COLOR_TYPE_GRAYSCALE:
      return {header.bit_depth < 8 ? SPNG_FMT_G8 : SPNG_FMT_PNG, 1, 1};  // G8 stretches 1, 2 and 4 bits to 0..255
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA:
      return {SPNG_FMT_PNG, 2, 1};
    case SPNG_COLOR_TYPE_INDEXED:
      return {SPNG_FMT_RGB8, 3, 3};
    case SPNG_COLOR_TYPE_TRUECOLOR:
      return {SPNG_FMT_PNG, 3, 3};
    default:
      return {SPNG_FMT_PNG, 4, 3};
  }
}

void check(int error, const std::filesystem::path& path) {
  if (error == SPNG_OK) return;
  const bool ended = error == SPNG_IO_EOF || error == SPNG_EOF || error == SPNG_EIDAT_TOO_SHORT;
  if (ended) refuse_truncated(path, "its PNG data");
  refuse_file(path, fmt::format("its PNG data are broken ({}); copy or save it again", spng_strerror(error)));
}

template <class Sample>
std::vector<float> kept_samples(const std::vector<std::byte>& raw, const Layout& layout) {
  const std::size_t pixels = raw.size() / sizeof(Sample) / layout.stored;
  std::vector<float> values;
  values.reserve(pixels * static_cast<std::size_t>(layout.kept));
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(layout.kept); ++c) {
      Sample sample;
      std::memcpy(&sample, raw.data() + (i * layout.stored + c) * sizeof(Sample), sizeof(Sample));
      values.push_back(static_cast<float>(sample));
    }
  }
  return values;
}

}  // namespace

bool is_png(std::span<const std::byte> head) {
  return head.size() >= kSignature.size() && std::memcmp(head.data(), kSignature.data(), kSignature.size()) == 0;
}

Image read_png(const std::filesystem::path& path) {
  const std::vector<std::byte> file = read_file(path, kMaxFileSize);
  const Context context(spng_ctx_new(0), spng_ctx_free);
  spng_set_png_buffer(context.get(), file.data(), file.size());
  spng_set_chunk_limits(context.get(), kMaxChunk, kMaxChunks);
  spng_ihdr header{};
  check(spng_get_ihdr(context.get(), &header), path);
  const Layout layout = layout_of(header);
  check_picture_size(path, header.width, header.height, layout.kept);

  std::size_t size = 0;
  check(spng_decoded_image_size(context.get(), layout.format, &size), path);
  // Before memory is taken: so few bytes cannot hold so many pixels, whose samples may have only 1 bit.
  if (size / 8 / layout.stored > file.size() * kGreatestRatio) refuse_truncated(path, "its PNG data");
  std::vector<std::byte> raw(size);
  check(spng_decode_image(context.get(), raw.data(), raw.size(), layout.format, 0), path);
  check(spng_decode_chunks(context.get()), path);

  const bool deep = header.bit_depth == 16;
  return {.columns = header.width,
          .rows = header.height,
          .slices = 1,
          .channels = layout.kept,
          .pixels = deep ? kept_samples<std::uint16_t>(raw, layout) : kept_samples<std::uint8_t>(raw, layout),
          .format = ImageFormat::kPng,
          .pixel_type = deep ? PixelType::kUint16 : PixelType::kUint8,
          .world_from_voxel = std::nullopt};
}

}  // namespace ra

#include <fmt/format.h>
#include <spng.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "ra/base/atomic_file.h"
#include "ra/io/write_image.h"

namespace ra {
namespace {

template <class Sample>
std::vector<std::byte> encode(std::span<const Sample> pixels, std::int64_t columns, std::int64_t rows,
                              std::int64_t channels, PngEffort effort) {
  const bool sizes_fit =
      columns > 0 && rows > 0 && (channels == 1 || channels == 3) && std::ssize(pixels) == columns * rows * channels;
  if (!sizes_fit) {
    throw std::logic_error(
        fmt::format("{} values are no {} x {} picture of {} channels", pixels.size(), columns, rows, channels));
  }
  const std::unique_ptr<spng_ctx, void (*)(spng_ctx*)> context(spng_ctx_new(SPNG_CTX_ENCODER), spng_ctx_free);
  spng_ihdr header{};
  header.width = static_cast<std::uint32_t>(columns);
  header.height = static_cast<std::uint32_t>(rows);
  header.bit_depth = 8 * sizeof(Sample);
  header.color_type = channels == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR;
  spng_set_ihdr(context.get(), &header);
  spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1);
  if (effort == PngEffort::kFast) {
    spng_set_option(context.get(), SPNG_FILTER_CHOICE, SPNG_DISABLE_FILTERING);
    spng_set_option(context.get(), SPNG_IMG_COMPRESSION_LEVEL, 1);
  }
  int error = spng_encode_image(context.get(), pixels.data(), pixels.size_bytes(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
  std::size_t size = 0;
  void* buffer = error == SPNG_OK ? spng_get_png_buffer(context.get(), &size, &error) : nullptr;
  if (buffer == nullptr) throw std::runtime_error(fmt::format("cannot encode a PNG: {}", spng_strerror(error)));
  const std::unique_ptr<void, void (*)(void*)> owner(buffer, std::free);
  const auto* bytes = static_cast<const std::byte*>(buffer);
  return {bytes, bytes + size};
}

}  // namespace

std::vector<std::byte> encode_png(std::span<const std::uint8_t> pixels, std::int64_t columns, std::int64_t rows,
                                  std::int64_t channels, PngEffort effort) {
  return encode(pixels, columns, rows, channels, effort);
}

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t columns,
               std::int64_t rows, std::int64_t channels, PngEffort effort) {
  write_file(path, std::span<const std::byte>(encode_png(pixels, columns, rows, channels, effort)));
}

void write_png(const std::filesystem::path& path, std::span<const std::uint16_t> pixels, std::int64_t columns,
               std::int64_t rows, std::int64_t channels) {
  write_file(path, std::span<const std::byte>(encode(pixels, columns, rows, channels, PngEffort::kSmall)));
}

}  // namespace ra

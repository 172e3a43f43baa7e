#include "ra/evaluation/source_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ra/base/error.h"
#include "ra/image/slices.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

// An image, its mask and its outside mask.
constexpr std::size_t kKept = 3;

}  // namespace

const Image* SourceSlices::volume(const std::filesystem::path& file, Image& picture) {
  const auto kept = std::find_if(volumes_.begin(), volumes_.end(), [&](const Volume& one) { return one.file == file; });
  if (kept != volumes_.end()) return &kept->ras;
  picture = read_image(file);
  if (!picture.is_volume()) return nullptr;
  if (volumes_.size() == kKept) volumes_.pop_front();
  volumes_.push_back({file, to_ras(picture)});
  return &volumes_.back().ras;
}

SourceSlice SourceSlices::read(const std::filesystem::path& file, std::optional<std::int64_t> slice) {
  Image picture;
  const Image* ras = volume(file, picture);
  if (ras == nullptr) {
    if (slice.value_or(0) == 0) return {std::move(picture), 1};
    throw Error(ErrorCode::kBadInput, fmt::format("'{}' is a picture and has no slice {}", file.string(), *slice));
  }
  const std::int64_t k = slice.value_or(ras->slices / 2);
  if (k < 0 || k >= ras->slices) {
    throw Error(ErrorCode::kBadInput,
                fmt::format("'{}' has {} slices, so none with number {}", file.string(), ras->slices, k));
  }
  return {axial_slice(*ras, k), ras->slices};
}

std::optional<std::int64_t> SourceSlices::count(const std::filesystem::path& file) {
  Image picture;
  const Image* ras = volume(file, picture);
  if (ras == nullptr) return std::nullopt;
  return ras->slices;
}

}  // namespace ra

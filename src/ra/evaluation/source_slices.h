#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>

#include "ra/image/image.h"

namespace ra {

// One slice of a volume, or the picture itself, as in the file: what a mask must fit.
struct SourceSlice {
  Image picture;
  std::int64_t slices = 1;  // of the file
};

// Reads slices of files. The last few volumes are kept, since the slices of one are asked for one after another.
class SourceSlices {
 public:
  // Slice `slice` of a volume, from inferior to superior; the middle one where absent. A picture is its only slice.
  // kBadInput when the file cannot be read or has no such slice.
  SourceSlice read(const std::filesystem::path& file, std::optional<std::int64_t> slice = std::nullopt);

  // How many slices a volume has; nullopt for a picture. kBadInput when the file cannot be read.
  std::optional<std::int64_t> count(const std::filesystem::path& file);

 private:
  struct Volume {
    std::filesystem::path file;
    Image ras;
  };

  // The volume of a file, read if it is not there; nullptr for a picture, which is left in `picture`.
  const Image* volume(const std::filesystem::path& file, Image& picture);

  std::deque<Volume> volumes_;  // the newest last
};

}  // namespace ra

#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace ra {

// A PNG as a JPEG of a quality (1-100) at which thumbnails show no loss, colour at full resolution: a gallery's
// sheets take a tenth of the room. kBadInput when the file is no picture of 8 bits.
std::vector<std::byte> picture_as_jpeg(const std::filesystem::path& path, int quality = 82);

}  // namespace ra

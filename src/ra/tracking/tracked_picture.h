#pragma once

#include <filesystem>
#include <string>

#include "ra/tracking/tracker.h"

namespace ra {

// A PNG file as a picture of a row. kBadInput when it is missing, larger than 64 MiB, or no PNG.
TrackedPicture read_tracked_picture(const std::string& name, const std::filesystem::path& path);

}  // namespace ra

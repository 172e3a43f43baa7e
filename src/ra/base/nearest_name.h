#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ra {

// The known name closest to `name` (Levenshtein distance at most 1 + length/3), for "did you mean" hints.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> known);

// " (did you mean 'X'?)", or "" when nothing is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

}  // namespace ra

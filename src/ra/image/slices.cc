#include "ra/image/slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "ra/base/error.h"
#include "ra/image/orientation.h"

namespace ra {
namespace {

constexpr std::int64_t kLeftOut = -1;

[[noreturn]] void refuse_rule(std::string_view text, std::string_view reason) {
  throw Error(
      ErrorCode::kUsage,
      fmt::format("cannot read the slice rule '{}': {}; use mid, all, A:B (A <= k < B) or i,j,k", text, reason));
}

std::int64_t parse_index(std::string_view number, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || value < 0) {
    refuse_rule(text, fmt::format("'{}' is no slice number from 0", number));
  }
  return value;
}

std::vector<std::int64_t> parse_range(std::string_view text, std::size_t colon) {
  const std::string_view first = text.substr(0, colon), last = text.substr(colon + 1);
  const std::int64_t begin = first.empty() ? kLeftOut : parse_index(first, text);
  const std::int64_t end = last.empty() ? kLeftOut : parse_index(last, text);
  if (end != kLeftOut && std::max<std::int64_t>(begin, 0) >= end) refuse_rule(text, "the range holds no slice");
  return {begin, end};
}

std::vector<std::int64_t> parse_list(std::string_view text) {
  std::vector<std::int64_t> numbers;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    const std::int64_t k = parse_index(text.substr(start, comma - start), text);
    if (std::find(numbers.begin(), numbers.end(), k) != numbers.end()) {
      refuse_rule(text, fmt::format("slice {} is named twice", k));
    }
    numbers.push_back(k);
    start = comma + 1;
  }
  return numbers;
}

// How the voxels of a turned volume lie in the old one, along x, y and z.
struct Turn {
  std::array<std::int64_t, 3> size{}, step{};
  std::int64_t origin = 0;  // the old voxel that becomes voxel 0
  Affine world_from_voxel{};
};

Turn turn_to_ras(const Image& image) {
  const Affine& old = *image.world_from_voxel;
  const AxisOrder order = ras_axis_order(old);
  const std::array<std::int64_t, 3> old_size{image.columns, image.rows, image.slices};
  const std::array<std::int64_t, 3> old_step{1, image.columns, image.columns * image.rows};
  Turn turn{.world_from_voxel = old};
  for (int axis = 0; axis < 3; ++axis) {
    const int from = order.voxel_axis[axis];
    const bool flip = order.flip[axis];
    turn.size[axis] = old_size[from];
    turn.step[axis] = flip ? -old_step[from] : old_step[from];
    if (flip) turn.origin += (old_size[from] - 1) * old_step[from];
    for (int i = 0; i < 3; ++i) {
      turn.world_from_voxel[i][axis] = flip ? -old[i][from] : old[i][from];
      if (flip) turn.world_from_voxel[i][3] += old[i][from] * static_cast<double>(old_size[from] - 1);
    }
  }
  return turn;
}

}  // namespace

SliceRule SliceRule::parse(std::string_view text) {
  SliceRule rule;
  rule.text_ = text;
  if (text == "mid") {
    rule.kind_ = Kind::kMid;
  } else if (text == "all") {
    rule.kind_ = Kind::kAll;
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    rule.kind_ = Kind::kRange;
    rule.numbers_ = parse_range(text, colon);
  } else {
    rule.kind_ = Kind::kList;
    rule.numbers_ = parse_list(text);
  }
  return rule;
}

std::vector<std::int64_t> SliceRule::select(std::int64_t count) const {
  if (kind_ == Kind::kMid) return {count / 2};
  std::vector<std::int64_t> chosen = numbers_;
  if (kind_ != Kind::kList) {
    const bool range = kind_ == Kind::kRange;
    const std::int64_t begin = range && numbers_[0] != kLeftOut ? numbers_[0] : 0;
    const std::int64_t end = range && numbers_[1] != kLeftOut ? numbers_[1] : count;
    if (begin >= count || end > count) {
      throw Error(ErrorCode::kBadInput,
                  fmt::format("the slices {} are not all there: the volume has slices 0 to {}", text_, count - 1));
    }
    chosen.resize(static_cast<std::size_t>(end - begin));
    std::iota(chosen.begin(), chosen.end(), begin);
  }
  for (const std::int64_t k : chosen) {
    if (k >= count) {
      throw Error(ErrorCode::kBadInput,
                  fmt::format("there is no slice {}: the volume has slices 0 to {}", k, count - 1));
    }
  }
  return chosen;
}

Image to_ras(const Image& image) {
  if (!image.world_from_voxel) return image;
  const Turn turn = turn_to_ras(image);
  Image ras{.columns = turn.size[0],
            .rows = turn.size[1],
            .slices = turn.size[2],
            .channels = image.channels,
            .pixels = {},
            .format = image.format,
            .pixel_type = image.pixel_type,
            .world_from_voxel = turn.world_from_voxel};
  ras.pixels.resize(image.pixels.size());
  float* to = ras.pixels.data();
  for (std::int64_t z = 0; z < ras.slices; ++z) {
    for (std::int64_t y = 0; y < ras.rows; ++y) {
      std::int64_t voxel = turn.origin + z * turn.step[2] + y * turn.step[1];
      for (std::int64_t x = 0; x < ras.columns; ++x, voxel += turn.step[0]) {
        const float* from = image.pixels.data() + voxel * image.channels;
        for (std::int64_t c = 0; c < image.channels; ++c) *to++ = from[c];
      }
    }
  }
  return ras;
}

Image axial_slice(const Image& ras, std::int64_t k) {
  if (k < 0 || k >= ras.slices) {
    throw Error(ErrorCode::kBadInput,
                fmt::format("there is no slice {}: the volume has slices 0 to {}", k, ras.slices - 1));
  }
  Image slice{.columns = ras.columns,
              .rows = ras.rows,
              .slices = 1,
              .channels = ras.channels,
              .pixels = {},
              .format = ras.format,
              .pixel_type = ras.pixel_type,
              .world_from_voxel = ras.world_from_voxel};
  const std::int64_t row_size = ras.columns * ras.channels;
  const float* plane = ras.pixels.data() + k * ras.rows * row_size;
  slice.pixels.reserve(static_cast<std::size_t>(ras.rows * row_size));
  for (std::int64_t row = 0; row < ras.rows; ++row) {
    // Anterior is up in a picture, and +y in RAS.
    const float* from = plane + (ras.world_from_voxel ? ras.rows - 1 - row : row) * row_size;
    slice.pixels.insert(slice.pixels.end(), from, from + row_size);
  }
  if (slice.world_from_voxel) {
    for (int i = 0; i < 3; ++i) {
      auto& line = (*slice.world_from_voxel)[i];
      line[3] += line[1] * static_cast<double>(ras.rows - 1) + line[2] * static_cast<double>(k);
      line[1] = -line[1];
    }
  }
  return slice;
}

}  // namespace ra

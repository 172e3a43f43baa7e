#include "ra/metrics/components.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ra/base/error.h"

namespace ra {
namespace {

// Provisional labels that turn out to belong together; the smallest of a set stands for it.
class Equivalences {
 public:
  std::uint32_t add() {
    parent_.push_back(static_cast<std::uint32_t>(parent_.size()));
    return parent_.back();
  }

  std::uint32_t find(std::uint32_t label) {
    while (parent_[label] != label) label = parent_[label] = parent_[parent_[label]];
    return label;
  }

  std::uint32_t join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    return parent_[std::max(a, b)] = std::min(a, b);
  }

  std::size_t size() const { return parent_.size(); }

 private:
  std::vector<std::uint32_t> parent_;
};

void include(Region& region, std::int64_t column, std::int64_t row) {
  if (region.pixels++ == 0) {
    region.left = region.right = column;
    region.top = row;
  }
  region.left = std::min(region.left, column);
  region.right = std::max(region.right, column);
  region.bottom = row;
}

void check(std::size_t pixels, std::int64_t columns, std::int64_t rows) {
  const bool fits = columns >= 0 && rows >= 0 &&
                    (columns == 0 ? pixels == 0
                                  : pixels % static_cast<std::size_t>(columns) == 0 &&
                                        pixels / static_cast<std::size_t>(columns) == static_cast<std::size_t>(rows));
  if (!fits || pixels >= std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::kUsage, fmt::format("a mask of {} pixels cannot be {} x {}", pixels, columns, rows));
  }
}

}  // namespace

Components connected_components(std::span<const std::uint8_t> mask, std::int64_t columns, std::int64_t rows,
                                Connectivity connectivity) {
  check(mask.size(), columns, rows);
  Components result;
  result.labels.assign(mask.size(), 0);
  Equivalences equivalences;
  equivalences.add();  // the background
  const auto label_at = [&](std::int64_t column, std::int64_t row) {
    const bool inside = column >= 0 && column < columns && row >= 0;
    return inside ? result.labels[static_cast<std::size_t>(row * columns + column)] : 0u;
  };
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < columns; ++x) {
      const auto at = static_cast<std::size_t>(y * columns + x);
      if (mask[at] == 0) continue;
      std::uint32_t label = 0;
      const auto touch = [&](std::uint32_t neighbour) {
        if (neighbour != 0) label = label == 0 ? neighbour : equivalences.join(label, neighbour);
      };
      touch(label_at(x - 1, y));
      touch(label_at(x, y - 1));
      if (connectivity == Connectivity::kEight) {
        touch(label_at(x - 1, y - 1));
        touch(label_at(x + 1, y - 1));
      }
      result.labels[at] = label == 0 ? equivalences.add() : label;
    }
  }
  std::vector<std::uint32_t> final_label(equivalences.size(), 0);
  for (std::size_t at = 0; at < mask.size(); ++at) {
    if (result.labels[at] == 0) continue;
    std::uint32_t& label = final_label[equivalences.find(result.labels[at])];
    if (label == 0) {
      result.regions.emplace_back();
      label = static_cast<std::uint32_t>(result.regions.size());
    }
    result.labels[at] = label;
    const auto place = static_cast<std::int64_t>(at);
    include(result.regions[label - 1], place % columns, place / columns);
  }
  return result;
}

}  // namespace ra

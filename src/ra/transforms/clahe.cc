#include "ra/transforms/clahe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "ra/transforms/clahe_parts.h"
#include "ra/transforms/vectorised.h"

namespace ra {
namespace {

using clahe_parts::Axis;
using clahe_parts::kBins;
using clahe_parts::kGray;
using clahe_parts::Neighbours;

using Histogram = std::array<std::int32_t, kBins>;

// The stages of one image, in plain arrays.
struct Stages {
  std::vector<std::int32_t> codes, bins, maps, mapped;
};

struct Range {
  std::int32_t low, high;
};

RA_VECTORISED Range range_of(std::span<const std::int32_t> values) {
  Range range{values[0], values[0]};
  for (const std::int32_t value : values) {
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return range;
}

// [-1,1] -> 16 bits -> stretched to 0..16383, half to even.
RA_VECTORISED std::vector<std::int32_t> to_14_bits(std::span<const float> image) {
  std::vector<std::int32_t> codes(image.size());
  std::int32_t* code = codes.data();
  for (std::size_t i = 0; i < image.size(); ++i) {
    code[i] = std::clamp(static_cast<std::int32_t>(std::nearbyint(image[i] * 65535.0f)), 0, 65535);
  }
  const auto [low, high] = range_of(codes);
  if (low == high) {
    for (std::size_t i = 0; i < image.size(); ++i) code[i] = std::min(code[i], kGray - 1);
    return codes;
  }
  const double start = low, range = high - start;
  for (std::size_t i = 0; i < image.size(); ++i) {
    code[i] = static_cast<std::int32_t>(std::nearbyint((code[i] - start) / range * (kGray - 1)));
  }
  return codes;
}

RA_VECTORISED std::vector<std::int32_t> bins_of(std::span<const std::int32_t> codes) {
  std::vector<std::int32_t> bins(codes.size());
  std::int32_t* bin = bins.data();
  for (std::size_t i = 0; i < codes.size(); ++i) bin[i] = codes[i] / clahe_parts::kBinWidth;
  return bins;
}

// Gives one count each to bins below the limit, every step-th from a start that moves on, until nothing is left.
void distribute_rest(Histogram& counts, std::int64_t excess, std::int32_t limit) {
  std::int64_t below = std::count_if(counts.begin(), counts.end(), [&](std::int32_t n) { return n < limit; });
  while (excess > 0) {
    const std::int64_t before = excess;
    for (int start = 0; start < kBins && excess > 0; ++start) {
      const std::int64_t step = std::max<std::int64_t>(1, below / excess);
      for (std::int64_t bin = start; bin < kBins; bin += step) {
        std::int32_t& count = counts[static_cast<std::size_t>(bin)];
        if (count >= limit) continue;
        if (++count == limit) --below;
        --excess;  // may pass below 0: scikit-image finishes the round
      }
    }
    if (excess == before) return;
  }
}

// Clips a histogram at `limit` and hands out the excess.
void clip_histogram(Histogram& counts, std::int32_t limit) {
  std::int64_t excess = 0;
  for (std::int32_t& count : counts) {
    excess += std::max(count - limit, 0);
    count = std::min(count, limit);
  }
  const auto share = static_cast<std::int32_t>(excess / kBins);
  const std::int32_t low_limit = limit - share;
  for (std::int32_t& count : counts) {
    if (count >= low_limit) continue;
    count += share;
    excess -= share;
  }
  // Tested on the updated counts; their shortage is taken from the excess.
  for (std::int32_t& count : counts) {
    if (count < low_limit || count >= limit) continue;
    excess -= limit - count;
    count = limit;
  }
  distribute_rest(counts, excess, limit);
}

// Gray-level mapping of every tile: the cumulative clipped histogram. [TY][TX][256].
std::vector<std::int32_t> tile_maps(std::span<const std::int32_t> bins, const Axis& y, const Axis& x) {
  const std::int32_t limit = clahe_parts::clip_limit(y, x);
  const double height_of_one = clahe_parts::height_of_one(y, x);
  std::vector<std::int32_t> maps(static_cast<std::size_t>(y.tiles * x.tiles * kBins));
  std::int32_t* map = maps.data();
  for (std::int64_t ty = 0; ty < y.tiles; ++ty) {
    for (std::int64_t tx = 0; tx < x.tiles; ++tx, map += kBins) {
      Histogram counts{};
      const std::int64_t *rows = &y.mirrored[y.before + ty * y.kernel],
                         *columns = &x.mirrored[x.before + tx * x.kernel];
      for (std::int64_t i = 0; i < y.kernel; ++i) {
        const std::int32_t* line = bins.data() + rows[i] * x.size;
        for (std::int64_t j = 0; j < x.kernel; ++j) ++counts[static_cast<std::size_t>(line[columns[j]])];
      }
      clip_histogram(counts, limit);
      std::int64_t sum = 0;
      for (int bin = 0; bin < kBins; ++bin) {
        sum += counts[static_cast<std::size_t>(bin)];
        map[bin] = static_cast<std::int32_t>(std::min<double>(sum * height_of_one, kGray - 1));
      }
    }
  }
  return maps;
}

// Bilinear interpolation between the four nearest tile mappings. Sums in float32, in scikit-image's order.
RA_VECTORISED std::vector<std::int32_t> interpolate(std::span<const std::int32_t> bins,
                                                    std::span<const std::int32_t> maps, const Axis& y, const Axis& x) {
  const std::vector<Neighbours> columns = clahe_parts::neighbours(x), rows = clahe_parts::neighbours(y);
  std::vector<std::int32_t> mapped(bins.size());
  std::size_t i = 0;
  for (const Neighbours& row : rows) {
    const std::int32_t* upper = maps.data() + row.first * x.tiles * kBins;
    const std::int32_t* lower = maps.data() + row.second * x.tiles * kBins;
    for (const Neighbours& column : columns) {
      const std::int64_t bin = bins[i];
      const std::int64_t left = column.first * kBins + bin, right = column.second * kBins + bin;
      const double left_weight = 1.0 - column.weight, upper_weight = 1.0 - row.weight;
      float total = static_cast<float>(upper[left] * (left_weight * upper_weight));
      total += static_cast<float>(upper[right] * (column.weight * upper_weight));
      total += static_cast<float>(lower[left] * (left_weight * row.weight));
      total += static_cast<float>(lower[right] * (column.weight * row.weight));
      mapped[i++] = static_cast<std::int32_t>(total);
    }
  }
  return mapped;
}

// 14-bit levels -> [0,1] by minimum and maximum; a constant is clipped.
RA_VECTORISED void stretch(std::span<const std::int32_t> mapped, float* __restrict result) {
  const auto [low, high] = range_of(mapped);
  if (low == high) return void(std::fill_n(result, mapped.size(), std::min(static_cast<float>(low), 1.0f)));
  const auto start = static_cast<float>(low), range = static_cast<float>(high - low);
  for (std::size_t i = 0; i < mapped.size(); ++i) result[i] = (static_cast<float>(mapped[i]) - start) / range;
}

Stages equalise(std::span<const float> image, const Axis& y, const Axis& x, float* result) {
  Stages stages;
  stages.codes = to_14_bits(image);
  stages.bins = bins_of(stages.codes);
  stages.maps = tile_maps(stages.bins, y, x);
  stages.mapped = interpolate(stages.bins, stages.maps, y, x);
  stretch(stages.mapped, result);
  return stages;
}

at::Tensor checked(const at::Tensor& images) {
  clahe_parts::check_images(images);
  const at::Tensor values = images.contiguous();
  const float* data = values.const_data_ptr<float>();
  const float* bad = std::find_if_not(data, data + values.numel(), [](float v) { return v >= -1.0f && v <= 1.0f; });
  if (bad != data + values.numel()) clahe_parts::refuse_value(*bad);
  return values;
}

at::Tensor to_tensor(const std::vector<std::int32_t>& values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kInt);
  std::copy(values.begin(), values.end(), tensor.data_ptr<std::int32_t>());
  return tensor;
}

}  // namespace

at::Tensor clahe(const at::Tensor& images) {
  const at::Tensor values = checked(images);
  const Axis y(values.size(-2)), x(values.size(-1));
  const std::int64_t area = y.size * x.size;
  at::Tensor result = at::empty_like(values);
  const float* from = values.const_data_ptr<float>();
  float* to = result.data_ptr<float>();
  for (std::int64_t done = 0; done < values.numel(); done += area) {
    equalise({from + done, static_cast<std::size_t>(area)}, y, x, to + done);
  }
  return result;
}

ClaheStages clahe_stages(const at::Tensor& image) {
  const at::Tensor values = checked(image.squeeze());
  const Axis y(values.size(-2)), x(values.size(-1));
  at::Tensor result = at::empty({y.size, x.size}, at::kFloat);
  const Stages stages = equalise({values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())}, y, x,
                                 result.data_ptr<float>());
  return {to_tensor(stages.codes, {y.size, x.size}), to_tensor(stages.maps, {y.tiles, x.tiles, kBins}),
          to_tensor(stages.mapped, {y.size, x.size}), result};
}

}  // namespace ra

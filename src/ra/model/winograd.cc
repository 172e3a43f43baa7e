#include "ra/model/winograd.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>
#include <array>
#include <vector>

#include "ra/model/onednn.h"

namespace ra {
namespace {

// Eight channels. Pixels lie channel by channel, so every step of a transform works on whole vectors.
constexpr std::int64_t kLanes = 8;
using Vector = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(alignof(float))));
// Compiled for two instruction sets; the processor's is chosen when the program starts.
#define RA_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#define RA_INLINE inline __attribute__((always_inline))

constexpr int kTile = 4;            // side of a tile of the output
constexpr int kWindow = kTile + 2;  // side of the input that it depends on
constexpr int kPoints = kWindow * kWindow;
// Tiles are worked on in blocks whose transforms have about this many values: they stay in the second-level cache of a
// thread, or in the third.
constexpr std::int64_t kBlockValues = std::int64_t{1} << 18;

RA_INLINE const Vector& load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
RA_INLINE void store(float* to, const Vector& value) { *reinterpret_cast<Vector*>(to) = value; }

// The six points of a window's line: B^T of the paper.
RA_INLINE void transform_window(const Vector* in, int step, Vector* out) {
  const Vector d0 = in[0], d1 = in[step], d2 = in[2 * step], d3 = in[3 * step], d4 = in[4 * step], d5 = in[5 * step];
  const Vector even1 = d4 - 4 * d2, odd1 = d3 - 4 * d1, even2 = d4 - d2, odd2 = 2 * (d3 - d1);
  out[0] = 4 * d0 - 5 * d2 + d4;
  out[step] = even1 + odd1;
  out[2 * step] = even1 - odd1;
  out[3 * step] = even2 + odd2;
  out[4 * step] = even2 - odd2;
  out[5 * step] = 4 * d1 - 5 * d3 + d5;
}

// The four outputs of a line of six points: A^T.
RA_INLINE void transform_output(const Vector* in, int step, Vector* out, int out_step) {
  const Vector sum1 = in[step] + in[2 * step], difference1 = in[step] - in[2 * step];
  const Vector sum2 = in[3 * step] + in[4 * step], difference2 = in[3 * step] - in[4 * step];
  out[0] = in[0] + sum1 + sum2;
  out[out_step] = difference1 + 2 * difference2;
  out[2 * out_step] = sum1 + 4 * sum2;
  out[3 * out_step] = difference1 + 8 * difference2 + in[5 * step];
}

// Its adjoint, A: from the gradients of four outputs to those of six points.
RA_INLINE void spread_output(const Vector* in, int step, Vector* out, int out_step) {
  const Vector d0 = in[0], d1 = in[step], d2 = in[2 * step], d3 = in[3 * step];
  const Vector even1 = d0 + d2, odd1 = d1 + d3, even2 = d0 + 4 * d2, odd2 = 2 * d1 + 8 * d3;
  out[0] = d0;
  out[out_step] = even1 + odd1;
  out[2 * out_step] = even1 - odd1;
  out[3 * out_step] = even2 + odd2;
  out[4 * out_step] = even2 - odd2;
  out[5 * out_step] = d3;
}

// The six points of a line of three filter values: G.
RA_INLINE void transform_filter(const Vector* in, int step, Vector* out, int out_step) {
  const Vector even1 = (in[0] + in[2 * step]) / -6.0f, odd1 = in[step] / 6.0f;
  const Vector even2 = in[0] / 24.0f + in[2 * step] / 6.0f, odd2 = in[step] / 12.0f;
  out[0] = in[0] / 4.0f;
  out[out_step] = even1 - odd1;
  out[2 * out_step] = even1 + odd1;
  out[3 * out_step] = even2 + odd2;
  out[4 * out_step] = even2 - odd2;
  out[5 * out_step] = in[2 * step];
}

// Its adjoint, G^T.
RA_INLINE void gather_filter(const Vector* in, int step, Vector* out, int out_step) {
  const Vector sum1 = in[step] + in[2 * step], difference1 = in[2 * step] - in[step];
  const Vector sum2 = in[3 * step] + in[4 * step], difference2 = in[3 * step] - in[4 * step];
  out[0] = in[0] / 4.0f - sum1 / 6.0f + sum2 / 24.0f;
  out[out_step] = difference1 / 6.0f + difference2 / 12.0f;
  out[2 * out_step] = (sum2 - sum1) / 6.0f + in[5 * step];
}

// The tiles of a batch of images [N,H,W,channels], numbered row by row, image by image; those at the right and lower
// border may reach beyond the image.
struct Tiles {
  std::int64_t height, width, rows, columns, count;

  explicit Tiles(at::IntArrayRef images)  // [N,C,H,W]
      : height(images[2]),
        width(images[3]),
        rows((height + kTile - 1) / kTile),
        columns((width + kTile - 1) / kTile),
        count(images[0] * rows * columns) {}

  // The offset, in pixels, of pixel (row, column) of tile `tile`; -1 outside the image.
  std::int64_t pixel(std::int64_t tile, int row, int column) const {
    const std::int64_t image = tile / (rows * columns);
    const std::int64_t y = tile / columns % rows * kTile + row, x = tile % columns * kTile + column;
    return y < 0 || x < 0 || y >= height || x >= width ? -1 : (image * height + y) * width + x;
  }
};

// Tiles [first, first + count) of a block, as positions within the block.
struct Range {
  std::int64_t begin, end;
};

// What a block's transforms work on: the values of tile t at point p from `points` + t * tile_step + p * point_step on.
struct Block {
  std::int64_t first, channels, tile_step, point_step;
  float* points;

  float* at(int point, std::int64_t tile) const { return points + tile * tile_step + point * point_step; }
};

// Points by tile, [size][36][channels]: the pixels of the products.
Block by_tile(std::int64_t first, std::int64_t channels, float* points) {
  return {first, channels, kPoints * channels, channels, points};
}

// Tiles by point, [36][size][channels].
Block by_point(std::int64_t first, std::int64_t size, std::int64_t channels, float* points) {
  return {first, channels, channels, size * channels, points};
}

// The first `side` x `side` pixels of a tile, from `offset` pixels above and left of it; nullptr outside the image.
template <typename Value, std::size_t side>
RA_INLINE std::array<Value*, side * side> pixels_of(Value* images, const Tiles& tiles, std::int64_t tile,
                                                    std::int64_t channels, int offset, Value* outside) {
  std::array<Value*, side * side> pixels;
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    const std::int64_t pixel =
        tiles.pixel(tile, static_cast<int>(k / side) - offset, static_cast<int>(k % side) - offset);
    pixels[k] = pixel < 0 ? outside : images + pixel * channels;
  }
  return pixels;
}

// V = B^T d B of every window. `zeros` holds as many zeros as there are channels.
RA_VECTOR_CLONES void transform_windows(const float* images, const Tiles& tiles, const Block& block, Range range,
                                        const float* zeros) {
  for (std::int64_t t = range.begin; t < range.end; ++t) {
    const auto pixels = pixels_of<const float, kWindow>(images, tiles, block.first + t, block.channels, 1, zeros);
    for (std::int64_t c = 0; c < block.channels; c += kLanes) {
      Vector window[kPoints], half[kPoints], points[kPoints];
      for (int k = 0; k < kPoints; ++k) window[k] = load(pixels[k] == zeros ? zeros : pixels[k] + c);
      for (int j = 0; j < kWindow; ++j) transform_window(window + j, kWindow, half + j);
      for (int i = 0; i < kWindow; ++i) transform_window(half + i * kWindow, 1, points + i * kWindow);
      for (int k = 0; k < kPoints; ++k) store(block.at(k, t) + c, points[k]);
    }
  }
}

// A dY A^T of every tile of gradients.
RA_VECTOR_CLONES void spread_gradients(const float* gradients, const Tiles& tiles, const Block& block, Range range,
                                       const float* zeros) {
  for (std::int64_t t = range.begin; t < range.end; ++t) {
    const auto pixels = pixels_of<const float, kTile>(gradients, tiles, block.first + t, block.channels, 0, zeros);
    for (std::int64_t c = 0; c < block.channels; c += kLanes) {
      Vector tile[kTile * kTile], half[kWindow * kTile], points[kPoints];
      for (int k = 0; k < kTile * kTile; ++k) tile[k] = load(pixels[k] == zeros ? zeros : pixels[k] + c);
      for (int j = 0; j < kTile; ++j) spread_output(tile + j, kTile, half + j, kTile);
      for (int i = 0; i < kWindow; ++i) spread_output(half + i * kTile, 1, points + i * kWindow, 1);
      for (int k = 0; k < kPoints; ++k) store(block.at(k, t) + c, points[k]);
    }
  }
}

// What is added to a convolution, and the slope of its LeakyReLU. Pointers may be null.
struct Epilogue {
  const float* bias;
  const float* residual;
  float slope;
};

// Y = A^T M A of every tile, then the epilogue.
RA_VECTOR_CLONES void transform_outputs(float* images, const Tiles& tiles, const Block& block, Range range,
                                        const Epilogue& epilogue) {
  for (std::int64_t t = range.begin; t < range.end; ++t) {
    const auto pixels = pixels_of<float, kTile>(images, tiles, block.first + t, block.channels, 0, nullptr);
    for (std::int64_t c = 0; c < block.channels; c += kLanes) {
      Vector points[kPoints], half[kTile * kWindow], tile[kTile * kTile];
      for (int k = 0; k < kPoints; ++k) points[k] = load(block.at(k, t) + c);
      for (int j = 0; j < kWindow; ++j) transform_output(points + j, kWindow, half + j, kWindow);
      for (int i = 0; i < kTile; ++i) transform_output(half + i * kWindow, 1, tile + i * kTile, 1);
      for (int k = 0; k < kTile * kTile; ++k) {
        if (pixels[k] == nullptr) continue;
        Vector value = tile[k];
        if (epilogue.bias != nullptr) value += load(epilogue.bias + c);
        if (epilogue.residual != nullptr) value += load(epilogue.residual + (pixels[k] - images) + c);
        store(pixels[k] + c, value > 0 ? value : value * epilogue.slope);
      }
    }
  }
}

// U = G g G^T of every filter: [K][9][C] -> [36][K][C], for the outputs K in `range`. `one` holds the points of one
// output: written straight to their places, which lie a power of two apart, they would throw each other out of the
// cache.
RA_VECTOR_CLONES void transform_filters(const float* filters, float* points, std::int64_t outputs, std::int64_t inputs,
                                        Range range, float* one) {
  for (std::int64_t k = range.begin; k < range.end; ++k) {
    for (std::int64_t c = 0; c < inputs; c += kLanes) {
      Vector filter[9], half[kWindow * 3], all[kPoints];
      for (int i = 0; i < 9; ++i) filter[i] = load(filters + (k * 9 + i) * inputs + c);
      for (int j = 0; j < 3; ++j) transform_filter(filter + j, 3, half + j, 3);
      for (int i = 0; i < kWindow; ++i) transform_filter(half + i * 3, 1, all + i * kWindow, 1);
      for (int i = 0; i < kPoints; ++i) store(one + i * inputs + c, all[i]);
    }
    for (int i = 0; i < kPoints; ++i) std::copy_n(one + i * inputs, inputs, points + (i * outputs + k) * inputs);
  }
}

// G^T dU G: [36][K][C] -> [K][9][C].
RA_VECTOR_CLONES void gather_filters(const float* points, float* filters, std::int64_t outputs, std::int64_t inputs,
                                     Range range) {
  for (std::int64_t k = range.begin; k < range.end; ++k) {
    for (std::int64_t c = 0; c < inputs; c += kLanes) {
      Vector all[kPoints], half[3 * kWindow], filter[9];
      for (int i = 0; i < kPoints; ++i) all[i] = load(points + (i * outputs + k) * inputs + c);
      for (int j = 0; j < kWindow; ++j) gather_filter(all + j, kWindow, half + j, kWindow);
      for (int i = 0; i < 3; ++i) gather_filter(half + i * kWindow, 1, filter + i * 3, 1);
      for (int i = 0; i < 9; ++i) store(filters + (k * 9 + i) * inputs + c, filter[i]);
    }
  }
}

template <typename Work>
void in_parallel(std::int64_t count, std::int64_t grain, const Work& work) {
  at::parallel_for(0, count, grain, [&](std::int64_t begin, std::int64_t end) { work(Range{begin, end}); });
}

// How many tiles a block has: a function of the shapes alone, so that results do not depend on the number of threads.
std::int64_t block_size(const Tiles& tiles, std::int64_t channels) {
  return std::min(tiles.count, std::max<std::int64_t>(kBlockValues / (kPoints * channels), 32));
}

at::Tensor channels_last(const at::Tensor& images) { return images.contiguous(at::MemoryFormat::ChannelsLast); }

const float* data_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

}  // namespace

bool winograd_applies(at::IntArrayRef images, const at::Tensor& weight, FilterUse use) {
  // Below so many tiles, transforming the filters, or reading four times as much of them, costs more than it saves
  // (docs/performance.md; scripts/bench --kernels).
  const std::int64_t least_tiles = use == FilterUse::kOnce ? 160 : use == FilterUse::kGradient ? 32 : 16;
  // oneDNN has no fast product of points for less.
  static const bool kHasAvx2 = at::get_cpu_capability() != "DEFAULT";
  return kHasAvx2 && weight.is_cpu() && weight.scalar_type() == at::kFloat && weight.size(2) == 3 &&
         weight.size(3) == 3 && weight.size(0) % kLanes == 0 && weight.size(1) % kLanes == 0 &&
         Tiles(images).count >= least_tiles;
}

WinogradFilters winograd_filters(const at::Tensor& weight, at::IntArrayRef images) {
  const at::Tensor filters = channels_last(weight.detach());
  const std::int64_t outputs = weight.size(0), inputs = weight.size(1);
  at::Tensor points = at::empty({kPoints * outputs, inputs, 1, 1}, filters.options());
  const float* from = filters.const_data_ptr<float>();
  float* to = points.data_ptr<float>();
  in_parallel(outputs, 1, [&](Range range) {
    std::vector<float> one(static_cast<std::size_t>(kPoints * inputs));
    transform_filters(from, to, outputs, inputs, range, one.data());
  });
  const std::int64_t size = block_size(Tiles(images), inputs + outputs);
  return {onednn_pack(points, {1, kPoints * inputs, size, 1}, kPoints), outputs, inputs};
}

at::Tensor winograd_convolution(const at::Tensor& x, const WinogradFilters& filters, const at::Tensor& bias,
                                const at::Tensor& residual, double slope) {
  const at::Tensor images = channels_last(x.detach());
  const std::int64_t inputs = filters.inputs, outputs = filters.outputs;
  const Tiles tiles(images.sizes());
  const at::Tensor added = residual.defined() ? channels_last(residual.detach()) : residual;
  at::Tensor result =
      at::empty({images.size(0), outputs, tiles.height, tiles.width}, images.options(), at::MemoryFormat::ChannelsLast);
  const float* from = images.const_data_ptr<float>();
  float* to = result.data_ptr<float>();
  const Epilogue epilogue = {data_or_null(bias), data_or_null(added), static_cast<float>(slope)};
  const std::vector<float> zeros(static_cast<std::size_t>(inputs));
  const std::int64_t size = block_size(tiles, inputs + outputs);
  in_parallel((tiles.count + size - 1) / size, 1, [&](Range blocks) {
    // The products of all points are one convolution of 1x1 in 36 groups, over tiles as pixels.
    const at::Tensor windows =
        at::empty({1, kPoints * inputs, size, 1}, images.options(), at::MemoryFormat::ChannelsLast);
    for (std::int64_t k = blocks.begin; k < blocks.end; ++k) {
      const Range all = {0, std::min(size, tiles.count - k * size)};
      transform_windows(from, tiles, by_tile(k * size, inputs, windows.data_ptr<float>()), all, zeros.data());
      const at::Tensor products = onednn_convolution(windows, filters.points, 1, {}, 1.0, kPoints);
      transform_outputs(to, tiles, by_tile(k * size, outputs, products.data_ptr<float>()), all, epilogue);
    }
  });
  return result;
}

at::Tensor winograd_weight_gradient(const at::Tensor& x, const at::Tensor& gradient) {
  const at::Tensor images = channels_last(x.detach()), gradients = channels_last(gradient.detach());
  const std::int64_t inputs = images.size(1), outputs = gradients.size(1);
  const Tiles tiles(images.sizes());
  const float* image_data = images.const_data_ptr<float>();
  const float* gradient_data = gradients.const_data_ptr<float>();
  const std::vector<float> zeros(static_cast<std::size_t>(std::max(inputs, outputs)));
  // Blocks one after another, so that their sum has one order; threads share each.
  // Odd, so that the 36 places that a vector is written to do not share a line of the cache.
  const std::int64_t size = 4 * block_size(tiles, inputs + outputs) | 1;
  at::Tensor windows = at::empty({kPoints, size, inputs}, images.options());
  at::Tensor spread = at::empty({kPoints, size, outputs}, images.options());
  at::Tensor points = at::zeros({kPoints, outputs, inputs}, images.options());
  for (std::int64_t first = 0; first < tiles.count; first += size) {
    const std::int64_t used = std::min(size, tiles.count - first);
    const Block window_block = by_point(first, size, inputs, windows.data_ptr<float>());
    const Block spread_block = by_point(first, size, outputs, spread.data_ptr<float>());
    in_parallel(used, 8, [&](Range range) {
      transform_windows(image_data, tiles, window_block, range, zeros.data());
      spread_gradients(gradient_data, tiles, spread_block, range, zeros.data());
    });
    points.baddbmm_(spread.slice(1, 0, used).transpose(1, 2), windows.slice(1, 0, used));
  }
  at::Tensor filters = at::empty({outputs, inputs, 3, 3}, images.options(), at::MemoryFormat::ChannelsLast);
  const float* from = points.const_data_ptr<float>();
  float* to = filters.data_ptr<float>();
  in_parallel(outputs, 1, [&](Range range) { gather_filters(from, to, outputs, inputs, range); });
  return filters;
}

}  // namespace ra

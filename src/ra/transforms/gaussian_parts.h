#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

// What gaussian_filter() and gaussian_filter_by_tensors() have in common.
namespace ra::gaussian_parts {

// Weights of one side, from the centre (index 0) outwards; the whole kernel sums to 1.
std::vector<double> half_kernel(double sigma);

// Source index of every position of an axis (of at least one pixel) that is extended by `radius` on both sides with
// its mirror image, the edge repeated; the reflection repeats when the radius exceeds the axis.
std::vector<std::int64_t> reflected(std::int64_t size, std::int64_t radius);

// kBadInput unless `images` are float32 [...,H,W] and `sigma` is above 0 and below 10000.
void check(const at::Tensor& images, double sigma);

}  // namespace ra::gaussian_parts

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace ra {

// A PNG with two rows: the inputs, and below each its reconstruction. Both [N,C,S,S] in [0,1], any device; one
// channel gives a gray picture, three a coloured one, of other counts the first is shown. kIo if it cannot be written.
void write_example_picture(const std::filesystem::path& path, const at::Tensor& inputs,
                           const at::Tensor& reconstructions);

// `count` images (or all, if there are fewer) spread evenly over [N,...].
at::Tensor spread_examples(const at::Tensor& images, int count);

}  // namespace ra

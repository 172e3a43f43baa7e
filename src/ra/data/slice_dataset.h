#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ra/transforms/input.h"

namespace ra {

// Slices prepared once and held in memory.
struct SliceDataset {
  at::Tensor images;               // [N,C,S,S] float32 in [0,1]
  std::vector<std::string> names;  // the file of each slice

  std::int64_t size() const { return images.defined() ? images.size(0) : 0; }
};

// Reads and prepares one slice a file (the middle one of a volume) on `threads` threads; the result does not depend
// on their number. kBadInput naming every file that cannot be used (at most ten, and how many more).
// `progress(done, total)` is called from the calling thread.
SliceDataset load_slices(const std::vector<std::filesystem::path>& files, const InputOptions& options, int threads,
                         const std::function<void(std::size_t, std::size_t)>& progress = {});

// The middle slice of a volume, or the picture itself, prepared. kBadInput naming the file.
PreparedSlice load_slice(const std::filesystem::path& file, const InputOptions& options);

}  // namespace ra

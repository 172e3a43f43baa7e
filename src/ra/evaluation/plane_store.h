#pragma once

#include <ATen/core/Tensor.h>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace ra {

// Planes of many images on disk, so that an evaluation of any size takes the memory of one image. The file lies in
// `folder`, has no name, and is gone with the object. Not for several threads.
class PlaneStore {
 public:
  // Each entry is `planes` times [size,size] float32. kIo when the file cannot be made.
  PlaneStore(const std::filesystem::path& folder, std::int64_t planes, std::int64_t size);

  void add(const at::Tensor& entry);  // [planes,size,size] float32; kIo when the disk is full
  // Into `entry`, which is made where it is undefined. Reuse it: a new one for each of many images, between records
  // that stay, leaves holes in memory that nothing fits into.
  void read(std::size_t index, at::Tensor& entry) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::int64_t planes_, size_;
  std::size_t count_ = 0;
};

}  // namespace ra

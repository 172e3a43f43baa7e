#pragma once

#include <ATen/Parallel.h>

namespace ra {

// While it lives, LibTorch computes by one thread in the thread that made it. Note [One thread a slice].
class OneThread {
 public:
  // Asking for the number makes LibTorch set this thread up, which would otherwise undo what is set here.
  OneThread() : before_(at::get_num_threads()) {
    if (before_ != 1) at::set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) at::set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

// Note [One thread a slice]: oneDNN and MKL cut their work by the number of threads, and sum in another order with
// another number; CLAHE turns a rounding into a step of one of its levels. By one thread and by two the same slice
// scored up to 2.3e-4 apart, more than a bundle's canary may. So a slice is computed by one thread, whatever the
// number, and several threads compute several slices: that is also faster (docs/performance.md).

}  // namespace ra

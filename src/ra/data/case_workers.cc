#include "ra/data/case_workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/stop_signal.h"

namespace ra {
namespace {

class CaseWorkers {
 public:
  CaseWorkers(std::size_t count, const std::function<void(std::size_t)>& work, const CaseProgress& progress)
      : count_(count), work_(work), progress_(progress) {}

  void run(std::size_t threads) {
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back([this] { take_cases(); });
      take_cases();
    }
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void take_cases() {
    for (std::size_t i = next_++; i < count_ && !stopped_; i = next_++) {
      try {
        if (StopSignal::received() != 0) {
          throw Error(ErrorCode::kFailed, "stopped by a signal before the data set was whole");
        }
        work_(i);
        const std::lock_guard lock(mutex_);
        if (progress_) progress_(++done_, count_);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        stopped_ = true;
      }
    }
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  const CaseProgress& progress_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::exception_ptr error_;
};

}  // namespace

void for_each_case(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                   const CaseProgress& progress) {
  const std::size_t processors = std::max(std::thread::hardware_concurrency(), 1u);
  const std::size_t wanted = threads > 0 ? static_cast<std::size_t>(threads) : processors;
  CaseWorkers(count, work, progress).run(std::min(wanted, count));
}

}  // namespace ra

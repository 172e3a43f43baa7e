#include "ra/data/slice_dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <thread>

#include "ra/base/error.h"
#include "ra/image/slices.h"
#include "ra/io/read_image.h"

namespace ra {
namespace {

constexpr std::size_t kShownFailures = 10;

// Shared by the threads of one load.
struct LoadState {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t done = 0;
  std::exception_ptr fatal;  // anything but an unusable file
};

void load_some(const std::vector<std::filesystem::path>& files, const InputOptions& options, const at::Tensor& images,
               std::vector<std::string>& failures, LoadState& state) {
  for (std::size_t k = state.next++; k < files.size() && !state.cancelled; k = state.next++) {
    try {
      images[static_cast<std::int64_t>(k)].copy_(load_slice(files[k], options).pixels);
    } catch (const Error& error) {
      failures[k] = error.what();
    } catch (...) {
      const std::scoped_lock lock(state.mutex);
      state.fatal = std::current_exception();
      state.cancelled = true;
    }
    const std::scoped_lock lock(state.mutex);
    ++state.done;
    state.changed.notify_one();
  }
}

void report_progress(LoadState& state, std::size_t total,
                     const std::function<void(std::size_t, std::size_t)>& progress) {
  std::size_t reported = 0;
  while (reported < total && !state.cancelled) {
    {
      std::unique_lock lock(state.mutex);
      state.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return state.done > reported; });
      if (state.done == reported) continue;
      reported = state.done;
    }
    if (progress) progress(reported, total);
  }
}

void require_no_failures(std::vector<std::string> failures, std::size_t total) {
  std::erase(failures, "");
  if (failures.empty()) return;
  const std::size_t shown = std::min(failures.size(), kShownFailures);
  throw Error(ErrorCode::kBadInput,
              fmt::format("{} of {} images cannot be used: {}{}", failures.size(), total,
                          fmt::join(std::span(failures.data(), shown), "; "),
                          shown < failures.size() ? fmt::format("; and {} more", failures.size() - shown) : ""));
}

}  // namespace

PreparedSlice load_slice(const std::filesystem::path& file, const InputOptions& options) {
  const Image image = read_image(file);
  return in_context("'" + file.string() + "'", [&] {
    if (!image.is_volume()) return prepare_slice(image, options);
    const Image ras = to_ras(image);
    return prepare_slice(axial_slice(ras, SliceRule::mid().select(ras.slices).front()), options);
  });
}

SliceDataset load_slices(const std::vector<std::filesystem::path>& files, const InputOptions& options, int threads,
                         const std::function<void(std::size_t, std::size_t)>& progress) {
  SliceDataset dataset;
  const int size = options.image_size;
  dataset.images = at::empty({static_cast<std::int64_t>(files.size()), options.image_channels, size, size});
  for (const std::filesystem::path& file : files) dataset.names.push_back(file.string());

  std::vector<std::string> failures(files.size());
  LoadState state;
  {
    std::vector<std::jthread> workers;
    for (int k = 0; k < std::max(threads, 1); ++k) {
      workers.emplace_back([&] { load_some(files, options, dataset.images, failures, state); });
    }
    report_progress(state, files.size(), progress);
  }
  if (state.fatal) std::rethrow_exception(state.fatal);
  require_no_failures(std::move(failures), files.size());
  return dataset;
}

}  // namespace ra

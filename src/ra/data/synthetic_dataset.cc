#include "ra/data/synthetic_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/io/write_image.h"

namespace ra {
namespace {

constexpr std::array kLesionLists{"lists/lesions.csv", "lists/lesions_ann.csv", "lists/lesions_neg.csv"};

Split split_of(std::int64_t index, std::int64_t count) {
  const std::int64_t train_end = std::clamp<std::int64_t>(count * 70 / 100, 1, count - 2);
  const std::int64_t val_end = std::clamp<std::int64_t>(count * 85 / 100, train_end + 1, count - 1);
  if (index < train_end) return Split::kTrain;
  return index < val_end ? Split::kVal : Split::kTest;
}

void refuse_existing(const SyntheticDatasetOptions& options) {
  if (options.overwrite) return;
  for (const char* name : {"manifest.csv", "images", "masks", "lists"}) {
    if (!std::filesystem::exists(options.output / name)) continue;
    throw Error(ErrorCode::kUsage, fmt::format("{} exists: nothing is written over without --overwrite; give another "
                                               "--output or add --overwrite",
                                               (options.output / name).string()));
  }
}

// "x y columns rows" of the smallest box around the mask.
std::string bounding_box(const SyntheticBrain& brain) {
  std::int64_t left = brain.columns, top = brain.rows, right = -1, bottom = -1;
  for (std::int64_t row = 0; row < brain.rows; ++row) {
    for (std::int64_t column = 0; column < brain.columns; ++column) {
      if (brain.mask[static_cast<std::size_t>(row * brain.columns + column)] == 0) continue;
      left = std::min(left, column);
      right = std::max(right, column);
      top = std::min(top, row);
      bottom = std::max(bottom, row);
    }
  }
  return right < 0 ? "" : fmt::format("{} {} {} {}", left, top, right - left + 1, bottom - top + 1);
}

// Makes one case and writes its pictures; returns its line of the manifest.
std::string write_case(const SyntheticDatasetOptions& options, const SyntheticCase& one) {
  SyntheticBrainOptions brain_options;
  brain_options.lesion = one.lesion;
  const SyntheticBrain brain = make_brain(brain_options, options.seed, one.index);
  write_png(options.output / one.image, brain.image, brain.columns, brain.rows);
  if (one.lesion) {
    write_png(options.output / one.mask, brain.mask, brain.columns, brain.rows);
    write_png(options.output / one.outside_mask, brain.outside, brain.columns, brain.rows);
  }
  return fmt::format("{},{},{},{},{},{},{},{}\n", one.image, one.subject, one.lesion ? 1 : 0,
                     one.lesion ? to_string(*one.lesion) : "", one.mask, one.outside_mask,
                     one.lesion ? bounding_box(brain) : "", to_string(one.split));
}

// Runs write_case for every case on several threads; the first error ends all of them and is thrown.
class CaseWriters {
 public:
  CaseWriters(const SyntheticDatasetOptions& options, const std::vector<SyntheticCase>& cases,
              const std::function<void(std::size_t, std::size_t)>& progress)
      : options_(options), cases_(cases), progress_(progress), lines_(cases.size()) {}

  std::vector<std::string> run() {
    const auto processors = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1u));
    const int wanted = options_.threads > 0 ? options_.threads : processors;
    const int threads = static_cast<int>(std::min<std::size_t>(wanted, cases_.size()));
    {
      std::vector<std::jthread> others;
      for (int i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
      work();
    }
    if (error_) std::rethrow_exception(error_);
    return std::move(lines_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < cases_.size() && !stopped_; i = next_++) {
      try {
        if (StopSignal::received() != 0)
          throw Error(ErrorCode::kFailed, "stopped by a signal before the data set was whole");
        lines_[i] = write_case(options_, cases_[i]);
        const std::lock_guard lock(mutex_);
        if (progress_) progress_(++done_, cases_.size());
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        stopped_ = true;
      }
    }
  }

  const SyntheticDatasetOptions& options_;
  const std::vector<SyntheticCase>& cases_;
  const std::function<void(std::size_t, std::size_t)>& progress_;
  std::vector<std::string> lines_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::exception_ptr error_;
};

void write_list(const std::filesystem::path& path, const std::vector<std::string>& files) {
  std::string text = "filename\n";
  for (const std::string& file : files) text += "./" + file + "\n";
  write_file(path, text);
}

void write_lists(const SyntheticDatasetOptions& options, const std::vector<SyntheticCase>& cases) {
  for (const Split split : {Split::kTrain, Split::kVal, Split::kTest}) {
    std::vector<std::string> images;
    for (const SyntheticCase& one : cases) {
      if (one.split == split && !one.lesion) images.push_back(one.image);
    }
    write_list(options.output / "lists" / fmt::format("{}.csv", to_string(split)), images);
  }
  if (!options.lesions) {
    // Lists of an earlier data set that was written over would name pictures of other brains.
    for (const char* name : kLesionLists) std::filesystem::remove(options.output / name);
    return;
  }
  std::array<std::vector<std::string>, kLesionLists.size()> columns;
  for (const SyntheticCase& one : cases) {
    if (!one.lesion) continue;
    columns[0].push_back(one.image);
    columns[1].push_back(one.mask);
    columns[2].push_back(one.outside_mask);
  }
  for (std::size_t i = 0; i < columns.size(); ++i) write_list(options.output / kLesionLists[i], columns[i]);
}

}  // namespace

std::string_view to_string(Split split) {
  switch (split) {
    case Split::kTrain:
      return "train";
    case Split::kVal:
      return "val";
    case Split::kTest:
      return "test";
  }
  return "unknown";
}

void SyntheticDatasetOptions::validate() const {
  if (output.empty()) throw Error(ErrorCode::kUsage, "synthetic data set: no output folder given");
  if (count < 3 || count > 99999) {
    throw Error(ErrorCode::kUsage, fmt::format("synthetic data set: count is {}; it must lie in [3, 99999], for one "
                                               "brain at least in each of train, val and test",
                                               count));
  }
  if (threads < 0) throw Error(ErrorCode::kUsage, fmt::format("synthetic data set: threads is {}", threads));
}

std::vector<SyntheticCase> plan_synthetic_dataset(const SyntheticDatasetOptions& options) {
  options.validate();
  std::vector<SyntheticCase> cases;
  for (std::int64_t i = 0; i < options.count; ++i) {
    SyntheticCase healthy;
    healthy.subject = fmt::format("brain_{:05}", i);
    healthy.image = fmt::format("images/{}.png", healthy.subject);
    healthy.index = static_cast<std::uint32_t>(i);
    healthy.split = split_of(i, options.count);
    cases.push_back(healthy);
  }
  if (!options.lesions) return cases;
  std::size_t turn = 0;
  for (std::int64_t i = 0; i < options.count; ++i) {
    SyntheticCase ill = cases[static_cast<std::size_t>(i)];
    if (ill.split != Split::kTest) continue;
    ill.lesion = kLesionKinds[turn++ % kLesionKinds.size()];
    const std::string stem = fmt::format("{}_{}", ill.subject, to_string(*ill.lesion));
    ill.image = fmt::format("images/{}.png", stem);
    ill.mask = fmt::format("masks/{}.png", stem);
    ill.outside_mask = fmt::format("masks/{}_outside.png", stem);
    cases.push_back(ill);
  }
  return cases;
}

void write_synthetic_dataset(const SyntheticDatasetOptions& options,
                             const std::function<void(std::size_t, std::size_t)>& progress) {
  const std::vector<SyntheticCase> cases = plan_synthetic_dataset(options);
  refuse_existing(options);
  for (const char* folder : {"images", "masks", "lists"}) make_output_folder(options.output / folder);
  // While it is being written over, a data set has no manifest.
  std::filesystem::remove(options.output / "manifest.csv");
  const std::vector<std::string> lines = CaseWriters(options, cases, progress).run();
  write_lists(options, cases);
  std::string manifest = "image,subject,label,class,mask,outside_mask,box,split\n";
  for (const std::string& line : lines) manifest += line;
  write_file(options.output / "manifest.csv", manifest);
}

}  // namespace ra

#include "ra/report/screening.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <memory>
#include <utility>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/ordered_workers.h"
#include "ra/base/stop_signal.h"
#include "ra/detection/one_thread.h"
#include "ra/report/output_names.h"
#include "ra/report/screening_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// Files whose wait for the disk is put together.
constexpr std::size_t kFilesASync = 32;

// What one input came to, counted where it ends.
struct ReadInput {
  std::size_t input = 0;
  std::shared_ptr<const InputSlices> slices = {};  // none of a failure, or of what is skipped
  std::size_t constant = 0, skipped = 0;
  std::optional<std::string> failure = {};
};

// A slice to be scored, or the end of an input.
struct Task {
  ReadInput of;                      // all but `input`, `slices` and `skipped` only at the end
  std::optional<std::size_t> slice;  // position among the input's slices
};

// What became of a task: a row and files, the end of an input, or a failure of either.
struct Outcome {
  ReadInput of;
  bool is_slice = false;
  ScoreRow row = {};
  std::vector<OutputFile> files = {};
};

// Calls work(); returns the message where the input was to blame for its failure.
template <class Work>
std::optional<std::string> failure_of(Work&& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    return error.what();
  }
}

class Screening {
 public:
  Screening(const AnomalyDetector& detector, const std::vector<fs::path>& inputs, const ScreeningOptions& options,
            const std::function<void(const ScreeningProgress&)>& progress)
      : detector_(detector),
        inputs_(inputs),
        options_(options),
        progress_(progress),
        names_(output_names(inputs, prepare_screening_folder(detector, options))),
        table_(options.output / "scores.csv", columns(detector, options)) {
    if (options_.skip_existing) table_.continue_existing(detector_.identity());
    table_.write();
  }

  ScreeningSummary run() {
    try {
      write_outcomes();
      save();
    } catch (...) {
      save_what_can_be();
      throw;
    }
    summary_.stopped = summary_.inputs < inputs_.size();
    summary_.flagged = table_.flagged();
    return std::move(summary_);
  }

 private:
  static ScoreTable::Columns columns(const AnomalyDetector& detector, const ScreeningOptions& options) {
    return {detector.options().samples > 0, options.outputs.threshold.has_value(), options.flags};
  }

  // Reading -> computing -> writing, each in threads of its own; writing is here.
  void write_outcomes() {
    const int threads = at::get_num_threads(), readers = 1 + threads / 8;
    const OneThread one_thread;
    OrderedWorkers<std::size_t, ReadInput> reading(
        readers, static_cast<std::size_t>(readers + 1), [this] { return next_input(); },
        [this](std::size_t k) { return read(k); });
    TaskSource tasks(*this, reading);
    OrderedWorkers<std::vector<Task>, std::vector<Outcome>> computing(
        threads, static_cast<std::size_t>(8 + 4 * threads), [&] { return tasks.next(detector_.batch()); },
        [this](std::vector<Task> some) { return compute(std::move(some)); });
    while (const std::optional<std::vector<Outcome>> outcomes = computing.next()) {
      for (const Outcome& outcome : *outcomes) take(outcome);
    }
  }

  std::optional<std::size_t> next_input() {
    if (next_input_ == inputs_.size() || StopSignal::received() != 0) return std::nullopt;
    return next_input_++;
  }

  bool was_scored(std::size_t k, std::optional<std::int64_t> slice) const {
    return options_.skip_existing && table_.has(inputs_[k].string(), slice);
  }

  ReadInput read(std::size_t k) const {
    const OneThread one_thread;
    ReadInput result{.input = k};
    if (was_scored(k, std::nullopt)) {
      result.skipped = 1;
      return result;
    }
    result.failure = failure_of([&] {
      result.slices = std::make_shared<const InputSlices>(inputs_[k], options_.slices, detector_.input());
      result.constant = result.slices->constant();
    });
    return result;
  }

  // Takes what was read apart into tasks.
  class TaskSource {
   public:
    TaskSource(const Screening& screening, OrderedWorkers<std::size_t, ReadInput>& reading)
        : screening_(screening), reading_(reading) {}

    // Up to `count` tasks, of one input or of several; nullopt after the last.
    std::optional<std::vector<Task>> next(std::int64_t count) {
      std::vector<Task> tasks;
      while (std::ssize(tasks) < count) {
        std::optional<Task> task = next();
        if (!task) break;
        tasks.push_back(*std::move(task));
      }
      if (tasks.empty()) return std::nullopt;
      return tasks;
    }

   private:
    // A stop signal lets no slice and no input begin, but an input whose slices have all begun end.
    std::optional<Task> next() {
      if (!current_) {
        if (StopSignal::received() == 0) current_ = reading_.next();
        if (!current_) return std::nullopt;
        position_ = 0;
      }
      const std::size_t count = current_->slices ? current_->slices->size() : 0;
      for (; position_ < count; ++position_, ++current_->skipped) {
        if (screening_.was_scored(current_->input, current_->slices->index(position_))) continue;
        if (StopSignal::received() != 0) return std::nullopt;
        ReadInput of{.input = current_->input, .slices = current_->slices};
        of.skipped = std::exchange(current_->skipped, 0);
        return Task{std::move(of), position_++};
      }
      current_->slices.reset();
      Task end{std::move(*current_), std::nullopt};
      current_.reset();
      return end;
    }

    const Screening& screening_;
    OrderedWorkers<std::size_t, ReadInput>& reading_;
    std::optional<ReadInput> current_;
    std::size_t position_ = 0;  // of the next slice
  };

  // The slices among the tasks together.
  std::vector<Outcome> compute(std::vector<Task> tasks) const {
    const OneThread one_thread;
    std::vector<Outcome> outcomes;
    std::vector<InputSlice> slices;   // that could be prepared
    std::vector<std::size_t> places;  // of their outcomes
    for (Task& task : tasks) {
      Outcome& outcome = outcomes.emplace_back(Outcome{.of = std::move(task.of), .is_slice = task.slice.has_value()});
      if (!task.slice) continue;
      const auto input = std::exchange(outcome.of.slices, nullptr);
      outcome.of.failure = failure_of([&] {
        slices.push_back(input->prepare(*task.slice));
        places.push_back(outcomes.size() - 1);
      });
    }
    if (slices.empty()) return outcomes;
    std::vector<at::Tensor> pixels;
    for (const InputSlice& slice : slices) pixels.push_back(slice.prepared.pixels);
    std::vector<AnomalyResult> results;
    const auto failure = failure_of([&] { results = detector_.detect(at::stack(pixels)); });
    for (std::size_t k = 0; k < slices.size(); ++k) {
      Outcome& outcome = outcomes[places[k]];
      outcome.of.failure = failure ? failure : failure_of([&] { describe(slices[k], results[k], outcome); });
    }
    return outcomes;
  }

  // The row and the files of a slice.
  void describe(const InputSlice& slice, const AnomalyResult& result, Outcome& outcome) const {
    const std::size_t k = outcome.of.input;
    const std::string name = slice.index ? names_[k] + slice_mark(std::to_string(*slice.index)) : names_[k];
    outcome.row = row_of(inputs_[k].string(), name, slice, result);
    outcome.files = encode_slice_outputs(name, slice, result, options_.outputs);
  }

  // Of an input that failed, the slices before the failure stay, and those after it are left out.
  void take(const Outcome& outcome) {
    const ReadInput& of = outcome.of;
    summary_.skipped += of.skipped;
    summary_.constant += of.constant;
    if (of.failure && failed_ != of.input) {
      summary_.failures.push_back({inputs_[of.input].string(), *of.failure});
      failed_ = of.input;
    }
    if (!outcome.is_slice) {
      ++summary_.inputs;
      show(of.input);
    } else if (failed_ != of.input) {
      write(outcome);
      ++summary_.slices;
      show(of.input);
    }
  }

  void write(const Outcome& outcome) {
    write_outputs(options_.output, outcome.files, unsynced_);
    if (unsynced_.size() >= kFilesASync) sync_files();
    table_.add(outcome.row);
    if (table_.due()) save();
  }

  void sync_files() {
    files_are_safe_ = false;
    unsynced_.sync();
    files_are_safe_ = true;
  }

  void save() {
    sync_files();
    table_.write();
  }

  // After a failure, which is the one to be reported.
  void save_what_can_be() noexcept {
    try {
      if (files_are_safe_ && table_.unwritten() > 0) save();
    } catch (...) {
    }
  }

  ScoreRow row_of(const std::string& input, const std::string& name, const InputSlice& slice,
                  const AnomalyResult& result) const {
    ScoreRow row;
    row.input = input;
    row.slice = slice.index;
    row.name = name;
    row.score = result.score;
    row.detector = detector_.identity();
    row.divisor = slice.prepared.divisor;
    row.reconstruction_mae = result.reconstruction_mae;
    row.score_mean = result.score_mean;
    row.score_sd = result.score_sd;
    if (options_.outputs.threshold) row.pixels_above = count_above(result.map, *options_.outputs.threshold);
    row.p_value = result.p_value;
    return row;
  }

  void show(std::size_t k) const {
    if (progress_) progress_({k + 1, inputs_.size(), summary_.slices});
  }

  const AnomalyDetector& detector_;
  const std::vector<fs::path>& inputs_;
  const ScreeningOptions& options_;
  const std::function<void(const ScreeningProgress&)>& progress_;
  std::vector<std::string> names_;  // one an input
  std::size_t next_input_ = 0;      // to be read
  ScoreTable table_;
  UnsyncedFiles unsynced_;
  bool files_are_safe_ = true;         // none of the rows' files failed to reach the disk
  std::optional<std::size_t> failed_;  // the last input that failed
  ScreeningSummary summary_;
};

}  // namespace

ScreeningSummary screen(const AnomalyDetector& detector, const std::vector<fs::path>& inputs,
                        const ScreeningOptions& options,
                        const std::function<void(const ScreeningProgress&)>& progress) {
  return Screening(detector, inputs, options, progress).run();
}

}  // namespace ra

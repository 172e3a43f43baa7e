#include "ra/report/screening.h"

#include <ATen/ATen.h>

#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/report/output_names.h"
#include "ra/report/screening_folder.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

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
    table_.finish();
  }

  ScreeningSummary run() {
    for (std::size_t k = 0; k < inputs_.size() && screen_input(k); ++k) {
      ++summary_.inputs;
      show(k);
    }
    table_.finish();
    summary_.stopped = summary_.inputs < inputs_.size();
    summary_.flagged = table_.flagged();
    return std::move(summary_);
  }

 private:
  static ScoreTable::Columns columns(const AnomalyDetector& detector, const ScreeningOptions& options) {
    return {detector.options().samples > 0, options.outputs.threshold.has_value(), options.flags};
  }

  void show(std::size_t k) const {
    if (progress_) progress_({k + 1, inputs_.size(), summary_.slices});
  }

  // False when a stop signal left slices of it undone.
  bool screen_input(std::size_t k) {
    const fs::path& path = inputs_[k];
    if (StopSignal::received() != 0) return false;
    if (options_.skip_existing && table_.has(path.string(), std::nullopt)) {
      ++summary_.skipped;
      return true;
    }
    try {
      for (const InputSlice& slice : read_slices(path, options_.slices, detector_.input(), summary_.constant)) {
        if (StopSignal::received() != 0) return false;
        screen_slice(k, slice);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      summary_.failures.push_back({path.string(), error.what()});
    }
    return true;
  }

  void screen_slice(std::size_t k, const InputSlice& slice) {
    const std::string input = inputs_[k].string();
    if (options_.skip_existing && table_.has(input, slice.index)) {
      ++summary_.skipped;
      return;
    }
    const std::string name = slice.index ? names_[k] + slice_mark(std::to_string(*slice.index)) : names_[k];
    const AnomalyResult result = detector_.detect(slice.prepared.pixels.unsqueeze(0)).front();
    write_slice_outputs(options_.output, name, slice, result, options_.outputs);
    table_.add(row_of(input, name, slice, result));
    ++summary_.slices;
    show(k);
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

  const AnomalyDetector& detector_;
  const std::vector<fs::path>& inputs_;
  const ScreeningOptions& options_;
  const std::function<void(const ScreeningProgress&)>& progress_;
  std::vector<std::string> names_;  // one an input
  ScoreTable table_;
  ScreeningSummary summary_;
};

}  // namespace

ScreeningSummary screen(const AnomalyDetector& detector, const std::vector<fs::path>& inputs,
                        const ScreeningOptions& options,
                        const std::function<void(const ScreeningProgress&)>& progress) {
  return Screening(detector, inputs, options, progress).run();
}

}  // namespace ra

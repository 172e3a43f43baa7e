#include "ra/report/screening.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/base/stop_signal.h"
#include "ra/report/output_names.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

// A slice that waits for its batch to fill.
struct Waiting {
  std::string input;
  std::string name;
  InputSlice slice;
};

class Screening {
 public:
  Screening(const AnomalyDetector& detector, const ScreeningOptions& options)
      : detector_(detector),
        options_(options),
        table_(options.output / "scores.csv", columns(detector, options)) {
    prepare_folder();
  }

  void add_input(const fs::path& path, const std::string& name) {
    if (options_.skip_existing && table_.has(path.string(), std::nullopt)) {
      ++summary_.skipped;
      return;
    }
    try {
      for (InputSlice& slice : read_slices(path, options_.slices, detector_.input(), summary_.constant)) {
        add_slice(path, name, std::move(slice));
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      summary_.failures.push_back({path.string(), error.what()});
    }
  }

  // Scores what waits, and makes the results complete on disk.
  ScreeningSummary finish() {
    detect_waiting();
    table_.finish();
    summary_.flagged = table_.flagged();
    return std::move(summary_);
  }

  std::size_t slices() const { return summary_.slices; }

 private:
  static ScoreTable::Columns columns(const AnomalyDetector& detector, const ScreeningOptions& options) {
    return {detector.options().samples > 0, options.outputs.threshold.has_value(), options.flags};
  }

  void prepare_folder() {
    const bool used = fs::exists(options_.output) && !fs::is_empty(options_.output);
    if (used && !options_.overwrite && !options_.skip_existing) {
      throw Error(ErrorCode::kUsage, "'" + options_.output.string() +
                                         "' holds results already: use --overwrite to replace them, --skip-existing to "
                                         "go on with them, or another output folder");
    }
    make_output_folder(options_.output);
    if (options_.skip_existing) table_.continue_existing(detector_.identity());
  }

  void add_slice(const fs::path& path, const std::string& name, InputSlice slice) {
    if (options_.skip_existing && table_.has(path.string(), slice.index)) {
      ++summary_.skipped;
      return;
    }
    const std::string slice_name = slice.index ? fmt::format("{}_s{}", name, *slice.index) : name;
    waiting_.push_back({path.string(), slice_name, std::move(slice)});
    if (static_cast<int>(waiting_.size()) >= detector_.options().batch_size) detect_waiting();
  }

  void detect_waiting() {
    if (waiting_.empty()) return;
    std::vector<at::Tensor> tensors;
    for (const Waiting& one : waiting_) tensors.push_back(one.slice.prepared.pixels);
    const std::vector<AnomalyResult> results = detector_.detect(at::stack(tensors));
    for (std::size_t k = 0; k < results.size(); ++k) write(waiting_[k], results[k]);
    waiting_.clear();
  }

  void write(const Waiting& one, const AnomalyResult& result) {
    write_slice_outputs(options_.output, one.name, one.slice, result, options_.outputs);
    ScoreRow row;
    row.input = one.input;
    row.slice = one.slice.index;
    row.score = result.score;
    row.detector = detector_.identity();
    row.divisor = one.slice.prepared.divisor;
    row.reconstruction_mae = result.reconstruction_mae;
    row.score_mean = result.score_mean;
    row.score_sd = result.score_sd;
    if (options_.outputs.threshold) row.pixels_above = count_above(result.map, *options_.outputs.threshold);
    row.p_value = result.p_value;
    table_.add(row);
    ++summary_.slices;
  }

  const AnomalyDetector& detector_;
  const ScreeningOptions& options_;
  ScoreTable table_;
  std::vector<Waiting> waiting_;
  ScreeningSummary summary_;
};

}  // namespace

ScreeningSummary screen(const AnomalyDetector& detector, const std::vector<fs::path>& inputs,
                        const ScreeningOptions& options, const std::function<void(const ScreeningProgress&)>& progress) {
  Screening screening(detector, options);
  const std::vector<std::string> names = output_names(inputs);
  for (std::size_t k = 0; k < inputs.size() && StopSignal::received() == 0; ++k) {
    screening.add_input(inputs[k], names[k]);
    if (progress) progress({k + 1, inputs.size(), screening.slices()});
  }
  return screening.finish();
}

}  // namespace ra

#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ra/detection/anomaly_detector.h"
#include "ra/image/slices.h"
#include "ra/report/score_table.h"
#include "ra/report/screening_writer.h"

namespace ra {

struct ScreeningOptions {
  std::filesystem::path output;  // folder for scores.csv and the files of each slice
  SliceRule slices = SliceRule::mid();
  ScreeningOutputs outputs;
  std::optional<FlagRule> flags;  // with a calibrated detector: columns p_value, flagged and the rate
  bool overwrite = false;         // write over the results of an earlier run
  bool skip_existing = false;     // go on with an earlier run: slices in its scores.csv are left out
};

struct ScreeningFailure {
  std::string input;
  std::string reason;
};

struct ScreeningSummary {
  std::size_t slices = 0;    // scored now
  std::size_t inputs = 0;    // gone through, failed ones included
  bool stopped = false;      // a stop signal came before the last of them
  std::size_t skipped = 0;   // scored by the earlier run
  std::size_t flagged = 0;   // of all slices in scores.csv
  std::size_t constant = 0;  // slices of volumes without any content, left out
  std::vector<ScreeningFailure> failures;
};

struct ScreeningProgress {
  std::size_t input, inputs;  // the input that is being read, from 1, of how many
  std::size_t slices;         // slices scored
};

// Screens every input: scores.csv with one row a slice, in the order of the inputs, the files of each, and
// screening.json (screening_folder.h). Inputs are read ahead, at::get_num_threads() slices are computed at a time, each
// by one thread (Note [One thread a slice] in detection/one_thread.h), and the calling thread writes; memory does not
// grow with the number of slices but for the rows. A bad input is recorded and the others go on. After a stop signal
// the slices in progress are the last ones. `progress` is called in the calling thread after every slice and every
// input. kUsage when `output` holds results and neither overwrite nor skip_existing is set; kIo when results cannot be
// written. A row is written only when the files of its slice are safe on the disk.
ScreeningSummary screen(const AnomalyDetector& detector, const std::vector<std::filesystem::path>& inputs,
                        const ScreeningOptions& options, const std::function<void(const ScreeningProgress&)>& progress);

}  // namespace ra

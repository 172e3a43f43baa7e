#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/data/case_workers.h"
#include "ra/data/synthetic_brain.h"

namespace ra {

// A folder of synthetic brains with the lists that training and evaluation read.
struct SyntheticDatasetOptions {
  std::filesystem::path output;
  // Healthy brains, 3 to 99999: 70 % for training, 15 % for validation, the rest for testing.
  std::int64_t count = 0;
  std::uint64_t seed = 0;
  // Also every test person a second time with a lesion, the kinds in turn.
  bool lesions = false;
  // Write over a data set that is already there.
  bool overwrite = false;
  // Brains made at a time; 0 is the number of processors.
  int threads = 0;

  void validate() const;
};

enum class Split { kTrain, kVal, kTest };
std::string_view to_string(Split split);

// One picture of the data set. Paths are relative to its folder, with '/'.
struct SyntheticCase {
  std::string image;
  std::string subject;
  std::uint32_t index = 0;  // of make_brain
  Split split = Split::kTrain;
  std::optional<LesionKind> lesion;
  std::string mask;          // empty without a lesion, as is `outside_mask`
  std::string outside_mask;  // 255 where a positive pixel counts as false
};

// The cases in the order of their making: healthy ones by subject, then lesions. All pictures of a subject have the
// same split.
std::vector<SyntheticCase> plan_synthetic_dataset(const SyntheticDatasetOptions& options);

// Writes images/*.png, masks/*.png, lists/{train,val,test}.csv, with lesions lists/lesions{,_ann,_neg}.csv (row by
// row: image, lesion mask, outside mask), and manifest.csv last. Lists have a header line and paths that start with
// "./", relative to `output`. kUsage when a data set is there and `overwrite` is not set, which removes what an earlier
// run wrote; kFailed when a signal asked to stop.
void write_synthetic_dataset(const SyntheticDatasetOptions& options, const CaseProgress& progress = {});

}  // namespace ra

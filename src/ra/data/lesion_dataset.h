#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ra/base/random.h"
#include "ra/data/case_workers.h"
#include "ra/data/subject.h"
#include "ra/data/synthetic_lesion.h"
#include "ra/image/slices.h"

namespace ra {

// An image that lesions are put into, and the name that its copies start with (distinct, '/' between folders).
struct LesionSource {
  std::filesystem::path file;
  std::string name;
};

// A folder of real slices with synthetic lesions and their healthy originals.
struct LesionDatasetOptions {
  std::filesystem::path output;
  std::vector<LesionSource> sources;
  ListedSubjects subjects;  // whom a list names; otherwise the rule of subject.h
  // Kinds in turn over slices and variants; a kind that does not fit into a slice gives way to the next.
  std::vector<LesionKind> kinds{kLesionKinds.begin(), kLesionKinds.end()};
  // Copies of a slice, each with one lesion, 1 to 1000.
  int variants = 1;
  // Slices of a volume.
  SliceRule slices = SliceRule::mid();
  // Edge of a pixel where files do not say it; absent: from the brain's size (see slice_head.h).
  std::optional<double> pixel_mm;
  std::uint64_t seed = kDefaultSeed;
  bool overwrite = false;
  int threads = 0;  // 0: as many as processors

  void validate() const;  // kUsage with the field's name
};

struct LesionDatasetSummary {
  std::size_t slices = 0;  // with a lesion at least
  std::size_t lesions = 0;
  std::size_t left_out = 0;           // slices of volumes that show too little brain, where others of the volume do
  std::vector<std::string> failures;  // one an input or lesion that came to nothing: file and reason
};

// Writes
//   images/NAME[_sliceKKK]_KIND[_N].png|.npy|.nii.gz  the slice with the lesion, in its own grid and value range
//   images/NAME_sliceKKK_healthy.nii.gz               the untouched slice, of volumes only
//   masks/..._KIND[_N], masks/..._KIND[_N]_outside    the lesion; where nothing was changed
//   healthy.csv (image, subject, label), lesions.csv (also class, mask, outside_mask, box), about.txt
// Manifests' paths are relative to `output`; the originals of pictures stay where they are. A lesion is a function of
// seed, kind, N and the slice's pixels alone. Nothing but about.txt is written where no lesion could be made. kUsage
// when a data set is there and `overwrite` is not set, or when an input lies in the output folder.
LesionDatasetSummary write_lesion_dataset(const LesionDatasetOptions& options, const CaseProgress& progress = {});

}  // namespace ra

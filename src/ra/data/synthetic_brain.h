#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ra/data/synthetic_lesion.h"

namespace ra {

// Synthetic T1-weighted mid-axial slices of whole heads, made from nothing but a seed: stand-ins for data where
// none may be had, and ground truth for tests. Anterior is up; the picture's left is the person's left.
struct SyntheticBrainOptions {
  // Size of the picture; the head fills about 0.85 of the size that fits.
  std::int64_t columns = 197;
  std::int64_t rows = 233;
  // Absent: a healthy brain.
  std::optional<LesionKind> lesion;

  // kUsage with the field's name unless both sizes lie in [32, 4096].
  void validate() const;
};

struct SyntheticBrain {
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::vector<std::uint8_t> image;    // [rows][columns]
  std::vector<std::uint8_t> mask;     // [rows][columns], 255 in the lesion, else 0; empty without one
  std::vector<std::uint8_t> outside;  // [rows][columns], 255 where the lesion changes nothing; empty without one
  std::optional<LesionKind> lesion;
};

// Brain `index` of `seed`. With a lesion, it equals its healthy twin (same seed and index, no lesion) in every pixel
// where `outside` is 255.
SyntheticBrain make_brain(const SyntheticBrainOptions& options, std::uint64_t seed, std::uint32_t index);

}  // namespace ra

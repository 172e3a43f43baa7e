#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ra {

// Quantises the values of anomaly maps, so that pixel-level metrics need a count per bin instead of every pixel.
// Bin k holds edge k-1 <= value < edge k: values of different bins keep their order, values in one bin become ties.
// What that does to a metric is bounded by quantisation.h from the counts themselves.
class MapBins {
 public:
  // Strictly ascending finite edges, kUsage otherwise; edges + 1 bins.
  explicit MapBins(std::vector<float> edges);

  // 16387 bins for maps of unknown range, signed ones too: each octave of |value| from 2^-24 to 2^8 in 256 equal
  // parts, so a threshold is off by less than 1/256 of its value. What is nearer to 0 is one bin, what is beyond
  // is one on each side.
  static MapBins logarithmic();

  // At most `count` bins that hold about equally many of the sample's values: rank error at most 1 / count on the
  // sample beyond ties. Good for AUROC and AUPRO; average precision and best Dice of rare lesions are decided within
  // the highest bin, where logarithmic() is finer. A value that is no number is kBadInput.
  static MapBins of_ranks(std::vector<float> sample, std::size_t count = 4096);

  // One bin for each distinct value: nothing is lost. For small inputs.
  static MapBins exact(std::vector<float> values);

  std::size_t size() const { return edges_.size() + 1; }

  // The bin of a value that is not NaN.
  std::uint32_t bin(float value) const;

  // The least value of a bin; -infinity for bin 0.
  double lower_edge(std::uint32_t bin) const;

 private:
  static constexpr int kCellBits = 12;  // sign, exponent and 3 bits of the mantissa

  std::vector<float> edges_;
  std::array<std::uint32_t, (1u << kCellBits) + 1> first_edge_{};  // of each cell of leading bits
};

}  // namespace ra

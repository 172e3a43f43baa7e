#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace ra {

// The seed where none is given: that of the reference.
inline constexpr std::uint64_t kDefaultSeed = 2109;

// What a random number is drawn for. Values are part of the reproducibility contract: append, never renumber.
enum class Purpose : std::uint32_t {
  kShuffle = 1,
  kAugmentation = 2,
  kPriorNoise = 3,
  kRealNoise = 4,
  kRecEncoderNoise = 5,
  kFakeEncoderNoise = 6,
  kRecDecoderNoise = 7,
  kFakeDecoderNoise = 8,
  kValidationNoise = 9,
  kLatentNoise = 10,
  kWeights = 11,
  kBootstrap = 12,
  kBrainAnatomy = 13,
  kBrainImaging = 14,
  kLesion = 15,
  kWarmupNoise = 16,
  kLabelShuffle = 17,
  kCanary = 18,
};

// Counter-based generator: every number is a function of (seed, epoch, index, purpose) and of its position in
// the stream, so it does not depend on threads, workers, order of use, or a resume. Philox4x32-10 (Salmon et
// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Satisfies UniformRandomBitGenerator.
class CounterRandom {
 public:
  using result_type = std::uint32_t;

  CounterRandom(std::uint64_t seed, std::uint32_t epoch, std::uint32_t index, Purpose purpose);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return 0xFFFFFFFFu; }
  result_type operator()();

  double uniform();                          // in [0, 1), 53 bits
  double uniform(double low, double high);   // in [low, high)
  std::uint32_t below(std::uint32_t bound);  // in [0, bound), unbiased; bound > 0
  double normal();                           // standard normal (Box-Muller)
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  double spare_normal_ = 0.0;
  bool has_spare_ = false;
};

// Fills `values` with standard normal float32 numbers of that stream.
void fill_normal(std::span<float> values, CounterRandom random);

// Philox4x32-10 of one counter, exposed for its known-answer test.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

}  // namespace ra

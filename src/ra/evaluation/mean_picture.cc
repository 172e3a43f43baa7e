#include "ra/evaluation/mean_picture.h"

#include <ATen/ATen.h>

#include <utility>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/detection/slice_reader.h"

namespace ra {
namespace {

at::Tensor middle_slice(const std::filesystem::path& path, const InputOptions& input) {
  std::size_t constant = 0;
  return read_slices(path, SliceRule::mid(), input, constant).front().prepared.pixels;
}

}  // namespace

MeanPicture::MeanPicture(const std::vector<std::filesystem::path>& training, const InputOptions& input)
    : input_(input) {
  std::int64_t count = 0;
  for (const std::filesystem::path& path : training) {
    try {
      const at::Tensor slice = middle_slice(path, input_).to(at::kDouble);
      picture_ = count == 0 ? slice : picture_ + slice;
      ++count;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
    }
  }
  if (count == 0) throw Error(ErrorCode::kUsage, "the mean picture needs at least one readable training picture");
  picture_ = (picture_ / count).to(at::kFloat);
}

std::vector<ImageScore> MeanPicture::score(const std::vector<ImageScore>& cases) const {
  std::vector<ImageScore> scores;
  for (const ImageScore& one : cases) {
    const at::Tensor slice = middle_slice(one.image, input_);
    const double error = (slice - picture_).abs().to(at::kDouble).mean().item<double>();
    scores.push_back({one.set, one.image, error, error});
  }
  return scores;
}

std::vector<ImageScore> with_shuffled_labels(std::vector<ImageScore> scores, std::uint64_t seed) {
  CounterRandom random(seed, 0, 0, Purpose::kLabelShuffle);
  for (std::size_t k = scores.size(); k > 1; --k) {
    std::swap(scores[k - 1].set, scores[random.below(static_cast<std::uint32_t>(k))].set);
  }
  return scores;
}

}  // namespace ra

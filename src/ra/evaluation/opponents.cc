#include "ra/evaluation/opponents.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/data/slice_dataset.h"

namespace ra {
namespace {

constexpr std::size_t kMostPictures = 1000;
constexpr std::int64_t kFewestForPca = 8;
// Where healthy residuals hardly vary (air), a division by their spread would only magnify noise.
constexpr double kLeastSpread = 0.01;

// First K eigenvectors of the covariance, exactly, from the smaller Gram matrix of the slices: [N,D] -> [D,K].
at::Tensor principal_components(const at::Tensor& centred, std::int64_t count) {
  const auto [values, vectors] = at::linalg_eigh(centred.matmul(centred.t()));  // ascending
  const std::int64_t n = centred.size(0);
  const at::Tensor chosen = vectors.slice(1, n - count, n);
  return centred.t().matmul(chosen) / values.slice(0, n - count, n).clamp_min(1e-12).sqrt();
}

}  // namespace

MeanPicture::MeanPicture(const at::Tensor& training) : picture_(training.to(at::kDouble).mean(0).to(at::kFloat)) {}

at::Tensor MeanPicture::map(const at::Tensor& slice) const { return (slice - picture_).abs().mean(0).contiguous(); }

PcaReconstruction::PcaReconstruction(const at::Tensor& training, std::int64_t components) {
  const std::int64_t count = training.size(0);
  if (count < kFewestForPca) {
    throw Error(ErrorCode::kUsage, fmt::format("PCA needs at least {} training slices, not {}", kFewestForPca, count));
  }
  const at::Tensor every_fourth = at::arange(count, at::kLong).remainder(4).eq(3);
  const at::Tensor fit = training.index({every_fourth.logical_not()}).flatten(1).to(at::kDouble);
  mean_ = fit.mean(0);
  const std::int64_t most = fit.size(0) - 1;
  basis_ = principal_components(fit - mean_, std::min(components, most)).to(at::kFloat);
  mean_ = mean_.to(at::kFloat);
  const at::Tensor unseen = residual(training.index({every_fourth}));
  centre_ = unseen.mean(0);
  spread_ = unseen.std(0, /*unbiased=*/false).clamp_min(kLeastSpread);
}

at::Tensor PcaReconstruction::residual(const at::Tensor& slices) const {
  const at::Tensor centred = slices.flatten(1) - mean_;
  const at::Tensor rest = centred - centred.matmul(basis_).matmul(basis_.t());
  return rest.abs().view_as(slices).mean(1);
}

at::Tensor PcaReconstruction::map(const at::Tensor& slice) const {
  return ((residual(slice.unsqueeze(0))[0] - centre_) / spread_).contiguous();
}

std::int64_t PcaReconstruction::components() const { return basis_.size(1); }

std::vector<std::unique_ptr<Opponent>> make_opponents(const std::vector<std::filesystem::path>& training,
                                                      const InputOptions& input) {
  const std::size_t count = std::min(training.size(), kMostPictures);
  std::vector<at::Tensor> slices;
  for (std::size_t k = 0; k < count; ++k) {
    try {
      slices.push_back(load_slice(training[k * training.size() / count], input).pixels);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
    }
  }
  std::vector<std::unique_ptr<Opponent>> opponents;
  if (slices.empty()) return opponents;
  const at::Tensor all = at::stack(slices);
  opponents.push_back(std::make_unique<MeanPicture>(all));
  if (all.size(0) >= kFewestForPca) opponents.push_back(std::make_unique<PcaReconstruction>(all));
  return opponents;
}

}  // namespace ra

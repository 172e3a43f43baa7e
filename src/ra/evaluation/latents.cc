#include "ra/evaluation/latents.h"

#include <ATen/ATen.h>

namespace ra {
namespace {

at::Tensor row_tensor(const std::vector<float>& values) {
  at::Tensor row = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), row.data_ptr<float>());
  return row;
}

}  // namespace

std::vector<LatentPoint> latents_in_two_dimensions(const EvaluationResults& results) {
  std::vector<at::Tensor> rows;
  for (const CaseRecord& one : results.cases) {
    if (one.latent.empty()) return {};
    rows.push_back(row_tensor(one.latent));
  }
  for (const CaseRecord& one : results.cases) rows.push_back(row_tensor(one.reconstruction_latent));
  if (rows.empty()) return {};
  at::Tensor all = at::stack(rows).to(at::kDouble);
  all = all - all.mean(0);
  const auto [values, vectors] = at::linalg_eigh(all.t().matmul(all));  // ascending
  at::Tensor axes = vectors.slice(1, std::max<std::int64_t>(vectors.size(1) - 2, 0), vectors.size(1)).flip(1);
  const at::Tensor largest = axes.gather(0, axes.abs().argmax(0, /*keepdim=*/true));
  axes = axes * at::where(largest < 0, -1.0, 1.0);
  const at::Tensor points = all.matmul(axes).contiguous();
  std::vector<LatentPoint> result;
  for (std::int64_t k = 0; k < points.size(0); ++k) {
    result.push_back({points[k][0].item<double>(), points.size(1) > 1 ? points[k][1].item<double>() : 0.0});
  }
  return result;
}

}  // namespace ra

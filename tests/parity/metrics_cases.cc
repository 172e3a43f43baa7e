#include <ATen/ATen.h>

#include "mask_image.h"
#include "ra/base/error.h"
#include "ra/metrics/localization.h"
#include "ra/metrics/roc.h"
#include "ra/metrics/threshold.h"
#include "ra/transforms/input.h"
#include "topics.h"

namespace ra::parity {
namespace {

std::vector<double> doubles(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::span<const float> floats(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

void check_scores(ParityCase& parity) {
  const std::vector<double> scores = doubles(parity.input("scores"));
  const at::Tensor labels_tensor = parity.input("labels").to(at::kByte).contiguous();
  const std::span<const std::uint8_t> labels(labels_tensor.data_ptr<std::uint8_t>(), scores.size());
  if (parity.params().value("expect", "") == "refuse") {
    bool refused = false;
    try {
      auroc(scores, labels);
    } catch (const Error&) {
      refused = true;
    }
    parity.expect_true("refused", refused, "a NaN score was accepted");
    return;
  }
  parity.expect_scalar("auroc", auroc(scores, labels));
  parity.expect_scalar("average_precision", average_precision(scores, labels));
  parity.expect_scalar("fpr95", fpr_at_tpr(scores, labels));
}

void check_threshold(ParityCase& parity) {
  const at::Tensor maps = parity.input("maps");
  const auto found = healthy_threshold(floats(maps), parity.params().at("percent"), parity.params().at("steps"));
  parity.expect_scalar("threshold", found->threshold);
  parity.expect_scalar("mean_percent", found->mean_percent);
}

// The mask of `boxes` in the image's pixels, or what they leave free, resized to the map as the reference does.
at::Tensor box_mask(const nlohmann::json& params, std::size_t boxes, bool inverted) {
  std::vector<Box> list;
  for (std::size_t k = 0; k < boxes; ++k) {
    const auto& box = params.at("boxes").at(k);
    list.push_back({box.at(0), box.at(1), box.at(2), box.at(3)});
  }
  const std::int64_t columns = params.at("image_width"), rows = params.at("image_height");
  const std::vector<float> mask = rasterise_boxes(list, columns, rows);
  at::Tensor pixels = at::empty({rows, columns});
  std::copy(mask.begin(), mask.end(), pixels.data_ptr<float>());
  return prepare_mask(image_of(inverted ? 1 - pixels : pixels), 128, false)[0].contiguous();
}

void check_box(ParityCase& parity) {
  const auto& params = parity.params();
  const bool from_boxes = params.contains("boxes");
  const at::Tensor map = parity.input("map");
  const at::Tensor positive = from_boxes ? box_mask(params, 1, false) : parity.input("positive");
  const at::Tensor negative = from_boxes ? box_mask(params, params.at("boxes").size(), true) : parity.input("negative");
  if (parity.has_output("positive_mask")) {
    parity.expect_array("positive_mask", positive);
    parity.expect_array("negative_mask", negative);
  }
  const BoxOutcome outcome = localise(floats(map), floats(positive), floats(negative), params.at("threshold"));
  parity.expect_scalar("tp", outcome.tp);
  parity.expect_scalar("fp", static_cast<double>(outcome.fp));
  parity.expect_scalar("recall", outcome.recall);
  parity.expect_scalar("precision", outcome.precision);
  parity.expect_scalar("f1", outcome.f1);
  parity.expect_scalar("hit_pixels", static_cast<double>(outcome.hit_pixels));
  parity.expect_scalar("mask_pixels", static_cast<double>(outcome.mask_pixels));
  parity.expect_scalar("sum_inside", outcome.sum_inside);
  parity.expect_scalar("sum_outside", outcome.sum_outside);
}

}  // namespace

bool check_metrics(ParityCase& parity) {
  if (parity.has_input("scores")) {
    check_scores(parity);
  } else if (parity.has_input("maps")) {
    check_threshold(parity);
  } else if (parity.has_input("map")) {
    check_box(parity);
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity

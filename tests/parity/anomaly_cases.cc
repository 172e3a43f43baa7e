#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "ra/base/error.h"
#include "ra/detection/anomaly_map.h"
#include "ra/metrics/ssim.h"
#include "ra/model/perceptual.h"
#include "ra/testing/hashed_weights.h"
#include "ra/testing/shared_data.h"
#include "ra/transforms/clahe.h"
#include "ra/transforms/gaussian.h"
#include "topics.h"

namespace ra::parity {
namespace {

const SqueezenetLpips& squeezenet() {
  static const auto distance =
      load_squeezenet_lpips(testing::shared_folder().value() / "weights" / "lpips_squeeze", at::kCPU);
  return *distance;
}

const PerceptualDistance& hashed_encoder() {
  static const auto distance = [] {
    ModelOptions options;
    options.expand_equal_channels = true;
    auto model = std::make_shared<ReversedAutoencoder>(options, 1);
    testing::load_hashed_weights(*model);
    return make_encoder_distance(model);
  }();
  return *distance;
}

at::Tensor batch_of_one(const at::Tensor& image) { return image.unsqueeze(0).unsqueeze(0); }

void check_lesion_stages(ParityCase& parity, const at::Tensor& image, const at::Tensor& reconstruction) {
  const auto layers = squeezenet().layers(batch_of_one(image.clamp(0, 1)), batch_of_one(reconstruction.clamp(0, 1)));
  for (std::size_t k = 0; k < layers.size(); ++k) parity.expect_array(fmt::format("lpips_layer{}", k), layers[k]);
  const ClaheStages clahe = clahe_stages(image.clamp(0, 1));
  parity.expect_array("clahe_codes", clahe.codes);
  parity.expect_array("clahe_maps", clahe.maps);
  parity.expect_array("clahe_mapped", clahe.mapped);
}

std::span<const float> pixels(const at::Tensor& image) {
  return {image.data_ptr<float>(), static_cast<std::size_t>(image.numel())};
}

void check_map(ParityCase& parity) {
  const at::NoGradGuard no_grad;
  const at::Tensor image = parity.input("image"), reconstruction = parity.input("reconstruction");
  const bool by_encoder = parity.has_output("distance_raw");
  const AnomalyStages stages =
      anomaly_stages(batch_of_one(image), batch_of_one(reconstruction),
                     by_encoder ? hashed_encoder() : static_cast<const PerceptualDistance&>(squeezenet()));
  parity.expect_array("map", stages.map);
  parity.expect_scalar("score", stages.scores.item<double>());
  if (by_encoder) {
    parity.expect_array("distance_raw", stages.perceptual);
    parity.expect_array("distance_clahe", stages.equalised_perceptual);
    return;
  }
  parity.expect_array("clahe_image", stages.equalised_image);
  parity.expect_array("clahe_reconstruction", stages.equalised_reconstruction);
  parity.expect_array("lpips_raw", stages.perceptual);
  parity.expect_array("lpips_clahe", stages.equalised_perceptual);
  parity.expect_array("lpips_raw_smooth", stages.perceptual_smooth);
  parity.expect_array("lpips_clahe_smooth", stages.equalised_perceptual_smooth);
  parity.expect_array("residual", (reconstruction - image).abs());
  parity.expect_scalar("residual_score",
                       mean_absolute_errors(batch_of_one(image), batch_of_one(reconstruction)).item<double>());
  parity.expect_scalar("ssim", ssim(pixels(reconstruction), pixels(image), image.size(1), image.size(0)));
  if (parity.has_output("lpips_layer0")) check_lesion_stages(parity, image, reconstruction);
}

void check_clahe_refuses(ParityCase& parity) {
  bool refused = false;
  try {
    clahe(at::full({16, 16}, parity.params().at("value").get<double>()));
  } catch (const Error&) {
    refused = true;
  }
  parity.expect_true("refused", refused, "values outside [-1,1] were accepted");
}

}  // namespace

bool check_anomaly(ParityCase& parity) {
  if (parity.has_input("reconstruction")) {
    check_map(parity);
  } else if (parity.id() == "anomaly/clahe_refuses") {
    check_clahe_refuses(parity);
  } else if (parity.id().starts_with("anomaly/clahe_")) {
    parity.expect_array("result", clahe(parity.input("image")));
  } else if (parity.id().starts_with("anomaly/gaussian_")) {
    parity.expect_array("result", gaussian_filter(parity.input("image"), parity.params().at("sigma")));
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity

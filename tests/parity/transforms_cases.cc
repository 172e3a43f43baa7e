#include <ATen/ATen.h>

#include "mask_image.h"
#include "ra/io/read_image.h"
#include "ra/transforms/augmentation.h"
#include "ra/transforms/input.h"
#include "topics.h"

namespace ra::parity {

Image image_of(const at::Tensor& array) {
  const at::Tensor values = array.to(at::kFloat).contiguous();
  Image image;
  image.rows = values.size(0);
  image.columns = values.size(1);
  image.pixels.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
  image.format = ImageFormat::kPng;
  image.pixel_type = PixelType::kFloat;
  return image;
}

namespace {

void check_evaluation_transform(ParityCase& parity) {
  const bool from_file = parity.has_input("image");
  const Image image = from_file ? read_image(parity.input_path("image")) : image_of(parity.input("array"));
  InputOptions options;
  options.scaling =
      parity.params().value("sixteen_bit", "") == "full" ? InputScaling::kNative : InputScaling::kReference;
  parity.expect_array("tensor", prepare_slice(image, options).pixels);
}

void check_affine(ParityCase& parity) {
  const auto& params = parity.params();
  AugmentationDraw draw;
  draw.degrees = params.at("angle");
  draw.shift_columns = params.at("translate").at(0);
  draw.shift_rows = params.at("translate").at(1);
  draw.scale = params.at("scale");
  draw.flip = params.at("flip");
  parity.expect_array("codes", apply_affine(parity.input("codes").unsqueeze(0), draw));
}

}  // namespace

bool check_transforms(ParityCase& parity) {
  if (parity.id().starts_with("transforms/affine_")) {
    check_affine(parity);
  } else if (parity.id() == "transforms/quantise") {
    parity.expect_array("codes", quantise(parity.input("tensor")));
  } else if (parity.has_input("mask")) {
    const at::Tensor mask = parity.input("mask");
    parity.expect_array("tensor", prepare_mask(image_of(mask), 128, false));
  } else if (parity.has_output("tensor")) {
    check_evaluation_transform(parity);
  } else {
    return false;
  }
  return true;
}

}  // namespace ra::parity

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstdint>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "ra/base/error.h"
#include "ra/detection/inference_backend.h"
#include "ra/detection/one_thread.h"
#include "ra/model/folded_network.h"

namespace ra {
namespace {

// Draws that are decoded as a batch: enough for the deep layers' weights to be read once for all.
constexpr std::int64_t kDrawsTogether = 8;

// The built-in distance by the folded encoder.
class FoldedDistance : public PerceptualDistance {
 public:
  explicit FoldedDistance(std::shared_ptr<const FoldedEncoder> encoder) : encoder_(std::move(encoder)) {}

  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override {
    std::vector<at::Tensor> a, b;
    for (const at::Tensor& level : encoder_->embed(at::cat({first, second}))) {
      a.push_back(level.narrow(0, 0, first.size(0)));
      b.push_back(level.narrow(0, first.size(0), second.size(0)));
    }
    return embedding_distance(a, b, first.size(2));
  }
  std::string name() const override { return "encoder"; }

 private:
  std::shared_ptr<const FoldedEncoder> encoder_;
};

class NativeBackend : public InferenceBackend {
 public:
  NativeBackend(const ScreeningModel& model, const OpenvinoThreads& threads) : rule_(model.rule), noise_(model.noise) {
    // Side by side, each by one thread, as when it screens: PackedConvolution.
    auto decoder = std::async(std::launch::async, [&] {
      const OneThread one_thread;
      return std::make_unique<FoldedDecoder>(model.network->decoder(), kPackedMode);
    });
    auto lpips = std::async(std::launch::async, [&]() -> std::shared_ptr<const PerceptualDistance> {
      const OneThread one_thread;
      if (!model.squeezenet) return nullptr;
      return has_openvino() ? make_openvino_distance(model, threads) : make_perceptual(model, at::kCPU);
    });
    const OneThread one_thread;
    encoder_ = std::make_shared<FoldedEncoder>(model.network->encoder(), kPackedMode);
    decoder_ = decoder.get();
    distance_ = lpips.get();
    if (!distance_) distance_ = std::make_shared<FoldedDistance>(encoder_);
  }

  Output screen(const at::Tensor& slice) const override {
    const at::NoGradGuard no_grad;
    const at::Tensor x = slice.to(at::kCPU, at::kFloat).contiguous();
    const Encoder::Output posterior = encoder_->forward(x);
    Output output{reconstruct(posterior), {}};
    at::Tensor plain;
    if (distance_->name() == "encoder") {
      plain = embedding_distance(posterior.embeddings, encoder_->embed(output.reconstruction), x.size(2));
    }
    output.stages = anomaly_stages(x, output.reconstruction, *distance_, plain);
    return output;
  }

  at::Tensor sample_scores(const at::Tensor& slice, const at::Tensor& noise) const override {
    const at::NoGradGuard no_grad;
    const at::Tensor x = slice.to(at::kCPU, at::kFloat).contiguous();
    const Encoder::Output posterior = encoder_->forward(x);
    const auto decode = [this](const at::Tensor& z) { return decoder_->forward(z).contiguous(); };
    return scores_of_samples(x, posterior.mean, posterior.log_variance, noise, decode, *distance_);
  }

 private:
  at::Tensor reconstruct(const Encoder::Output& posterior) const {
    if (!rule_.uses_noise()) return decoder_->forward(posterior.mean).contiguous();
    at::Tensor sum;
    for (const at::Tensor& noise : noise_.split(kDrawsTogether)) {
      const at::Tensor z = sample_latent(posterior.mean, posterior.log_variance, noise);
      const at::Tensor decoded = decoder_->forward(z).sum(0, /*keepdim=*/true);
      sum = sum.defined() ? sum.add_(decoded) : decoded;
    }
    return sum.div_(rule_.draws()).contiguous();
  }

  LatentRule rule_;
  at::Tensor noise_;
  std::shared_ptr<const FoldedEncoder> encoder_;
  std::unique_ptr<const FoldedDecoder> decoder_;
  std::shared_ptr<const PerceptualDistance> distance_;
};

}  // namespace

std::unique_ptr<InferenceBackend> make_native_backend(const ScreeningModel& model, Precision precision,
                                                      const OpenvinoThreads& threads) {
  if (precision != Precision::kFp32) {
    throw Error(ErrorCode::kUnsupported, "the backend native computes in fp32 alone: use --backend openvino or torch");
  }
  return std::make_unique<NativeBackend>(model, threads);
}

}  // namespace ra

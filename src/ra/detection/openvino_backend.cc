#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <future>
#include <memory>
#include <mutex>
#include <openvino/core/model.hpp>
#include <utility>
#include <vector>

#include "ra/base/error.h"
#include "ra/detection/compiled_graph.h"
#include "ra/detection/inference_backend.h"
#include "ra/detection/one_thread.h"
#include "ra/detection/openvino_graph.h"

namespace ra {
namespace {

class GraphDistance : public PerceptualDistance {
 public:
  GraphDistance(const ScreeningModel& model, Precision precision, const OpenvinoThreads& threads)
      : graph_(distance_graph(model), precision, threads), name_(model.squeezenet ? "squeezenet" : "encoder") {}

  at::Tensor distance(const at::Tensor& first, const at::Tensor& second) const override {
    return graph_.run({first.contiguous(), second.contiguous()})[0];
  }
  std::string name() const override { return name_; }

 private:
  CompiledGraph graph_;
  std::string name_;
};

class OpenvinoBackend : public InferenceBackend {
 public:
  OpenvinoBackend(const ScreeningModel& model, Precision precision, const OpenvinoThreads& threads)
      : model_(model), precision_(precision), threads_(threads) {
    // Side by side: each is compiled, or read from the cache, by one thread.
    auto distance = std::async(std::launch::async, [&] {
      const OneThread one_thread;
      return std::make_unique<GraphDistance>(model, precision, threads);
    });
    reconstruct_ = std::make_unique<CompiledGraph>(reconstruction_graph(model), precision, threads);
    distance_ = distance.get();
  }

  Output screen(const at::Tensor& slice) const override {
    const at::NoGradGuard no_grad;
    const at::Tensor x = slice.to(at::kCPU, at::kFloat).contiguous();
    std::vector<at::Tensor> found = reconstruct_->run({x});
    Output output{std::move(found[0]), {}};
    output.stages = anomaly_stages(x, output.reconstruction, *distance_, found[1]);
    return output;
  }

  at::Tensor sample_scores(const at::Tensor& slice, const at::Tensor& noise) const override {
    const at::NoGradGuard no_grad;
    std::call_once(decoder_made_,
                   [&] { decode_ = std::make_unique<CompiledGraph>(decoder_graph(model_), precision_, threads_); });
    const at::Tensor x = slice.to(at::kCPU, at::kFloat).contiguous();
    const std::vector<at::Tensor> posterior = reconstruct_->run({x});
    const auto decode = [this](const at::Tensor& z) { return decode_->run({z})[0]; };
    return scores_of_samples(x, posterior[2], posterior[3], noise, decode, *distance_);
  }

 private:
  ScreeningModel model_;
  Precision precision_;
  OpenvinoThreads threads_;
  std::unique_ptr<CompiledGraph> reconstruct_;
  std::unique_ptr<GraphDistance> distance_;
  mutable std::once_flag decoder_made_;
  mutable std::unique_ptr<CompiledGraph> decode_;  // for samples alone
};

}  // namespace

bool has_openvino() { return true; }

std::unique_ptr<InferenceBackend> make_openvino_backend(const ScreeningModel& model, Precision precision,
                                                        const OpenvinoThreads& threads) {
  if (model.rule.draws() > kLargestGraphDraws) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("the backend openvino averages at most {} draws, not {}: use --backend torch, or another "
                            "--latent",
                            kLargestGraphDraws, model.rule.draws()));
  }
  return std::make_unique<OpenvinoBackend>(model, precision, threads);
}

std::unique_ptr<PerceptualDistance> make_openvino_distance(const ScreeningModel& model,
                                                           const OpenvinoThreads& threads) {
  return std::make_unique<GraphDistance>(model, Precision::kFp32, threads);
}

}  // namespace ra

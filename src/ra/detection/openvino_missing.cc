// Built where there is no OpenVINO; openvino_backend.cc is built otherwise.
#include "ra/base/error.h"
#include "ra/detection/inference_backend.h"
#include "ra/detection/openvino_forward.h"

namespace ra {
namespace {

[[noreturn]] void refuse_missing() {
  throw Error(ErrorCode::kUnsupported,
              "this program was built without OpenVINO: use --backend torch, or run scripts/setup and build again");
}

}  // namespace

bool has_openvino() { return false; }

void load_openvino() noexcept {}

std::unique_ptr<InferenceBackend> make_openvino_backend(const ScreeningModel&, Precision, const OpenvinoThreads&) {
  refuse_missing();
}

std::unique_ptr<PerceptualDistance> make_openvino_distance(const ScreeningModel&, const OpenvinoThreads&) {
  refuse_missing();
}

std::function<at::Tensor(const at::Tensor&)> make_openvino_forward(const ScreeningModel&, Precision,
                                                                   const OpenvinoThreads&) {
  refuse_missing();
}

}  // namespace ra

#pragma once

#include <array>
#include <cstdint>

// The shape of SqueezeNet 1.1 (Iandola et al., arXiv:1602.07360) as LPIPS v0.1 reads it: a 3x3 convolution with stride
// 2, then eight fires.
namespace ra::squeezenet {

struct FireShape {
  int index;  // in SqueezeNet's list of layers, which names its weights
  std::int64_t in, squeeze, expand;
  bool pooled_before;  // by 3x3 with stride 2
  bool read_after;     // LPIPS compares its output, as it does the first convolution's
};

inline constexpr std::array kFires = {
    FireShape{3, 64, 16, 64, true, false},    FireShape{4, 128, 16, 64, false, true},
    FireShape{6, 128, 32, 128, true, false},  FireShape{7, 256, 32, 128, false, true},
    FireShape{9, 256, 48, 192, true, true},   FireShape{10, 384, 48, 192, false, true},
    FireShape{11, 384, 64, 256, false, true}, FireShape{12, 512, 64, 256, false, true}};

// LPIPS scales images to [-1,1] and then to (x - shift) / spread, channel by channel.
inline constexpr std::array kShift = {-0.030F, -0.088F, -0.188F};
inline constexpr std::array kSpread = {0.458F, 0.448F, 0.450F};

}  // namespace ra::squeezenet

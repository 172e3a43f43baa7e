#pragma once

#include <chrono>

namespace ra {

// Wall time of the parts of an evaluation.
struct EvaluationSeconds {
  double files = 0.0;       // masks, knowing subjects by content, temporary file
  double network = 0.0;     // waiting for images to be read and detected: reconstructions, maps, scores, latents
  double opponents = 0.0;   // their fit and their maps
  double metrics = 0.0;     // numbers of single images, cases and boxes
  double statistics = 0.0;  // numbers of sets with their intervals
  double output = 0.0;      // gallery and tables
};

// Adds its own lifetime to a part.
class TimedPart {
 public:
  explicit TimedPart(double& seconds) : seconds_(seconds), begin_(Clock::now()) {}
  ~TimedPart() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
  TimedPart(const TimedPart&) = delete;
  TimedPart& operator=(const TimedPart&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point begin_;
};

}  // namespace ra

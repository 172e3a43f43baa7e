#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ra/tracking/tracker.h"

namespace ra {

// Keys with values in JSON.
using JsonItems = std::vector<std::pair<std::string, std::string>>;

// The records of a W&B transaction log (wandb_internal.Record), numbered as they are made. Text must be UTF-8.
class WandbRecords {
 public:
  std::string header();
  // The run with its configuration; it comes second.
  std::string run(const RunIdentity& identity, const TrackedRun& run);
  std::string history(std::int64_t step, const JsonItems& items);
  std::string summary(const JsonItems& items);
  // Media files, as paths below files/.
  std::string files(const std::vector<std::string>& paths);
  std::string exit(int exit_code, double runtime_seconds);
  std::string final();

 private:
  std::int64_t number_ = 0;
};

}  // namespace ra

#pragma once

#include <string>
#include <vector>

namespace ra {

// What a run is logged to beside metrics.jsonl.
struct TrackingOptions {
  // Any of sink_names() (tracking/sinks.h): tensorboard, wandb.
  std::vector<std::string> sinks;
  // Project of the W&B run; empty is the experiment's name.
  std::string project;
  // Name of the W&B run; empty is the run folder's name.
  std::string name;

  // kUsage naming a sink that is unknown or given twice.
  void validate() const;
};

}  // namespace ra

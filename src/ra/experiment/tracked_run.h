#pragma once

#include <filesystem>

#include "ra/tracking/tracker.h"

namespace ra {

// What trackers say of the run in `folder`, from its config.yaml: `tracking`, with the experiment's name as the project
// and the folder's name as the run's where it names none, and the configuration. kUsage when config.yaml is missing or
// no experiment file.
TrackedRun tracked_run(const std::filesystem::path& folder);

}  // namespace ra

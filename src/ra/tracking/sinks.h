#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ra/tracking/tracker.h"

namespace ra {

// Every kind of sink: tensorboard, wandb.
std::vector<std::string> sink_names();

// What a sink of a run writes, a file or a folder, in the folder of its name in `output`. kUsage for an unknown name.
std::filesystem::path sink_location(const std::string& name, const std::filesystem::path& output,
                                    const RunIdentity& identity);

// A new sink of a run at that place. kUsage for an unknown name.
std::unique_ptr<Tracker> make_sink(const std::string& name, const std::filesystem::path& output, const TrackedRun& run,
                                   const RunIdentity& identity);

}  // namespace ra

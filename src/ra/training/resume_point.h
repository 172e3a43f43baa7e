#pragma once

#include <filesystem>
#include <optional>

#include "ra/training/training_checkpoint.h"
#include "ra/training/training_options.h"

namespace ra {

// The state from which a run goes on: of its checkpoints that can be read, the one that has come farthest; best.pt is
// one of them. Those before it that are damaged are set aside as NAME.damaged with a warning, and those that count more
// rows than metrics.jsonl has are passed over. Where best.pt is not the best epoch that the state speaks of, the state
// forgets it, so that the next epoch counts as the best. nullopt when the run has saved nothing; kBadInput when it has,
// and none of it will do, and for files that cannot be read at all. To be called by the one who holds the run's lock.
std::optional<TrainingCheckpoint> find_resume_point(const std::filesystem::path& run_folder);

// Whether the run of a resume point has no epoch left, by number or by patience, and has logged what came after its
// last one: its end, unless by a signal or an error, or results.
bool has_ended(const std::filesystem::path& run_folder, const TrainingCheckpoint& from, const TrainingOptions& options);

}  // namespace ra

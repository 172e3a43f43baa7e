#pragma once

#include <string>

#include "ra/report/page_body.h"
#include "ra/report/page_files.h"

namespace ra {

// Losses, validation by latent rule beside its yardstick, learning rate, gradient norms and whatever else
// metrics.jsonl has a number of, over the epoch; then the example pictures, newest first. Nothing without rows.
void add_training_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading);

}  // namespace ra

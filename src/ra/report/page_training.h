#pragma once

#include <string>
#include <vector>

#include "ra/report/page_body.h"
#include "ra/report/page_files.h"

namespace ra {

// What goes wrong with networks of this kind and shows in the newest rows of metrics.jsonl: the latent vector unused
// (posterior collapse), every reconstruction the same, no gap between real and fake, saturated exponentials, worse
// than the mean picture, losses that are not finite. Each as a sentence with its number.
std::vector<std::string> training_warnings(const std::vector<Json>& rows);

// Losses, validation by latent rule beside its yardstick, learning rate, gradient norms and whatever else
// metrics.jsonl has a number of, over the epoch; then the example pictures, newest first. Nothing without rows.
void add_training_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading);

}  // namespace ra

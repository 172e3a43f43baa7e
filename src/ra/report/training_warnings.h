#pragma once

#include <string>
#include <vector>

#include "ra/report/page_files.h"

namespace ra {

// What goes wrong with networks of this kind and shows in the newest rows of metrics.jsonl: the latent vector unused
// (posterior collapse), every reconstruction the same or empty, no gap between real and fake, saturated exponentials,
// worse than the mean picture, losses that are not finite. Each as a sentence with its number.
std::vector<std::string> training_warnings(const std::vector<Json>& rows);

}  // namespace ra

#include "ra/report/page_training.h"

#include <fmt/format.h>

#include <algorithm>

#include "ra/report/training_figures.h"

namespace ra {
namespace {

constexpr std::size_t kMaxExamples = 6;

// As many as fit, evenly spread over the training, the newest first.
void add_examples(PageBody& body, const RunFiles& run) {
  const std::size_t all = run.examples.size(), count = std::min(kMaxExamples, all);
  if (count == 0) return;
  body.add_heading(fmt::format("Reconstructions over time, newest first ({} of {} pictures)", count, all));
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t back = count == 1 ? 0 : k * (all - 1) / (count - 1);
    const std::filesystem::path& picture = run.examples[all - 1 - back];
    body.add_picture(picture, "Reconstructions, " + picture.stem().string());
  }
}

}  // namespace

void add_training_section(PageBody& body, const RunFiles& run, const std::string& prefix, const std::string& heading) {
  const std::vector<Figure> figures = training_figures(run.training);
  if (figures.empty() && run.examples.empty()) return;
  body.begin_section(prefix + "-training", heading.empty() ? "Training" : "Training \xE2\x80\x93 " + heading);
  body.add_figures(figures);
  add_examples(body, run);
  body.end_section();
}

}  // namespace ra

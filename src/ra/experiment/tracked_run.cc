#include "ra/experiment/tracked_run.h"

#include <string>
#include <string_view>

#include "ra/base/atomic_file.h"
#include "ra/experiment/config_json.h"
#include "ra/experiment/config_yaml.h"

namespace ra {
namespace {

// W&B takes no project whose name has one of these.
std::string project_name(std::string name) {
  for (char& c : name) {
    if (std::string_view("/\\#?%:").find(c) != std::string_view::npos) c = '_';
  }
  return name;
}

std::string folder_name(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace

TrackedRun tracked_run(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.yaml";
  ExperimentConfig config;
  apply_yaml(read_yaml(path), path.string(), config);
  TrackedRun run;
  run.folder = folder;
  run.options = config.tracking;
  run.options.project = project_name(config.tracking.project.empty() ? config.name : config.tracking.project);
  if (run.options.name.empty()) run.options.name = folder_name(folder);
  run.config_text = read_text_file(path);
  run.config = config_json(config);
  return run;
}

}  // namespace ra

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/experiment/tracked_run.h"
#include "ra/tracking/export_run.h"

namespace ra {
namespace {

struct TrackOptions {
  CommonOptions common;
  std::string run;
  std::string output;
  bool wandb = false, tensorboard = false;
};

std::string describe(const ExportedRun& exported, const std::string& sink) {
  const std::string end =
      exported.exit_code ? fmt::format("exit code {}", *exported.exit_code) : "no end yet, or stopped without one";
  std::string text = fmt::format("{}: {} rows, {}\n", exported.location.string(), exported.rows, end);
  if (sink == "wandb") text += fmt::format("Upload it with: wandb sync {}\n", exported.location.string());
  if (sink == "tensorboard") {
    text += fmt::format("Show it with: tensorboard --logdir {}\n", exported.location.parent_path().string());
  }
  return text;
}

int export_sinks(const TrackOptions& options) {
  apply_common_options(options.common);
  if (!options.wandb && !options.tensorboard) {
    throw Error(ErrorCode::kUsage, "say what to make: --wandb, --tensorboard, or both");
  }
  const TrackedRun run = tracked_run(options.run);
  const std::filesystem::path output = options.output.empty() ? run.folder : std::filesystem::path(options.output);
  for (const auto& [sink, wanted] : {std::pair{"wandb", options.wandb}, {"tensorboard", options.tensorboard}}) {
    if (!wanted) continue;
    const ExportedRun exported = export_run(run, sink, output, options.common.overwrite);
    if (exported.torn) log::warning("the last row of metrics.jsonl was not finished; it is left out");
    if (!options.common.quiet) fmt::print("{}", describe(exported, sink));
  }
  return kExitSuccess;
}

}  // namespace

void add_track_command(CLI::App& app) {
  CLI::App& group =
      add_verb(app, "track", "Hand runs to W&B and TensorBoard", "ra track export runs/demo --tensorboard");
  group.require_subcommand(1);
  auto options = std::make_shared<TrackOptions>();
  CLI::App& command = add_verb(group, "export", "Make what W&B or TensorBoard reads from a run's metrics.jsonl",
                               "ra track export runs/demo --wandb --output tracked");
  command
      .add_option("RUN", options->run, "Run folder: config.yaml, metrics.jsonl, and figures/ and downstream/ if any")
      ->required();
  command.add_flag("--wandb", options->wandb, "A W&B run made offline, in DIR/wandb, for 'wandb sync'");
  command.add_flag("--tensorboard", options->tensorboard, "An event file, in DIR/tensorboard");
  command.add_option("--output", options->output, "DIR; RUN where absent");
  add_overwrite_option(command, options->common);
  add_log_options(command, options->common);
  on_run(command, [options] { return export_sinks(*options); });
}

}  // namespace ra

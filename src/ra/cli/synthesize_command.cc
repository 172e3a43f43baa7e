#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>

#include "ra/base/error.h"
#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/lesion_dataset.h"
#include "ra/data/path_list.h"
#include "ra/data/synthetic_dataset.h"
#include "ra/report/output_names.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

struct SynthesizeOptions {
  CommonOptions common;
  fs::path output;
  std::optional<std::int64_t> count;
  bool lesions = false;
  std::vector<std::string> into;
  std::vector<std::string> kinds;
  std::optional<int> variants;
  std::optional<std::string> slices;
  std::optional<double> pixel_mm;
};

// Seconds since construction, for the last line.
class Stopwatch {
 public:
  std::string text() const {
    return format_duration(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

int make_brains(const SynthesizeOptions& options) {
  if (!options.count) throw Error(ErrorCode::kUsage, "--count is missing: say how many healthy brains to make");
  if (!options.kinds.empty() || options.variants || options.slices || options.pixel_mm) {
    throw Error(ErrorCode::kUsage, "--kinds, --variants, --slices and --spacing go with --into IMAGE...");
  }
  SyntheticDatasetOptions dataset;
  dataset.output = options.output;
  dataset.count = *options.count;
  dataset.lesions = options.lesions;
  dataset.overwrite = options.common.overwrite;
  dataset.threads = options.common.threads;
  dataset.seed = options.common.seed.value_or(kDefaultSeed);
  ProgressLine line(stderr, options.common.quiet);
  const Stopwatch watch;
  std::size_t pictures = 0;
  write_synthetic_dataset(dataset, [&](std::size_t done, std::size_t total) {
    pictures = total;
    line.update(fmt::format("brain {}/{}", done, total));
  });
  line.finish(fmt::format("{} synthetic brains made in {}", pictures, watch.text()));
  if (options.common.quiet) return kExitSuccess;
  fmt::print("Lists: {}\nWhat each picture shows: {}\n", (dataset.output / "lists").string(),
             (dataset.output / "manifest.csv").string());
  return kExitSuccess;
}

LesionDatasetOptions lesion_options(const SynthesizeOptions& options) {
  if (!options.lesions) throw Error(ErrorCode::kUsage, "--into needs --lesions: they are what is put into the images");
  if (options.count) {
    throw Error(ErrorCode::kUsage, "--count makes brains; with --into, --variants says how many copies of a slice");
  }
  LesionDatasetOptions dataset;
  dataset.output = options.output;
  if (!options.kinds.empty()) dataset.kinds.clear();
  for (const std::string& name : options.kinds) dataset.kinds.push_back(lesion_kind_from_string(name));
  dataset.variants = options.variants.value_or(dataset.variants);
  if (options.slices) dataset.slices = SliceRule::parse(*options.slices);
  dataset.pixel_mm = options.pixel_mm;
  dataset.seed = options.common.seed.value_or(kDefaultSeed);
  dataset.overwrite = options.common.overwrite;
  dataset.threads = options.common.threads;
  PathLists lists(options.common.data_root);
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  for (const fs::path& file : lists.expand(options.into)) {
    if (seen.insert(fs::weakly_canonical(file)).second) files.push_back(file);
  }
  lists.require_all_found();
  const std::vector<std::string> names = output_names(files);
  for (std::size_t k = 0; k < files.size(); ++k) dataset.sources.push_back({files[k], names[k]});
  dataset.subjects = lists.subjects();
  return dataset;
}

int put_lesions(const SynthesizeOptions& options) {
  const LesionDatasetOptions dataset = lesion_options(options);
  ProgressLine line(stderr, options.common.quiet);
  const Stopwatch watch;
  const LesionDatasetSummary summary = write_lesion_dataset(
      dataset, [&](std::size_t done, std::size_t total) { line.update(fmt::format("image {}/{}", done, total)); });
  line.finish(fmt::format("{} images read", dataset.sources.size()));
  for (const std::string& failure : summary.failures) fmt::print(stderr, "ra: error: {}\n", failure);
  const int exit_code = summary.failures.empty() ? kExitSuccess : kExitInputsFailed;
  if (options.common.quiet) return exit_code;
  fmt::print("{} lesions put into {} slices in {}{}{}\n", summary.lesions, summary.slices, watch.text(),
             summary.left_out > 0 ? fmt::format("; {} slices with too little brain left out", summary.left_out) : "",
             summary.failures.empty() ? "" : fmt::format("; {} failed", summary.failures.size()));
  if (summary.lesions == 0) return exit_code;
  fmt::print("Lesions: {}\nTheir originals: {}\nThe licence of the originals applies to the copies.\n",
             (dataset.output / "lesions.csv").string(), (dataset.output / "healthy.csv").string());
  return exit_code;
}

int run_synthesize(const SynthesizeOptions& options) {
  apply_common_options(options.common);
  const StopSignal stop;
  return options.into.empty() ? make_brains(options) : put_lesions(options);
}

void add_lesion_options(CLI::App& command, SynthesizeOptions& options) {
  command.add_option("--into", options.into,
                     "put lesions into real axial T1-weighted slices instead: image files, folders (searched through), "
                     "globs or CSV lists. Copies stay under the licence of their originals");
  command
      .add_option("--kinds", options.kinds,
                  "with --into: kinds of lesions, in turn, separated by commas: mass, white_matter_lesions, "
                  "resection_cavity, enlarged_ventricles, midline_shift, haemorrhage; default: all")
      ->delimiter(',');
  command.add_option("--variants", options.variants,
                     "with --into: copies of a slice, each with one lesion; default: 1");
  command.add_option("--slices", options.slices,
                     "with --into: slices of a volume: mid, all, A:B or i,j,k; default: mid");
  command.add_option("--spacing", options.pixel_mm,
                     "with --into: edge of a pixel in mm; default: what the file says, else from the brain's size");
  command.add_option("--data-root", options.common.data_root, "Folder that relative paths in lists start from");
}

}  // namespace

void add_synthesize_command(CLI::App& app) {
  CLI::App& command = add_verb(app, "synthesize", "Make synthetic brains, or put synthetic lesions into real slices",
                               "ra synthesize --output brains --count 700 --seed 1 --lesions");
  const auto options = std::make_shared<SynthesizeOptions>();
  command
      .add_option("--output", options->output,
                  "folder for images/, masks/, lists/ and manifest.csv; with --into: healthy.csv and lesions.csv")
      ->required();
  command.add_option("--count", options->count, "healthy brains: 70 % train, 15 % val, the rest test");
  command.add_flag("--lesions", options->lesions, "also every test brain a second time, with a lesion");
  add_lesion_options(command, *options);
  add_seed_option(command, options->common);
  command.add_option("--threads", options->common.threads, "images made at a time; 0 lets the machine choose")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  add_overwrite_option(command, options->common);
  add_log_options(command, options->common);
  on_run(command, [options] { return run_synthesize(*options); });
}

}  // namespace ra

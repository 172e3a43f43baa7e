#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "ra/base/error.h"
#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/cli/evaluation_display.h"
#include "ra/data/path_list.h"
#include "ra/data/subject.h"
#include "ra/experiment/device.h"
#include "ra/experiment/load_config.h"
#include "ra/experiment/run_downstream.h"
#include "ra/experiment/run_folder.h"
#include "ra/report/evaluation_output.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

struct EvaluateOptions {
  CommonOptions common;
  std::string file;  // experiment file, or empty
  std::string model;
  std::vector<std::string> manifests;  // NAME=FILE
  std::string split;
  fs::path output;
  std::vector<std::string> train;  // for the opponents
  DetectionOptions detection;
  std::string slices = "mid";
  EvaluationRunOptions run;
};

// One line of progress for an evaluation.
std::function<void(std::size_t, std::size_t)> show(ProgressLine& line, const std::string& name) {
  return [&line, name](std::size_t done, std::size_t all) {
    line.update(fmt::format("{}image {}/{}{}", name.empty() ? "" : name + ": ", done, all,
                            done == all ? "; judging cases" : ""));
  };
}

LabelledSet read_set(const std::string& word) {
  const std::size_t sign = word.find('=');
  if (sign == 0 || sign == std::string::npos || sign + 1 == word.size()) {
    throw Error(ErrorCode::kUsage, "--manifest takes NAME=FILE, not '" + word + "'; `Normal` in NAME means healthy");
  }
  return read_manifest(word.substr(0, sign), word.substr(sign + 1));
}

// Leaves the rows of the split.
void choose_split(LabelledSet& set, const std::string& split) {
  if (split.empty()) return;
  std::erase_if(set.rows, [&](const ManifestRow& row) { return row.split != split; });
  if (!set.rows.empty()) return;
  throw Error(ErrorCode::kUsage, "no row of set '" + set.name + "' has the split '" + split + "'");
}

// Whom each value of the column `split` shows, over all sets.
std::vector<NamedSubjects> subjects_by_split(const std::vector<LabelledSet>& sets) {
  std::map<std::string, std::set<std::string>> splits;
  for (const LabelledSet& set : sets) {
    for (const ManifestRow& row : set.rows) {
      if (!row.split.empty()) splits[row.split].insert(row.subject.empty() ? subject_of(row.image) : row.subject);
    }
  }
  std::vector<NamedSubjects> parts;
  for (const auto& [split, subjects] : splits) {
    parts.push_back({"split '" + split + "'", {subjects.begin(), subjects.end()}});
  }
  return parts;
}

// Refuses parts of the data that share people, or keeps the sentence for the results where that is allowed.
void guard_parts(const std::vector<NamedSubjects>& parts, EvaluationRunOptions& run) {
  const std::string shared = describe_shared_subjects(parts);
  if (shared.empty()) return;
  if (!run.allow_overlap) {
    throw Error(ErrorCode::kUsage,
                shared + "; leave them out of one, or say --allow-overlap, and the results will say so");
  }
  run.shared_subjects.push_back(shared);
}

// The sets to judge, of people that stand in one split and did not make the opponents.
std::vector<LabelledSet> read_sets(EvaluateOptions& options) {
  std::vector<LabelledSet> sets;
  for (const std::string& word : options.manifests) sets.push_back(read_set(word));
  guard_parts(subjects_by_split(sets), options.run);
  for (LabelledSet& set : sets) choose_split(set, options.split);
  if (options.train.empty()) return sets;
  PathLists lists(options.common.data_root);
  const std::vector<fs::path> training = lists.expand(options.train);
  lists.require_all_found();
  std::vector<std::string> trained = subjects_of(training, lists.subjects());
  for (std::string& subject : subjects_by_files(training)) trained.push_back(std::move(subject));
  guard_parts({{"--train", trained}, {"the judged sets", subjects_of_sets(sets)}}, options.run);
  options.run.evaluation.training = training;
  return sets;
}

int exit_code_of(std::size_t failed, bool quiet) {
  if (!quiet) fmt::print("Research use only; not a medical device.\n");
  return failed == 0 ? kExitSuccess : kExitInputsFailed;
}

int evaluate_manifests(EvaluateOptions& options) {
  if (options.model.empty() || options.manifests.empty() || options.output.empty()) {
    throw Error(ErrorCode::kUsage,
                "name an experiment file (ra evaluate CONFIG), or --model, --manifest NAME=FILE and --output");
  }
  if (fs::exists(options.output / "results.json") && !options.common.overwrite) {
    throw Error(ErrorCode::kUsage,
                "'" + options.output.string() + "' holds results already; name another folder, or give --overwrite");
  }
  const std::vector<LabelledSet> sets = read_sets(options);
  const at::Device device = resolve_device(device_or_default(options.common, options.detection.backend));
  const std::uint64_t seed = options.common.seed.value_or(kDefaultSeed);
  options.run.evaluation.bootstrap.seed = seed;
  options.run.slices = SliceRule::parse(options.slices);
  const StopSignal stop;
  const AnomalyDetector detector = AnomalyDetector::load(options.model, options.detection, device, seed);
  ProgressLine line(stderr, options.common.quiet);
  const EvaluationResults results = run_evaluation(detector, sets, options.run, options.output, show(line, ""));
  line.finish(fmt::format("{} images judged", results.cases.size()));
  print_evaluation(results, options.output, options.common.quiet);
  return exit_code_of(results.failures.size(), options.common.quiet);
}

int evaluate_config(const EvaluateOptions& options) {
  LoadedConfig loaded = load_config(options.file, options.common.set);
  ExperimentConfig& config = loaded.config;
  if (!options.common.data_root.empty()) config.data.root = options.common.data_root;
  if (options.common.device) config.device = *options.common.device;
  if (options.common.seed) config.seed = *options.common.seed;
  if (options.run.allow_overlap) config.data.allow_overlap = true;
  if (!options.model.empty()) config.weights = options.model;
  if (!options.output.empty()) config.output = options.output.string();
  const DetectionOptions& detection = options.detection;
  if (!detection.perceptual.empty()) config.detection.perceptual = detection.perceptual;
  if (!detection.perceptual_weights.empty()) config.detection.perceptual_weights = detection.perceptual_weights;
  if (!detection.latent.empty()) config.detection.latent = detection.latent;
  if (!detection.backend.empty()) config.detection.backend = detection.backend;
  if (!detection.precision.empty()) config.detection.precision = detection.precision;
  if (config.weights.empty()) throw Error(ErrorCode::kUsage, "the experiment names no `weights`; give --model");
  config.task = "test";
  config.finish();
  const at::Device device = resolve_device(config.device);
  const ExperimentFiles files = find_experiment_files(config);
  const fs::path folder = run_folder_of(config);
  const ClaimedFolder claimed = claim_run_folder(folder, config, options.common.overwrite);
  const StopSignal stop;
  const AnomalyDetector detector = load_detector(config, files.weights, device);
  begin_run_folder(folder, config, identify_data(files.data), device);
  std::size_t failed = 0;
  for (std::size_t k = 0; k < config.downstream_tasks.size() && StopSignal::received() == 0; ++k) {
    const std::string& name = config.downstream_tasks[k].name;
    ProgressLine line(stderr, options.common.quiet);
    const DownstreamResult result =
        run_downstream_task(config, k, files, detector, folder, show(line, name), options.run.evaluation);
    line.finish(fmt::format("{}: {} images judged", name, result.results.cases.size()));
    if (!options.common.quiet) {
      fmt::print("Downstream task {} ({})\n", name, to_string(config.downstream_tasks[k].kind));
    }
    print_evaluation(result.results, result.folder, options.common.quiet);
    failed += result.results.failures.size();
  }
  return exit_code_of(failed, options.common.quiet);
}

int run_evaluate(EvaluateOptions& options) {
  apply_common_options(options.common);
  if (const std::optional<double> threshold = options.run.evaluation.threshold;
      threshold && !(std::isfinite(*threshold) && *threshold > 0.0)) {
    throw Error(ErrorCode::kUsage, fmt::format("--threshold is {}, it must be a finite number above 0", *threshold));
  }
  if (options.file.empty()) return evaluate_manifests(options);
  if (!options.manifests.empty()) {
    throw Error(ErrorCode::kUsage, "give an experiment file or --manifest, not both");
  }
  if (!options.split.empty() || !options.train.empty() || options.slices != "mid") {
    throw Error(ErrorCode::kUsage,
                "--split, --slices and --train belong to --manifest; an experiment file names its own lists");
  }
  return evaluate_config(options);
}

void add_options(CLI::App& command, EvaluateOptions& options) {
  command.add_option("CONFIG", options.file, "Experiment file: its downstream tasks, with --model or its weights");
  command.add_option("--model", options.model, "Checkpoint or NAME.ra");
  // One value an option, so that a CONFIG behind it is not taken for another value.
  command
      .add_option("--manifest", options.manifests, "NAME=FILE: a labelled set (repeatable); Normal in NAME: healthy")
      ->allow_extra_args(false);
  command.add_option("--split", options.split, "Only rows of the manifests with this split");
  command.add_option("--output", options.output, "Folder for results.json, cases.csv, boxes.csv and the gallery");
  command
      .add_option("--train", options.train, "Healthy training pictures, a list or folder: adds mean picture and PCA")
      ->allow_extra_args(false);
  command.add_option("--slices", options.slices,
                     "Slices of volumes in manifests, each a case: mid, all, A:B or i,j,k; default: mid");
  command.add_option("--threshold", options.run.evaluation.threshold,
                     "Pixel threshold on the map; default: the calibration's, else from the healthy maps");
  command.add_option("--resamples", options.run.evaluation.bootstrap.resamples, "Of the bootstrap")
      ->capture_default_str();
  command.add_flag("--allow-overlap", options.run.allow_overlap,
                   "Judge people that the model or --train has seen, or that are in two splits; the results say so");
  add_detection_options(command, options.detection);
  add_engine_options(command, options.detection);
  add_set_option(command, options.common);
  add_common_options(command, options.common);
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App& command = add_verb(app, "evaluate", "Judge a model on labelled sets: detection, localization, uncertainty",
                               "ra evaluate --model best.pt --manifest Normal=healthy.csv --manifest lesions=ill.csv "
                               "--output results");
  add_options(command, *options);
  on_run(command, [options] { return run_evaluate(*options); });
}

}  // namespace ra

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ra/base/error.h"
#include "ra/base/log.h"
#include "ra/base/progress.h"
#include "ra/base/random.h"
#include "ra/base/stop_signal.h"
#include "ra/cli/command.h"
#include "ra/cli/common_options.h"
#include "ra/data/path_list.h"
#include "ra/detection/bundle.h"
#include "ra/detection/calibrator.h"
#include "ra/detection/subject_guard.h"
#include "ra/experiment/device.h"

namespace ra {
namespace {

namespace fs = std::filesystem;

struct CalibrateOptions {
  CommonOptions common;
  std::string model, base;
  std::vector<std::string> inputs;
  fs::path output;
  std::string slices;
  std::string licence;
  bool include_perceptual = false;
  bool allow_overlap = false;
  DetectionOptions detection;
  std::vector<std::string> engines;  // BACKEND or BACKEND:PRECISION
  CalibrationOptions calibration;
};

// What is calibrated: a checkpoint, or a bundle whose calibrations are replaced.
struct Source {
  fs::path path;
  ModelFile model;
  std::optional<Bundle> base;

  const Calibration* calibration() const { return base ? &base->calibrations.front() : nullptr; }
};

Source read_source(const CalibrateOptions& options) {
  if (options.model.empty() == options.base.empty()) {
    throw Error(ErrorCode::kUsage, "name one of --model CHECKPOINT and --base NAME.ra");
  }
  Source source;
  source.path = options.model.empty() ? options.base : options.model;
  if (options.base.empty()) {
    if (is_bundle(source.path)) {
      throw Error(ErrorCode::kUsage, "'" + options.model + "' is a bundle: use --base to calibrate it anew");
    }
    source.model = read_model_file(source.path);
  } else {
    source.base = read_bundle(source.path);
    source.model = source.base->model;
  }
  return source;
}

// What each calibration of the bundle is to run on, the default first: what was asked for, else that of the base.
std::vector<DetectionOptions> engines_of(const Source& source, const CalibrateOptions& options) {
  DetectionOptions one = options.detection;
  if (source.model.squeezenet && one.perceptual_weights.empty() && one.perceptual == source.model.perceptual) {
    one.perceptual.clear();
  }
  std::vector<DetectionOptions> all;
  const auto add = [&](const std::string& backend, const std::string& precision) {
    one.backend = backend;
    one.precision = precision;
    one.validate();
    const bool twice = std::any_of(all.begin(), all.end(), [&](const DetectionOptions& other) {
      return other.backend == backend && other.precision == precision;
    });
    if (twice) throw Error(ErrorCode::kUsage, fmt::format("--backend names {}:{} twice", backend, precision));
    all.push_back(one);
  };
  const std::string asked = options.detection.precision.empty() ? "fp32" : options.detection.precision;
  for (const std::string& word : options.engines) {
    const std::size_t colon = word.find(':');
    add(word.substr(0, colon), colon == std::string::npos ? asked : word.substr(colon + 1));
  }
  if (all.empty() && source.base && options.detection.precision.empty()) {
    for (const Calibration& of_base : source.base->calibrations) {
      add(of_base.detector.backend, of_base.detector.precision);
    }
  }
  if (all.empty()) add("torch", asked);
  return all;
}

AnomalyDetector make_detector(const Source& source, const DetectionOptions& detection, const CommonOptions& common) {
  const at::Device device = resolve_device(device_or_default(common, detection.backend));
  const std::string name = source.path.filename().string() + " " + source.model.sha256.substr(0, 12);
  return AnomalyDetector(source.model, name, detection, device, common.seed.value_or(kDefaultSeed));
}

// Both populations stay on record.
void add_earlier(Calibration& calibration, const Calibration* base) {
  if (base == nullptr) return;
  calibration.earlier = base->earlier;
  calibration.earlier.push_back(base->population);
}

void keep_perceptual_weights(ModelFile& model, const CalibrateOptions& options, const std::string& perceptual) {
  if (!options.include_perceptual) {
    // Those of a base stay where they were included before.
    if (perceptual != "squeezenet") model.squeezenet.reset();
    return;
  }
  if (perceptual != "squeezenet") {
    throw Error(ErrorCode::kUsage,
                "--include-perceptual needs --perceptual squeezenet: encoder has no weights of its own");
  }
  if (!options.detection.perceptual_weights.empty()) {
    model.squeezenet = read_squeezenet_weights(options.detection.perceptual_weights);
  }
}

void print_calibration(const Calibration& calibration) {
  const DetectorIdentity& by = calibration.detector;
  fmt::print("Calibrated {} ({} perceptual distance, latent {}, {} {}) on {} healthy images of {} {}\n", by.model,
             by.perceptual, by.latent, by.backend, by.precision, calibration.population.images,
             calibration.population.subjects.size(),
             calibration.population.subjects_known ? "subjects" : "images taken for subjects (people unknown)");
  for (std::size_t k = 0; k < calibration.all_pixels.size(); ++k) {
    fmt::print("Pixel threshold at {:g} %: {:.6g} on all pixels, {:.6g} on brain pixels\n",
               calibration.all_pixels[k].percent, calibration.all_pixels[k].threshold,
               calibration.brain_pixels[k].threshold);
  }
}

void print_summary(const CalibrateOptions& options, const Bundle& bundle, const std::vector<std::string>& failures) {
  for (const std::string& failure : failures) fmt::print(stderr, "ra: error: {}\n", failure);
  if (options.common.quiet) return;
  for (const Calibration& one : bundle.calibrations) print_calibration(one);
  if (!bundle.model.subjects) fmt::print("Training subjects: unknown; nobody can say whether it had seen these\n");
  fmt::print("Bundle: {}\nResearch use only; not a medical device.\n", options.output.string());
}

// The images, each once, however it was named.
std::vector<fs::path> without_repeats(const std::vector<fs::path>& images) {
  std::vector<fs::path> once;
  std::set<fs::path> seen;
  for (const fs::path& image : images) {
    if (seen.insert(fs::weakly_canonical(image)).second) once.push_back(image);
  }
  if (once.size() < images.size()) {
    log::warning("{} of {} healthy images are repeated under the same path; each counts once",
                 images.size() - once.size(), images.size());
  }
  return once;
}

// Refuses people that the model has seen: those that a list names, and those that the files themselves show, since the
// list that the model was trained from may have named others, or nobody.
SubjectOverlap guard_subjects(const Source& source, const std::vector<fs::path>& images, const PathLists& lists,
                              bool allowed) {
  std::vector<std::string> asked = subjects_of(images, lists.subjects());
  for (std::string& subject : subjects_by_files(images)) asked.push_back(std::move(subject));
  SubjectOverlap overlap = check_overlap(source.model.subjects, source.calibration(), asked);
  require_no_overlap(overlap, allowed);
  if (overlap.any()) log::warning("{}; allowed by --allow-overlap, and recorded", overlap.describe());
  return overlap;
}

int run_calibrate(CalibrateOptions& options) {
  apply_common_options(options.common);
  if (options.output.extension() != ".ra") {
    throw Error(ErrorCode::kUsage, "'" + options.output.string() + "' must end in .ra: it is a bundle");
  }
  if (fs::exists(options.output) && !options.common.overwrite) {
    throw Error(ErrorCode::kUsage, "'" + options.output.string() + "' exists: use --overwrite to replace it");
  }
  PathLists lists(options.common.data_root);
  const std::vector<fs::path> named = lists.expand(options.inputs);
  lists.require_all_found();
  lists.require_healthy();
  const StopSignal stop;
  Source source = read_source(options);
  const SubjectOverlap overlap = guard_subjects(source, named, lists, options.allow_overlap);
  const std::vector<fs::path> images = without_repeats(named);
  const std::vector<std::string> subjects = subjects_of(images, lists.subjects());
  const std::vector<DetectionOptions> engines = engines_of(source, options);
  const std::string of_base = source.base ? source.base->calibrations.front().slices : "mid";
  options.calibration.slices = SliceRule::parse(options.slices.empty() ? of_base : options.slices);

  std::vector<Calibration> calibrations;
  std::vector<std::string> failures;
  std::optional<AnomalyDetector> first;
  for (const DetectionOptions& engine : engines) {
    AnomalyDetector detector = make_detector(source, engine, options.common);
    if (!first) keep_perceptual_weights(source.model, options, detector.identity().perceptual);
    ProgressLine line(stderr, options.common.quiet);
    CalibrationRun run = calibrate(
        detector, images, subjects, options.calibration,
        [&](std::size_t done, std::size_t all) { line.update(fmt::format("healthy image {}/{}", done, all)); });
    line.finish(fmt::format("{} healthy images scored by {} {}", run.calibration.population.images,
                            detector.identity().backend, detector.identity().precision));
    run.calibration.overlap_allowed = overlap.any();
    add_earlier(run.calibration, source.calibration());
    calibrations.push_back(with_canary(std::move(run.calibration), detector, detector.seed()));
    failures = std::move(run.failures);
    if (!first) first.emplace(std::move(detector));
  }
  Bundle bundle = bundle_of(source.model, *first, std::move(calibrations));
  bundle.licence = options.licence.empty() && source.base ? source.base->licence : options.licence;
  write_bundle(options.output, bundle);
  print_summary(options, bundle, failures);
  return failures.empty() ? kExitSuccess : kExitInputsFailed;
}

void add_options(CLI::App& command, CalibrateOptions& options) {
  command.add_option("--model", options.model, "checkpoint (.pt or .safetensors) to calibrate");
  command.add_option("--base", options.base, "bundle to calibrate anew on other images: its weights are kept");
  command
      .add_option("HEALTHY", options.inputs,
                  "healthy images that the model has not seen: files, folders, globs or "
                  "CSV lists (a column subject says whom an image shows; label 1 is refused)")
      ->required();
  command.add_option("--output", options.output, "bundle to write, NAME.ra")->required();
  command.add_option("--fpr", options.calibration.rates, "false-positive rates that p-values must be able to reach")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  command.add_flag("--include-perceptual", options.include_perceptual, "put the squeezenet weights into the bundle");
  add_detection_options(command, options.detection);
  command
      .add_option(
          "--backend", options.engines,
          "engines to calibrate for, BACKEND or BACKEND:PRECISION, separated by commas (torch,openvino:bf16); the "
          "bundle runs by default on the first; default: the base's, else torch")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--precision", options.detection.precision,
                  "fp32 or bf16: of the engines that --backend names without one; default: the base's, else fp32")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  command.add_option("--slices", options.slices,
                     "slices of a volume: mid, all, A:B or i,j,k; default: the base's, else mid");
  command.add_option("--label", options.calibration.label, "the healthy population in a few words, for the record");
  command.add_option("--licence", options.licence, "licence of the model, for the record");
  command.add_flag("--normalised-map", options.calibration.normalised_map,
                   "keep mean and spread of the healthy maps, pixel by pixel");
  command.add_flag("--allow-overlap", options.allow_overlap,
                   "take subjects that the model has seen; the bundle says so");
  add_common_options(command, options.common);
}

}  // namespace

void add_calibrate_command(CLI::App& app) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App& command = add_verb(
      app, "calibrate", "Learn from healthy images which scores are unusual, and write model and all in one file",
      "ra calibrate --model runs/ixi/checkpoints/best.pt healthy/ --output ixi.ra");
  add_options(command, *options);
  on_run(command, [options] { return run_calibrate(*options); });
}

}  // namespace ra

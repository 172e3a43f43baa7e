#include "ra/report/evaluation_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/data/csv_field.h"
#include "ra/data/subject.h"
#include "ra/detection/subject_guard.h"
#include "ra/evaluation/latents.h"
#include "ra/report/contact_sheet.h"
#include "ra/report/gallery.h"
#include "ra/report/tensor_picture.h"

namespace ra {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json metric_json(const EvaluatedMetric& row) {
  Json entry = {{"protocol", row.protocol},
                {"set", row.set},
                {"group", row.group},
                {"method", row.method},
                {"score", row.score},
                {"metric", row.metric},
                {"mode", row.mode},
                {"value", number(row.value.value)},
                {"low", row.interval ? Json(row.interval->low) : Json(nullptr)},
                {"high", row.interval ? Json(row.interval->high) : Json(nullptr)},
                {"interval", row.interval_kind},
                {"n", row.n},
                {"reason", row.reason}};
  if (row.p_value) entry["p_value"] = *row.p_value;
  return entry;
}

Json curve_json(const NamedCurve& curve) {
  Json points = Json::array();
  for (const CurvePoint& point : curve.points) points.push_back({point.x, point.y});
  return {{"kind", curve.kind}, {"set", curve.set}, {"method", curve.method}, {"points", points}};
}

Json results_json(const EvaluationResults& results, const AnomalyDetector& detector, std::uint64_t seed,
                  bool shared_subjects) {
  const DetectorIdentity& by = detector.identity();
  Json json = {{"note", "Research use only; not a medical device."},
               {"format", kResultsFormat},
               {"seed", seed},
               {"detector",
                {{"model", by.model},
                 {"perceptual", by.perceptual},
                 {"backend", by.backend},
                 {"precision", by.precision},
                 {"latent", by.latent}}},
               {"training_subjects", detector.training_subjects() ? "known" : "unknown"},
               {"overlap_allowed", shared_subjects},
               {"warnings", results.warnings},
               {"sets", results.sets},
               {"methods", results.methods},
               {"threshold", number(results.threshold)}};
  for (const char* list : {"metrics", "curves", "thresholds"}) json[list] = Json::array();
  for (const EvaluatedMetric& row : results.metrics) json["metrics"].push_back(metric_json(row));
  for (const NamedCurve& curve : results.curves) json["curves"].push_back(curve_json(curve));
  for (const HealthyMapThreshold& one : results.thresholds) {
    json["thresholds"].push_back(
        {{"pixels", one.pixels}, {"percent", one.percent}, {"threshold", one.threshold}, {"mode", one.mode}});
  }
  json["failures"] = results.failures;
  return json;
}

std::string field(const std::optional<double>& value) { return value ? fmt::format("{:.9g}", *value) : ""; }

std::string cases_csv(const EvaluationResults& results) {
  std::vector<std::string> groups;
  for (const std::string_view column : kGroupColumns) {
    const bool present = std::any_of(results.cases.begin(), results.cases.end(),
                                     [&](const CaseRecord& one) { return one.groups.count(std::string(column)) > 0; });
    if (present) groups.emplace_back(column);
  }
  std::string text = "case,set,image,slice,subject,label,class,score,score_maximum";
  for (std::size_t k = 1; k < results.methods.size(); ++k) {
    text += fmt::format(",{0}_score,{0}_score_maximum", results.methods[k]);
  }
  text += ",mae,mse,psnr,ssim," + results.distance_name() + ",dice,p_value,p_value_maximum,sheet,row";
  for (const std::string& group : groups) text += "," + group;
  text += "\n";
  for (std::size_t k = 0; k < results.cases.size(); ++k) {
    const CaseRecord& one = results.cases[k];
    const GalleryPlace place = Gallery::place(k);
    text += fmt::format("{},{},{},{},{},{},{}", k, csv_field(results.sets[one.set]), csv_field(one.image.string()),
                        one.slice ? std::to_string(*one.slice) : "", csv_field(one.subject), one.pathological ? 1 : 0,
                        csv_field(one.label));
    for (const MethodScore& score : one.scores) text += fmt::format(",{:.9g},{:.9g}", score.mean, score.maximum);
    text += fmt::format(",{:.9g},{:.9g},{},{:.9g},{:.9g},{},{},{},{},{}", one.mae, one.mse, field(one.psnr), one.ssim,
                        one.perceptual_distance, field(one.dice), field(one.p_value), field(one.p_value_maximum),
                        place.sheet, place.row);
    for (const std::string& group : groups) {
      const auto value = one.groups.find(group);
      text += "," + (value == one.groups.end() ? "" : csv_field(value->second));
    }
    text += "\n";
  }
  return text;
}

std::string boxes_csv(const EvaluationResults& results) {
  std::string text = "case,set,class,box,size,tp,fp,precision,f1,strict_iou,strict_hit\n";
  for (std::size_t k = 0; k < results.cases.size(); ++k) {
    const CaseRecord& one = results.cases[k];
    for (const BoxRecord& box : one.boxes) {
      text += fmt::format("{},{},{},{} {} {} {},{},{},{},{:.9g},{:.9g},{},{}\n", k, csv_field(results.sets[one.set]),
                          csv_field(box.label), box.box.x, box.box.y, box.box.width, box.box.height,
                          to_string(box.size), box.paper.tp, box.paper.fp, box.paper.precision, box.paper.f1,
                          field(box.strict_iou), box.strict_iou ? (box.strict_hit ? "1" : "0") : "");
    }
  }
  return text;
}

void write_latents(const fs::path& folder, const EvaluationResults& results) {
  const std::vector<LatentPoint> points = latents_in_two_dimensions(results);
  if (points.empty()) return;
  std::string table = "case,kind", plane = "case,kind,x,y\n";
  for (std::size_t k = 0; k < results.cases[0].latent.size(); ++k) table += fmt::format(",z{}", k);
  table += "\n";
  for (const bool input : {true, false}) {
    const char* kind = input ? "input" : "reconstruction";
    for (std::size_t k = 0; k < results.cases.size(); ++k) {
      const CaseRecord& one = results.cases[k];
      table += fmt::format("{},{}", k, kind);
      for (const float value : input ? one.latent : one.reconstruction_latent) table += fmt::format(",{:.6g}", value);
      table += "\n";
      const LatentPoint& point = points[k + (input ? 0 : results.cases.size())];
      plane += fmt::format("{},{},{:.9g},{:.9g}\n", k, kind, point.x, point.y);
    }
  }
  write_file(folder / "latents.csv", table);
  write_file(folder / "latents_pca.csv", plane);
}

// The first cases of every set for sheet.png: chosen by their place in the list, not by their looks.
class FirstCases {
 public:
  void add(const CaseRecord& record, const CasePictures& pictures) {
    if (of_set_[record.set]++ >= kOfSet || cases_.size() >= kAll) return;
    SheetCase one;
    one.title = record.image.stem().string();
    one.input = tensor_picture(pictures.input);
    one.reconstruction = tensor_picture(pictures.reconstruction);
    one.map = tensor_picture(pictures.map);
    one.score = record.scores.front().mean;
    if (pictures.truth) one.truth = tensor_picture(*pictures.truth);
    cases_.push_back(std::move(one));
  }

  void write(const fs::path& path, const AnomalyDetector& detector) const {
    if (cases_.empty()) return;
    ContactSheetOptions options;
    options.title = "First cases of every set; one colour scale for all";
    options.zoom = detector.input().image_size < 128 ? 2 : 1;
    options.cases_per_row = 2;
    write_picture(path, render_contact_sheet(cases_, ColorScale(detector.map_maximum()), options));
  }

 private:
  static constexpr int kOfSet = 8;
  static constexpr std::size_t kAll = 64;
  std::map<std::size_t, int> of_set_;
  std::vector<SheetCase> cases_;
};

void write_tables(const fs::path& folder, const EvaluationResults& results, const AnomalyDetector& detector,
                  std::uint64_t seed, bool shared_subjects) {
  write_latents(folder, results);
  write_file(folder / "boxes.csv", boxes_csv(results));
  write_file(folder / "cases.csv", cases_csv(results));
  write_file(folder / "results.json", results_json(results, detector, seed, shared_subjects).dump(1) + "\n");
}

// Apart from results.json, which is a function of the files and the seed.
Json timing_json(const EvaluationSeconds& seconds) {
  return {{"seconds",
           {{"files", seconds.files},
            {"network", seconds.network},
            {"opponents", seconds.opponents},
            {"metrics", seconds.metrics},
            {"statistics", seconds.statistics},
            {"output", seconds.output}}}};
}

std::vector<std::string> subjects_of_plan(const EvaluationPlan& plan) {
  std::vector<fs::path> files;
  for (const PlannedImage& image : plan.images) files.push_back(image.file);
  const std::vector<std::string> by_files = subjects_by_files(files);
  std::set<std::string> subjects(by_files.begin(), by_files.end());
  for (const PlannedCase& one : plan.cases) subjects.insert(one.subject);
  return {subjects.begin(), subjects.end()};
}

// What an earlier evaluation left, so that no file of it stays beside the new ones.
void clear(const fs::path& folder) {
  for (const char* old : {"results.json", "timing.json", "cases.csv", "boxes.csv", "latents.csv", "latents_pca.csv",
                          "sheet.png", "gallery"}) {
    fs::remove_all(folder / old);
  }
}

}  // namespace

std::vector<std::string> subjects_of_sets(const std::vector<LabelledSet>& sets) {
  return subjects_of_plan(plan_evaluation(sets));
}

EvaluationResults run_evaluation(const AnomalyDetector& detector, const std::vector<LabelledSet>& sets,
                                 const EvaluationRunOptions& options, const fs::path& folder,
                                 const std::function<void(std::size_t, std::size_t)>& progress) {
  EvaluationSeconds seconds;
  EvaluationPlan plan;
  SubjectOverlap overlap;
  {
    const TimedPart timed(seconds.files);
    plan = plan_evaluation(sets, options.slices);
    overlap = check_overlap(detector, subjects_of_plan(plan));
  }
  require_no_overlap(overlap, options.allow_overlap);
  make_output_folder(folder);
  clear(folder);
  Gallery gallery(folder / "gallery", detector.map_maximum());
  EvaluationOptions evaluation = options.evaluation;
  evaluation.scratch = folder;
  FirstCases first;
  const auto show = [&](const CaseRecord& record, const CasePictures& pictures) {
    gallery.add(pictures);
    first.add(record, pictures);
  };
  EvaluationResults results = evaluate(detector, plan, evaluation, show, progress);
  if (overlap.any()) results.warnings.insert(results.warnings.begin(), overlap.describe());
  for (const std::string& shared : options.shared_subjects) results.warnings.push_back(shared);
  for (std::string& warning : subject_warnings(detector)) results.warnings.push_back(std::move(warning));
  const Calibration* calibration = detector.calibration();
  if (calibration != nullptr && calibration->slices != options.slices.text()) {
    results.warnings.push_back(
        fmt::format("of volumes, the model was calibrated on slices '{}', but slices '{}' are judged here: p-values of "
                    "volumes do not hold",
                    calibration->slices, options.slices.text()));
  }
  results.seconds.files += seconds.files;
  {
    const TimedPart timed(results.seconds.output);
    gallery.finish();
    first.write(folder / "sheet.png", detector);
    write_tables(folder, results, detector, evaluation.bootstrap.seed,
                 overlap.any() || !options.shared_subjects.empty() || overlap_was_allowed(detector));
  }
  write_file(folder / "timing.json", timing_json(results.seconds).dump(1) + "\n");
  return results;
}

}  // namespace ra

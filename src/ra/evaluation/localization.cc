#include "ra/evaluation/localization.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "ra/evaluation/cases.h"
#include "ra/metrics/pixel_bootstrap.h"
#include "ra/metrics/rates.h"

namespace ra {
namespace {

// Boxes of a set or a part of it, each with its case.
struct BoxList {
  CaseList cases;
  std::vector<const BoxRecord*> boxes;

  std::vector<double> values(double (*of)(const BoxRecord&)) const {
    std::vector<double> all;
    for (const BoxRecord* box : boxes) all.push_back(of(*box));
    return all;
  }
};

EvaluatedMetric row_of(const char* protocol, const std::string& set, const std::string& group,
                       const std::string& method, std::string metric, const char* mode, std::vector<std::size_t> n) {
  EvaluatedMetric row;
  row.protocol = protocol;
  row.set = set;
  row.group = group;
  row.method = method;
  row.metric = std::move(metric);
  row.mode = mode;
  row.n = std::move(n);
  return row;
}

void add_detection_rates(EvaluationResults& results, const std::string& set, const std::string& group,
                         const BoxList& list, const BootstrapOptions& options) {
  std::int64_t found = 0, strictly = 0, with_area = 0;
  BoxList judged;
  for (std::size_t k = 0; k < list.boxes.size(); ++k) {
    const BoxRecord& box = *list.boxes[k];
    found += box.paper.tp;
    if (!box.strict_iou) continue;
    ++with_area;
    strictly += box.strict_hit ? 1 : 0;
    judged.boxes.push_back(&box);
    judged.cases.push_back(list.cases[k]);
  }
  const auto row = [&](const char* mode, std::size_t n) {
    return row_of("localization", set, group, "ra", "detection_rate", mode, {n});
  };
  results.metrics.push_back(with_estimate(row("paper", list.boxes.size()),
                                          rate_estimate(found, std::ssize(list.boxes), options.level), "95 %, Wilson"));
  const std::vector<double> hits = judged.values([](const BoxRecord& box) { return box.strict_hit ? 1.0 : 0.0; });
  EvaluatedMetric strict = with_mean(row("strict", hits.size()), judged.cases, hits, options);
  if (!strict.interval && !is_clustered(subject_numbers(judged.cases))) {
    strict =
        with_estimate(row("strict", hits.size()), rate_estimate(strictly, with_area, options.level), "95 %, Wilson");
  }
  results.metrics.push_back(std::move(strict));
}

void add_paper_means(EvaluationResults& results, const std::string& set, const BoxList& list,
                     const BootstrapOptions& options) {
  const auto add = [&](const char* metric, double (*of)(const BoxRecord&)) {
    results.metrics.push_back(with_mean(row_of("localization", set, "", "ra", metric, "paper", {list.boxes.size()}),
                                        list.cases, list.values(of), options));
  };
  add("precision", [](const BoxRecord& box) { return box.paper.precision; });
  add("f1", [](const BoxRecord& box) { return box.paper.f1; });
  add("false_positives", [](const BoxRecord& box) { return static_cast<double>(box.paper.fp); });
}

void add_froc(EvaluationResults& results, const std::string& set, const CaseList& cases,
              const BootstrapOptions& options) {
  std::vector<ImageMarks> marks;
  for (const CaseRecord* one : cases) marks.push_back(*one->marks);
  const auto replicates = bootstrap_froc(marks, subject_numbers(cases), kFrocRates, options);
  for (std::size_t k = 0; k < replicates.size(); ++k) {
    const std::string metric =
        k < kFrocRates.size() ? fmt::format("froc_sensitivity_at_{:g}", kFrocRates[k]) : "froc_mean";
    results.metrics.push_back(with_estimate(row_of("localization", set, "", "ra", metric, "strict", {cases.size()}),
                                            estimate(replicates[k], options.level),
                                            describe_bootstrap(cases, options)));
  }
  results.curves.push_back({"froc", set, "ra", thinned(froc_curve(marks))});
}

void add_pixels_of(EvaluationResults& results, const std::string& set, const CaseList& cases,
                   const BootstrapOptions& options) {
  const MapBins bins = evaluation_bins();
  const std::vector<std::int64_t> subjects = subject_numbers(cases);
  const std::string kind = describe_bootstrap(cases, options);
  std::vector<PixelReplicates> of_method;
  for (std::size_t method = 0; method < results.methods.size(); ++method) {
    std::vector<PixelCounts> counts;
    for (const CaseRecord* one : cases) counts.push_back(one->pixels[method]);
    of_method.push_back(bootstrap_pixels(counts, bins, subjects, options));
    const PixelReplicates& all = of_method.back();
    const auto row = [&](std::size_t of, const std::string& metric) {
      return row_of("pixel", set, "", results.methods[of], metric, "strict", {cases.size()});
    };
    const std::pair<const char*, Replicates PixelReplicates::*> parts[] = {
        {"auroc", &PixelReplicates::auroc},
        {"average_precision", &PixelReplicates::average_precision},
        {"best_dice", &PixelReplicates::best_dice},
        {"aupro", &PixelReplicates::aupro}};
    for (const auto& [metric, part] : parts) {
      results.metrics.push_back(with_estimate(row(method, metric), estimate(all.*part, options.level), kind));
      if (method == 0) continue;
      const Difference difference = paired_difference(of_method[0].*part, all.*part, options.level);
      results.metrics.push_back(
          with_difference(row(0, fmt::format("{}_minus_{}", metric, results.methods[method])), difference, kind));
    }
  }
  std::vector<double> dice;
  CaseList with_truth;
  for (const CaseRecord* one : cases) {
    if (!one->dice || !one->pixels.front().has_positives()) continue;
    dice.push_back(*one->dice);
    with_truth.push_back(one);
  }
  if (dice.empty()) return;
  results.metrics.push_back(
      with_mean(row_of("pixel", set, "", "ra", "dice", "strict", {dice.size()}), with_truth, dice, options));
}

// Cases of a set whose truth is known; empty where none of them is ill.
CaseList cases_with_truth(const EvaluationResults& results, std::size_t set) {
  const CaseList cases =
      cases_where(results, [&](const CaseRecord& one) { return one.set == set && !one.pixels.empty(); });
  const bool any = std::any_of(cases.begin(), cases.end(), [](const CaseRecord* one) { return one->pathological; });
  return any ? cases : CaseList{};
}

}  // namespace

void add_localization(EvaluationResults& results, const BootstrapOptions& options) {
  if (!results.threshold) {
    results.metrics.push_back(with_value(row_of("localization", "", "", "ra", "detection_rate", "paper", {}), {},
                                         "no threshold: there is no healthy image to take one from; give --threshold"));
    return;
  }
  for (std::size_t set = 0; set < results.sets.size(); ++set) {
    const std::string& name = results.sets[set];
    BoxList all;
    std::map<std::string, BoxList> parts;
    for (const CaseRecord& one : results.cases) {
      if (one.set != set) continue;
      for (const BoxRecord& box : one.boxes) {
        std::vector<std::string> groups = {"size=" + std::string(to_string(box.size))};
        if (!box.label.empty()) groups.push_back("class=" + box.label);
        all.cases.push_back(&one), all.boxes.push_back(&box);
        for (const std::string& group : groups) {
          parts[group].cases.push_back(&one), parts[group].boxes.push_back(&box);
        }
      }
    }
    if (!all.boxes.empty()) {
      add_detection_rates(results, name, "", all, options);
      add_paper_means(results, name, all, options);
      for (const auto& [group, list] : parts) add_detection_rates(results, name, group, list, options);
    }
    if (const CaseList cases = cases_with_truth(results, set); !cases.empty()) add_froc(results, name, cases, options);
  }
}

void add_pixel_metrics(EvaluationResults& results, const BootstrapOptions& options) {
  for (std::size_t set = 0; set < results.sets.size(); ++set) {
    const CaseList cases = cases_with_truth(results, set);
    if (!cases.empty()) add_pixels_of(results, results.sets[set], cases, options);
  }
}

}  // namespace ra

#include "ra/report/run_differences.h"

#include <algorithm>
#include <map>
#include <set>

#include "ra/data/csv_field.h"
#include "ra/data/manifest.h"
#include "ra/data/subject.h"
#include "ra/metrics/auroc_interval.h"
#include "ra/metrics/bootstrap.h"
#include "ra/metrics/rank_bootstrap.h"
#include "ra/metrics/rates.h"
#include "ra/metrics/sign_flip.h"

namespace ra {
namespace {

constexpr const char* kBootstrap = "paired bootstrap";

// Rows of two tables that are of the same case or box.
struct Pair {
  std::size_t first, second;
  std::int64_t cluster;
};

// Two values of each of some cases.
struct PairedValues {
  std::vector<double> first, second;
  std::vector<std::int64_t> clusters;

  void add(double a, double b, std::int64_t cluster) {
    first.push_back(a);
    second.push_back(b);
    clusters.push_back(cluster);
  }
  bool is_clustered() const {
    return std::set<std::int64_t>(clusters.begin(), clusters.end()).size() < clusters.size();
  }
  // Whether there is anything to test.
  bool differ() const { return first != second; }
  std::vector<double> differences() const {
    std::vector<double> all;
    for (std::size_t k = 0; k < first.size(); ++k) all.push_back(second[k] - first[k]);
    return all;
  }
};

std::string image_key(const CsvTable& cases, std::size_t row) {
  return cases.text(row, "image") + "\x1f" + cases.text(row, "slice");
}

// Set, image and slice of a case.
std::string case_key(const CsvTable& cases, std::size_t row) {
  return cases.text(row, "set") + "\x1f" + image_key(cases, row);
}

std::vector<Pair> matched_cases(const CsvTable& first, const CsvTable& second, std::string& unit) {
  std::map<std::string, std::size_t> row_of_case;
  for (std::size_t k = 0; k < first.rows.size(); ++k) row_of_case[case_key(first, k)] = k;
  std::vector<Pair> pairs;
  std::map<std::string, std::int64_t> number_of_subject;
  std::size_t known = 0;
  for (std::size_t k = 0; k < second.rows.size(); ++k) {
    const auto match = row_of_case.find(case_key(second, k));
    if (match == row_of_case.end()) continue;
    std::string subject = first.text(match->second, "subject");
    if (!subject.empty() && !is_image_itself(subject)) ++known;
    if (subject.empty()) subject = first.text(match->second, "image");
    const auto number = number_of_subject.try_emplace(subject, static_cast<std::int64_t>(number_of_subject.size()));
    pairs.push_back({match->second, k, number.first->second});
  }
  unit = known == pairs.size() ? "subjects" : known == 0 ? "images" : "subjects and images";
  return pairs;
}

// Every box of a table by its case, place and class, and its number among equal ones.
std::map<std::string, std::size_t> boxes_by_key(const EvaluationFiles& files) {
  std::map<std::string, std::string> case_of_number;
  for (std::size_t k = 0; k < files.cases.rows.size(); ++k) {
    case_of_number[files.cases.text(k, "case")] = case_key(files.cases, k);
  }
  std::map<std::string, std::size_t> rows;
  for (std::size_t k = 0; k < files.boxes.rows.size(); ++k) {
    const std::string key = case_of_number[files.boxes.text(k, "case")] + "\n" + files.boxes.text(k, "box") + "\n" +
                            files.boxes.text(k, "class");
    for (int number = 0;; ++number) {
      if (rows.emplace(key + "\n" + std::to_string(number), k).second) break;
    }
  }
  return rows;
}

class Comparison {
 public:
  Comparison(const EvaluationFiles& first, const EvaluationFiles& second, std::string run)
      : first_(first), second_(second), run_(std::move(run)) {
    pairs_ = matched_cases(first_.cases, second_.cases, unit_);
    for (const Pair& pair : pairs_) {
      const std::string& set = first_.cases.text(pair.first, "set");
      if (std::find(sets_.begin(), sets_.end(), set) == sets_.end()) sets_.push_back(set);
      has_normal_ = has_normal_ || (is_healthy(pair) && LabelledSet{set, {}}.is_normal());
    }
  }

  std::vector<RunDifference> differences() {
    for (const std::string& set : sets_) {
      add_ranking(set, "score", "mean");
      add_ranking(set, "score_maximum", "maximum");
      for (const char* column : {"mae", "mse", "psnr", "ssim", "lpips_squeezenet", "perceptual_encoder", "dice"}) {
        add_mean(set, column);
      }
      add_rate(set, "tp", "detection_rate_paper");
      add_rate(set, "strict_hit", "detection_rate_strict");
    }
    return std::move(all_);
  }

 private:
  bool is_healthy(const Pair& pair) const { return first_.cases.number(pair.first, "label") == 0.0; }

  void add(const std::string& set, std::string metric, std::string score, std::size_t cases, std::string test,
           Difference difference) {
    all_.push_back({first_.name, set, std::move(metric), std::move(score), run_, cases, unit_, std::move(test),
                    std::move(difference)});
  }

  // Whether a case is on either side of a set's ranking.
  bool is_ranked(const Pair& pair, const std::string& set) const {
    const std::string& own = first_.cases.text(pair.first, "set");
    return is_healthy(pair) ? !has_normal_ || LabelledSet{own, {}}.is_normal() : own == set;
  }

  void add_ranking(const std::string& set, const char* column, const char* score) {
    PairedValues values;
    std::vector<std::uint8_t> labels;
    std::set<std::string> healthy_images;  // an image of several sets counts once
    for (const Pair& pair : pairs_) {
      const auto a = first_.cases.number(pair.first, column), b = second_.cases.number(pair.second, column);
      if (!a || !b || !first_.cases.number(pair.first, "label") || !is_ranked(pair, set)) continue;
      if (is_healthy(pair) && !healthy_images.insert(image_key(first_.cases, pair.first)).second) continue;
      values.add(*a, *b, pair.cluster);
      labels.push_back(is_healthy(pair) ? 0 : 1);
    }
    if (std::count(labels.begin(), labels.end(), 1) == 0) return;
    const std::vector<RankMetric> metrics = {RankMetric::kAuroc, RankMetric::kAveragePrecision};
    const auto before = bootstrap_ranking(values.first, labels, values.clusters, metrics, {});
    const auto after = bootstrap_ranking(values.second, labels, values.clusters, metrics, {});
    for (std::size_t k = 0; k < metrics.size(); ++k) {
      const bool delong = metrics[k] == RankMetric::kAuroc && !values.is_clustered();
      add(set, std::string(to_string(metrics[k])), score, labels.size(), delong ? "DeLong" : kBootstrap,
          delong ? delong_difference(values.second, values.first, labels) : paired_difference(after[k], before[k]));
    }
  }

  Difference mean_difference(const PairedValues& values) const {
    Difference difference = paired_difference(bootstrap_mean(values.second, values.clusters, {}),
                                              bootstrap_mean(values.first, values.clusters, {}));
    difference.p_value.reset();
    if (values.differ()) difference.p_value = sign_flip_p_value(values.differences(), values.clusters);
    return difference;
  }

  void add_mean(const std::string& set, const char* column) {
    PairedValues values;
    for (const Pair& pair : pairs_) {
      const auto a = first_.cases.number(pair.first, column), b = second_.cases.number(pair.second, column);
      if (a && b && first_.cases.text(pair.first, "set") == set) values.add(*a, *b, pair.cluster);
    }
    if (values.first.empty()) return;
    add(set, column, "", values.first.size(), std::string(kBootstrap) + ", sign flips", mean_difference(values));
  }

  void add_rate(const std::string& set, const char* column, const char* metric) {
    std::map<std::string, std::int64_t> cluster_of_case;
    for (const Pair& pair : pairs_) cluster_of_case[case_key(first_.cases, pair.first)] = pair.cluster;
    const auto others = boxes_by_key(second_);
    PairedValues values;
    std::int64_t only_first = 0, only_second = 0;
    for (const auto& [key, row] : boxes_by_key(first_)) {
      const auto other = others.find(key);
      const auto cluster = cluster_of_case.find(key.substr(0, key.find('\n')));
      if (other == others.end() || cluster == cluster_of_case.end() || first_.boxes.text(row, "set") != set) continue;
      const auto a = first_.boxes.number(row, column), b = second_.boxes.number(other->second, column);
      if (!a || !b) continue;
      values.add(*a, *b, cluster->second);
      only_first += *a > *b ? 1 : 0;
      only_second += *b > *a ? 1 : 0;
    }
    if (values.first.empty()) return;
    Difference difference = mean_difference(values);
    if (values.differ() && !values.is_clustered()) difference.p_value = mcnemar_p_value(only_first, only_second);
    const char* test = values.is_clustered() ? ", sign flips" : ", McNemar";
    add(set, metric, "", values.first.size(), std::string(kBootstrap) + test, std::move(difference));
  }

  const EvaluationFiles& first_;
  const EvaluationFiles& second_;
  std::string run_, unit_;
  std::vector<Pair> pairs_;
  std::vector<std::string> sets_;
  bool has_normal_ = false;  // healthy cases of `Normal` sets stand for all
  std::vector<RunDifference> all_;
};

// The evaluation of `run` to compare with: of the same name, or the only one of both.
const EvaluationFiles* counterpart(const RunFiles& first, const EvaluationFiles& evaluation, const RunFiles& run) {
  if (first.evaluations.size() == 1 && run.evaluations.size() == 1) return &run.evaluations.front();
  for (const EvaluationFiles& other : run.evaluations) {
    if (other.name == evaluation.name) return &other;
  }
  return nullptr;
}

std::string reason_of(const Difference& difference) {
  return difference.difference.value ? difference.reason : difference.difference.reason;
}

}  // namespace

std::vector<RunDifference> run_differences(const std::vector<RunFiles>& runs) {
  std::vector<RunDifference> all;
  for (std::size_t r = 1; r < runs.size(); ++r) {
    for (const EvaluationFiles& evaluation : runs.front().evaluations) {
      const EvaluationFiles* other = counterpart(runs.front(), evaluation, runs[r]);
      if (other == nullptr) continue;
      const std::vector<RunDifference> found = Comparison(evaluation, *other, runs[r].name).differences();
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  return all;
}

std::string differences_csv(const std::vector<RunDifference>& differences) {
  std::string text = "run,evaluation,set,metric,score,difference,low,high,p_value,test,cases,together,reason\n";
  for (const RunDifference& entry : differences) {
    const Difference& d = entry.difference;
    text += csv_field(entry.run) + "," + csv_field(entry.evaluation) + "," + csv_field(entry.set) + "," + entry.metric +
            "," + entry.score + "," + csv_number(d.difference.value) + "," +
            (d.interval ? csv_number(d.interval->low) : "") + "," + (d.interval ? csv_number(d.interval->high) : "") +
            "," + csv_number(d.p_value) + "," + csv_field(entry.test) + "," + std::to_string(entry.cases) + "," +
            entry.unit + "," + csv_field(reason_of(d)) + "\n";
  }
  return text;
}

Json differences_json(const std::vector<RunDifference>& differences) {
  Json rows = Json::array();
  for (const RunDifference& entry : differences) {
    const Difference& d = entry.difference;
    const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); };
    rows.push_back({{"run", entry.run},
                    {"evaluation", entry.evaluation},
                    {"set", entry.set},
                    {"metric", entry.metric},
                    {"score", entry.score},
                    {"difference", number(d.difference.value)},
                    {"low", d.interval ? Json(d.interval->low) : Json(nullptr)},
                    {"high", d.interval ? Json(d.interval->high) : Json(nullptr)},
                    {"p_value", number(d.p_value)},
                    {"test", entry.test},
                    {"n", entry.cases},
                    {"together", entry.unit},
                    {"reason", reason_of(d)}});
  }
  return rows;
}

}  // namespace ra

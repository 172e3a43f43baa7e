#include "ra/detection/calibration_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "ra/base/error.h"

namespace ra {
namespace {

using nlohmann::json;

json to_json(const PixelThreshold& one) {
  return {{"percent", one.percent}, {"threshold", one.threshold}, {"mean_percent", one.mean_percent}};
}

json to_json(const Population& population) {
  return {{"label", population.label},
          {"images", population.images},
          {"subjects_known", population.subjects_known},
          {"subjects", population.subjects}};
}

json list_of(const std::vector<PixelThreshold>& thresholds) {
  json list = json::array();
  for (const PixelThreshold& one : thresholds) list.push_back(to_json(one));
  return list;
}

std::vector<PixelThreshold> thresholds_from(const json& list) {
  std::vector<PixelThreshold> thresholds;
  for (const json& one : list) {
    thresholds.push_back(
        {one.at("percent").get<double>(), one.at("threshold").get<double>(), one.at("mean_percent").get<double>()});
  }
  return thresholds;
}

Population population_from(const json& value) {
  return {value.at("label").get<std::string>(), value.at("images").get<std::int64_t>(),
          value.at("subjects").get<std::vector<std::string>>(), value.at("subjects_known").get<bool>()};
}

std::vector<double> scores_of(const HealthyScores& scores) { return {scores.sorted().begin(), scores.sorted().end()}; }

DetectorIdentity identity_from(const json& value) {
  const auto text = [&](const char* key) { return value.at(key).get<std::string>(); };
  return {text("perceptual"), text("backend"), text("precision"), text("model"), text("latent")};
}

Calibration parse(const json& value) {
  std::vector<Population> earlier;
  for (const json& one : value.at("earlier_populations")) earlier.push_back(population_from(one));
  return {identity_from(value.at("detector")),
          value.at("slices").get<std::string>(),
          HealthyScores(value.at("healthy_scores").get<std::vector<double>>()),
          HealthyScores(value.at("healthy_maxima").get<std::vector<double>>()),
          thresholds_from(value.at("thresholds_all_pixels")),
          thresholds_from(value.at("thresholds_brain_pixels")),
          population_from(value.at("population")),
          std::move(earlier),
          value.at("overlap_allowed").get<bool>(),
          {},
          {},
          {value.at("canary").at("seed").get<std::uint64_t>(), value.at("canary").at("score").get<double>()}};
}

}  // namespace

json to_json(const Calibration& calibration) {
  json earlier = json::array();
  for (const Population& one : calibration.earlier) earlier.push_back(to_json(one));
  const DetectorIdentity& by = calibration.detector;
  return {{"detector",
           {{"perceptual", by.perceptual},
            {"backend", by.backend},
            {"precision", by.precision},
            {"model", by.model},
            {"latent", by.latent}}},
          {"slices", calibration.slices},
          {"healthy_scores", scores_of(calibration.scores)},
          {"healthy_maxima", scores_of(calibration.maxima)},
          {"thresholds_all_pixels", list_of(calibration.all_pixels)},
          {"thresholds_brain_pixels", list_of(calibration.brain_pixels)},
          {"population", to_json(calibration.population)},
          {"earlier_populations", earlier},
          {"overlap_allowed", calibration.overlap_allowed},
          {"canary", {{"seed", calibration.canary.seed}, {"score", calibration.canary.score}}}};
}

Calibration calibration_from_json(const json& value) {
  try {
    return parse(value);
  } catch (const json::exception& error) {
    throw Error(ErrorCode::kBadInput, std::string("calibration.json does not hold what it must: ") + error.what());
  } catch (const Error& error) {
    throw Error(ErrorCode::kBadInput, std::string("calibration.json: ") + error.what());
  }
}

}  // namespace ra

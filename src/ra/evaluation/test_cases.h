#pragma once

#include <string>

#include "ra/evaluation/evaluation_results.h"

namespace ra {

// A case with one method and a score, for tests of protocols; its image is its subject.
inline CaseRecord scored_case(std::size_t set, bool pathological, double score, const std::string& subject = "") {
  static int number = 0;
  CaseRecord one;
  one.set = set;
  one.pathological = pathological;
  one.subject = subject.empty() ? "image:" + std::to_string(number++) : subject;
  one.image = one.subject + ".png";
  one.scores = {{score, -score}};
  return one;
}

// The row of a metric; nullptr if it is not there.
inline const EvaluatedMetric* find_row(const EvaluationResults& results, const std::string& set,
                                       const std::string& group, const std::string& metric, const std::string& mode,
                                       const std::string& score = "mean", const std::string& method = "ra") {
  for (const EvaluatedMetric& row : results.metrics) {
    if (row.set == set && row.group == group && row.metric == metric && row.mode == mode && row.method == method &&
        (row.score == score || row.score.empty())) {
      return &row;
    }
  }
  return nullptr;
}

}  // namespace ra

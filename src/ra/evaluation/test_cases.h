#pragma once

#include <string>

#include "ra/evaluation/evaluation_results.h"

namespace ra {

// A case with one method and a score, for tests of protocols; each is another image, and its own subject unless
// one is given.
inline CaseRecord scored_case(std::size_t set, bool pathological, double score, const std::string& subject = "") {
  static int number = 0;
  CaseRecord one;
  one.set = set;
  one.pathological = pathological;
  const std::string name = std::to_string(number++);
  one.subject = subject.empty() ? "image:" + name : subject;
  one.image = name + ".png";
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

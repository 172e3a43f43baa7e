#pragma once

#include <string>

#include "ra/report/page_body.h"
#include "ra/report/page_files.h"

namespace ra {

// "title" or, with several evaluations on a page, "title - heading".
std::string titled(const std::string& heading, const std::string& title);

// The set of a metric as tables name it: "lgg", or "lgg (within)" against its own healthy cases.
std::string set_text(const Json& metric);

// Whether a metric is of all cases of a set; those of groups of boxes or people have sections of their own.
bool is_of_whole_set(const Json& metric);

// Whether a metric is the difference of two methods.
bool is_difference(const Json& metric);

// "0.91 (0.88-0.94)", or "undefined: why".
std::string value_text(const Json& metric);

// The results of an evaluation: AUROC as a figure, a table a protocol with a column a method, and the differences of
// the detector to the other methods. A set against its own healthy cases is named "SET (within)".
void add_results(PageBody& body, const EvaluationFiles& evaluation, const std::string& prefix,
                 const std::string& heading);

}  // namespace ra

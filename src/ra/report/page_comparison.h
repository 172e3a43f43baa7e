#pragma once

#include <vector>

#include "ra/report/page_body.h"
#include "ra/report/page_files.h"
#include "ra/report/run_differences.h"

namespace ra {

// The runs side by side: their metrics in columns, and the differences. Nothing with one run.
void add_comparison_section(PageBody& body, const std::vector<RunFiles>& runs,
                            const std::vector<RunDifference>& differences);

}  // namespace ra

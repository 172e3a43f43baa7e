#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "ra/detection/anomaly_detector.h"
#include "ra/report/screening.h"

namespace ra {

// Makes `options.output` ready for a screening, and says in its screening.json how to make the numbers again: the
// settings that all rows of scores.csv share, what is known of the people behind the model, and the program, device and
// slices of each run that added to it.
//   A new folder is made. overwrite: the files that earlier screenings wrote are removed, and no others.
//   skip_existing: the files stay; kUsage naming the setting that differs from the earlier run's.
// kUsage when the folder holds anything and neither is set. Returns the inputs of the earlier run with the names that
// their files have (output_names.h).
std::map<std::filesystem::path, std::string> prepare_screening_folder(const AnomalyDetector& detector,
                                                                      const ScreeningOptions& options);

}  // namespace ra

#pragma once

#include <string>
#include <vector>

#include "ra/experiment/experiment_config.h"
#include "ra/experiment/yaml_tree.h"

namespace ra {

// A reference experiment file as one of ours.
struct ReferenceImport {
  ExperimentConfig config;
  std::vector<std::string> notes;  // what was left out or has no effect, a sentence each
};

// Whether a document has the shape of the reference's experiment files: one of the top-level keys experiment,
// configurator and trainer, none of which is a native one.
bool is_reference_document(const YamlNode& document);

// Converts it unchanged (docs/reference_files.md). `timestamp` is appended to every checkpoint_path. kUsage with
// file and line for: a missing part; an unknown module and class, listing the known ones; a value of the wrong
// type; a key beside known ones that looks like a misspelling of one. Other unknown keys are noted and ignored, as
// the reference does.
ReferenceImport import_reference(const YamlNode& document, const std::string& origin, const std::string& timestamp);

// Now, in local time, as the reference writes it: 2024_01_31_23_59_58_123456.
std::string reference_timestamp();

}  // namespace ra

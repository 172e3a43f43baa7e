#include "ra/experiment/load_config.h"

#include "ra/base/error.h"
#include "ra/experiment/config_yaml.h"
#include "ra/experiment/reference_import.h"
#include "ra/experiment/yaml_tree.h"

namespace ra {

LoadedConfig load_config(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  const YamlNode document = read_yaml(path);
  LoadedConfig loaded;
  loaded.is_reference = is_reference_document(document);
  if (loaded.is_reference) {
    ReferenceImport imported = import_reference(document, path.string(), reference_timestamp());
    loaded.config = std::move(imported.config);
    loaded.notes = std::move(imported.notes);
  } else {
    apply_yaml(document, path.string(), loaded.config);
  }
  for (const std::string& setting : settings) apply_setting(setting, loaded.config);
  in_context(path.string(), [&] { loaded.config.finish(); });
  return loaded;
}

}  // namespace ra

#pragma once

#include <string_view>

namespace ra {

// The files that every report page carries within itself, as they were when the program was built: web/report.css,
// web/report.js, and the pinned libraries of docs/third_party.md. umap_script is empty in a build without npm.
struct PageAssets {
  std::string_view style;
  std::string_view script;
  std::string_view vega_script;  // sets window.vegaEmbed
  std::string_view umap_script;  // sets window.UMAP
};
PageAssets page_assets();

}  // namespace ra

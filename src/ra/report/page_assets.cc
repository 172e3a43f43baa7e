#include "ra/report/page_assets.h"

// The assembler copies a file between two symbols: a megabyte in no time, where an array of numbers takes the compiler
// seconds. CMakeLists.txt says that this file depends on those.
#define RA_EMBED(name, path)                                                                   \
  asm(".section .rodata\n"                                                                     \
      ".global ra_asset_" #name "\n.global ra_asset_" #name                                    \
      "_end\n"                                                                                 \
      "ra_asset_" #name ":\n.incbin \"" path "\"\nra_asset_" #name "_end:\n.byte 0\n.text\n"); \
  extern "C" const char ra_asset_##name[], ra_asset_##name##_end[];

RA_EMBED(style, RA_WEB_SOURCES "/report.css")
RA_EMBED(script, RA_WEB_SOURCES "/report.js")
RA_EMBED(vega, RA_WEB_LIBRARIES "/vega.js")
RA_EMBED(umap, RA_WEB_LIBRARIES "/umap.js")

namespace ra {

PageAssets page_assets() {
  return {.style = {ra_asset_style, ra_asset_style_end},
          .script = {ra_asset_script, ra_asset_script_end},
          .vega_script = {ra_asset_vega, ra_asset_vega_end},
          .umap_script = {ra_asset_umap, ra_asset_umap_end}};
}

}  // namespace ra

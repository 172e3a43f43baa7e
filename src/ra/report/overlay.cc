#include "ra/report/overlay.h"

#include <fmt/format.h>

#include <algorithm>

#include "ra/base/error.h"
#include "ra/report/text.h"

namespace ra {
namespace {

constexpr std::int64_t kMargin = 6;
constexpr std::int64_t kLine = 12;  // height of a line of text with its space

void check_sizes(const Overlay& overlay) {
  for (const FloatPicture* picture : {&overlay.input, &overlay.reconstruction, &overlay.map}) {
    if (picture->columns == overlay.input.columns && picture->rows == overlay.input.rows &&
        picture->values.size() == static_cast<std::size_t>(picture->columns * picture->rows) && picture->columns > 0) {
      continue;
    }
    throw Error(ErrorCode::kUsage,
                fmt::format("overlay '{}': input, reconstruction and map must have one size; one is "
                            "{}x{}, the input {}x{}",
                            overlay.title, picture->columns, picture->rows, overlay.input.columns, overlay.input.rows));
  }
}

}  // namespace

void draw_side_marks(RgbPicture& panel) {
  constexpr Rgb kMark{255, 220, 90};
  const int zoom = panel.columns() >= 200 ? 2 : 1;
  draw_text(panel, 2 * zoom, 2 * zoom, "L", kMark, zoom);
  draw_text(panel, panel.columns() - text_width("R", zoom) - 2 * zoom, 2 * zoom, "R", kMark, zoom);
}

RgbPicture render_overlay(const Overlay& overlay, const ColorScale& scale) {
  check_sizes(overlay);
  constexpr std::int64_t kPanelSize = 256;
  const int zoom =
      static_cast<int>(std::max<std::int64_t>(1, (kPanelSize + overlay.input.columns - 1) / overlay.input.columns));
  struct Panel {
    const char* name;
    RgbPicture picture;
  };
  std::array<Panel, 4> panels{{{"input", enlarged(gray_picture(overlay.input), zoom)},
                               {"pseudo-healthy", enlarged(gray_picture(overlay.reconstruction), zoom)},
                               {"anomaly map", enlarged(map_picture(overlay.map, scale), zoom)},
                               {"map on input", enlarged(map_over_slice(overlay.input, overlay.map, scale), zoom)}}};
  const std::int64_t width = panels[0].picture.columns();
  const std::int64_t height = panels[0].picture.rows();
  const RgbPicture bar = color_bar(scale, height);
  const std::int64_t top = kMargin + 2 * kLine;
  RgbPicture page(4 * (width + kMargin) + kMargin + bar.columns() + kMargin, top + height + kLine + kMargin);

  const std::string score = overlay.score ? fmt::format("score {:.4g}", *overlay.score) : "";
  const std::int64_t score_column = page.columns() - kMargin - text_width(score);
  draw_text(page, kMargin, kMargin, text_that_fits(overlay.title, score_column - 3 * kMargin));
  draw_text(page, score_column, kMargin, score);
  std::int64_t column = kMargin;
  for (Panel& panel : panels) {
    if (overlay.side_marks) draw_side_marks(panel.picture);
    draw_text(page, column, kMargin + kLine, panel.name);
    page.paste(panel.picture, column, top);
    column += width + kMargin;
  }
  page.paste(bar, column, top);
  draw_text(page, kMargin, top + height + 4, kResearchUseOnly);
  return page;
}

}  // namespace ra

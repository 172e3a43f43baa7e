#include "ra/report/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ra/base/error.h"
#include "ra/report/overlay.h"
#include "ra/report/text.h"

namespace ra {
namespace {

constexpr std::int64_t kMargin = 6;
constexpr std::int64_t kLine = 12;
constexpr std::array kColumnTitles{"input", "pseudo-healthy", "anomaly map", "truth"};
constexpr std::int64_t kPanels = kColumnTitles.size();

// Where things lie on the sheet, in pixels.
struct Layout {
  std::int64_t panel_columns;
  std::int64_t panel_rows;
  std::int64_t blocks;      // side by side
  std::int64_t block_rows;  // below each other
  std::int64_t top;         // of the first panels

  std::int64_t block_width() const { return kPanels * panel_columns + (kPanels - 1) * 2 + 2 * kMargin; }
  std::int64_t block_height() const { return panel_rows + kLine + kMargin; }
  std::int64_t column_of(std::int64_t block, std::int64_t panel) const {
    return kMargin + block * block_width() + panel * (panel_columns + 2);
  }
  std::int64_t bar_column() const { return kMargin + blocks * block_width(); }
  std::int64_t bottom() const { return top + block_rows * block_height(); }
};

void check_sizes(const std::vector<SheetCase>& cases) {
  if (cases.empty()) throw Error(ErrorCode::kUsage, "contact sheet: no case to show");
  const FloatPicture& first = cases.front().input;
  const auto check = [&](const SheetCase& one, const FloatPicture& picture) {
    if (picture.columns > 0 && picture.columns == first.columns && picture.rows == first.rows &&
        picture.values.size() == static_cast<std::size_t>(first.columns * first.rows)) {
      return;
    }
    throw Error(ErrorCode::kUsage, fmt::format("contact sheet, case '{}': a picture is {}x{}, the first input {}x{}; "
                                               "all must have one size",
                                               one.title, picture.columns, picture.rows, first.columns, first.rows));
  };
  for (const SheetCase& one : cases) {
    check(one, one.input);
    check(one, one.reconstruction);
    check(one, one.map);
    if (one.truth) check(one, *one.truth);
  }
}

// The lesion in one plain colour over the darkened input.
RgbPicture truth_picture(const SheetCase& one) {
  FloatPicture dimmed = one.input;
  for (float& value : dimmed.values) value *= 0.45f;
  RgbPicture picture = gray_picture(dimmed);
  if (!one.truth) return picture;
  constexpr Rgb kLesion{120, 210, 255};
  for (std::int64_t row = 0; row < picture.rows(); ++row) {
    for (std::int64_t column = 0; column < picture.columns(); ++column) {
      const bool in_lesion = one.truth->values[static_cast<std::size_t>(row * picture.columns() + column)] > 0.5f;
      if (in_lesion) picture.set(column, row, kLesion);
    }
  }
  return picture;
}

void draw_case(RgbPicture& sheet, const SheetCase& one, const ColorScale& scale, const ContactSheetOptions& options,
               const Layout& layout, std::int64_t block, std::int64_t row) {
  std::array<RgbPicture, kPanels> panels{
      enlarged(gray_picture(one.input), options.zoom), enlarged(gray_picture(one.reconstruction), options.zoom),
      enlarged(map_picture(one.map, scale), options.zoom), enlarged(truth_picture(one), options.zoom)};
  if (options.side_marks) draw_side_marks(panels[0]);
  for (std::int64_t panel = 0; panel < kPanels; ++panel)
    sheet.paste(panels[panel], layout.column_of(block, panel), row);
  const std::string score = one.score ? fmt::format("score {:.4g}  ", *one.score) : "";
  const std::int64_t room = layout.block_width() - 2 * kMargin;
  draw_text(sheet, layout.column_of(block, 0), row + layout.panel_rows + 3, text_that_fits(score + one.title, room));
}

}  // namespace

RgbPicture render_contact_sheet(const std::vector<SheetCase>& cases, const ColorScale& scale,
                                const ContactSheetOptions& options) {
  check_sizes(cases);
  const auto count = static_cast<std::int64_t>(cases.size());
  const std::int64_t blocks = std::clamp<std::int64_t>(options.cases_per_row, 1, count);
  const Layout layout{cases.front().input.columns * options.zoom, cases.front().input.rows * options.zoom, blocks,
                      (count + blocks - 1) / blocks, kMargin + (options.title.empty() ? 1 : 2) * kLine};
  const RgbPicture bar = color_bar(scale, layout.panel_rows);
  RgbPicture sheet(layout.bar_column() + bar.columns() + kMargin, layout.bottom() + kLine);

  if (!options.title.empty()) {
    draw_text(sheet, kMargin, kMargin, text_that_fits(options.title, sheet.columns() - 2 * kMargin));
  }
  for (std::int64_t block = 0; block < blocks; ++block) {
    for (std::int64_t panel = 0; panel < kPanels; ++panel) {
      const std::string title = text_that_fits(kColumnTitles[panel], layout.panel_columns);
      draw_text(sheet, layout.column_of(block, panel), layout.top - kLine + 2, title);
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    draw_case(sheet, cases[i], scale, options, layout, i % blocks, layout.top + i / blocks * layout.block_height());
  }
  sheet.paste(bar, layout.bar_column(), layout.top);
  draw_text(sheet, kMargin, layout.bottom() - 1, kResearchUseOnly);
  return sheet;
}

}  // namespace ra

#include "ra/report/picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ra/base/error.h"
#include "ra/report/color_scale.h"
#include "ra/report/contact_sheet.h"
#include "ra/report/overlay.h"
#include "ra/report/text.h"

namespace ra {
namespace {

double lightness(Rgb colour) { return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]; }

FloatPicture filled(std::int64_t columns, std::int64_t rows, float value) {
  return {columns, rows, std::vector<float>(static_cast<std::size_t>(columns * rows), value)};
}

std::size_t lit_pixels(const RgbPicture& picture) {
  std::size_t lit = 0;
  for (std::int64_t row = 0; row < picture.rows(); ++row) {
    for (std::int64_t column = 0; column < picture.columns(); ++column) lit += picture.at(column, row) != kBlack;
  }
  return lit;
}

TEST(ColorScale, RunsFromBlackToPaleYellowAndStaysThere) {
  const ColorScale scale(0.05);
  EXPECT_EQ(scale.color(0.0), (Rgb{0, 0, 4}));
  EXPECT_EQ(scale.color(-1.0), scale.color(0.0));
  EXPECT_EQ(scale.color(std::nan("")), scale.color(0.0));
  EXPECT_EQ(scale.color(0.05), (Rgb{252, 255, 164}));
  EXPECT_EQ(scale.color(9.0), scale.color(0.05));
}

TEST(ColorScale, GrowsSteadilyLighter) {
  const ColorScale scale(1.0);
  for (int i = 1; i <= 50; ++i)
    EXPECT_GT(lightness(scale.color(i / 50.0)), lightness(scale.color((i - 1) / 50.0))) << i;
}

TEST(ColorScale, RefusesAMaximumThatIsNoScale) {
  for (const double maximum : {0.0, -1.0, std::nan(""), static_cast<double>(INFINITY)}) {
    EXPECT_THROW(ColorScale{maximum}, Error);
  }
}

TEST(MapOverSlice, LeavesTheSliceWhereTheMapIsLow) {
  const ColorScale scale(1.0);
  const RgbPicture low = map_over_slice(filled(4, 4, 0.5f), filled(4, 4, 0.1f), scale);
  EXPECT_EQ(low.at(1, 1), (Rgb{128, 128, 128}));
  const RgbPicture high = map_over_slice(filled(4, 4, 0.5f), filled(4, 4, 1.0f), scale);
  EXPECT_GT(high.at(1, 1)[0], 200);
  EXPECT_NE(high.at(1, 1)[0], high.at(1, 1)[2]);
}

TEST(Text, DrawsEveryPrintableCharacterDifferently) {
  std::set<std::vector<std::uint8_t>> shapes;
  for (char character = ' '; character <= '~'; ++character) {
    RgbPicture picture(5, 7);
    draw_text(picture, 0, 0, std::string(1, character));
    EXPECT_EQ(lit_pixels(picture) == 0, character == ' ') << character;
    shapes.insert({picture.pixels().begin(), picture.pixels().end()});
  }
  EXPECT_EQ(shapes.size(), 95u);
}

TEST(Text, ShowsOtherCharactersAsQuestionMarks) {
  RgbPicture umlaut(5, 7);
  draw_text(umlaut, 0, 0, "\xC3\xA4");
  RgbPicture question(5, 7);
  draw_text(question, 0, 0, "?");
  EXPECT_THAT(umlaut.pixels(), ::testing::ElementsAreArray(question.pixels()));
  EXPECT_EQ(text_width("\xC3\xA4"), text_width("?"));
}

TEST(Text, FitsIntoTheRoomGiven) {
  EXPECT_EQ(text_that_fits("short", 100), "short");
  const std::string fitted = text_that_fits("a rather long title of a case", 60);
  EXPECT_LE(text_width(fitted), 60);
  EXPECT_THAT(fitted, ::testing::EndsWith(".."));
  EXPECT_EQ(text_width("ab", 2), 22);
}

TEST(Text, IsCutAtThePicturesEdge) {
  RgbPicture picture(8, 4);
  draw_text(picture, -3, -3, "WWWWW", kWhite, 2);
  EXPECT_GT(lit_pixels(picture), 0u);
}

TEST(RgbPicture, CutsWhatLiesBeyondAnyEdge) {
  RgbPicture stamp(3, 2);
  for (std::int64_t k = 0; k < 6; ++k) stamp.set(k % 3, k / 3, {static_cast<std::uint8_t>(k + 1), 0, 0});
  for (std::int64_t x = -4; x <= 6; ++x) {
    for (std::int64_t y = -3; y <= 5; ++y) {
      RgbPicture pasted(5, 4, kWhite), filled(5, 4, kWhite);
      pasted.paste(stamp, x, y);
      filled.fill_rectangle(x, y, 3, 2, kBlack);
      for (std::int64_t k = 0; k < 20; ++k) {
        const std::int64_t column = k % 5 - x, row = k / 5 - y;
        const bool inside = column >= 0 && column < 3 && row >= 0 && row < 2;
        EXPECT_EQ(pasted.at(k % 5, k / 5), inside ? stamp.at(column, row) : kWhite) << x << " " << y << " " << k;
        EXPECT_EQ(filled.at(k % 5, k / 5), inside ? kBlack : kWhite) << x << " " << y << " " << k;
      }
    }
  }
}

TEST(GrayPicture, ClipsToTheRange) {
  FloatPicture slice = filled(3, 1, 0.0f);
  slice.values = {-1.0f, 0.5f, 2.0f};
  const RgbPicture picture = gray_picture(slice);
  EXPECT_EQ(picture.at(0, 0), kBlack);
  EXPECT_EQ(picture.at(1, 0), (Rgb{128, 128, 128}));
  EXPECT_EQ(picture.at(2, 0), kWhite);
}

SheetCase sheet_case(float map_value) {
  return {"case", filled(32, 32, 0.4f), filled(32, 32, 0.4f), filled(32, 32, map_value), filled(32, 32, 0.0f), 0.01};
}

TEST(ContactSheet, GrowsByOneRowACase) {
  const ColorScale scale(0.1);
  const RgbPicture one = render_contact_sheet({sheet_case(0.0f)}, scale, {.title = "sheet", .zoom = 2});
  const RgbPicture three = render_contact_sheet({sheet_case(0.0f), sheet_case(0.05f), sheet_case(0.1f)}, scale,
                                                {.title = "sheet", .zoom = 2});
  EXPECT_EQ(one.columns(), three.columns());
  EXPECT_GE(one.columns(), 4 * 64);
  EXPECT_EQ((three.rows() - one.rows()) % 2, 0);
  EXPECT_GE(three.rows() - one.rows(), 2 * 64);
  const RgbPicture beside = render_contact_sheet({sheet_case(0.0f), sheet_case(0.05f)}, scale,
                                                 {.title = "sheet", .zoom = 2, .cases_per_row = 2});
  EXPECT_EQ(beside.rows(), one.rows());
  EXPECT_GE(beside.columns(), 8 * 64);
}

TEST(ContactSheet, ShowsEqualMapValuesInEqualColours) {
  const ColorScale scale(0.1);
  const RgbPicture sheet = render_contact_sheet({sheet_case(0.05f), sheet_case(0.05f)}, scale, {});
  std::size_t middle = 0;
  for (std::int64_t row = 0; row < sheet.rows(); ++row) {
    for (std::int64_t column = 0; column < sheet.columns(); ++column) {
      middle += sheet.at(column, row) == scale.color(0.05f);
    }
  }
  EXPECT_GE(middle, 2u * 32u * 32u);
}

TEST(ContactSheet, MarksSidesOnlyWhenTold) {
  const ColorScale scale(0.1);
  const RgbPicture plain = render_contact_sheet({sheet_case(0.0f)}, scale, {});
  const RgbPicture marked = render_contact_sheet({sheet_case(0.0f)}, scale, {.title = "", .side_marks = true});
  EXPECT_THAT(plain.pixels(), ::testing::Not(::testing::ElementsAreArray(marked.pixels())));
}

TEST(ContactSheet, RefusesPicturesOfDifferentSizes) {
  SheetCase odd = sheet_case(0.0f);
  odd.map = filled(31, 32, 0.0f);
  EXPECT_THROW(render_contact_sheet({sheet_case(0.0f), odd}, ColorScale(1.0), {}), Error);
  EXPECT_THROW(render_contact_sheet({}, ColorScale(1.0), {}), Error);
}

TEST(Overlay, ShowsFourPanelsOfAtLeast256Pixels) {
  Overlay overlay{filled(128, 128, 0.5f), filled(128, 128, 0.5f), filled(128, 128, 0.02f), "slice", 0.02, true};
  const RgbPicture page = render_overlay(overlay, ColorScale(0.05));
  EXPECT_GE(page.columns(), 4 * 256);
  EXPECT_GE(page.rows(), 256);
  overlay.reconstruction = filled(64, 64, 0.5f);
  EXPECT_THROW(render_overlay(overlay, ColorScale(0.05)), Error);
}

}  // namespace
}  // namespace ra

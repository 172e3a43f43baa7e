#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ra/io/npy.h"
#include "ra/io/read_image.h"
#include "ra/io/write_image.h"
#include "ra/testing/program_test.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/small_model.h"
#include "ra/testing/text_file.h"
#include "reference_experiment.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSide = 256;  // of the tumour slices
constexpr std::int64_t kMap = 32;    // of the small model
using Picture = std::vector<std::uint8_t>;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) {
    if (field.ends_with('\r')) field.pop_back();
    fields.push_back(field);
  }
  return fields;
}

// A mask of 0 and 255 as the network's grid sees it: bilinear with half-pixel centres, which for a whole factor of
// an even number is the mean of the two middle pixels along each axis.
std::vector<float> on_the_map(const Picture& mask) {
  constexpr std::int64_t kFactor = kSide / kMap;
  std::vector<float> small;
  for (std::int64_t y = 0; y < kMap; ++y) {
    for (std::int64_t x = 0; x < kMap; ++x) {
      float sum = 0.0f;
      for (const std::int64_t row : {y * kFactor + kFactor / 2 - 1, y * kFactor + kFactor / 2}) {
        for (const std::int64_t column : {x * kFactor + kFactor / 2 - 1, x * kFactor + kFactor / 2}) {
          sum += static_cast<float>(mask[static_cast<std::size_t>(row * kSide + column)]) / 255.0f;
        }
      }
      small.push_back(sum / 4.0f);
    }
  }
  return small;
}

struct Counts {
  int tp = 0;
  std::int64_t fp = 0;
};

// REFERENCE.md's rule in its own words: a box is detected if the pixels of the map >= t inside its mask exceed 10 % of
// the mask's non-zero pixels; "FP" is the whole part of (sum of what is >= t outside / max(sum of it in the box, 1)).
Counts judged_by_the_rule(const std::vector<float>& map, const Picture& positive, const Picture& negative, float t) {
  const std::vector<float> box = on_the_map(positive), outside = on_the_map(negative);
  double in_box = 0.0, out_of_box = 0.0;
  int hits = 0, pixels = 0;
  for (std::size_t k = 0; k < map.size(); ++k) {
    if (box[k] != 0.0f) ++pixels;
    if (map[k] < t) continue;
    if (map[k] * box[k] != 0.0f) ++hits;
    in_box += map[k] * box[k];
    if (outside[k] > 0.5f) out_of_box += map[k];
  }
  return {10 * hits > pixels ? 1 : 0, static_cast<std::int64_t>(out_of_box / std::max(in_box, 1.0))};
}

// An experiment of the reference's shape on tumour slices: five sets, every tumour parted in two boxes (a row each),
// with a mask of what counts as false.
class EvaluateBoxes : public ProgramTest {
 protected:
  struct Row {
    fs::path image;
    Picture positive, negative;
  };

  // The set that a tumour of so many pixels belongs to.
  static std::string set_of(int pixels) {
    return pixels == 0     ? "Normal"
           : pixels < 800  ? "edema"
           : pixels < 1600 ? "mass"
           : pixels < 3200 ? "resection"
                           : "lesions";
  }

  void make_sets(const fs::path& data) {
    constexpr int kImagesOfSet = 5;
    std::map<std::string, int> images;
    for (const std::string& line : lines_of(data / "index.csv")) {
      const std::vector<std::string> fields = fields_of(line);  // patient,slice,n_slices,tumour_px,largest,image,mask
      if (fields[0] == "patient") continue;
      const std::string set = set_of(std::stoi(fields[3]));
      if (images[set]++ >= kImagesOfSet) continue;
      if (set == "Normal") {
        sets_[set].push_back({data / fields[5], {}, {}});
      } else {
        add_boxes(set, data / fields[5], read_image(data / fields[6]));
      }
    }
  }

  // The left and the right half of the tumour's bounding box; what lies ten pixels away from both counts as false.
  void add_boxes(const std::string& set, const fs::path& image, const Image& tumour) {
    std::int64_t left = kSide, right = -1, top = kSide, bottom = -1;
    for (std::int64_t k = 0; k < kSide * kSide; ++k) {
      if (tumour.pixels[static_cast<std::size_t>(k)] == 0.0f) continue;
      left = std::min(left, k % kSide), right = std::max(right, k % kSide);
      top = std::min(top, k / kSide), bottom = std::max(bottom, k / kSide);
    }
    const std::int64_t middle = (left + right) / 2;
    const auto filled = [&](std::int64_t from, std::int64_t to, std::int64_t margin, std::uint8_t in,
                            std::uint8_t out) {
      Picture picture(kSide * kSide);
      for (std::int64_t k = 0; k < kSide * kSide; ++k) {
        const std::int64_t x = k % kSide, y = k / kSide;
        const bool inside = x >= from - margin && x <= to + margin && y >= top - margin && y <= bottom + margin;
        picture[static_cast<std::size_t>(k)] = inside ? in : out;
      }
      return picture;
    };
    const Picture negative = filled(left, right, 10, 0, 255);
    sets_[set].push_back({image, filled(left, middle, 0, 255, 0), negative});
    sets_[set].push_back({image, filled(middle + 1, right, 0, 255, 0), negative});
  }

  void write_experiment() {
    std::string datasets;
    for (const auto& [set, rows] : sets_) {
      std::map<std::string, std::string> lists;
      for (std::size_t k = 0; k < rows.size(); ++k) {
        lists["test"] += rows[k].image.string() + "\n";
        for (const auto& [kind, picture] :
             {std::pair("label", &rows[k].positive), std::pair("mask", &rows[k].negative)}) {
          if (picture->empty()) continue;
          const fs::path file = folder_.path() / (set + "_" + kind + std::to_string(k) + ".png");
          write_png(file, *picture, kSide, kSide);
          lists[kind] += file.string() + "\n";
        }
      }
      datasets += "        " + set + ":\n";
      for (const auto& [kind, text] : lists) {
        std::ofstream(folder_.path() / (set + "_" + kind + ".csv")) << "filename\n" << text;
        datasets += "          " + (kind == "test" ? "data" : kind) + "_dir: {test: [" + set + "_" + kind + ".csv]}\n";
      }
    }
    write("reference.yaml", reference_experiment("{test: [Normal_test.csv]}", datasets));
  }

  // The map that `ra screen` writes of an image, in the order of the sets' rows.
  std::vector<float> screened_map(const fs::path& image) const {
    return read_npy(folder_.path() / "screened" / (image.stem().string() + "_map.npy")).as_floats();
  }

  double median_of_screened_maps() const {
    std::vector<float> values;
    for (const auto& [set, rows] : sets_) {
      for (const Row& row : rows) {
        const std::vector<float> map = screened_map(row.image);
        values.insert(values.end(), map.begin(), map.end());
      }
    }
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
  }

  std::map<std::string, std::vector<Row>> sets_;
};

TEST_F(EvaluateBoxes, CountsEveryBoxOfFiveSetsAsTheRuleSaysOfTheScreenedMaps) {
  RA_SHARED_OR_SKIP(data, "data/lgg_t1");
  make_sets(data);
  ASSERT_EQ(sets_.size(), 5u);
  write_small_model(folder_.path() / "model.pt");
  write_experiment();
  std::vector<std::string> screen = {"screen", "--model", "model.pt", "--output", "screened", "--threads", "1"};
  for (const auto& [set, rows] : sets_) screen.push_back(set + "_test.csv");
  const ProgramResult screened = ra(screen);
  ASSERT_EQ(screened.exit_code, 0) << screened.err;
  // An untrained model finds nothing at the threshold of healthy maps: one that splits the boxes tests more.
  const std::string asked = std::to_string(median_of_screened_maps());
  const ProgramResult result = ra(
      {"evaluate", "reference.yaml", "--output", "five", "--threads", "1", "--threshold", asked, "--resamples", "50"});
  ASSERT_EQ(result.exit_code, 0) << result.err;

  const fs::path judged = folder_.path() / "five" / "downstream" / "localization";
  const nlohmann::json results = nlohmann::json::parse(content_of(judged / "results.json"));
  EXPECT_EQ(results.at("sets").size(), 5u);
  EXPECT_NEAR(results.at("threshold").get<double>(), std::stod(asked), 1e-12);
  const auto threshold = static_cast<float>(results.at("threshold").get<double>());
  std::map<std::string, std::size_t> next;  // row of a set
  int boxes = 0, found = 0;
  std::int64_t false_positives = 0;
  std::vector<std::string> lines = lines_of(judged / "boxes.csv");  // case,set,class,box,size,tp,fp,...
  for (std::size_t k = 1; k < lines.size(); ++k) {
    const std::vector<std::string> fields = fields_of(lines[k]);
    const Row& row = sets_.at(fields[1]).at(next[fields[1]]++);
    const Counts counts = judged_by_the_rule(screened_map(row.image), row.positive, row.negative, threshold);
    EXPECT_EQ(std::stoi(fields[5]), counts.tp) << lines[k];
    EXPECT_EQ(std::stoll(fields[6]), counts.fp) << lines[k];
    ++boxes, found += counts.tp, false_positives += counts.fp;
  }
  EXPECT_EQ(boxes, 40) << "four sets of five images with two boxes";
  EXPECT_GT(found, 0);
  EXPECT_LT(found, boxes) << "a threshold that finds all or nothing tests little";
  EXPECT_GT(false_positives, 0);
}

}  // namespace
}  // namespace ra::testing

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ra/io/write_image.h"
#include "ra/testing/program_test.h"
#include "ra/testing/small_model.h"
#include "ra/testing/text_file.h"

namespace ra::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

// Bad input to `ra evaluate`: small discs, healthy ones and ones with a bright spot, and manifests that are wrong.
class EvaluationInput : public ProgramTest {
 protected:
  void SetUp() override { write_small_model(path("model.pt")); }

  void write_disc(const std::string& name, int seed, bool spot) const {
    std::vector<std::uint8_t> pixels(40 * 40, 0);
    for (int k = 0; k < 1600; ++k) {
      const int x = k % 40 - 20, y = k / 40 - 20;
      if (x * x + y * y < 300) {
        pixels[static_cast<std::size_t>(k)] = static_cast<std::uint8_t>(80 + (k * (seed + 7)) % 40);
      }
      if (spot && x > 2 && x < 9 && y > 2 && y < 9) pixels[static_cast<std::size_t>(k)] = 250;
    }
    write_png(path(name), pixels, 40, 40);
  }
  void write_mask(const std::string& name, std::int64_t side) const {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(side * side), 0);
    for (std::int64_t k = side * side / 2; k < side * side / 2 + 9; ++k) pixels[static_cast<std::size_t>(k)] = 255;
    write_png(path(name), pixels, side, side);
  }
  // Ten healthy discs and `ill` ones with a spot; rows without a label column take it from the set's name.
  void write_sets(int ill) const {
    std::string healthy = "image\n", lesions = "image,class,box\n";
    for (int k = 0; k < 10; ++k) {
      write_disc("h" + std::to_string(k) + ".png", k, false);
      healthy += "h" + std::to_string(k) + ".png\n";
    }
    for (int k = 0; k < ill; ++k) {
      write_disc("i" + std::to_string(k) + ".png", k, true);
      lesions += "i" + std::to_string(k) + ".png,mass,23 23 6 6\n";
    }
    write("healthy.csv", healthy);
    write("ill.csv", lesions);
  }
  ProgramResult evaluate(const std::string& ill = "ill.csv") const {
    return run_ra({"evaluate", "--model", "model.pt", "--manifest", "Normal=healthy.csv", "--manifest",
                   "lesions=" + ill, "--output", "out", "--resamples", "100", "--threads", "1"},
                  {folder_.path(), {}});
  }
  nlohmann::json results() const { return nlohmann::json::parse(content_of(path("out/results.json"))); }
  nlohmann::json metric(const std::string& name, const std::string& group = "",
                        const std::string& mode = "strict") const {
    const nlohmann::json judged = results();
    for (const auto& row : judged.at("metrics")) {
      if (row.at("metric") == name && row.at("set") == "lesions" && row.at("group") == group &&
          row.at("mode") == mode) {
        return row;
      }
    }
    return nullptr;
  }
  // The rows of boxes.csv without the header.
  std::vector<std::string> boxes() const {
    std::vector<std::string> rows = lines_of(path("out/boxes.csv"));
    rows.erase(rows.begin());
    return rows;
  }
};

TEST_F(EvaluationInput, NamesAMaskOfAnotherSizeAndJudgesTheRest) {
  write_sets(3);
  write_mask("fits.png", 40);
  write_mask("small.png", 20);
  write("ill.csv", "image,mask\ni0.png,fits.png\ni1.png,small.png\ni2.png,fits.png\n");
  const ProgramResult result = evaluate();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("small.png"), HasSubstr("i1.png"), HasSubstr("20x20"), HasSubstr("40x40")));
  EXPECT_EQ(lines_of(path("out/cases.csv")).size(), 13u) << "ten healthy and two ill";
  EXPECT_EQ(results().at("failures").size(), 1u);
}

TEST_F(EvaluationInput, WarnsOfBoxesOutsideTheImageAndWithoutArea) {
  write_sets(4);
  write("ill.csv", "image,box\ni0.png,100 100 5 5\ni1.png,20 20 0 4\ni2.png,23 23 6 6\ni3.png,36 36 9 9\n");
  const ProgramResult result = evaluate();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("box 100 100 5 5 lies outside the image"),
                                HasSubstr("box 20 20 0 4 has no area"), HasSubstr("lies partly outside")));
  ASSERT_EQ(boxes().size(), 4u);
  EXPECT_THAT(boxes()[0], HasSubstr(",0,")) << "the paper counts it as missed";
  EXPECT_EQ(metric("detection_rate", "", "paper").at("n"), nlohmann::json({4}));
  EXPECT_EQ(metric("detection_rate").at("n"), nlohmann::json({2})) << "strictly, it is no box";
}

TEST_F(EvaluationInput, RefusesAnUnknownColumnEqualRowsAndAnotherLabel) {
  write_sets(2);
  write("column.csv", "image,boxes\ni0.png,1 1 2 2\n");
  EXPECT_THAT(evaluate("column.csv").err, AllOf(HasSubstr("unknown column 'boxes'"), HasSubstr("did you mean 'box'")));
  write("twice.csv", "image,box\ni0.png,1 1 2 2\ni1.png,\ni0.png,1 1 2 2\n");
  EXPECT_THAT(evaluate("twice.csv").err, AllOf(HasSubstr("line 4"), HasSubstr("equal to line 2")));
  write("label.csv", "image,label\ni0.png,2\n");
  EXPECT_THAT(evaluate("label.csv").err, AllOf(HasSubstr("line 2"), HasSubstr("label is '2'")));
  for (const char* file : {"column.csv", "twice.csv", "label.csv"}) EXPECT_EQ(evaluate(file).exit_code, 2) << file;
  EXPECT_FALSE(fs::exists(path("out"))) << "nothing is made of a manifest that is wrong";
}

TEST_F(EvaluationInput, SaysWhatAClassWithOneCaseLeavesUndefined) {
  write_sets(1);
  const ProgramResult result = evaluate();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(metric("auroc").at("value").is_number());
  for (const char* name : {"auroc", "average_precision", "fpr_at_95_tpr"}) {
    EXPECT_TRUE(metric(name).at("low").is_null()) << name;
    EXPECT_NE(metric(name).at("reason"), "") << name;
  }
  EXPECT_TRUE(metric("detection_rate", "class=mass").at("value").is_number());
}

TEST_F(EvaluationInput, NamesOneCorruptImageAmidAHundred) {
  write_sets(90);
  write("i50.png", content_of(path("i50.png")).substr(0, 200));
  const ProgramResult result = evaluate();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("i50.png"));
  EXPECT_EQ(lines_of(path("out/cases.csv")).size(), 100u) << "a header and 99 cases";
  EXPECT_EQ(metric("auroc").at("n"), nlohmann::json({10, 89}));
}

// A person in the training list and in a downstream set, under two file names.
TEST_F(EvaluationInput, RunRefusesAPersonInTwoSplitsBeforeItTrains) {
  write_sets(2);
  for (int k = 0; k < 4; ++k) write_disc("sub-" + std::to_string(k) + "_T1w.png", k, false);
  write_disc("sub-1_again_T1w.png", 9, false);
  write("train.csv", "filename\nsub-0_T1w.png\nsub-1_T1w.png\n");
  write("val.csv", "filename\nsub-2_T1w.png\n");
  write("test.csv", "filename\nsub-3_T1w.png\nsub-1_again_T1w.png\n");
  write("ill.list.csv", "filename\ni0.png\ni1.png\n");
  const auto config = [](const char* validation, const char* normal) {
    return std::string("name: leak\noutput: run\ndata: {train: train.csv, val: ") + validation +
           "}\nmodel: {image_size: 32, channels: [4, 4], latent_size: 8}\ntraining: {epochs: 1, warmup: {epochs: 1}}\n"
           "downstream_tasks:\n  - name: d\n    kind: detection\n    datasets:\n      - {name: Normal, test: " +
           normal + "}\n      - {name: ill, test: ill.list.csv}\n";
  };
  write("downstream.yaml", config("val.csv", "test.csv"));
  write("validation.yaml", config("test.csv", "val.csv"));
  for (const char* file : {"downstream.yaml", "validation.yaml"}) {
    const ProgramResult refused = run_ra({"run", file, "--threads", "1"}, {folder_.path(), {}});
    EXPECT_EQ(refused.exit_code, 2) << file;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("sub-1"), HasSubstr("--allow-overlap"))) << file;
    EXPECT_FALSE(fs::exists(path("run/checkpoints"))) << file;
  }
  const ProgramResult allowed =
      run_ra({"run", "downstream.yaml", "--allow-overlap", "--threads", "1"}, {folder_.path(), {}});
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  const auto judged = nlohmann::json::parse(content_of(path("run/downstream/d/results.json")));
  EXPECT_TRUE(judged.at("overlap_allowed").get<bool>());
  EXPECT_THAT(judged.at("warnings").get<std::vector<std::string>>(), Contains(HasSubstr("sub-1")));
}

}  // namespace
}  // namespace ra::testing

#include "ra/experiment/config_yaml.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "ra/base/error.h"
#include "ra/base/random.h"
#include "ra/experiment/config_fields.h"
#include "ra/experiment/config_schema.h"

namespace ra {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ExperimentConfig read(const std::string& text) {
  ExperimentConfig config;
  apply_yaml(parse_yaml(text, "c.yaml"), "c.yaml", config);
  config.finish();
  return config;
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return "";
}

// Gives every field a value other than its default.
class Changer : public FieldVisitor {
 public:
  void value(const Field&, bool& value) override { value = !value; }
  void value(const Field&, int& value) override { value += 1; }
  void value(const Field&, std::uint64_t& value) override { value += 1; }
  void value(const Field&, double& value) override { value = value * 1.1 + 1e-9; }
  void value(const Field&, std::string& value) override { value += text(); }
  void value(const Field&, std::vector<int>& value) override { value.push_back(7); }
  void value(const Field&, std::vector<std::string>& value) override { value = {text(), text(), "plain/path.csv"}; }
  void choice(const Field&, const std::vector<std::string>& words, std::string& value) override {
    value = words.back();
  }
  void section(const Field&, const std::function<void(FieldVisitor&)>& visit) override { visit(*this); }
  void list(const Field&, const SectionList& sections) override {
    sections.resize(2);
    sections.visit(*this, 0);
    sections.visit(*this, 1);
  }

 private:
  // Texts that a careless writer or reader would change.
  std::string text() {
    static const std::vector<std::string> kTexts{"017",
                                                 "true",
                                                 "a: b",
                                                 "# no comment",
                                                 "it's \"quoted\"",
                                                 "tab\there",
                                                 "null",
                                                 "~",
                                                 "- dash",
                                                 "back\\slash",
                                                 "1:30",
                                                 " spaces ",
                                                 "",
                                                 "<<",
                                                 "*alias",
                                                 "line\nbreak",
                                                 "\xc3\xa4\xc3\xb6"};
    return kTexts[next_++ % kTexts.size()];
  }
  std::size_t next_ = 0;
};

TEST(ConfigYaml, ReadsBackWhatItWrites) {
  ExperimentConfig changed;
  Changer changer;
  visit_fields(changer, changed);
  const std::string text = to_yaml(changed);
  ExperimentConfig read_back;
  apply_yaml(parse_yaml(text, "c.yaml"), "c.yaml", read_back);
  EXPECT_EQ(to_yaml(read_back), text);
  EXPECT_EQ(read_back.data.train, changed.data.train);
  EXPECT_EQ(read_back.training.learning_rate, changed.training.learning_rate);
  EXPECT_EQ(read_back.downstream_tasks.at(1).datasets.at(1).masks, changed.downstream_tasks[1].datasets[1].masks);
  EXPECT_EQ(read_back.input.scaling, InputScaling::kReference);
  EXPECT_NE(text, to_yaml(ExperimentConfig{}));
}

TEST(ConfigYaml, DefaultsAreValidAndStandInTheStructs) {
  const ExperimentConfig config = read(to_yaml(ExperimentConfig{}));
  EXPECT_EQ(config.training.epochs, TrainingOptions{}.epochs);
  EXPECT_EQ(config.model.channels, ModelOptions{}.channels);
  EXPECT_EQ(to_yaml(config), to_yaml(read("")));
}

TEST(ConfigYaml, WritesACommentAboveEveryField) {
  const std::string text = to_yaml(ExperimentConfig{});
  EXPECT_THAT(text, HasSubstr("  # Introspective epochs, after the warm-up.\n  epochs: 1500\n"));
  EXPECT_THAT(text, HasSubstr("gamma_r: 1.0e-08"));
}

TEST(ConfigYaml, InputFollowsTheModel) {
  const ExperimentConfig config = read("model: {image_size: 64, image_channels: 3, channels: [8, 16]}\n");
  EXPECT_EQ(config.input.image_size, 64);
  EXPECT_EQ(config.input.image_channels, 3);
}

TEST(ConfigYaml, RefusesUnknownKeysWithTheNearestName) {
  EXPECT_THAT(refusal("name: x\ntraining:\n  epoch: 3\n"),
              AllOf(HasSubstr("c.yaml:3"), HasSubstr("'epoch'"), HasSubstr("in training"), HasSubstr("'epochs'")));
  EXPECT_THAT(refusal("modle: {}\n"), AllOf(HasSubstr("c.yaml:1"), HasSubstr("did you mean 'model'?")));
  EXPECT_THAT(refusal("downstream_tasks:\n  - name: a\n    kinds: detection\n"),
              AllOf(HasSubstr("c.yaml:3"), HasSubstr("in downstream_tasks[0]"), HasSubstr("'kind'")));
}

TEST(ConfigYaml, RefusesWrongTypesWithTheLine) {
  EXPECT_THAT(refusal("training:\n  epochs: ten\n"), HasSubstr("c.yaml:2: training.epochs must be a whole number"));
  EXPECT_THAT(refusal("training:\n  epochs: 1.5\n"), HasSubstr("whole number"));
  EXPECT_THAT(refusal("training: 3\n"), HasSubstr("training must be a section"));
  EXPECT_THAT(refusal("training: [a]\n"), HasSubstr("training must be a section"));
  EXPECT_THAT(refusal("model:\n  channels: 64\n"), HasSubstr("c.yaml:2: model.channels must be a list"));
  EXPECT_THAT(refusal("model:\n  channels: [64, 1_000]\n"), HasSubstr("'1_000'"));
  EXPECT_THAT(refusal("augmentation:\n  enabled: 1\n"), HasSubstr("true or false"));
  EXPECT_THAT(refusal("seed: -1\n"), HasSubstr("at least 0"));
  EXPECT_THAT(refusal("training: {batch_size: 3000000000}\n"), HasSubstr("out of range"));
  EXPECT_THAT(refusal("downstream_tasks: {a: 1}\n"), HasSubstr("must be a list of sections"));
  EXPECT_THAT(refusal("device: gpu\n"), HasSubstr("one of auto, cpu, cuda"));
  EXPECT_THAT(refusal("input: {scaling: natve}\n"), HasSubstr("did you mean 'native'?"));
  EXPECT_THAT(refusal("- a\n- b\n"), HasSubstr("an experiment file is a set of keys"));
  EXPECT_THAT(refusal("just text\n"), HasSubstr("an experiment file is a set of keys"));
}

TEST(ConfigYaml, ChecksRanges) {
  EXPECT_THAT(refusal("training: {batch_size: 0}\n"), HasSubstr("training.batch_size is 0"));
  EXPECT_THAT(refusal("model: {image_size: 100}\n"), HasSubstr("image_size"));
  EXPECT_THAT(refusal("augmentation: {min_scale: -1}\n"), HasSubstr("min_scale"));
  EXPECT_THAT(refusal("detection: {latent: sometimes}\n"), HasSubstr("sometimes"));
  EXPECT_THAT(refusal("task: test\n"), HasSubstr("weights must name a model file"));
  EXPECT_THAT(refusal("name: ../up\n"), HasSubstr("folder"));
  EXPECT_THAT(refusal("downstream_tasks: [{name: a}]\n"), HasSubstr("has no datasets"));
  EXPECT_THAT(refusal("downstream_tasks: [{name: a, datasets: [{name: b}]}]\n"), HasSubstr("no `test` entry"));
  EXPECT_THAT(refusal("downstream_tasks: [{name: a, datasets: [{name: b, test: c}, {name: b, test: c}]}]\n"),
              HasSubstr("two datasets 'b'"));
}

TEST(ConfigSetting, ChangesOneKeyAndKeepsTheOthers) {
  ExperimentConfig config = read("training: {epochs: 5, warmup: {epochs: 2}}\n");
  apply_setting("training.warmup.learning_rate=1e-3", config);
  apply_setting("data.train=[a.csv, b.csv]", config);
  apply_setting("data.val=c.csv", config);
  apply_setting("detection.latent=average:4", config);
  apply_setting("output=", config);
  EXPECT_EQ(config.training.epochs, 5);
  EXPECT_EQ(config.training.warmup.epochs, 2);
  EXPECT_EQ(config.training.warmup.learning_rate, 1e-3);
  EXPECT_THAT(config.data.train, ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(config.data.val, ElementsAre("c.csv"));
  EXPECT_EQ(config.detection.latent, "average:4");
}

TEST(ConfigSetting, NamesTheOptionInErrors) {
  ExperimentConfig config;
  const auto refused = [&](const std::string& setting) -> std::string {
    try {
      apply_setting(setting, config);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refused("training.epoch=3"), AllOf(HasSubstr("--set training.epoch=3"), HasSubstr("'epochs'")));
  EXPECT_THAT(refused("training.epochs=ten"), HasSubstr("--set training.epochs=ten: training.epochs must be"));
  EXPECT_THAT(refused("training.epochs"), HasSubstr("key.path=value"));
  EXPECT_THAT(refused("=3"), HasSubstr("key.path=value"));
  EXPECT_THAT(refused("training..epochs=3"), HasSubstr("unknown key ''"));
  EXPECT_THAT(refused("training=3"), HasSubstr("must be a section"));
}

// Every key of a schema object, with those of its inner objects.
void collect_keys(const nlohmann::json& object, const std::string& prefix, std::vector<std::string>& keys) {
  for (const auto& [key, schema] : object.at("properties").items()) {
    keys.push_back(prefix + key);
    EXPECT_TRUE(schema.contains("description")) << key;
    if (schema.contains("properties")) collect_keys(schema, prefix + key + ".", keys);
    if (schema.contains("items") && schema["items"].contains("properties")) {
      collect_keys(schema["items"], prefix + key + "[].", keys);
    }
  }
}

TEST(ConfigSchema, DescribesEveryFieldAndNothingElse) {
  const auto schema = nlohmann::json::parse(config_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema.at("additionalProperties"), false);
  std::vector<std::string> keys;
  collect_keys(schema, "", keys);
  EXPECT_THAT(keys, ::testing::Contains("training.warmup.beta_kl"));
  EXPECT_THAT(keys, ::testing::Contains("downstream_tasks[].datasets[].masks"));
  EXPECT_EQ(schema["properties"]["training"]["properties"]["epochs"]["default"], 1500);
  EXPECT_EQ(schema["properties"]["device"]["enum"].size(), 3u);
}

}  // namespace
}  // namespace ra

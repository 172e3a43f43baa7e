#include "ra/experiment/yaml_tree.h"

#include <gmock/gmock.h>

#include <fstream>

#include "ra/base/error.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

YamlNode parse(const std::string& text) { return parse_yaml(text, "test.yaml"); }

// The message of the kUsage error that `text` gives.
std::string refusal(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "accepted: " << text;
  return "";
}

TEST(YamlTree, KeepsOrderLinesAndQuotes) {
  const YamlNode root = parse("b: 1\na: \"2\"\nlist: [x, y]\nnothing:\n");
  EXPECT_THAT(root.keys(), ElementsAre("b", "a", "list", "nothing"));
  EXPECT_EQ(root.find("a")->line, 2);
  EXPECT_TRUE(root.find("a")->quoted);
  EXPECT_FALSE(root.find("b")->quoted);
  EXPECT_EQ(root.find("nothing")->kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.find("list")->items.size(), 2u);
  EXPECT_EQ(root.find("absent"), nullptr);
}

TEST(YamlTree, ReadsAnEmptyDocumentAsNothing) {
  EXPECT_EQ(parse("").kind, YamlNode::Kind::kNull);
  EXPECT_EQ(parse("# only a comment\n").kind, YamlNode::Kind::kNull);
}

TEST(YamlTree, CopiesAliasesSoThatOnePlaceCanChangeAlone) {
  YamlNode root = parse("a: &x {k: 1}\nb: *x\nc: !!python/tuple [64, 64]\n");
  root.entries[1].value.entries[0].value.text = "2";
  EXPECT_EQ(root.find("a")->find("k")->text, "1");
  EXPECT_EQ(root.find("c")->items[1].text, "64");
}

TEST(YamlTree, MergesWithTheOwnKeysFirst) {
  const YamlNode root = parse("base: &x {k: 1, m: 2}\nother: &y {m: 3, n: 4}\nmerged:\n  <<: [*x, *y]\n  k: 5\n");
  const YamlNode& merged = *root.find("merged");
  EXPECT_EQ(merged.find("k")->text, "5");
  EXPECT_EQ(merged.find("m")->text, "2");
  EXPECT_EQ(merged.find("n")->text, "4");
  EXPECT_THAT(refusal("a:\n  <<: 3\n"), HasSubstr("test.yaml:2: '<<' merges only maps"));
}

TEST(YamlTree, RefusesDuplicateKeysWithBothLines) {
  EXPECT_THAT(refusal("a: 1\nb: 2\na: 3\n"), AllOf(HasSubstr("test.yaml:3"), HasSubstr("'a'"), HasSubstr("line 1")));
  EXPECT_THAT(refusal("x:\n  - {k: 1, k: 2}\n"), HasSubstr("test.yaml:2"));
}

TEST(YamlTree, RefusesAliasLoops) {
  EXPECT_THAT(refusal("a: &x\n  b: *x\n"), HasSubstr("contain itself"));
  EXPECT_THAT(refusal("&r\na: [1, *r]\n"), HasSubstr("contain itself"));
  EXPECT_THAT(refusal("a: &x\n  <<: *x\n"), HasSubstr("contain itself"));
}

TEST(YamlTree, RefusesAliasesThatGrowWithoutEnd) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k ? ", *a" : "*a") + std::to_string(i - 1);
    text += "]\n";
  }
  EXPECT_THAT(refusal(text), HasSubstr("more than 100000 values"));
}

TEST(YamlTree, RefusesDeepNesting) {
  EXPECT_THAT(refusal("a: " + std::string(200, '[') + std::string(200, ']') + "\n"), HasSubstr("levels"));
  EXPECT_THAT(refusal("a: " + std::string(100000, '[')), HasSubstr("nested too deeply"));
}

TEST(YamlTree, RefusesBrokenText) {
  EXPECT_THAT(refusal("a: [1, 2\nb: 3\n"), HasSubstr("not YAML"));
  EXPECT_THAT(refusal("a: b: c\n"), HasSubstr("test.yaml:1"));
  EXPECT_THAT(refusal("\tx: 1\n"), HasSubstr("not YAML"));
  EXPECT_THAT(refusal("a: *nope\n"), HasSubstr("anchor"));
  EXPECT_THAT(refusal("a: 1\n---\nb: 2\n"), HasSubstr("2 documents"));
  EXPECT_THAT(refusal("? [x, y]\n: 1\n"), HasSubstr("key that is not plain text"));
  EXPECT_THAT(refusal("a: !!python/object/apply:os.system [ls]\n"), HasSubstr("unknown tag"));
}

TEST(YamlTree, NamesAFileThatCannotBeRead) {
  const testing::TemporaryFolder folder;
  const auto missing = folder.path() / "missing.yaml";
  try {
    read_yaml(missing);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("missing.yaml"));
  }
  EXPECT_THROW(read_yaml(folder.path()), Error);
}

YamlNode scalar(const std::string& text) { return *parse("v: " + text).find("v"); }

TEST(YamlScalar, ReadsPlainNumbers) {
  EXPECT_EQ(yaml_integer(scalar("-12"), "f", "v"), -12);
  EXPECT_EQ(yaml_integer(scalar("+7"), "f", "v"), 7);
  EXPECT_EQ(yaml_number(scalar("5e-5"), "f", "v"), 5e-5);
  EXPECT_EQ(yaml_number(scalar("5.0e-5"), "f", "v"), 5e-5);
  EXPECT_EQ(yaml_number(scalar(".5"), "f", "v"), 0.5);
  EXPECT_EQ(yaml_number(scalar("3"), "f", "v"), 3.0);
  EXPECT_EQ(yaml_number(scalar("-1."), "f", "v"), -1.0);
}

TEST(YamlScalar, RefusesNumbersThatReadersDisagreeOn) {
  for (const char* text : {"017", "1_000", "1:30", "0x10", "0o17", "1e3", "1.0", "'3'", "ten", "99999999999999999999",
                           "", "[1]", "{a: 1}", "-", "+-1", "1 2"}) {
    EXPECT_THROW(yaml_integer(scalar(text), "f", "v"), Error) << text;
  }
  for (const char* text : {"017", "01.5", "1_0.5", "1:30.5", ".nan", ".inf", "nan", "inf", "0x1p3", "1e999", "'0.5'",
                           "e5", ".", "1e", "1.2.3", ""}) {
    EXPECT_THROW(yaml_number(scalar(text), "f", "v"), Error) << text;
  }
}

TEST(YamlScalar, NamesPlaceFieldAndValue) {
  try {
    yaml_integer(scalar("ten"), "f.yaml", "training.epochs");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "f.yaml:1: training.epochs must be a whole number, not 'ten'");
  }
}

TEST(YamlScalar, ReadsBooleansAsPyYamlDoes) {
  for (const char* text : {"true", "True", "yes", "ON"}) EXPECT_TRUE(yaml_bool(scalar(text), "f", "v")) << text;
  for (const char* text : {"false", "FALSE", "No", "off"}) EXPECT_FALSE(yaml_bool(scalar(text), "f", "v")) << text;
  for (const char* text : {"1", "0", "'true'", "y", "", "[true]"}) {
    EXPECT_THROW(yaml_bool(scalar(text), "f", "v"), Error) << text;
  }
}

TEST(YamlScalar, ReadsOneTextAsAListOfOne) {
  EXPECT_THAT(yaml_texts(scalar("a.csv"), "f", "v"), ElementsAre("a.csv"));
  EXPECT_THAT(yaml_texts(scalar("[a, 'b c']"), "f", "v"), ElementsAre("a", "b c"));
  EXPECT_TRUE(yaml_texts(scalar(""), "f", "v").empty());
  EXPECT_THROW(yaml_texts(scalar("[a, ]"), "f", "v").at(1), std::out_of_range);
  EXPECT_THROW(yaml_texts(scalar("[a, ~]"), "f", "v"), Error);
  EXPECT_THROW(yaml_texts(scalar("{a: b}"), "f", "v"), Error);
  EXPECT_THROW(yaml_text(scalar("[a]"), "f", "v"), Error);
}

}  // namespace
}  // namespace ra

#include "ra/model/pickle_reader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "ra/base/error.h"
#include "ra/testing/pickle_builder.h"

namespace ra {
namespace {

using testing::dict_of;
using testing::global;
using testing::pickled;
using testing::PickledTensorSpec;
using testing::raw;
using testing::whole_pickle;

// Every storage is 0, 1, 2, ... in memory of the announced size, which the real readers check against the file.
at::Storage counting_storage(const StorageReference& reference) {
  if (reference.byte_count() > 4096) refuse("too large for this test");
  return at::arange(reference.count, at::kFloat).storage();
}

CheckpointValue read(const std::string& bytes) {
  ByteCursor cursor(std::as_bytes(std::span(bytes)));
  return read_pickle(cursor, counting_storage);
}

std::string refusal(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("\n")));
    return error.what();
  }
  ADD_FAILURE() << "a pickle that must be refused was read";
  return "";
}

TEST(PickleReader, ReadsPlainValues) {
  const auto root = read(whole_pickle("}(" + pickled("none") + "N" + pickled("yes") + "\x88" + pickled("small") +
                                      "K\xff" + pickled("minus") + "\x8a\x01\xfe" + pickled("python2") + "U\x02hi" +
                                      pickled("nothing") + ")" + "u"));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(root.find("none")->value));
  EXPECT_TRUE(std::get<bool>(root.find("yes")->value));
  EXPECT_EQ(std::get<std::int64_t>(root.find("small")->value), 255);
  EXPECT_EQ(std::get<std::int64_t>(root.find("minus")->value), -2);
  EXPECT_EQ(std::get<std::string>(root.find("python2")->value), "hi");
  EXPECT_TRUE(root.find("nothing")->is_tuple);
}

TEST(PickleReader, ReadsStridedTensors) {
  PickledTensorSpec spec{.sizes = {2, 3}, .strides = {1, 4}, .offset = 2, .count = 12};
  const auto root = read(whole_pickle(dict_of(spec.operations())));
  const auto tensor = std::get<at::Tensor>(root.find("w")->value);
  EXPECT_TRUE(at::equal(tensor, at::tensor({2.0F, 6.0F, 10.0F, 3.0F, 7.0F, 11.0F}).reshape({2, 3})));
}

// As squeeze.pth of LPIPS was written: Python 2 texts, an OrderedDict made from lists of pairs, None for hooks.
TEST(PickleReader, ReadsWhatPyTorch04Wrote) {
  const std::string hooks = global("collections", "OrderedDict") + ")R";
  std::string tensor = PickledTensorSpec{.legacy = true}.operations();
  tensor.replace(tensor.rfind(hooks), hooks.size(), "N");
  const auto root = read(whole_pickle(global("collections", "OrderedDict") + "](](U\x01w" + tensor + "ee\x85R"));
  EXPECT_TRUE(root.is_ordered);
  EXPECT_EQ(std::get<at::Tensor>(root.find("w")->value).numel(), 4);
}

TEST(PickleReader, RefusesHooksWhichAreCode) {
  const std::string hooks = global("collections", "OrderedDict") + ")R";
  std::string tensor = PickledTensorSpec{}.operations();
  tensor.replace(tensor.rfind(hooks), hooks.size(), dict_of("N"));
  EXPECT_THAT(refusal(whole_pickle(dict_of(tensor))), ::testing::HasSubstr("hooks"));
}

TEST(PickleReader, RemembersObjects) {
  const auto root =
      read(whole_pickle("](" + pickled("a") + "q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "e"));
  const auto& list = std::get<CheckpointValue::List>(root.value);
  EXPECT_EQ(std::get<std::string>(list.at(1).value), "a");
}

TEST(PickleReader, KeepsAStateDictsOrderAndDropsItsMetadata) {
  const auto root = read(whole_pickle(global("collections", "OrderedDict") + ")R(" + pickled("b") + "K\x01" +
                                      pickled("a") + "K\x02u" + "}" + pickled("_metadata") + "}sb"));
  const auto& dict = std::get<CheckpointValue::Dict>(root.value);
  EXPECT_TRUE(root.is_ordered);
  EXPECT_EQ(dict.size(), 2);
  EXPECT_EQ(std::get<std::string>(dict[0].first.value), "b");
}

TEST(PickleReader, RefusesEveryNameThatIsNotOnTheList) {
  EXPECT_THAT(refusal(whole_pickle(global("os", "system") + "0N")), ::testing::HasSubstr("os.system"));
  EXPECT_THAT(refusal(whole_pickle(global("builtins", "eval") + "(" + pickled("1") + "tR")),
              ::testing::HasSubstr("builtins.eval"));
  EXPECT_THAT(refusal(whole_pickle(global("torch", "load") + "0N")), ::testing::HasSubstr("torch.load"));
}

TEST(PickleReader, RefusesCallsAndAttributesOutOfPlace) {
  refusal(whole_pickle("R"));
  refusal(whole_pickle(pickled("print") + ")R"));
  refusal(whole_pickle(dict_of(PickledTensorSpec{}.operations() + "}" + pickled("grad_fn") + "Nsb")));
  refusal(whole_pickle("}}" + pickled("x") + "Nsb"));  // attributes of a plain dict
  refusal(whole_pickle(global("collections", "OrderedDict") + "(" + pickled("x") + "tR"));
  refusal(whole_pickle(global("collections", "OrderedDict")));  // a bare class as the result
  refusal(whole_pickle("(" + pickled("storage") + "tQ"));       // a persistent id that is none
}

TEST(PickleReader, RefusesTensorsOutsideTheirStorage) {
  const std::int64_t huge = std::int64_t{1} << 62;
  const std::vector<PickledTensorSpec> specs = {
      {.sizes = {1000}},
      {.sizes = {5}, .strides = {1}},
      {.sizes = {4}, .offset = 1},
      {.sizes = {4}, .offset = -1},
      {.sizes = {-4}},
      {.sizes = {4}, .strides = {-1}, .offset = 3},
      {.sizes = {2, 2}, .strides = {1}},
      {.sizes = {3, 3}, .strides = {huge, huge}},
      {.sizes = {std::int64_t{1} << 33, std::int64_t{1} << 33}, .strides = {0, 0}},
      {.sizes = {std::int64_t{1} << 40}, .strides = {0}},  // a view of one element, a terabyte when copied
      {.sizes = {0, huge, 8}, .strides = {0, 0, 0}},
      {.sizes = {std::int64_t{1} << 40}, .count = std::int64_t{1} << 40},
      {.sizes = {1}, .count = std::int64_t{1} << 62},
      {.sizes = {1}, .count = -1},
      {.sizes = std::vector<std::int64_t>(65, 1), .strides = std::vector<std::int64_t>(65, 1)},
  };
  for (const PickledTensorSpec& spec : specs) refusal(whole_pickle(dict_of(spec.operations())));
}

TEST(PickleReader, RefusesWhatOnlyServesToExhaustMemory) {
  refusal(whole_pickle("}r\xff\xff\xff\xff"));  // memo slot 2^32 - 1
  refusal(
      whole_pickle("X\xf0\xff\xff\xff"
                   "abc"));  // a text of 4 GiB
  refusal(
      whole_pickle("\x8b\xff\xff\xff\x7f"
                   "ab"));  // an integer of 2 GiB
  refusal(whole_pickle(pickled(std::int64_t{1}) + "0\x8a\x09"
                                                  "123456789"));  // an integer of 72 bits
  refusal(whole_pickle(std::string(2'000'000, '}') + std::string(200'000, '}')));
  refusal(whole_pickle(std::string(2000, '(')));
}

TEST(PickleReader, RefusesDeepNestingAndCycles) {
  EXPECT_THAT(refusal(whole_pickle(std::string(100'000, ']') + std::string(99'999, 'a'))),
              ::testing::HasSubstr("nests deeper"));
  EXPECT_THAT(refusal(whole_pickle("]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a")),
              ::testing::HasSubstr("contains itself"));
}

// Ten lists of ten references each unfold to ten to the tenth values.
TEST(PickleReader, RefusesReferencesThatUnfoldWithoutBound) {
  std::string operations = pickled(std::string(1000, 'x')) + "q" + std::string(1, '\0');
  for (char level = 0; level < 10; ++level) {
    operations += "](";
    for (int k = 0; k < 10; ++k) operations += std::string("h") + level;
    operations += std::string("eq") + static_cast<char>(level + 1);
  }
  EXPECT_THAT(refusal(whole_pickle("(" + operations + "t")), ::testing::HasSubstr("unfolds"));
}

TEST(PickleReader, RefusesBrokenStacks) {
  for (const char* operations : {"", "0", "a", "e", "s", "u", "t", "\x85", "\x87", "Na", "NNs", "(N", "NN", "h\x07",
                                 "\xff", "N(a", "](NNa", "}NNa", "}(Nu"}) {
    refusal(whole_pickle(operations));
  }
  refusal("\x80\x02N");   // no STOP
  refusal("\x80\x04N.");  // another protocol
  refusal("N.");
  refusal("");
}

TEST(PickleReader, RefusesKeysTwiceAndKeysOfOtherKinds) {
  refusal(whole_pickle("}(" + pickled("a") + "N" + pickled("a") + "Nu"));
  refusal(whole_pickle("}NNs"));
  refusal(whole_pickle("})Ns"));
}

TEST(PickleReader, SurvivesEveryChangedByte) {
  const std::string whole =
      whole_pickle("}(" + pickled("w") + PickledTensorSpec{}.operations() + "q\x01" + pickled("list") +
                   "](K\x01h\x01"
                   "e" +
                   pickled("x") + "G" + raw(1.5) + "u");
  ASSERT_NO_THROW(read(whole));
  for (std::size_t position = 0; position < whole.size(); ++position) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[position] = static_cast<char>(value);
      try {
        read(changed);
      } catch (const Error&) {
      }
    }
    EXPECT_THROW(read(whole.substr(0, position)), Error);
  }
}

}  // namespace
}  // namespace ra

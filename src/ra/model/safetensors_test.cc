#include "ra/model/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/tensor_type.h"
#include "ra/testing/pickle_builder.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::HasSubstr;

std::string file_of(const std::string& header, std::size_t data_size) {
  return testing::raw(static_cast<std::uint64_t>(header.size())) + header + std::string(data_size, '\0');
}

Checkpoint read(const std::string& file) { return read_safetensors(std::as_bytes(std::span(file))); }

std::string refusal(const std::string& file) {
  try {
    read(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  ADD_FAILURE() << "a file that must be refused was read: " << file.substr(8, 80);
  return "";
}

TEST(Safetensors, RoundTripKeepsOrderTypesValuesAndMetadata) {
  const testing::TemporaryFolder folder;
  StateDict state;
  for (const TensorType& type : tensor_types()) {
    state.push_back({std::string(type.name), at::arange(-4, 8, at::kFloat).div(3).to(type.type).reshape({3, 4}).t()});
  }
  state.push_back({"scalar \"quoted\"\n", at::full({}, 2.5F)});
  state.push_back({"empty", at::empty({0, 4})});
  write_safetensors(folder.path() / "a.safetensors", state, {{"format", "pt"}, {"note", "\xc3\xa9"}});

  const Checkpoint back = read_checkpoint(folder.path() / "a.safetensors");
  EXPECT_EQ(back.format, CheckpointFormat::kSafetensors);
  EXPECT_EQ(back.metadata.at("note"), "\xc3\xa9");
  const StateDict weights = back.weights();
  ASSERT_EQ(weights.size(), state.size());
  for (std::size_t k = 0; k < state.size(); ++k) {
    EXPECT_EQ(weights[k].name, state[k].name);
    EXPECT_EQ(weights[k].tensor.scalar_type(), state[k].tensor.scalar_type());
    EXPECT_TRUE(at::equal(weights[k].tensor, state[k].tensor));
  }
}

TEST(Safetensors, DataIsAlignedToTheElements) {
  const testing::TemporaryFolder folder;
  const StateDict state = {
      {"flag", at::ones({3}, at::kBool)}, {"half", at::ones({3}, at::kHalf)}, {"wide", at::ones({1}, at::kLong)}};
  write_safetensors(folder.path() / "a.safetensors", state);
  const std::string text = read_text_file(folder.path() / "a.safetensors");
  EXPECT_THAT(text, HasSubstr(R"("wide":{"dtype":"I64","shape":[1],"data_offsets":[0,8]})"));
  EXPECT_THAT(text, HasSubstr(R"("half":{"dtype":"F16","shape":[3],"data_offsets":[8,14]})"));
  EXPECT_EQ(text.find('{'), 8);
  EXPECT_EQ((text.size() - 17) % 8, 0);
}

TEST(Safetensors, RefusesWhatIsNotCoveredExactlyOnce) {
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_NO_THROW(read(file_of("{" + a + "}", 8)));
  EXPECT_NO_THROW(read(file_of("{" + a + "}   ", 8)));
  EXPECT_THAT(refusal(file_of("{" + a + "}", 12)), HasSubstr("belong to no tensor"));
  EXPECT_THAT(refusal(file_of("{" + a + "}", 4)), HasSubstr("outside"));
  EXPECT_THAT(refusal(file_of("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12)),
              HasSubstr("overlaps"));
  EXPECT_THAT(refusal(file_of("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})", 16)),
              HasSubstr("gap"));
}

TEST(Safetensors, RefusesHeadersThatLie) {
  EXPECT_THAT(refusal(testing::raw(std::uint64_t{1} << 63) + "{}"), HasSubstr("announced"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8)),
              HasSubstr("needs 12 bytes"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4,2],"data_offsets":[0,8]}})", 8)),
              HasSubstr("64 bits"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[0,4611686018427387904,8],"data_offsets":[0,0]}})", 0)),
              HasSubstr("64 bits"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"Q99","shape":[2],"data_offsets":[0,8]}})", 8)), HasSubstr("Q99"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8)),
              HasSubstr("needs 8 bytes"));
}

TEST(Safetensors, RefusesHeadersOfAnotherShape) {
  const std::string one = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_THAT(refusal(file_of(R"({"w":)" + one + R"(,"w":)" + one + "}", 8)), HasSubstr("twice"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8)),
              HasSubstr("twice"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[2]}})", 8)), HasSubstr("lacks"));
  EXPECT_THAT(refusal(file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8)),
              HasSubstr("unknown field"));
  for (const char* value :
       {"1", "-1", "1.5", "null", "true", "\"text\"", "[]", "[[]]", R"({"dtype":1})", R"({"shape":[-1]})",
        R"({"shape":{}})", R"({"data_offsets":[0,8,8]})", R"({"shape":["a"]})", R"({"dtype":{"a":1}})"}) {
    refusal(file_of(std::string(R"({"w":)") + value + "}", 8));
  }
  refusal(file_of(R"({"__metadata__":{"a":{}}})", 0));
  refusal(file_of(R"({"w":)" + std::string(50'000, '[') + std::string(50'000, ']') + "}", 0));
  refusal(file_of("[]", 0));
  refusal(file_of("{", 0));
  refusal(file_of("{}{}", 0));
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::string whole = file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
}

TEST(Safetensors, RefusesToWriteNamesItCannotHold) {
  const testing::TemporaryFolder folder;
  const auto write = [&](const StateDict& state) { write_safetensors(folder.path() / "a.safetensors", state); };
  EXPECT_THROW(write({{"__metadata__", at::ones({1})}}), Error);
  EXPECT_THROW(write({{"a", at::ones({1})}, {"a", at::ones({1})}}), Error);
  EXPECT_THROW(write({{"\xff", at::ones({1})}}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace ra

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/checkpoint.h"
#include "ra/model/tensor_type.h"
#include "ra/model/torch_checkpoint_reader.h"
#include "ra/testing/pickle_builder.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using Dict = CheckpointValue::Dict;
using List = CheckpointValue::List;

class TorchCheckpoint : public ::testing::Test {
 protected:
  CheckpointValue round_trip(const CheckpointValue& root) {
    write_torch_checkpoint(path_, root);
    const Checkpoint checkpoint = read_checkpoint(path_);
    EXPECT_EQ(checkpoint.format, CheckpointFormat::kTorchZip);
    return checkpoint.root;
  }

  Checkpoint read(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;  // write_file would wait for the disk a thousand times
    return read_checkpoint(path_);
  }

  void expect_refused(const std::string& bytes) {
    try {
      read(bytes);
      ADD_FAILURE() << "a file of " << bytes.size() << " bytes that must be refused was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("model.pt"));
    }
  }

  testing::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "model.pt";
};

CheckpointValue text(const std::string& value) { return {value}; }

at::Tensor tensor_at(const CheckpointValue& root, const std::string& key) {
  return std::get<at::Tensor>(root.find(key)->value);
}

TEST_F(TorchCheckpoint, KeepsTensorsOfEveryTypeBitwise) {
  Dict dict;
  for (const TensorType& type : tensor_types()) {
    dict.emplace_back(text(std::string(type.name)),
                      CheckpointValue{at::arange(-4, 8, at::kFloat).div(3).to(type.type).reshape({3, 4})});
  }
  dict.emplace_back(text("scalar"), CheckpointValue{at::full({}, std::nan(""))});
  dict.emplace_back(text("empty"), CheckpointValue{at::empty({0, 4})});
  const CheckpointValue root{dict};
  const CheckpointValue back = round_trip(root);
  for (const auto& [key, value] : dict) {
    const auto& want = std::get<at::Tensor>(value.value);
    const at::Tensor got = tensor_at(back, std::get<std::string>(key.value));
    ASSERT_EQ(got.scalar_type(), want.scalar_type());
    ASSERT_EQ(got.sizes(), want.sizes());
    EXPECT_TRUE(at::equal(got.contiguous().flatten().view(at::kByte), want.contiguous().flatten().view(at::kByte)));
  }
}

TEST_F(TorchCheckpoint, KeepsNestedPlainValues) {
  const double tiny = std::numeric_limits<double>::denorm_min();
  CheckpointValue betas{List{{0.9}, {0.999}}};
  betas.is_tuple = true;
  Dict state{{{std::int64_t{7}}, {Dict{{text("step"), {std::int64_t{3}}}}}}};
  const CheckpointValue root{Dict{{text("integers"),
                                   {List{{std::int64_t{0}},
                                         {std::int64_t{255}},
                                         {std::int64_t{256}},
                                         {std::int64_t{-1}},
                                         {std::int64_t{1} << 40},
                                         {std::numeric_limits<std::int64_t>::min()}}}},
                                  {text("betas"), betas},
                                  {text("tiny"), {tiny}},
                                  {text("none"), {}},
                                  {text("flags"), {List{{true}, {false}}}},
                                  {text("name \xc3\xa9"), text("a\nb")},
                                  {text("empty"), {List{}}},
                                  {text("state"), {state}}}};
  const CheckpointValue back = round_trip(root);
  const auto& integers = std::get<List>(back.find("integers")->value);
  EXPECT_EQ(std::get<std::int64_t>(integers[2].value), 256);
  EXPECT_EQ(std::get<std::int64_t>(integers[3].value), -1);
  EXPECT_EQ(std::get<std::int64_t>(integers[4].value), std::int64_t{1} << 40);
  EXPECT_EQ(std::get<std::int64_t>(integers[5].value), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(back.find("betas")->is_tuple);
  EXPECT_EQ(std::get<double>(back.find("tiny")->value), tiny);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(back.find("none")->value));
  EXPECT_TRUE(std::get<bool>(std::get<List>(back.find("flags")->value)[0].value));
  EXPECT_EQ(std::get<std::string>(back.find("name \xc3\xa9")->value), "a\nb");
  EXPECT_FALSE(back.find("state")->is_ordered);
  EXPECT_EQ(std::get<std::int64_t>(std::get<Dict>(back.find("state")->value)[0].first.value), 7);
}

TEST_F(TorchCheckpoint, SharedAndStridedStoragesStayShared) {
  const at::Tensor whole = at::arange(24, at::kFloat);
  const CheckpointValue root{Dict{{text("whole"), {whole}},
                                  {text("tail"), {whole.slice(0, 10)}},
                                  {text("transposed"), {whole.view({4, 6}).t()}},
                                  {text("expanded"), {whole.slice(0, 5, 6).expand({3, 4})}}}};
  const CheckpointValue back = round_trip(root);
  EXPECT_TRUE(at::equal(tensor_at(back, "transposed"), whole.view({4, 6}).t()));
  EXPECT_TRUE(at::equal(tensor_at(back, "expanded"), at::full({3, 4}, 5.0F)));
  tensor_at(back, "whole").add_(100);
  EXPECT_EQ(tensor_at(back, "tail")[0].item<float>(), 110);
  EXPECT_LT(std::filesystem::file_size(path_), 2000);
}

TEST_F(TorchCheckpoint, EqualContentsMakeEqualFiles) {
  const CheckpointValue root{Dict{{text("w"), {at::ones({5})}}}};
  write_torch_checkpoint(path_, root);
  const std::string first = read_text_file(path_);
  write_torch_checkpoint(path_, root);
  EXPECT_EQ(read_text_file(path_), first);
}

TEST_F(TorchCheckpoint, StateDictsKeepOrderAndKindOfTensors) {
  const StateDict state = {{"b.weight", at::ones({2})}, {"a.running_mean", at::zeros({2}), false}};
  write_torch_checkpoint(
      path_, {Dict{{text("model_weights"), to_checkpoint_value(state)}, {text("epoch"), {std::int64_t{4}}}}});
  const Checkpoint checkpoint = read_checkpoint(path_);
  EXPECT_TRUE(checkpoint.root.find("model_weights")->is_ordered);
  const StateDict back = checkpoint.weights();
  ASSERT_EQ(back.size(), 2);
  EXPECT_EQ(back[0].name, "b.weight");
  EXPECT_TRUE(back[0].trained);
  EXPECT_FALSE(back[1].trained);
}

TEST_F(TorchCheckpoint, WeightsOfACheckpointWithoutAnyAreAnError) {
  for (const CheckpointValue& root :
       {CheckpointValue{List{}}, CheckpointValue{Dict{}}, CheckpointValue{Dict{{text("epoch"), {std::int64_t{1}}}}},
        CheckpointValue{Dict{{text("model_weights"), {std::int64_t{1}}}}}}) {
    EXPECT_THROW((Checkpoint{CheckpointFormat::kTorchZip, root, {}}.weights()), Error);
  }
}

TEST_F(TorchCheckpoint, ReadsTensorsWhereverTheFileLiesInMemory) {
  const at::Tensor written = at::arange(24, at::kDouble);
  write_torch_checkpoint(path_, {Dict{{text("w"), {written}}}});
  const std::string whole = read_text_file(path_);
  for (const std::size_t shift : {0, 1, 8}) {
    at::Tensor read;
    {
      const std::shared_ptr<std::byte[]> owner(new std::byte[whole.size() + shift]);
      std::memcpy(owner.get() + shift, whole.data(), whole.size());
      read = tensor_at(read_torch_zip({owner, {owner.get() + shift, whole.size()}}), "w");
    }
    EXPECT_TRUE(at::equal(read, written)) << shift;
  }
}

TEST_F(TorchCheckpoint, RefusesEveryTruncation) {
  write_torch_checkpoint(path_, {Dict{{text("w"), {at::ones({2})}}}});
  const SharedBytes whole = read_shared_file(path_);
  for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
    EXPECT_THROW(read_torch_zip({whole.owner, whole.bytes.first(size)}), Error) << size;
  }
  const std::string text = read_text_file(path_);
  expect_refused(text.substr(0, text.size() / 2));
}

TEST_F(TorchCheckpoint, RefusesAnythingElse) {
  expect_refused("");
  expect_refused("hello\nhello\nhello\n");
  expect_refused(std::string("\x80\x02}.", 4));
  expect_refused("PK\x03\x04");
}

std::string good_legacy_file() {
  testing::PickledTensorSpec spec{.sizes = {2, 2}, .strides = {2, 1}, .legacy = true};
  return testing::legacy_file(testing::dict_of(spec.operations()), {"0"},
                              testing::raw(std::int64_t{4}) + testing::raw(std::array{1.0F, 2.0F, 3.0F, 4.0F}));
}

TEST_F(TorchCheckpoint, ReadsTheLegacyLayout) {
  const Checkpoint checkpoint = read(good_legacy_file());
  EXPECT_EQ(checkpoint.format, CheckpointFormat::kTorchLegacy);
  EXPECT_TRUE(at::equal(tensor_at(checkpoint.root, "w"), at::tensor({1.0F, 2.0F, 3.0F, 4.0F}).reshape({2, 2})));
}

TEST_F(TorchCheckpoint, RefusesABrokenLegacyFile) {
  testing::PickledTensorSpec spec{.legacy = true};
  const std::string object = testing::dict_of(spec.operations());
  const std::string data(16, '\0');
  expect_refused(testing::legacy_file(object, {"0"}, testing::raw(std::int64_t{-1})));
  expect_refused(testing::legacy_file(object, {"0"}, testing::raw(std::int64_t{1} << 60) + data));
  expect_refused(testing::legacy_file(object, {}, ""));
  expect_refused(testing::legacy_file(object, {"1"}, testing::raw(std::int64_t{4}) + data));
  expect_refused(testing::legacy_file(object, {"0", "0"}, testing::raw(std::int64_t{4}) + data));
  expect_refused(good_legacy_file() + "x");
  spec.count = std::int64_t{1} << 40;
  expect_refused(testing::legacy_file(testing::dict_of(spec.operations()), {"0"}, data));
}

CheckpointValue read_legacy(const std::string& bytes) { return read_torch_legacy(std::as_bytes(std::span(bytes))); }

TEST_F(TorchCheckpoint, LegacyTruncationsAreRefusedAndChangedBytesSurvived) {
  const std::string whole = good_legacy_file();
  for (std::size_t position = 0; position < whole.size(); ++position) {
    EXPECT_THROW(read_legacy(whole.substr(0, position)), Error);
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[position] = static_cast<char>(value);
      try {
        read_legacy(changed);
      } catch (const Error&) {
      }
    }
  }
}

TEST_F(TorchCheckpoint, AFailedWriteLeavesTheOldFile) {
  write_torch_checkpoint(path_, {Dict{{text("w"), {at::ones({2})}}}});
  CheckpointValue deep{List{}};
  for (int level = 0; level < 100; ++level) deep = CheckpointValue{List{deep}};
  EXPECT_THROW(write_torch_checkpoint(path_, deep), Error);  // read back before it gets its name, and refused
  EXPECT_TRUE(read_checkpoint(path_).root.find("w"));
}

}  // namespace
}  // namespace ra

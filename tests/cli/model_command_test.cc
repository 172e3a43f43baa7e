#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>

#include "ra/base/atomic_file.h"
#include "ra/base/hash.h"
#include "ra/model/checkpoint.h"
#include "ra/model/reversed_autoencoder.h"
#include "ra/testing/run_program.h"
#include "ra/testing/shared_data.h"
#include "ra/testing/temporary_folder.h"

namespace ra {
namespace {

using ::testing::HasSubstr;
using testing::run_ra;

// A trainer's checkpoint of a small network.
class ModelCommand : public ::testing::Test {
 protected:
  ModelCommand() {
    ModelOptions options;
    options.image_size = 32;
    options.channels = {4, 8, 8};
    options.latent_size = 6;
    state_ = ReversedAutoencoder(options, 1).state();
    write_torch_checkpoint(model_, {CheckpointValue::Dict{{{std::string("model_weights")}, to_checkpoint_value(state_)},
                                                          {{std::string("epoch")}, {std::int64_t{41}}}}});
  }

  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }

  testing::TemporaryFolder folder_;
  std::string model_ = file("model.pt");
  StateDict state_;
};

TEST_F(ModelCommand, InfoTellsWhatAFileHolds) {
  const auto result = run_ra({"model", "info", model_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("PyTorch (zip layout)"));
  EXPECT_THAT(result.out, HasSubstr(sha256_hex_of_file(model_)));
  EXPECT_THAT(result.out, HasSubstr("image_size 32, image_channels 1, channels [4, 8, 8], latent_size 6\n"));
  EXPECT_THAT(result.out, HasSubstr("epoch = 41"));
  EXPECT_THAT(result.out, HasSubstr("model_weights/encoder.main.0.weight [4,1,5,5] float32"));
}

TEST_F(ModelCommand, InfoOfOtherTensorsSaysThatTheyAreNoNetwork) {
  write_safetensors(file("other.safetensors"), {{"w\x1b[31m", at::ones({2})}});
  const auto result = run_ra({"model", "info", file("other.safetensors")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("no RA network"));
  EXPECT_THAT(result.out, HasSubstr("w\\x1b[31m [2] float32"));  // no escapes of a file reach the terminal
}

TEST_F(ModelCommand, ConvertsThereAndBack) {
  ASSERT_EQ(run_ra({"model", "convert", model_, file("a.safetensors")}).exit_code, 0);
  ASSERT_EQ(run_ra({"model", "convert", file("a.safetensors"), file("b.pt")}).exit_code, 0);
  const StateDict back = read_checkpoint(file("b.pt")).weights();
  ASSERT_EQ(back.size(), state_.size());
  for (std::size_t k = 0; k < back.size(); ++k) {
    EXPECT_EQ(back[k].name, state_[k].name);
    EXPECT_TRUE(at::equal(back[k].tensor, state_[k].tensor));
  }
  ASSERT_EQ(run_ra({"model", "convert", model_, file("c.pt")}).exit_code, 0);
  EXPECT_EQ(std::get<std::int64_t>(read_checkpoint(file("c.pt")).root.find("epoch")->value), 41);
}

TEST_F(ModelCommand, SaysWhatSafetensorsLeavesOut) {
  EXPECT_THAT(run_ra({"model", "convert", model_, file("a.safetensors")}).out, HasSubstr("no place for epoch"));
}

TEST_F(ModelCommand, WritesOverAFileOnlyWhenAsked) {
  std::ofstream(file("a.safetensors")) << "precious";
  const auto refused = run_ra({"model", "convert", model_, file("a.safetensors")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--overwrite"));
  EXPECT_EQ(read_text_file(file("a.safetensors")), "precious");
  EXPECT_EQ(run_ra({"model", "convert", model_, file("a.safetensors"), "--overwrite"}).exit_code, 0);
}

TEST_F(ModelCommand, AnUnknownEndingIsAUsageError) {
  const auto result = run_ra({"model", "convert", model_, file("a.onnx")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(".safetensors"));
}

void expect_refused(const std::string& path, const std::string& output) {
  const auto result = run_ra({"model", "convert", path, output});
  EXPECT_EQ(result.exit_code, 1) << path;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr(path));
  EXPECT_FALSE(std::filesystem::exists(output));
}

TEST_F(ModelCommand, RefusesBrokenFiles) {
  const std::string whole = read_text_file(model_);
  std::ofstream(file("cut.pt"), std::ios::binary) << whole.substr(0, whole.size() / 2);
  std::ofstream(file("empty.pt"));
  std::ofstream(file("text.pt")) << "no checkpoint";
  for (const char* name : {"cut.pt", "empty.pt", "text.pt", "absent.pt"}) expect_refused(file(name), file("out.pt"));
}

TEST_F(ModelCommand, RefusesEveryHostileFileOfTheSharedFolder) {
  RA_SHARED_OR_SKIP(bad, "parity/checkpoints/bad");
  for (const auto& entry : std::filesystem::directory_iterator(bad)) expect_refused(entry.path(), file("out.pt"));
}

}  // namespace
}  // namespace ra

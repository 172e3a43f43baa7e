#include "ra/evaluation/plane_store.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "ra/base/error.h"

namespace ra {
namespace {

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::kIo, std::string("the evaluation's temporary file cannot be ") + what + ": " +
                                  std::strerror(errno) + "; free disk space in the output folder");
}

}  // namespace

PlaneStore::PlaneStore(const std::filesystem::path& folder, std::int64_t planes, std::int64_t size)
    : planes_(planes), size_(size) {
  std::string name = (folder / ".planes_XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) fail("made");
  ::unlink(name.c_str());
  file_.reset(::fdopen(descriptor, "w+b"));
  if (file_ == nullptr) fail("made");
}

void PlaneStore::add(const at::Tensor& entry) {
  const at::Tensor values = entry.to(at::kFloat).contiguous();
  const auto bytes = static_cast<std::size_t>(planes_ * size_ * size_) * sizeof(float);
  const auto place = static_cast<long>(count_ * bytes);
  if (std::fseek(file_.get(), place, SEEK_SET) != 0 ||
      std::fwrite(values.data_ptr<float>(), 1, bytes, file_.get()) != bytes) {
    fail("written");
  }
  ++count_;
}

void PlaneStore::read(std::size_t index, at::Tensor& entry) const {
  if (!entry.defined()) entry = at::empty({planes_, size_, size_}, at::kFloat);
  const auto bytes = static_cast<std::size_t>(planes_ * size_ * size_) * sizeof(float);
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), static_cast<long>(index * bytes), SEEK_SET) != 0 ||
      std::fread(entry.data_ptr<float>(), 1, bytes, file_.get()) != bytes) {
    fail("read");
  }
}

}  // namespace ra

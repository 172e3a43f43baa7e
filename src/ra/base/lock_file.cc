#include "ra/base/lock_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "ra/base/error.h"

namespace ra {
namespace {

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// When a process began, in clock ticks since boot; empty when it does not run. Together with the process id it tells a
// process from a later one with the same number.
std::string process_start(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  // The second field is a name in brackets, which may hold anything; the 22nd is the start.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return "";
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int k = 3; k <= 22; ++k) fields >> field;
  return field;
}

struct Holder {
  std::string host, pid, start;
};

Holder self() {
  const std::string pid = std::to_string(::getpid());
  return {host_name(), pid, process_start(pid)};
}

Holder read_holder(int descriptor) {
  char text[512] = {};
  const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
  std::istringstream words(std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0));
  Holder holder;
  words >> holder.host >> holder.pid >> holder.start;
  return holder;
}

bool runs_here(const Holder& holder) {
  return !holder.start.empty() && holder.host == host_name() && process_start(holder.pid) == holder.start;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const Holder& holder) {
  const std::string who =
      holder.pid.empty() ? std::string("another process") : fmt::format("process {} on {}", holder.pid, holder.host);
  throw Error(ErrorCode::kUsage, fmt::format("{} works in '{}'; wait for it, stop it, or name another folder", who,
                                             path.parent_path().string()));
}

}  // namespace

LockFile::LockFile(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw Error(ErrorCode::kIo, fmt::format("cannot write '{}': {}; choose a folder that you may write to",
                                            path_.string(), std::strerror(errno)));
  }
  try {
    const int failure = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    const Holder holder = read_holder(descriptor_);
    if (failure == EWOULDBLOCK || (failure != 0 && runs_here(holder))) refuse(path_, holder);
    const Holder me = self();
    const std::string text = fmt::format("{} {} {}\n", me.host, me.pid, me.start);
    if (::ftruncate(descriptor_, 0) != 0 ||
        ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
      throw Error(ErrorCode::kIo, fmt::format("cannot write '{}': {}", path_.string(), std::strerror(errno)));
    }
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

LockFile::~LockFile() {
  // Empty: nobody holds it. Removing it would let two processes hold two files of one name.
  if (::ftruncate(descriptor_, 0) != 0) errno = 0;
  ::close(descriptor_);
}

}  // namespace ra

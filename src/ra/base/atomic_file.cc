#include "ra/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <regex>
#include <set>
#include <system_error>
#include <utility>

#include "ra/base/error.h"

namespace ra {
namespace {

[[noreturn]] void fail_io(const std::string& what, const std::filesystem::path& path, int error) {
  std::string hint;
  if (error == ENOSPC || error == EDQUOT) hint = "; free some space or choose another folder";
  if (error == EACCES || error == EPERM || error == EROFS) hint = "; choose a folder that you may write to";
  throw Error(ErrorCode::kIo, what + " '" + path.string() + "': " + std::strerror(error) + hint);
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() /
         ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." + std::to_string(counter++) + ".tmp");
}

// The process that made a temporary file, by its name; 0 if the name is of another kind.
pid_t maker_of(const std::string& name) {
  static const std::regex kTemporary(R"(\..+\.([0-9]{1,9})\.[0-9]+\.tmp)");
  std::smatch match;
  return std::regex_match(name, match, kTemporary) ? static_cast<pid_t>(std::stol(match[1])) : 0;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  // The name may be taken by what a killed process with the same number left: in a container every one is number 1.
  do {
    temporary_ = temporary_name(path_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail_io("cannot write", path_, errno);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_io("cannot write", path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::commit(const std::function<void(const std::filesystem::path&)>& verify) {
  if (::fsync(descriptor_) != 0) fail_io("cannot write", path_, errno);
  const int closed = ::close(descriptor_);
  descriptor_ = -1;
  if (closed != 0) fail_io("cannot write", path_, errno);
  if (verify) verify(temporary_);
  rename_to_final();
  sync_folder(folder_of(path_));
}

void AtomicFile::commit(UnsyncedFiles& unsynced) {
  rename_to_final();
  unsynced.add(path_, std::exchange(descriptor_, -1));
}

void AtomicFile::rename_to_final() {
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_io("cannot write", path_, errno);
  temporary_.clear();
}

UnsyncedFiles::~UnsyncedFiles() {
  for (const File& file : files_) ::close(file.descriptor);
}

void UnsyncedFiles::add(const std::filesystem::path& path, int descriptor) {
  // Only a head start: sync() waits and finds what failed.
  ::sync_file_range(descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
  files_.push_back({path, descriptor});
}

void UnsyncedFiles::sync() {
  const std::vector<File> files = std::exchange(files_, {});
  std::set<std::filesystem::path> folders;
  const File* failed = nullptr;
  int reason = 0;
  for (const File& file : files) {
    const int error = ::fsync(file.descriptor) != 0 ? errno : 0;
    ::close(file.descriptor);
    folders.insert(folder_of(file.path));
    if (error == 0) continue;
    ::unlink(file.path.c_str());
    failed = &file;
    reason = error;
  }
  for (const std::filesystem::path& folder : folders) sync_folder(folder);
  if (failed != nullptr) fail_io("cannot write", failed->path, reason);
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  write_file(path, std::as_bytes(std::span(content.data(), content.size())));
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> content, UnsyncedFiles* unsynced) {
  AtomicFile file(path);
  file.write(content);
  unsynced != nullptr ? file.commit(*unsynced) : file.commit();
}

void replace_link(const std::filesystem::path& path, const std::filesystem::path& target) {
  std::filesystem::path temporary;
  int failed = 0;
  do {
    temporary = temporary_name(path);
    failed = ::symlink(target.c_str(), temporary.c_str());
  } while (failed != 0 && errno == EEXIST);
  if (failed != 0) fail_io("cannot write", path, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail_io("cannot write", path, error);
  }
  sync_folder(folder_of(path));
}

void sync_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return;
  if (descriptor < 0) fail_io("cannot open", path, errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) fail_io("cannot write", path, error);
}

std::size_t remove_stale_temporaries(const std::filesystem::path& folder) {
  std::size_t removed = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const pid_t maker = maker_of(entry.path().filename().string());
    if (maker <= 0 || (maker != ::getpid() && (::kill(maker, 0) == 0 || errno != ESRCH))) continue;
    if (::unlink(entry.path().c_str()) == 0) ++removed;
  }
  return removed;
}

namespace {

std::span<std::byte> span_of(std::vector<std::byte>& content) { return content; }
std::span<char> span_of(std::string& content) { return content; }
std::span<std::byte> span_of(const SharedBytes& content) { return content.bytes; }

// Reads into make(length of the file), and notices a file that shrinks meanwhile.
template <class Make>
auto read_whole(const std::filesystem::path& path, std::size_t limit, const Make& make) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    throw Error(ErrorCode::kBadInput, "cannot read '" + path.string() + "': " + std::strerror(errno));
  }
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } closer{descriptor};
  struct stat info{};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::kBadInput, "cannot read '" + path.string() + "': not a regular file");
  }
  if (static_cast<std::size_t>(info.st_size) > limit) {
    throw Error(ErrorCode::kBadInput, "'" + path.string() + "' has " + std::to_string(info.st_size) +
                                          " bytes, more than the " + std::to_string(limit) + " accepted here");
  }
  auto content = make(static_cast<std::size_t>(info.st_size));
  const auto bytes = std::as_writable_bytes(span_of(content));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error(ErrorCode::kBadInput, "cannot read '" + path.string() + "' to its end");
    done += static_cast<std::size_t>(got);
  }
  return content;
}

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path, std::size_t limit) {
  return read_whole(path, limit, [](std::size_t size) { return std::vector<std::byte>(size); });
}

SharedBytes read_shared_file(const std::filesystem::path& path, std::size_t limit) {
  return read_whole(path, limit, [](std::size_t size) {
    constexpr std::align_val_t kAlignment{64};
    const std::shared_ptr<std::byte[]> owner(static_cast<std::byte*>(::operator new[](size, kAlignment)),
                                             [](std::byte* memory) { ::operator delete[](memory, kAlignment); });
    return SharedBytes{owner, {owner.get(), size}};
  });
}

std::string read_text_file(const std::filesystem::path& path, std::size_t limit) {
  return read_whole(path, limit, [](std::size_t size) { return std::string(size, '\0'); });
}

void make_output_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail_io("cannot make the folder", folder, error.value());
  if (!std::filesystem::is_directory(folder)) fail_io("cannot make the folder", folder, ENOTDIR);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail_io("cannot write into", folder, errno);
}

}  // namespace ra

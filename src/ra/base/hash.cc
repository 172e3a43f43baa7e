#include "ra/base/hash.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "ra/base/error.h"

namespace ra {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  void update(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned int k = 0; k < size; ++k) {
      text += kDigits[digest[k] >> 4];
      text += kDigits[digest[k] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.update(bytes.data(), bytes.size());
  return sha.hex();
}

std::string sha256_hex_of_file(const std::filesystem::path& path) {
  // Looked at before it is opened: a pipe or a device may have no end.
  std::error_code reason;
  if (!std::filesystem::is_regular_file(path, reason)) {
    throw Error(ErrorCode::kBadInput,
                "cannot read '" + path.string() + "': " + (reason ? reason.message() : "not a regular file"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorCode::kBadInput, "cannot read '" + path.string() + "': " + std::strerror(errno));
  Sha256 sha;
  std::array<char, 1 << 16> buffer;
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    sha.update(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw Error(ErrorCode::kBadInput, "cannot read '" + path.string() + "' to its end");
  return sha.hex();
}

std::uint32_t crc32(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

}  // namespace ra

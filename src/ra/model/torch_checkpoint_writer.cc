#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "ra/base/atomic_file.h"
#include "ra/base/error.h"
#include "ra/model/checkpoint.h"
#include "ra/model/stored_zip_writer.h"
#include "ra/model/tensor_type.h"

namespace ra {
namespace {

// The storages of a checkpoint, each once; their place in the list is their key.
class StorageList {
 public:
  std::size_t key_of(const at::Tensor& tensor) {
    const auto identity = tensor.storage().unsafeGetStorageImpl();
    const auto [entry, is_new] = keys_.emplace(identity, storages_.size());
    if (is_new) storages_.push_back(tensor.storage());
    return entry->second;
  }

  const std::vector<at::Storage>& storages() const { return storages_; }

 private:
  std::map<const void*, std::size_t> keys_;
  std::vector<at::Storage> storages_;
};

// Writes protocol 2 as torch.save does, without memo: what occurs twice is written twice.
class Pickler {
 public:
  std::string pickle(const CheckpointValue& root) {
    bytes_ = "\x80\x02";
    write(root);
    return bytes_ + ".";
  }

  const std::vector<at::Storage>& storages() const { return storages_.storages(); }

 private:
  void write(const CheckpointValue& value) {
    if (const auto* list = std::get_if<CheckpointValue::List>(&value.value)) return write_list(*list, value.is_tuple);
    if (const auto* dict = std::get_if<CheckpointValue::Dict>(&value.value)) return write_dict(*dict, value.is_ordered);
    if (const auto* tensor = std::get_if<at::Tensor>(&value.value)) return write_tensor(*tensor);
    if (const auto* text = std::get_if<std::string>(&value.value)) return write_text(*text);
    if (const auto* real = std::get_if<double>(&value.value)) return write_real(*real);
    if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return write_integer(*integer);
    if (const auto* flag = std::get_if<bool>(&value.value)) return write_flag(*flag);
    bytes_ += 'N';
  }

  void write_flag(bool flag) { bytes_ += flag ? '\x88' : '\x89'; }

  template <class Number>
  void append_number(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(Number));
  }

  void write_integer(std::int64_t number) {
    if (number >= 0 && number < 256) {
      bytes_ += 'K';
      append_number(static_cast<std::uint8_t>(number));
    } else if (number == static_cast<std::int32_t>(number)) {
      bytes_ += 'J';
      append_number(static_cast<std::int32_t>(number));
    } else {
      bytes_ += "\x8a\x08";
      append_number(number);
    }
  }

  void write_real(double number) {
    bytes_ += 'G';
    append_number(__builtin_bswap64(std::bit_cast<std::uint64_t>(number)));
  }

  void write_text(std::string_view text) {
    bytes_ += 'X';
    append_number(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
  }

  void write_list(const CheckpointValue::List& items, bool is_tuple) {
    bytes_ += is_tuple ? "(" : "](";
    for (const CheckpointValue& item : items) write(item);
    bytes_ += is_tuple ? 't' : 'e';
  }

  void write_dict(const CheckpointValue::Dict& items, bool is_ordered) {
    bytes_ += is_ordered ? kEmptyOrderedDict : "}";
    bytes_ += '(';
    for (const auto& [key, item] : items) {
      write(key);
      write(item);
    }
    bytes_ += 'u';
  }

  void write_sizes(at::IntArrayRef sizes) {
    bytes_ += '(';
    for (const std::int64_t size : sizes) write_integer(size);
    bytes_ += 't';
  }

  void write_tensor(const at::Tensor& given) {
    const at::Tensor tensor = given.detach().cpu();
    const TensorType& type = tensor_type(tensor.scalar_type());
    bytes_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    write_text("storage");
    bytes_ += fmt::format("ctorch\n{}\n", type.torch);
    write_text(std::to_string(storages_.key_of(tensor)));
    write_text("cpu");
    write_integer(static_cast<std::int64_t>(tensor.storage().nbytes() / tensor.element_size()));
    bytes_ += "tQ";
    write_integer(tensor.storage_offset());
    write_sizes(tensor.sizes());
    write_sizes(tensor.strides());
    write_flag(false);
    bytes_ += kEmptyOrderedDict;
    bytes_ += "tR";
  }

  static constexpr std::string_view kEmptyOrderedDict = "ccollections\nOrderedDict\n)R";

  std::string bytes_;
  StorageList storages_;
};

// The folder inside the archive: the file's stem, where a name that needs no thought about escapes allows it.
std::string archive_name(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  const bool plain = !stem.empty() && stem[0] != '.' && std::all_of(stem.begin(), stem.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-';
  });
  return plain ? stem : "archive";
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

void write_torch_checkpoint(const std::filesystem::path& path, const CheckpointValue& root) {
  Pickler pickler;
  const std::string pickle = pickler.pickle(root);
  const std::string prefix = archive_name(path) + "/";
  AtomicFile file(path);
  StoredZipWriter zip(file);
  zip.add(prefix + "data.pkl", bytes_of(pickle));
  zip.add(prefix + "byteorder", bytes_of("little"));
  for (std::size_t key = 0; key < pickler.storages().size(); ++key) {
    const at::Storage& storage = pickler.storages()[key];
    zip.add(prefix + "data/" + std::to_string(key),
            std::span(static_cast<const std::byte*>(storage.data()), storage.nbytes()));
  }
  zip.add(prefix + "version", bytes_of("3\n"));
  zip.finish();
  file.commit(verify_written_checkpoint);
}

}  // namespace ra

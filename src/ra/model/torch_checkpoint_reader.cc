#include "ra/model/torch_checkpoint_reader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <map>
#include <unordered_map>

#include "ra/model/pickle_reader.h"
#include "ra/model/zip_records.h"

namespace ra {
namespace {

// A pickle of the integer 0x1950a86a20f9469cfc6c.
constexpr std::string_view kLegacyMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
constexpr std::int64_t kLegacyProtocol = 1001;

at::Storage new_storage(std::int64_t byte_count) { return at::empty({byte_count}, at::kByte).storage(); }

void fill(const at::Storage& storage, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(storage.mutable_data(), bytes.data(), bytes.size());
}

at::Storage no_storage(const StorageReference& reference) {
  refuse(fmt::format("storage '{}' stands where only plain values may", printable(reference.key)));
}

// The memory of every storage by its key; tensors that name one key share it.
class ZipStorages {
 public:
  ZipStorages(std::string prefix, const std::vector<ZipRecord>& records, std::shared_ptr<std::byte[]> owner)
      : prefix_(std::move(prefix) + "data/"), owner_(std::move(owner)) {
    for (const ZipRecord& record : records) records_.emplace(record.name, record.bytes);
  }

  at::Storage find(const StorageReference& reference) {
    const std::string name = prefix_ + std::string(reference.key);
    const auto record = records_.find(name);
    if (record == records_.end()) refuse(fmt::format("storage '{}' has no record", printable(reference.key)));
    if (static_cast<std::uint64_t>(reference.byte_count()) != record->second.size()) {
      refuse(fmt::format("storage '{}' announces {} elements of {} bytes, its record has {} bytes",
                         printable(reference.key), reference.count, c10::elementSize(reference.type),
                         record->second.size()));
    }
    const auto known = storages_.find(name);
    if (known != storages_.end()) return known->second;
    return storages_.emplace(name, storage_of(record->second)).first->second;
  }

 private:
  // In the file's memory where its numbers lie as whole ones must (torch.save places every record at a multiple of 64).
  at::Storage storage_of(std::span<const std::byte> bytes) const {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(std::max_align_t) != 0) {
      const at::Storage storage = new_storage(static_cast<std::int64_t>(bytes.size()));
      fill(storage, bytes);
      return storage;
    }
    const auto size = static_cast<std::int64_t>(bytes.size());
    auto* const memory = const_cast<std::byte*>(bytes.data());  // ours: `owner` is not const
    return at::from_blob(memory, {size}, [owner = owner_](void*) {}, at::kByte).storage();
  }

  std::string prefix_;
  std::shared_ptr<std::byte[]> owner_;
  std::unordered_map<std::string, std::span<const std::byte>> records_;
  std::unordered_map<std::string, at::Storage> storages_;
};

// "NAME/" of the one record NAME/data.pkl.
std::string archive_prefix(const std::vector<ZipRecord>& records) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const ZipRecord& record : records) {
    const std::size_t slash = record.name.find('/');
    if (slash != std::string::npos && record.name.substr(slash + 1) == kPickle) return record.name.substr(0, slash + 1);
  }
  refuse("a zip archive without NAME/data.pkl is no PyTorch checkpoint");
}

std::span<const std::byte> find_record(const std::vector<ZipRecord>& records, const std::string& name) {
  for (const ZipRecord& record : records) {
    if (record.name == name) return record.bytes;
  }
  return {};
}

// In the legacy layout the memory follows the pickle: it is taken when a tensor names it, within what the file can
// fill, and filled afterwards.
class LegacyStorages {
 public:
  explicit LegacyStorages(std::size_t file_size) : available_(static_cast<std::int64_t>(file_size)) {}

  at::Storage find(const StorageReference& reference) {
    const std::string key(reference.key);
    const std::int64_t bytes = reference.byte_count();
    if (const auto known = storages_.find(key); known != storages_.end()) {
      if (known->second.count != reference.count || known->second.type != reference.type) {
        refuse(fmt::format("storage '{}' is described in two ways", printable(key)));
      }
      return known->second.storage;
    }
    if (bytes > available_) {
      refuse(fmt::format("storage '{}' announces {} bytes, more than the file has", printable(key), bytes));
    }
    available_ -= bytes;
    return storages_.emplace(key, Entry{new_storage(bytes), reference.type, reference.count, false})
        .first->second.storage;
  }

  void read(ByteCursor& cursor, const std::string& key) {
    const auto found = storages_.find(key);
    if (found == storages_.end() || found->second.filled) {
      refuse(fmt::format("storage '{}' is stored, but no tensor names it, or twice", printable(key)));
    }
    Entry& entry = found->second;
    const auto count = cursor.take_number<std::int64_t>();
    if (count != entry.count) {
      refuse(fmt::format("storage '{}' has {} elements, its tensors expect {}", printable(key), count, entry.count));
    }
    fill(entry.storage, cursor.take(entry.storage.nbytes()));
    entry.filled = true;
  }

  void require_all_filled() const {
    for (const auto& [key, entry] : storages_) {
      if (!entry.filled) refuse(fmt::format("storage '{}' is not stored", printable(key)));
    }
  }

 private:
  struct Entry {
    at::Storage storage;
    at::ScalarType type;
    std::int64_t count;
    bool filled;
  };
  std::int64_t available_;
  std::map<std::string, Entry> storages_;
};

void check_legacy_preamble(ByteCursor& cursor) {
  cursor.take(kLegacyMagic.size());
  const CheckpointValue protocol = read_pickle(cursor, no_storage);
  const auto* number = std::get_if<std::int64_t>(&protocol.value);
  if (number == nullptr || *number != kLegacyProtocol) refuse("an unknown version of the legacy layout");
  const CheckpointValue system = read_pickle(cursor, no_storage);
  const CheckpointValue* order = system.find("little_endian");
  const auto* little = order != nullptr ? std::get_if<bool>(&order->value) : nullptr;
  if (little != nullptr && !*little) refuse("a checkpoint of a big-endian machine is not read");
}

}  // namespace

bool looks_like_legacy_torch(std::span<const std::byte> file) {
  return file.size() >= kLegacyMagic.size() && ByteCursor(file).take_text(kLegacyMagic.size()) == kLegacyMagic;
}

CheckpointValue read_torch_zip(const SharedBytes& file) {
  const std::vector<ZipRecord> records = read_stored_zip(file.bytes);
  const std::string prefix = archive_prefix(records);
  if (const auto order = find_record(records, prefix + "byteorder");
      !order.empty() && ByteCursor(order).take_text(order.size()) != "little") {
    refuse("a checkpoint of a big-endian machine is not read");
  }
  ZipStorages storages(prefix, records, file.owner);
  ByteCursor cursor(find_record(records, prefix + "data.pkl"));
  CheckpointValue root =
      read_pickle(cursor, [&](const StorageReference& reference) { return storages.find(reference); });
  if (cursor.remaining() != 0) refuse("data.pkl goes on after the end of its pickle");
  return root;
}

CheckpointValue read_torch_legacy(std::span<const std::byte> file) {
  ByteCursor cursor(file);
  check_legacy_preamble(cursor);
  LegacyStorages storages(cursor.remaining());
  CheckpointValue root =
      read_pickle(cursor, [&](const StorageReference& reference) { return storages.find(reference); });
  const CheckpointValue keys = read_pickle(cursor, no_storage);
  const auto* list = std::get_if<CheckpointValue::List>(&keys.value);
  if (list == nullptr) refuse("the list of storages is missing");
  for (const CheckpointValue& key : *list) {
    const auto* text = std::get_if<std::string>(&key.value);
    if (text == nullptr) refuse("the list of storages holds something else than keys");
    storages.read(cursor, *text);
  }
  storages.require_all_filled();
  if (cursor.remaining() != 0) refuse("the file goes on after its last storage");
  return root;
}

}  // namespace ra

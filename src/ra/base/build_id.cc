#include "ra/base/build_id.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace ra {
namespace {

struct Search {
  std::uintptr_t code;  // an address within the file that is sought
  std::string id;
};

bool holds(const dl_phdr_info& file, std::uintptr_t address) {
  for (const ElfW(Phdr) & segment : std::span(file.dlpi_phdr, file.dlpi_phnum)) {
    const std::uintptr_t from = file.dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && address >= from && address - from < segment.p_memsz) return true;
  }
  return false;
}

// Notes lie one behind the other: a header, a name and a description, the last two at multiples of 4 bytes.
std::string id_in(std::span<const char> notes) {
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    const auto& header = *reinterpret_cast<const ElfW(Nhdr)*>(notes.data());
    const std::size_t name = sizeof header, description = name + padded(header.n_namesz);
    const std::size_t end = description + padded(header.n_descsz);
    if (end > notes.size()) break;
    const std::string_view owner(&notes[name], header.n_namesz);
    if (header.n_type == NT_GNU_BUILD_ID && owner == std::string_view("GNU", 4)) {
      std::string text;
      for (const char byte : notes.subspan(description, header.n_descsz)) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      }
      return text;
    }
    notes = notes.subspan(end);
  }
  return "";
}

int look_into(dl_phdr_info* file, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (!holds(*file, search.code)) return 0;
  for (const ElfW(Phdr) & segment : std::span(file->dlpi_phdr, file->dlpi_phnum)) {
    if (segment.p_type != PT_NOTE || !search.id.empty()) continue;
    search.id = id_in({reinterpret_cast<const char*>(file->dlpi_addr + segment.p_vaddr), segment.p_memsz});
  }
  return 1;
}

}  // namespace

std::string build_id() {
  Search search{reinterpret_cast<std::uintptr_t>(&build_id), ""};
  dl_iterate_phdr(&look_into, &search);
  return search.id;
}

}  // namespace ra

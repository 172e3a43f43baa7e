#pragma once

#include <string>

namespace ra {

// The linker's build ID of the file that holds this code (ELF note NT_GNU_BUILD_ID), hex: it changes with the code.
// Empty where there is none.
std::string build_id();

}  // namespace ra

#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "ra/base/atomic_file.h"

namespace ra {

// Results that take long to compute, kept between runs and shared by processes: one file each in RA_CACHE_DIR, else in
// $XDG_CACHE_HOME/ra, else in ~/.cache/ra. Nothing is kept where none of these can be written, or by a program without
// a build ID (build_id.h): what another build has kept is never found. `what` must tell the result from every other
// that this build may compute, on any machine.

// What was kept, mapped from its file, which is never written again; nothing where it was not, or not all of it is
// there.
std::optional<SharedBytes> find_result(const std::string& what);

// Keeps what `write` writes, and removes what was not used for longest while all of it exceeds 1 GiB. Never throws.
void keep_result(const std::string& what, const std::function<void(std::ostream&)>& write) noexcept;

}  // namespace ra

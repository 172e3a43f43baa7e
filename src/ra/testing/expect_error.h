#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "ra/base/error.h"

namespace ra::testing {

// Expects that work() throws ra::Error with `code`, and that its message contains every one of `parts`.
template <class Work>
void expect_error(ErrorCode code, std::initializer_list<std::string_view> parts, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(error.code(), code) << message;
    for (const std::string_view part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << "no '" << part << "' in: " << message;
    }
    return;
  }
  ADD_FAILURE() << "nothing was thrown, but a message with '" << (parts.size() > 0 ? *parts.begin() : "")
                << "' was expected";
}

}  // namespace ra::testing

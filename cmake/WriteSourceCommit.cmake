# Writes OUTPUT, the definition of ra::source_commit(), for the git state of SOURCE. An unchanged file keeps its time.
# Run at every build: cmake -DSOURCE=... -DOUTPUT=... -P WriteSourceCommit.cmake
set(commit unknown)
find_program(GIT git)
if(GIT)
  # Without optional locks: a build must not keep a commit from being made at the same time.
  execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE} rev-parse --show-toplevel
    OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  # A copy of the source inside another project is not that project's commit.
  file(REAL_PATH "${SOURCE}" source)
  if(top STREQUAL source AND failed EQUAL 0)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "ra/base/source_commit.h"

std::string_view ra::source_commit() { return "@commit@"; }
]])

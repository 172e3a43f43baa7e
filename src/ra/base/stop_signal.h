#pragma once

namespace ra {

// Catches SIGINT and SIGTERM from construction on, so that long work can end between two steps. A second signal
// ends the process at once. One instance a process; made by the command line, read by the work.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // The signal that asked to stop, 0 if none did.
  static int received();
};

}  // namespace ra

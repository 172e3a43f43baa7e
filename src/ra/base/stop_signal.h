#pragma once

namespace ra {

// Catches SIGINT, SIGTERM, SIGUSR1 (by which Slurm warns of the end of a job's time) and SIGHUP (the terminal was
// closed; one that is ignored, as under nohup, stays so) from construction on, so that long work can end between two
// steps. A second signal, at least half a second after the first, ends the process at once; sooner it is taken for the
// first one delivered twice (to a process and to its group). One instance a process; made by the command line, read by
// the work.
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

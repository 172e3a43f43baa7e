"""Waits for the next temporary file in a folder, by inotify(7)."""

import ctypes
import os
import select
import struct
import time

IN_CREATE = 0x100
HEADER = struct.Struct("iIII")

libc = ctypes.CDLL(None, use_errno=True)


def names(buffer):
    """The file names of the events in what inotify gave."""
    at = 0
    while at < len(buffer):
        _, _, _, length = HEADER.unpack_from(buffer, at)
        at += HEADER.size
        yield buffer[at:at + length].rstrip(b"\0").decode()
        at += length


def wait_for_temporary(folder, process):
    """True as soon as a temporary file is made in `folder`; False when `process` ends before that."""
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    try:
        while libc.inotify_add_watch(descriptor, os.fsencode(folder), IN_CREATE) < 0:
            if process.poll() is not None:
                return False
            time.sleep(0.001)
        while process.poll() is None:
            ready, _, _ = select.select([descriptor], [], [], 0.05)
            if ready and any(name.endswith(".tmp") for name in names(os.read(descriptor, 65536))):
                return True
        return False
    finally:
        os.close(descriptor)
